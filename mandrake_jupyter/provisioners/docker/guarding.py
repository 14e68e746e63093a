"""The guardian of one container, as Jupyter sees it: a child process that holds the other end of a pipe."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ...errors import EngineOff

if TYPE_CHECKING:
    from .engine import Engine

SCRIPT = str(Path(__file__).with_name("container_guardian.py"))
#: Seconds in which one that has nothing to do any more ends.
END = 5.0


class Guard:
    """Made by :meth:`spawn`; whoever makes one closes it."""

    def __init__(self, popen: subprocess.Popen[bytes], ended: asyncio.Future[None]) -> None:
        self._popen = popen
        self._ended = ended
        self.pid = popen.pid

    @classmethod
    async def spawn(cls, engine: Engine, container: str, grace: float) -> Guard:
        """For the container of that name, which may be made later."""
        command = [sys.executable, "-I", "-S", SCRIPT, str(os.getpid()), f"{grace:g}", container]
        # It returns after the exec; what it is started for must not be outrun by it.
        popen = subprocess.Popen(  # noqa: ASYNC220
            [*command, *_where(engine)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0,
            env={}, start_new_session=True,
        )  # fmt: skip
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[None] = loop.create_future()
        await loop.connect_read_pipe(lambda: _Ends(ended), popen.stdout)
        return cls(popen, ended)

    def kill(self) -> None:
        """Remove the container at once. Returns before it is gone."""
        self._tell(b"K")

    def done(self) -> None:
        """The container is gone."""
        self._tell(b"D")

    def _tell(self, word: bytes) -> None:
        pipe = self._popen.stdin
        if pipe is not None and not pipe.closed:
            with contextlib.suppress(OSError):
                pipe.write(word)
            pipe.close()

    async def close(self) -> None:
        """It ends by itself once it was told; where it has to wait for the engine it goes on alone."""
        self._tell(b"K")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(END):
                await asyncio.shield(self._ended)
        for _ in range(100):
            if self._popen.poll() is not None:
                return
            await asyncio.sleep(0.005)


class _Ends(asyncio.Protocol):
    def __init__(self, ended: asyncio.Future[None]) -> None:
        self._ended = ended

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._ended.done():
            self._ended.set_result(None)


def _where(engine: Engine) -> list[str]:
    """The engine as the guardian is told of it. Raises EngineOff for an address that can't be spoken to."""
    from docker.utils import parse_host

    try:
        parts = urlsplit(str(parse_host(engine.address, is_win32=os.name == "nt")))
    except Exception as exc:
        raise EngineOff(name=engine.name, reason=str(exc)) from exc
    if parts.scheme in ("http+unix", "unix"):
        return [parts.path or parts.netloc]
    return [parts.hostname or "", str(parts.port or 2375), *engine.certificates]
