"""Ends what a killed guardian left behind, found by the mark every guarded process carries in its
environment.
"""

from __future__ import annotations

import contextlib
import os
import signal

#: The environment variable with the mark of a tree.
MARKER = "MANDRAKE_GUARDED"


def marked(mark: str) -> list[int]:
    """The living processes whose environment carries exactly `mark`; none where there is no /proc."""
    wanted = f"{MARKER}={mark}".encode()
    found = []
    with contextlib.suppress(OSError):
        for name in os.listdir("/proc"):
            if name.isdigit() and int(name) != os.getpid():
                with contextlib.suppress(OSError), open(f"/proc/{name}/environ", "rb") as environ:
                    if wanted in environ.read().split(b"\0"):
                        found.append(int(name))
    return found


def sweep(mark: str) -> int:
    """SIGKILL to all of them; how many there were. Called until it answers 0: they may fork meanwhile."""
    found = marked(mark)
    for pid in found:
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)
    return len(found)
