"""What a test may not leave behind: processes, open files. Waits on conditions, no fixed sleeps."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable

import psutil

MARKER = "TEST_TREE_TOKEN"


def alive(token: str) -> list[psutil.Process]:
    """Living processes (no zombies) whose environment carries `token`."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARKER) == token and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


def until(condition: Callable[[], object], seconds: float = 60.0) -> None:
    """Returns when `condition` holds; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"it did not become true within {seconds} s"
        time.sleep(0.02)


async def eventually(condition: Callable[[], object], seconds: float = 60.0) -> None:
    """As `until`, on the event loop."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"it did not become true within {seconds} s"
        await asyncio.sleep(0.02)


def open_files() -> set[tuple[str, str]]:
    """This process's descriptors with what they point to."""
    found = set()
    for fd in os.listdir("/proc/self/fd"):
        try:
            found.add((fd, os.readlink(f"/proc/self/fd/{fd}")))
        except OSError:
            continue
    return found
