"""A provisioner of another package: the MCP server `mcp_raw` inside this process. The least that keeps the promise."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, ClassVar

import anyio
import mcp_raw
from mcp.shared.message import SessionMessage
from mcp_types import jsonrpc_message_adapter

from mandrake_jupyter.errors import MCPError
from mandrake_jupyter.provisioners.base import Provisioner

if TYPE_CHECKING:
    from mcp.client._transport import Transport, TransportStreams


class MemoryProvisioner(Provisioner):
    """`spec.command` must be ``raw``. Pausing holds its answers back."""

    can_pause: ClassVar[bool] = True
    #: Tasks that serve at the moment.
    serving: ClassVar[set[asyncio.Task[None]]] = set()

    def launch(self, grace: float) -> Transport:
        return self._launch()

    def kill(self) -> None:
        self._work.cancel()

    async def pause(self) -> None:
        self.goes_on.clear()

    async def resume(self) -> None:
        self.goes_on.set()

    @asynccontextmanager
    async def _launch(self) -> AsyncIterator[TransportStreams]:
        if self.spec.command != "raw":
            raise MCPError(f"There is no {self.spec.command!r}.")
        tell, told = anyio.create_memory_object_stream[SessionMessage | Exception](100)
        ask, asked = anyio.create_memory_object_stream[SessionMessage](0)
        self.goes_on = asyncio.Event()
        self.goes_on.set()
        leaving = False

        async def serve() -> None:
            async for item in asked:
                await self.goes_on.wait()
                said: list[str] = []
                mcp_raw.deliver = said.append
                mcp_raw.handle(item.message.model_dump(by_alias=True, exclude_unset=True))
                for text in said:
                    await tell.send(SessionMessage(jsonrpc_message_adapter.validate_json(text)))

        def ended(task: asyncio.Task[None]) -> None:
            self.serving.discard(task)
            tell.close()
            if task.cancelled() and not leaving:
                self.ended.set()

        self._work = asyncio.create_task(serve())
        self.serving.add(self._work)
        self._work.add_done_callback(ended)
        try:
            yield told, ask
        finally:
            leaving = True
            self._work.cancel()
            for stream in (tell, told, ask, asked):
                stream.close()
            await asyncio.wait([self._work])
