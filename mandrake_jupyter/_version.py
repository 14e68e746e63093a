"""The version, by itself: rooms may import it without importing the entry points."""

__version__ = "0.1.0"
