"""Ends what a killed guardian left behind, found by the mark every guarded process carries in its
environment.

A mark is ``PLACE@OWNER:TOKEN``: what the tree is for, which run of Jupyter it belongs to, and a word of its
own. Who is dead is for the caller to say. A process that threw its environment away is not found.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

#: The environment variable with the mark of a tree.
MARKER = "MANDRAKE_GUARDED"
#: How often it is looked again for what a dead owner left (it may fork meanwhile), and seconds between looks.
LOOKS, PAUSE = 100, 0.02

#: Whether that owner still lives.
Alive = Callable[[str], Awaitable[bool]]


async def all_live(_: str) -> bool:
    """Where nobody can tell: nothing is taken for left behind."""
    return True


def marker(place: str, owner: str) -> str:
    """What a process of `owner` for `place` is marked with, before its token; neither holds an ``@``."""
    return f"{place}@{owner}"


def sweep(mark: str) -> int:
    """SIGKILL to all that carry exactly `mark`; how many there were. Called until it answers 0: they may fork meanwhile."""
    return len(_end(lambda found: found == mark))


async def sweep_dead(place: str, alive: Alive) -> int:
    """Ends what dead owners left of `place` and of all below it (``place/…``); how many processes there were.

    What a living owner has is never touched, nor what names no owner.
    """

    def owner(mark: str) -> str:
        there, _, owner = mark.rpartition(":")[0].partition("@")
        return owner if f"{there}/".startswith(f"{place}/") else ""

    owners = {owner(mark) for mark in await asyncio.to_thread(marks)} - {""}
    dead = {one for one in owners if not await alive(one)}
    ended: set[int] = set()
    for _ in range(LOOKS if dead else 0):
        found = await asyncio.to_thread(_end, lambda mark: owner(mark) in dead)
        if not found:
            break
        ended |= found
        await asyncio.sleep(PAUSE)
    return len(ended)


def marks() -> set[str]:
    """Those of all living processes whose environment may be read; none where there is no /proc."""
    return {mark for pid in _pids() if (mark := _mark(pid)) is not None}


def _end(wanted: Callable[[str], bool]) -> set[int]:
    found = set()
    for pid in _pids():
        # The handle comes first: should the number go to another process now, the signal goes to nobody.
        with contextlib.suppress(OSError), _handle(pid) as kill:
            mark = _mark(pid)
            if mark is not None and wanted(mark):
                kill()
                found.add(pid)
    return found


@contextmanager
def _handle(pid: int) -> Iterator[Callable[[], None]]:
    """What kills the process that has the number `pid` now, and no later one (before Linux 5.3: whichever has it)."""
    try:
        fd = os.pidfd_open(pid)
    except (AttributeError, PermissionError):
        yield lambda: os.kill(pid, signal.SIGKILL)
        return
    try:
        yield lambda: signal.pidfd_send_signal(fd, signal.SIGKILL)
    finally:
        os.close(fd)


def _pids() -> list[int]:
    try:
        return [int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) != os.getpid()]
    except OSError:
        return []


def _mark(pid: int) -> str | None:
    prefix = f"{MARKER}=".encode()
    with contextlib.suppress(OSError), open(f"/proc/{pid}/environ", "rb") as environ:
        for pair in environ.read().split(b"\0"):
            if pair.startswith(prefix):
                return os.fsdecode(pair[len(prefix) :])
    return None
