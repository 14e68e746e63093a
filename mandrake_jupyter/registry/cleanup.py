"""One look at everything at once, for whoever asks: what is culled, what stays and why. Sessions go before MCP servers."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter

from ..values import JSON
from .culler import MCPServerCuller, SessionCuller
from .sweep import Sweep


@dataclass(frozen=True)
class CleanupReport:
    """What ``perform_cleanup`` found and did; `seconds` it took. With `dry_run` nothing was ended."""

    dry_run: bool
    sessions: Sweep
    mcp_servers: Sweep
    seconds: float

    def as_json(self) -> JSON:
        """``{dry_run, seconds, considered, culled, paused, kept, errors}``; entries: ``{kind, id, workspace_id, name, why,
        reason}``.
        """
        sweeps = (("session", self.sessions), ("mcp_server", self.mcp_servers))
        return {
            "dry_run": self.dry_run,
            "seconds": round(self.seconds, 3),
            "considered": {kind: sweep.considered for kind, sweep in sweeps},
            "culled": [{"kind": kind, **told} for kind, sweep in sweeps for told in sweep.culled],
            "paused": [{"kind": kind, **told} for kind, sweep in sweeps for told in sweep.paused],
            "kept": [{"kind": kind, **told} for kind, sweep in sweeps for told in sweep.kept],
            "errors": [error for _, sweep in sweeps for error in sweep.errors],
        }


async def perform(sessions: SessionCuller, mcp_servers: MCPServerCuller, *, dry_run: bool) -> CleanupReport:
    """A dry run takes the sessions that would go for gone when it looks at the MCP servers, as they are in a real one."""
    began = perf_counter()
    first = await sessions.sweep(dry_run=dry_run, explain=True)
    gone = frozenset(str(told["id"]) for told in first.culled)
    second = await mcp_servers.sweep(dry_run=dry_run, explain=True, without=gone)
    return CleanupReport(dry_run, first, second, perf_counter() - began)
