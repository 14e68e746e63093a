"""The guardian of one process tree: a script of its own, standard library only, that nothing imports.

    python -I -S guardian.py LIFELINE STATUS PARENT GRACE LIMITS CWD -- COMMAND ARGS…

It starts COMMAND on its own stdin, stdout and stderr, adopts whatever that leaves behind, and ends the whole
tree when the command ends, when told through the lifeline (``T`` politely, ``K`` at once) or when the
lifeline closes because Jupyter died. LIMITS is ``MEMORY_MIB,OPEN_FILES,PROCESSES``, 0 for none: the first two
are set between fork and exec, for each process; the third is of the whole tree, which is ended when it has more.
It writes ``pid N``, ``error ERRNO WHICH``, ``over processes`` and ``exit CODE`` to STATUS.
Its one hole, SIGKILL of the guardian itself, is closed by `sweep.py`.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import time

TYPE_CHECKING = False  # typing takes longer to import than all of this
if TYPE_CHECKING:
    from collections.abc import Callable

#: Seconds after the last SIGKILL before the guardian gives up on a process that can't die (stuck in the
#: kernel).
GIVE_UP = 5.0
#: Seconds between SIGTERM and SIGKILL for what outlives the command itself.
LEFTOVER_GRACE = 0.3
#: Seconds between two counts of the processes, where they are limited.
COUNT_EVERY = 0.5


class Guardian:
    def __init__(self, lifeline: int, status: int, parent: int, grace: float, limits: list[int]) -> None:
        self.lifeline, self.status, self.grace = lifeline, status, grace
        self.memory, self.files, self.most = limits
        self.child = 0
        self.code: int | None = None  #: the command's exit code, negative for a signal
        self.told = b""
        self.watched = [lifeline]
        self.woken, wake = os.pipe()
        os.set_blocking(self.woken, False)
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._signalled)
        if hasattr(os, "pidfd_open"):  # holds also when a sibling inherited the lifeline by a bare fork
            with contextlib.suppress(OSError):
                self.watched.append(os.pidfd_open(parent))
        if os.getppid() != parent:
            self.told = b"E"

    def _signalled(self, *_: object) -> None:
        self.told = self.told or b"T"

    def start(self, cwd: str, argv: list[str]) -> bool:
        """Runs the command; False, and the reason on the status pipe, when it can't be executed."""
        failed, tell = os.pipe()
        self.child = os.fork()
        if self.child == 0:
            os.close(failed)
            self._become(cwd, argv, tell, self._limited)
        os.close(tell)
        null = os.open(os.devnull, os.O_RDWR)
        for fd in (0, 1, 2):
            os.dup2(null, fd)
        os.close(null)
        why = b""
        while part := os.read(failed, 4096):
            why += part
        os.close(failed)
        self.say(b"error " + why if why else b"pid %d" % self.child)
        return not why

    def _limited(self) -> None:
        """In the child. What it has may be less already: a limit is never raised."""
        if self.memory or self.files:
            import resource

            for what, most in (
                # Not the address space: Node.js and Java reserve far more of it than they use.
                (resource.RLIMIT_DATA, self.memory << 20),
                (resource.RLIMIT_NOFILE, self.files),
            ):
                if most:
                    hard = resource.getrlimit(what)[1]
                    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
                    resource.setrlimit(what, (most, most))

    @staticmethod
    def _become(cwd: str, argv: list[str], tell: int, limited: Callable[[], None]) -> None:
        which = b"cwd"
        try:
            for name in ("SIGPIPE", "SIGXFSZ"):
                if hasattr(signal, name):
                    signal.signal(getattr(signal, name), signal.SIG_DFL)
            os.setsid()
            if cwd:
                os.chdir(cwd)
            which = b"command"
            limited()
            os.execvp(argv[0], argv)  # noqa: S606
        except OSError as exc:
            os.write(tell, b"%d %s" % (exc.errno or 0, which))
        finally:
            os._exit(127)

    def say(self, line: bytes) -> None:
        with contextlib.suppress(OSError):
            os.write(self.status, line + b"\n")

    def reap(self) -> bool:
        """Collects the dead, orphans that fell to us included; True when there is no child left."""
        try:
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    return False
                if pid == self.child and self.code is None:
                    self.code = os.waitstatus_to_exitcode(status)
                    self.say(b"exit %d" % self.code)
        except ChildProcessError:
            return True

    def wait(self, seconds: float | None) -> None:
        """Until something happens, or `seconds` have passed."""
        ready, _, _ = select.select([self.woken, *self.watched], [], [], seconds)
        if self.woken in ready:
            try:
                while os.read(self.woken, 512):
                    pass
            except BlockingIOError:
                pass
        for fd in self.watched:
            if fd in ready:
                said = os.read(fd, 1) if fd == self.lifeline else b""
                if not said:
                    self.watched.remove(fd)
                    said = b"E"
                if said == b"K" or not self.told:
                    self.told = said
                break

    def guard(self) -> None:
        """Until the command has ended or someone wants it ended."""
        while self.code is None and not self.told:
            self.wait(COUNT_EVERY if self.most else None)
            self.reap()
            # Not RLIMIT_NPROC: it counts all that the user runs, kernels included.
            if self.most and len(descendants(os.getpid()) or ()) > self.most:
                self.say(b"over processes")
                self.told = b"K"

    def finish(self) -> None:
        """Ends every descendant: by EOF where Jupyter died, then SIGTERM, then SIGKILL until none is left."""
        if self.told == b"E":
            self.until_childless(self.grace, stop_at_exit=True)
        if self.told != b"K":
            self.strike(signal.SIGTERM)
            self.until_childless(self.grace if self.code is None else LEFTOVER_GRACE)
        deadline = time.monotonic() + GIVE_UP
        if self.reap() and not os.path.isdir("/proc/self"):
            self.strike(signal.SIGKILL)  # no list of descendants here: the group is all we know
        while not self.reap() and time.monotonic() < deadline:
            self.strike(signal.SIGKILL)
            self.wait(0.005)

    def until_childless(self, seconds: float, stop_at_exit: bool = False) -> None:
        deadline = time.monotonic() + seconds
        while not self.reap() and self.told != b"K" and (left := deadline - time.monotonic()) > 0:
            if stop_at_exit and self.code is not None:
                return
            self.wait(left)

    def strike(self, number: int) -> None:
        targets = descendants(os.getpid())
        for pid in [-self.child] if targets is None else targets:
            with contextlib.suppress(OSError):
                os.kill(pid, number)


def descendants(root: int) -> list[int] | None:
    """All processes below `root`, from /proc; None where there is no /proc."""
    children: dict[int, list[int]] = {}
    try:
        names = os.listdir("/proc")
    except OSError:
        return None
    for name in names:
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", "rb") as stat:
                parent = int(stat.read().rpartition(b")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            continue
        children.setdefault(parent, []).append(int(name))
    found: list[int] = []
    queue = [root]
    while queue:
        below = children.get(queue.pop(), [])
        found += below
        queue += below
    return found


def adopt_orphans() -> None:
    """Linux: orphaned descendants become our children, however they detached."""
    if sys.platform == "linux":
        try:
            import ctypes

            ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER
        except (ImportError, OSError, AttributeError):
            pass


def main() -> int:
    lifeline, status, parent, grace, limits, cwd, _, *argv = sys.argv[1:]
    for fd in (int(lifeline), int(status)):
        os.set_inheritable(fd, False)
    adopt_orphans()
    most = [int(limit) for limit in limits.split(",")]
    guardian = Guardian(int(lifeline), int(status), int(parent), float(grace), most)
    if not guardian.start(cwd, argv):
        return 127
    guardian.guard()
    guardian.finish()
    code = guardian.code
    return 1 if code is None else code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main())
