"""What one model request is made of: the model, its tools, its instructions, and history from our rows."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import replace

from ..errors import ToolNotFound
from ..providers.base import ModelRequest, ToolCallRequested
from ..stores.rows import Message
from ..values import CallContext, ToolSpec, utcnow
from .history import build_history
from .images import shown_images
from .prompt import build_instructions
from .prompted import as_attachment
from .seams import ResolvedModel, Seams
from .slash import DirectCall, PromptCall
from .tool_names import definitions, name_tools


class Transcript:
    """Made per stretch of work. `table` and `granted` are those of the newest request."""

    def __init__(self, seams: Seams, context: CallContext) -> None:
        self._seams = seams
        self._context = context
        self.table: Mapping[str, ToolSpec] = {}
        self.granted: frozenset[tuple[str, str, str]] = frozenset()

    async def model(self, model_id: str | None) -> ResolvedModel:
        return await self._seams.models.resolve(model_id)

    async def request(self, model: ResolvedModel, messages: Iterable[Message]) -> ModelRequest:
        """MCP servers whose tools can't be learnt now are left out: the answer goes on without them."""
        messages = list(messages)
        images = await shown_images(self._seams.runs.database, model, messages)
        if model.tools:
            specs, _ = await self._seams.tools.catalogue(learn=True)
            self.table = name_tools(specs)
            self.granted = await self._seams.sessions.granted(
                self._context.workspace_id, self._context.session_id
            )
        names = {(spec.server, spec.name): name for name, spec in self.table.items()}
        instructions = build_instructions(
            workspace=self._seams.workspace,
            notebook=self._context.notebook,
            tools=model.tools,
            now=utcnow(),
            added=await asyncio.to_thread(self._seams.instructions),
        )
        turns = build_history(messages, names, tools=model.tools, images=images)
        return ModelRequest(model.model, instructions, turns, definitions(self.table))

    async def filled(self, question: Message, call: PromptCall) -> Message:
        """`question` with what the MCP server makes of the ``/prompt`` in it; errors name what there is."""
        offers = await self._seams.tools.offers(call.server, self._context.session_id)
        found = await offers.prompt(call.prompt, call.arguments)
        kept = as_attachment(call, found)
        return replace(question, attachments=(*question.attachments, kept))

    async def direct(self, call: DirectCall) -> tuple[ToolCallRequested, Mapping[str, ToolSpec]]:
        """The user's own ``/tool`` call; errors name what there is."""
        specs = {spec.name: spec for spec in await self._seams.tools.tools(call.server)}
        if call.tool not in specs:
            raise ToolNotFound(name=call.server, tool=call.tool, known=", ".join(sorted(specs)) or "none")
        return ToolCallRequested("", call.tool, call.arguments), specs
