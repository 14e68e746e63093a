"""MCP servers as processes beside the Jupyter server, each under its guardian, spoken to over stdio."""

from __future__ import annotations

import asyncio
import os
import sys
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import CommandNotFound, MCPError
from ..lifecycle.processes import GuardedProcess, clean_environment
from ..lifecycle.resource_limits import Over, said
from ..lifecycle.sweep import Alive, sweep_dead
from .base import LaunchSpec, LogSink, Provisioner
from .framing import pump_log
from .stdio import DRAIN, talk

if TYPE_CHECKING:
    from mcp.client._transport import Transport, TransportStreams

#: Lines of its log that may say why it ended: a native stack trace of Node.js is shorter.
LAST = 60

_REMEDIES = {
    ("npx", "node", "npm"): "Install Node.js, which brings it.",
    ("uvx", "uv"): "Install it with: pip install uv",
    ("docker",): "Install Docker and start it.",
    ("podman",): "Install Podman.",
    ("bunx", "bun"): "Install Bun.",
    ("deno",): "Install Deno.",
    ("python", "python3"): "Use the full path of a Python instead.",
    ("pipx",): "Install it with: pip install pipx",
}


def remedy(command: str) -> str:
    """What to do about a command that is not there, in a sentence."""
    name = Path(command).name
    for names, sentence in _REMEDIES.items():
        if name in names:
            return sentence
    if "/" in command:
        return "Check the path in its entry."
    if name.startswith("mcp-server-") or name.endswith("-mcp"):
        return f"If it is a Python package, install it with: pip install {name}"
    return "Install it, or write its full path into the entry."


class LocalProvisioner(Provisioner):
    """One process and all it starts; nothing of it is left after `launch`, nor after the death of Jupyter."""

    def __init__(self, spec: LaunchSpec, log: LogSink) -> None:
        super().__init__(spec, log)
        self._process: GuardedProcess | None = None
        self._last: deque[str] = deque(maxlen=LAST)

    @property
    def pid(self) -> int | None:
        return self._process.child_pid if self._process else None

    def poll(self) -> int | None:
        return self._process.returncode if self._process else None

    def kill(self) -> None:
        if self._process:
            self._process.kill()

    def stats(self) -> Mapping[str, float]:
        return self._process.stats() if self._process else {}

    @property
    def over(self) -> Over | None:
        if self._process and self._process.too_many:
            return Over("processes", self.spec.limits.processes or 0)
        return said(self._last, self.spec.limits) if self.poll() else None

    @classmethod
    async def sweep(cls, place: str, alive: Alive) -> int:
        return await sweep_dead(place, alive)

    def _heard(self, stream: str, text: str) -> None:
        self._last.append(text)
        self.log(stream, text)

    def launch(self, grace: float) -> Transport:
        return self._launch(grace)

    @asynccontextmanager
    async def _launch(self, grace: float) -> AsyncIterator[TransportStreams]:
        self._process = process = await self._spawn()
        logs = asyncio.create_task(
            pump_log(process.stderr, "stderr", self._heard), name=f"log of {self.spec.name}"
        )

        async def ended() -> None:
            self.ended.set()

        async def end() -> None:
            await process.stop(grace)
            await asyncio.wait([logs], timeout=DRAIN)

        try:
            async with talk(
                self.spec.name,
                process.stdout,
                process.stdin,
                self.log,
                ended=ended,
                end=end,
                force=process.kill,
            ) as streams:
                yield streams
        finally:
            logs.cancel()
            await asyncio.wait([logs], timeout=DRAIN)

    async def _spawn(self) -> GuardedProcess:
        spec = self.spec
        env = clean_environment(spec.env)
        # A package installed beside Jupyter is found also when its environment is not activated.
        env["PATH"] = os.pathsep.join(
            [*filter(None, [env.get("PATH", os.defpath)]), str(Path(sys.executable).parent)]
        )
        argv = [spec.command, *spec.args]
        try:
            return await GuardedProcess.spawn(
                spec.name, argv, env=env, cwd=spec.cwd, marker=spec.marker, limits=spec.limits
            )
        except OSError as exc:
            if spec.cwd and exc.filename == spec.cwd:
                raise MCPError(
                    f'The folder "{spec.cwd}" of the MCP server "{spec.name}" can\'t be used: {exc.strerror}.'
                ) from exc
            fields: dict[str, Any] = {
                "command": spec.command,
                "name": spec.name,
                "remedy": remedy(spec.command),
            }
            if isinstance(exc, FileNotFoundError):
                raise CommandNotFound(**fields) from exc
            why = exc.strerror or str(exc)
            fields["remedy"] = "Check that it is a program and may be executed."
            raise CommandNotFound(
                f'"{spec.command}" can\'t be run on your Jupyter server: {why}.', **fields
            ) from exc
