"""All MCP servers of one workspace: which there are, which may run, and calls to their tools.

Configuration is asked for at each use, so an edited, removed or no longer trusted entry ends the old process at the next
use. Nothing of an untrusted entry is started, called or expanded. Made and closed by the registry.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from ..errors import MandrakeError, ToolDenied, Unavailable
from ..lifecycle.announce import Announce, Changed, What, unheard
from ..lifecycle.phases import ALIVE, Phase
from ..lifecycle.supervisor import Supervisor
from ..providers.references import References
from ..values import JSON, Asker, CallContext, MCPServerEntry, ServerKey, ToolResult, ToolSpec, WorkspaceKey
from ..values.tool_rules import NO_RULES, RULES, ToolRules
from . import health, pausing
from .builtin import BuiltinServer
from .calling import Call
from .catalogue import Catalogue, Expected, Problem, check_tool
from .connection import ProgressSink
from .describe import describe_builtin, soonest
from .logs import Level, LogRing
from .offers import Offers
from .roster import Roster
from .seams import NOBODY, Admit, Entries, Owner, admitted
from .server import MCPServer
from .settings import MCPServerSettings
from .several import each, quietly
from .sweeps import Sweeps
from .telling import told
from .trial import trial


class MCPServerManager(MCPServerSettings):
    """One per workspace. `entries` gives the configuration as it is now, `trusted` set; `builtins` are our
    own servers; `owner` is this run of Jupyter.
    """

    def __init__(
        self,
        *,
        key: WorkspaceKey,
        root: Path,
        state_dir: Path,
        entries: Entries,
        builtins: Mapping[str, BuiltinServer],
        rules: Callable[[], ToolRules] = lambda: NO_RULES,
        supervisor: Supervisor,
        announce: Announce = unheard,
        admit: Admit = admitted,
        due: Callable[[MCPServer], JSON] = lambda _: {},
        sweeps: Sweeps | None = None,
        owner: Owner = NOBODY,
        references: References | None = None,
        clock: Callable[[], float] = time.monotonic,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.key = key
        self.root = root
        self._builtins = dict(builtins)
        self.rules = rules  #: what the folder says of tools, as it is now
        self._builtin_tools: dict[str, int] = {}
        self._builtin_log = LogRing()  #: they write none
        self._supervisor = supervisor
        self._due = due
        self._announce = announce
        self._roster = Roster(
            key,
            root,
            entries,
            reserved=self._builtins.keys(),
            catalogue=Catalogue(state_dir / "catalogue"),
            supervisor=supervisor,
            timeouts=self.timeouts,
            starts=self.max_concurrent_starts,
            announce=announce,
            admit=admit,
            sweeps=sweeps or Sweeps(supervisor),
            owner=owner,
            limits=self.limits,
            references=references,
            clock=clock,
        )

    # Looking: starts nothing, wakes nothing. A look at the list notices what another program changed in its files.

    def describe(self) -> list[JSON]:
        """The wire's MCP servers: built-in ones, then all configured ones, untrusted ones included."""
        configured = self._roster.configured()
        self._roster.tidy(configured)
        return [self._describe_builtin(name) for name in self._builtins] + [
            self._describe(entry) for entry in configured.values()
        ]

    @property
    def servers(self) -> list[MCPServer]:
        """Those that were used at least once; built-in ones are none."""
        return self._roster.servers

    def find(self, name: str, session_id: str = "") -> MCPServer | None:
        """One that was used before; `session_id` where each chat has its own."""
        return self._roster.find(name, session_id)

    def detach(self, session_id: str) -> None:
        """That chat is not open any more: what only it used ends, what it used with others may go when it is idle."""
        self._roster.detach(session_id)

    def describe_one(self, name: str) -> JSON:
        """One of them. Raises MCPServerNotFound."""
        if name in self._builtins:
            return self._describe_builtin(name)
        return self._describe(self._roster.entry(name))

    def _describe(self, entry: MCPServerEntry) -> JSON:
        return self._roster.describe(entry) | soonest(map(self._due, self._roster.of(entry.name)))

    async def health(self, name: str) -> JSON:
        """How it is, asked of itself where it lives; see `servers.health`. Raises MCPServerNotFound."""
        if name in self._builtins:
            return health.builtin()
        entry = self._roster.entry(name)
        return await health.look(entry, self._roster.of(name), self._roster.record(name))

    def logs(self, name: str, tail: int = 200, level: Level | None = None) -> list[JSON]:
        """The last `tail` lines the MCP server wrote, and what we did with it. Raises MCPServerNotFound."""
        return [line.as_json() for line in self.log(name).tail(tail, level=level)]

    def log(self, name: str) -> LogRing:
        """To be followed also before its first use; closed when it is no longer configured. Raises MCPServerNotFound."""
        return self._builtin_log if name in self._builtins else self._roster.log(self._roster.entry(name))

    # Using.

    async def catalogue(self, learn: bool) -> tuple[list[ToolSpec], list[Problem]]:
        """The tools of all trusted, enabled MCP servers that the folder does not deny, and those whose tools are not known.

        `learn` starts the latter, all at once, and waits `learn_timeout` seconds; one that failed is not tried again before
        somebody starts it or its entry changes. One that fails never hides the tools of others.
        """
        tools: list[ToolSpec] = []
        problems: list[Problem] = []
        servers: list[MCPServer] = []
        for name in self._builtins:
            tools += await self.tools(name)
        configured = self._roster.configured()
        self._roster.tidy(configured)
        for entry in configured.values():
            if entry.trusted and not entry.disabled:
                try:
                    servers.append(await self._roster.current(entry))
                except MandrakeError as exc:
                    problems.append(Problem(entry.name, exc))
        if learn:
            await self._learn([s for s in servers if s.tools is None and s.phase is not Phase.FAILED])
        for server in servers:
            if server.tools is None:
                name = server.key.name
                unknown = server.error or Unavailable(
                    f'The tools of the MCP server "{name}" are not known yet.'
                )
                problems.append(Problem(name, unknown))
            tools += server.tools or ()
        rules = self.rules()
        return [tool for tool in tools if not rules.denies(tool.server, tool.name)], problems

    async def tools(self, name: str) -> list[ToolSpec]:
        """The tools of one; it is started only when nothing is known of them yet."""
        if (builtin := self._builtins.get(name)) is not None:
            tools = await builtin.list_tools()
            self._builtin_tools[name] = len(tools)
            return tools
        server = await self._roster.permitted(name)
        if server.tools is None:
            await server.learn()
        return list(server.tools or ())

    async def call(
        self,
        name: str,
        tool: str,
        arguments: Mapping[str, Any],
        *,
        context: CallContext,
        on_progress: ProgressSink | None = None,
        expected: Expected | None = None,
        asker: Asker | None = None,
    ) -> ToolResult:
        """Calls a tool once, starting its MCP server if need be; once more only where that is certainly the first time, or
        the tool is said to be harmless (`calling`). An error of the tool is a result with ``ok=False``. `expected` is what
        the tool was when the call was decided on, `asker` who is there to answer what the MCP server asks; without one its
        questions are declined.

        Raises ToolDenied, MCPServerNotFound, ToolNotFound, NotTrusted, Conflict (disabled, or the tool is another one
        than `expected`; it was not run), the errors of a start, and
        OutcomeUnknown (CallTimeout, ServerGone), after which it is not known whether the tool did its work. Cancelling
        cancels this call only.
        """
        if self.rules().denies(name, tool):
            raise ToolDenied(name=name, tool=tool, file=RULES)
        if (builtin := self._builtins.get(name)) is not None:
            with self._told(name, "builtin", context) as outcome:
                check_tool(await self.tools(name), name, tool, expected)
                return outcome(await builtin.call_tool(tool, arguments, context))
        server = await self._roster.permitted(name, context.session_id)
        if context.session_id:
            server.chats.add(context.session_id)
        if not server.leases.busy:
            self.changed(name)  # in use from here on; the announced call is its end
        with self._told(name, server.entry.transport, context) as outcome:
            call = Call(server, tool, arguments, on_progress=on_progress, expected=expected, asker=asker)
            return outcome(await call.run())

    def _told(
        self, name: str, transport: str, context: CallContext
    ) -> AbstractContextManager[Callable[[ToolResult], ToolResult]]:
        return told(self._announce, ServerKey(self.key.workspace_id, name), context.session_id, transport)

    async def offers(self, name: str, session_id: str = "") -> Offers:
        """Its resources, prompts and completions, for that chat. Raises MCPServerNotFound, NotTrusted, Conflict
        (disabled).
        """
        return Offers(
            name, None if name in self._builtins else await self._roster.permitted(name, session_id)
        )

    async def test(self, entry: MCPServerEntry) -> JSON:
        """Starts `entry` once, apart from all that is configured, and ends it; see `servers.trial`."""
        async with self._roster.trial(entry) as server:
            return await trial(server)

    async def start(self, name: str) -> JSON:
        """Ready when it returns. Raises NotTrusted and the errors of a start."""
        if name not in self._builtins:
            await (await self._roster.permitted(name)).start(at_once=True)
        return self.describe_one(name)

    async def stop(self, name: str) -> JSON:
        """Ended when it returns, with everything it started, in all chats."""
        if name not in self._builtins:
            self._roster.entry(name)
            await each(server.stop() for server in self._roster.of(name))
        return self.describe_one(name)

    async def restart(self, name: str) -> JSON:
        """Those that live, in all chats; where none does, as `start`."""
        if name not in self._builtins:
            first = await self._roster.permitted(name)
            living = [server for server in self._roster.of(name) if server.phase in ALIVE]
            await each(server.restart() for server in living or [first])
        return self.describe_one(name)

    async def pause(self, name: str) -> JSON:
        """Those that run, in all chats, until their next use. Raises MCPServerNotFound, Conflict."""
        self.describe_one(name)
        await pausing.pause(name, self._roster.of(name))
        return self.describe_one(name)

    async def resume(self, name: str) -> JSON:
        """Those that are paused, in all chats. Raises NotTrusted, Conflict."""
        if name not in self._builtins:
            await self._roster.permitted(name)
        await pausing.resume(name, self._roster.of(name))
        return self.describe_one(name)

    def changed(self, name: str, what: What = "changed") -> None:
        """Tells who listens that an MCP server as it is described is another one than before."""
        self._announce(Changed("mcp_server", self.key.workspace_id, name, what))

    async def refresh(self) -> None:
        """Ends now what the configuration does not let run on, not at the next use. For whoever edited it."""
        if ending := self._roster.tidy(self._roster.configured()):
            await asyncio.wait(ending)

    async def close(self, timeout: float = 8.0) -> list[str]:
        """End all of them within `timeout` seconds, by force where need be; the names of those that did not end."""
        self._builtin_log.close()
        return await self._roster.close(timeout)

    async def _learn(self, servers: Sequence[MCPServer]) -> None:
        """Failures stay with their server, as its `error`."""
        starts = [
            self._supervisor.spawn(f"tools of {server.key.name}", quietly(server.learn()))
            for server in servers
        ]
        if starts and self.learn_timeout > 0:
            await asyncio.wait(starts, timeout=self.learn_timeout)

    def _describe_builtin(self, name: str) -> JSON:
        return describe_builtin(ServerKey(self.key.workspace_id, name), self._builtin_tools.get(name))
