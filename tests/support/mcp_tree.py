"""A process of a chosen temper that says on stdout when it stands: `python mcp_tree.py MANNER`.

Manners: polite (ends at EOF), eof_deaf, term_deaf (deaf to EOF too), children (three that ignore EOF),
detached (a grandchild that left for its own session, deaf to EOF, TERM and HUP), crash (exits with 7, leaving
one).
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

DEAF = (
    "import signal,time;[signal.signal(n,signal.SIG_IGN) for n in (15,1,2)];"
    "print('up',flush=True);time.sleep(600)"
)


def child(**options: object) -> None:
    process = subprocess.Popen(
        [sys.executable, "-S", "-c", DEAF], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, **options
    )  # type: ignore[call-overload]
    process.stdout.readline()


def detach() -> None:
    """Fork twice with a session between, as daemons do."""
    ready, tell = os.pipe()
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
                signal.signal(number, signal.SIG_IGN)
            for fd in (0, 1, 2):
                os.close(fd)
            os.write(tell, b"x")
            while True:
                time.sleep(600)
        os._exit(0)
    os.wait()
    os.read(ready, 1)


def take_on(manner: str) -> None:
    if manner in ("term_deaf", "detached_deaf"):
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
    if manner == "children":
        for _ in range(3):
            child()
    if manner in ("detached", "detached_deaf", "crash"):
        detach()


def at_eof(manner: str) -> None:
    while manner in ("eof_deaf", "term_deaf", "detached_deaf"):
        time.sleep(600)


def main(manner: str) -> None:
    take_on(manner)
    print("ready", flush=True)
    if manner == "crash":
        sys.stdin.readline()
        os._exit(7)
    sys.stdin.read()
    at_eof(manner)


if __name__ == "__main__":
    main(sys.argv[1])
