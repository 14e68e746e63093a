"""Closing widgets for good: each widget, its layout and its style holds a comm in the kernel until it is closed."""

from __future__ import annotations

from typing import Any


def close_all(*widgets: Any) -> None:
    """Close `widgets`, what they hold, and the layouts and styles of all."""
    for widget in widgets:
        close_all(*getattr(widget, "children", ()))
        for name in ("layout", "style"):
            owned = getattr(widget, name, None)
            if owned is not None and hasattr(owned, "close"):
                owned.close()
        widget.close()
