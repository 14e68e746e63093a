"""What is said of an MCP server that is not there any more."""

from __future__ import annotations

from ..errors import ServerGone
from ..lifecycle.phases import Phase, State
from ..provisioners.base import Provisioner


def ended_by_itself(name: str, provisioner: Provisioner | None) -> ServerGone:
    if provisioner and (over := provisioner.over):
        return ServerGone(f'The MCP server "{name}" ended: {over}.', then=over.remedy)
    code = provisioner.poll() if provisioner else None
    how = "" if code is None else f" with code {code}"
    return ServerGone(f'The MCP server "{name}" ended by itself{how}.', then="Its next use starts it again.")


def gone_in_call(name: str, state: State, gone: ServerGone) -> ServerGone:
    """For who called a tool or asked something; `state` is what became of the MCP server."""
    if state.phase is not Phase.FAILED:
        return ServerGone(
            f'The MCP server "{name}" was stopped while it was at work.', name=name, then=gone.then
        )
    return ServerGone(str(gone), name=name, then=gone.then, reason=state.reason)
