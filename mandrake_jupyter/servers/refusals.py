"""From an HTTP answer that is none of the protocol to an error of ours, with its way out."""

from __future__ import annotations

from typing import Any

from ..errors import (
    AnsweredTrouble,
    KeyWanted,
    LeadsElsewhere,
    MCPError,
    NothingThere,
    NotReached,
    Refused,
)
from ..provisioners.sending import Refusal

#: What the SDK says for an HTTP answer without words of the protocol in it.
_STAND_INS = ("Server returned an error response", "Not Found", "Session terminated", "Redirect to ")
_KEYS, _WRONG = (401, 403), (404, 405, 410)


def stands_for(refusal: Refusal | None, said: str) -> bool:
    """Whether `said` hides `refusal`: the MCP server itself said nothing, or that it wants a key."""
    return refusal is not None and (refusal.status in _KEYS or said.startswith(_STAND_INS))


def refused(name: str, refusal: Refusal, *, in_call: bool) -> MCPError:
    fields: dict[str, Any] = {"name": name, "where": refusal.where, "status": refusal.status}
    match refusal.status:
        case 0:
            return NotReached(**fields)
        case status if status in _KEYS:
            return KeyWanted(**fields)
        case status if status in _WRONG:
            return NothingThere(**fields)
        case status if status < 400:
            return LeadsElsewhere(**fields)
        case status if status >= 500:
            return AnsweredTrouble(then="" if in_call else "This usually passes within minutes.", **fields)
    return Refused(**fields)
