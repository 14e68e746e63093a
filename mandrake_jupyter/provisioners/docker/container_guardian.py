"""The guardian of one container: a script of its own, standard library only, that nothing imports.

    python -I -S container_guardian.py PARENT GRACE CONTAINER [UNIX-SOCKET | HOST PORT [CA CERT KEY]]

It removes CONTAINER by force when told (``K``), or GRACE seconds after its stdin closed because Jupyter died: a well-behaved
MCP server has then read the end of its own stdin and is gone. ``D`` means that there is nothing left to do. First it writes
its number to stdout, which it closes at its end. Its hole,
SIGKILL of the guardian itself, is closed by the end of the container's stdin and by the sweep of ``provisioner.py``.
"""

from __future__ import annotations

import http.client
import os
import select
import signal
import socket
import sys
import time

#: Seconds in which a removal is tried again: the engine may be restarting, or the container be about to be created.
TRIES = 30.0
CALL_TIMEOUT = 10.0
#: Seconds between two tries; and where no engine answers: one that comes back removes it by itself, and one that is told to
#: in the midst of that may never get to the end of it (seen with 20.10).
PAUSE, AWAY = 0.2, 3.0
#: After so many looks it is not there, nor about to be.
MISSES = 5


class OverUnix(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("docker", timeout=CALL_TIMEOUT)
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def connection(where: list[str]) -> http.client.HTTPConnection:
    if len(where) == 1:
        return OverUnix(where[0])
    if len(where) == 2:
        return http.client.HTTPConnection(where[0], int(where[1]), timeout=CALL_TIMEOUT)
    import ssl

    ca, cert, key = where[2:]
    context = ssl.create_default_context(cafile=ca or None)
    if cert:
        context.load_cert_chain(cert, key or None)
    return http.client.HTTPSConnection(where[0], int(where[1]), timeout=CALL_TIMEOUT, context=context)


def remove(container: str, where: list[str]) -> int:
    """The engine's answer; 0: none."""
    asking = connection(where)
    try:
        asking.request("DELETE", f"/containers/{container}?force=1&v=1")
        status = asking.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        asking.close()
    return status


def wait(parent: int) -> bytes:
    """What it is told: ``K``, ``D``, or nothing when Jupyter died."""
    watched = [0]
    try:
        watched.append(os.pidfd_open(parent))  # a fork of Jupyter may hold our stdin open
    except ProcessLookupError:
        return b""
    except (OSError, AttributeError):
        pass
    ready, _, _ = select.select(watched, [], [])
    return os.read(0, 1) if 0 in ready else b""


def main() -> int:
    parent, grace, container, *where = sys.argv[1:]
    if os.fork():
        return 0  # nobody's child: Jupyter need not wait for it, which may have to wait for the engine
    os.write(1, b"%d\n" % os.getpid())
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # it ends when Jupyter does, not before
    told = wait(int(parent))
    if told == b"D":
        return 0
    if not told:
        # Jupyter's connection is gone with it: who heeds the end of stdin ends now by itself.
        time.sleep(float(grace))
    until, missed = time.monotonic() + TRIES, 0
    while (status := remove(container, where)) not in (200, 204):
        missed += status == 404
        if missed >= MISSES:
            return 0
        if time.monotonic() > until:
            return 1
        time.sleep(PAUSE if status else AWAY)
    return 0


if __name__ == "__main__":
    sys.exit(main())
