"""A child process whose whole tree is ended with it: on a stop, a crash, and when Jupyter itself is killed.

Each runs under a small guardian process (`guardian.py`), which holds the other end of a lifeline pipe. Speaks
bytes only: what goes over stdin and stdout is the caller's matter. Whoever spawns one awaits its `stop`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import subprocess
import sys
from asyncio.streams import StreamReaderProtocol
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, cast

from ..errors import Unavailable
from ..values import NO_LIMITS, ResourceLimits
from .environment import clean_environment
from .sampling import tree
from .sweep import MARKER, sweep

__all__ = ["GuardedProcess", "clean_environment"]

GUARDIAN = str(Path(__file__).with_name("guardian.py"))
#: Seconds the guardian itself may take to start.
SPAWN_TIMEOUT = 20.0
#: Seconds between SIGTERM and SIGKILL.
TERM_GRACE = 1.0
#: How often what a killed guardian left is looked for.
MAX_SWEEPS = 250
#: Bytes of one line that may wait unread; a message over stdio is one line.
LINE_LIMIT = 16 * 2**20


class GuardedProcess:
    """Made by :meth:`spawn` only. `stdin`, `stdout` and `stderr` are asyncio streams; `pid` is the
    guardian's.
    """

    stdin: asyncio.StreamWriter
    stdout: asyncio.StreamReader
    stderr: asyncio.StreamReader

    def __init__(self, name: str, popen: subprocess.Popen[bytes], lifeline: int, mark: str) -> None:
        self.name = name
        self._mark = mark
        self.pid = popen.pid
        self.child_pid = 0
        self._popen = popen
        self._lifeline = lifeline
        self._transports: list[asyncio.BaseTransport] = []
        loop = asyncio.get_running_loop()
        self._started: asyncio.Future[str] = loop.create_future()
        self._gone: asyncio.Future[int] = loop.create_future()
        self._code: int | None = None
        #: Whether the guardian ended it because it had more processes than it may.
        self.too_many = False
        self._sweeps = MAX_SWEEPS

    def __repr__(self) -> str:
        return f"<GuardedProcess {self.name!r} pid={self.child_pid} returncode={self.returncode}>"

    @classmethod
    async def spawn(
        cls,
        name: str,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: str | None = None,
        marker: str = "",
        limits: ResourceLimits = NO_LIMITS,
    ) -> GuardedProcess:
        """Run `argv`; `env` is its whole environment (see `clean_environment`).
        `limits` hold for what it starts, too.

        Raises FileNotFoundError, PermissionError or another OSError when the command can't be executed or
        `cwd` can't be entered; its `filename` says which of the two.
        """
        if sys.platform == "win32":
            raise Unavailable("MCP servers that run as local processes need Linux or macOS; this is Windows.")
        mark = f"{marker or name}:{secrets.token_hex(8)}"
        lifeline_read, lifeline = os.pipe()
        status_read, status = os.pipe()
        command = [sys.executable, "-I", "-S", GUARDIAN, str(lifeline_read), str(status), str(os.getpid())]
        try:
            # It returns after the exec; asyncio's own form does the same.
            popen = subprocess.Popen(  # noqa: ASYNC220
                [*command, str(TERM_GRACE), _most(limits), cwd or "", "--", *argv],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0,
                env={**env, MARKER: mark}, pass_fds=(lifeline_read, status), start_new_session=True,
            )  # fmt: skip
        except BaseException:
            os.close(lifeline)
            os.close(status_read)
            raise
        finally:
            os.close(lifeline_read)
            os.close(status)
        process = cls(name, popen, lifeline, mark)
        connecting = asyncio.ensure_future(process._connect(status_read))
        try:
            await asyncio.shield(connecting)
            async with asyncio.timeout(SPAWN_TIMEOUT):
                said = await asyncio.shield(process._started)
            word, _, rest = said.partition(" ")
            if word != "pid":
                raise _not_executed(rest, argv, cwd)
            process.child_pid = int(rest)
        except BaseException:
            process.kill()
            await asyncio.wait([connecting])  # a pipe must not be left half way to its transport
            process._release()
            await process._gone_within(2.0)
            raise
        return process

    async def _connect(self, status_read: int) -> None:
        loop = asyncio.get_running_loop()
        popen = self._popen
        status, _ = await loop.connect_read_pipe(lambda: _Status(self), os.fdopen(status_read, "rb", 0))
        self._transports.append(status)
        self.stdout = await self._reader(popen.stdout)
        self.stderr = await self._reader(popen.stderr)
        # The protocol of a reader also has what a writer needs: drain and wait_closed.
        transport, protocol = await loop.connect_write_pipe(
            lambda: StreamReaderProtocol(asyncio.StreamReader(loop=loop), loop=loop), popen.stdin
        )
        self._transports.append(transport)
        self.stdin = asyncio.StreamWriter(transport, protocol, None, loop)

    async def _reader(self, pipe: IO[bytes] | None) -> asyncio.StreamReader:
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=LINE_LIMIT, loop=loop)
        transport, _ = await loop.connect_read_pipe(lambda: StreamReaderProtocol(reader, loop=loop), pipe)
        self._transports.append(transport)
        return reader

    @property
    def returncode(self) -> int | None:
        """The command's exit code, negative for a signal; None while it runs. Known a little before `wait`
        returns.
        """
        return self._code

    def stats(self) -> dict[str, float]:
        """What the tree uses at the moment, its guardian included; see ``sampling.tree``. Empty once it has ended."""
        return {} if self._code is not None or self._gone.done() else tree(self.pid)

    async def wait(self) -> int:
        """The exit code, once nothing of the tree is left."""
        return await asyncio.shield(self._gone)

    async def stop(self, grace: float = 2.0) -> int:
        """End it: close its stdin, wait `grace` seconds, then SIGTERM, a second later SIGKILL, for the whole
        tree.

        Idempotent and bounded. When cancelled, the guardian kills the tree at once without anybody waiting
        for it.
        """
        try:
            if not self._gone.done():
                self.stdin.close()
                if not await self._gone_within(grace):
                    self._tell(b"T")
                    if not await self._gone_within(TERM_GRACE + 2.0):
                        self.kill()
                        await self._gone_within(6.0)
        finally:
            self.kill()
            self._release()
        return await asyncio.shield(self._gone) if self._gone.done() else -9

    async def _gone_within(self, seconds: float) -> bool:
        await asyncio.wait([self._gone], timeout=max(0.0, seconds))
        return self._gone.done()

    def kill(self) -> None:
        """End the tree at once. Returns before it is gone: `wait` for that."""
        self._tell(b"K")
        if self._lifeline >= 0:
            os.close(self._lifeline)
            self._lifeline = -1

    def _tell(self, word: bytes) -> None:
        if self._lifeline >= 0:
            with contextlib.suppress(OSError):
                os.write(self._lifeline, word)

    def _release(self) -> None:
        """Close our ends of the pipes; the status pipe stays until the guardian has gone, to reap it."""
        for transport in self._transports[1:]:
            if isinstance(transport, asyncio.WriteTransport) and transport.get_write_buffer_size():
                transport.abort()  # nobody will read the rest
            else:
                transport.close()

    def _heard(self, line: str) -> None:
        if not self._started.done():
            self._started.set_result(line)
        elif line.startswith("exit "):
            self._code = int(line[5:])
        elif line == "over processes":
            self.too_many = True

    def _reap(self, delay: float = 0.001) -> None:
        """The guardian has closed its status pipe, so it is ending: collect it."""
        code = self._popen.poll()
        if code is None:
            asyncio.get_running_loop().call_later(delay, self._reap, min(delay * 2, 0.1))
            return
        if self._code is None and self.child_pid and self._sweeps and sweep(self._mark):
            # The guardian was killed before it could do its work.
            self._sweeps -= 1
            asyncio.get_running_loop().call_later(0.02, self._reap)
            return
        if not self._started.done():
            self._started.set_result("gone")
        if self._code is None:
            self._code = code
        if not self._gone.done():
            self._gone.set_result(self._code)


class _Status(asyncio.Protocol):
    def __init__(self, process: GuardedProcess) -> None:
        self._process = process
        self._buffer = b""

    def data_received(self, data: bytes) -> None:
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        for line in lines:
            self._process._heard(line.decode())

    def connection_lost(self, exc: Exception | None) -> None:
        self._process._reap()


def _most(limits: ResourceLimits) -> str:
    return f"{limits.memory_mb or 0},{limits.open_files or 0},{limits.processes or 0}"


def _not_executed(report: str, argv: Sequence[str], cwd: str | None) -> OSError:
    number, _, which = report.partition(" ")
    if not number.isdigit():
        return OSError(f"the guardian of {argv[0]!r} ended before it could start it")
    filename = cast(str, cwd) if which == "cwd" else argv[0]
    return OSError(int(number), os.strerror(int(number)), filename)
