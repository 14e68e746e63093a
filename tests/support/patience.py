"""Promises in seconds, on machines that have other things to do as well."""

from __future__ import annotations

import os
from pathlib import Path

#: For the PYTHONPATH of Jupyter servers: what makes them start sooner, and slower where that is asked for (`jitter`).
ON_PATH = Path(__file__).with_name("on_path")


def within(seconds: float) -> float:
    """`seconds` on a machine at rest, and longer in proportion to how many programs share a processor: a promise holds where
    there is a processor to keep it. For what a test promises; what it only waits for has the patience of `mcp_leaks.until`.
    """
    return seconds * (1 + os.getloadavg()[0] / (os.cpu_count() or 1))
