"""What is said of an MCP server that is not there any more."""

from __future__ import annotations

from collections.abc import Callable

from ..errors import MandrakeError, ServerGone
from ..lifecycle.phases import Phase, State
from ..provisioners.base import Provisioner


def ended_by_itself(name: str, provisioner: Provisioner | None, clean: Callable[[str], str]) -> MandrakeError:
    if provisioner and (fault := provisioner.fault):
        return fault
    refusal = provisioner.refusal if provisioner else None
    if refusal and refusal.never_seen:
        forgotten = f'The MCP server "{name}" does not know our session any more.'
        lost = f'The MCP server "{name}" can\'t be reached at {clean(refusal.where)}.'
        return ServerGone(forgotten if refusal.status else lost, then="Its next use tries it anew.")
    if provisioner and (over := provisioner.over):
        return ServerGone(f'The MCP server "{name}" ended: {over}.', then=over.remedy)
    code = provisioner.poll() if provisioner else None
    how = "" if code is None else f" with code {code}"
    return ServerGone(f'The MCP server "{name}" ended by itself{how}.', then="Its next use starts it again.")


def never_asked(name: str) -> ServerGone:
    """Nothing was written to it: its end was known before."""
    why = f'The MCP server "{name}" ended before anything was asked of it.'
    return ServerGone(why, then="Nothing was run. Its next use starts it again.", name=name, sent=False)


def gone_in_call(name: str, state: State, gone: ServerGone) -> ServerGone:
    """For who called a tool or asked something; `state` is what became of the MCP server."""
    sent = gone.fields.get("sent", True)
    if state.phase is not Phase.FAILED:
        why = f'The MCP server "{name}" was stopped while it was at work.'
        return ServerGone(why, name=name, then=gone.then, sent=sent)
    return ServerGone(str(gone), name=name, then=gone.then, reason=state.reason, sent=sent)
