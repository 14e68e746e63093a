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
#: Seconds in which it is there; and those for which the end of one that has nothing to do any more is waited for.
START, END = 20.0, 1.0
#: All that it gets of the environment: without them some Pythons do not find their own library.
LOADER = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


class Guard:
    """Made by :meth:`spawn`; whoever makes one closes it."""

    def __init__(self, popen: subprocess.Popen[bytes]) -> None:
        self._popen = popen
        loop = asyncio.get_running_loop()
        self._here: asyncio.Future[int] = loop.create_future()
        self._gone: asyncio.Future[None] = loop.create_future()
        self._listening: asyncio.BaseTransport | None = None

    @classmethod
    async def spawn(cls, engine: Engine, container: str, grace: float) -> Guard:
        """For the container of that name, which may be made later. Raises EngineOff for an address that can't be used."""
        command = [sys.executable, "-I", "-S", SCRIPT, str(os.getpid()), f"{grace:g}", container]
        # It returns after the exec; what it is started for must not be outrun by it.
        popen = subprocess.Popen(  # noqa: ASYNC220
            [*command, *_where(engine)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0,
            env={name: os.environ[name] for name in LOADER if name in os.environ}, start_new_session=True,
        )  # fmt: skip
        guard = cls(popen)
        await asyncio.get_running_loop().connect_read_pipe(
            lambda: _Tells(guard._here, guard._gone), popen.stdout
        )
        return guard

    async def here(self) -> int:
        """Its process number, once it watches. Raises OSError or TimeoutError where it does not come."""
        async with asyncio.timeout(START):
            return await asyncio.shield(self._here)

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
        await asyncio.wait([self._gone], timeout=END)
        if self._listening is not None:
            self._listening.close()
            await asyncio.wait([self._gone], timeout=END)
        self._popen.poll()


class _Tells(asyncio.Protocol):
    def __init__(self, here: asyncio.Future[int], gone: asyncio.Future[None]) -> None:
        self._here = here
        self._gone = gone

    def data_received(self, data: bytes) -> None:
        if not self._here.done() and data.strip().isdigit():
            self._here.set_result(int(data))

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._here.done():
            self._here.set_exception(OSError("the guardian of a container ended before it could watch"))
            self._here.exception()
        if not self._gone.done():
            self._gone.set_result(None)


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
