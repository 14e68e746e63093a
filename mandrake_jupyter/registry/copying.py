"""A second chat with the same history, from the store alone: also of one that another Jupyter server is at work on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..lifecycle.announce import Changed
from ..values import JSON, isoformat, utcnow
from .sessions import LONGEST_NAME, SessionsDirectory, text_of

if TYPE_CHECKING:
    from .registry import ServiceRegistry


async def copy_chat(registry: ServiceRegistry, workspace_id: str, session_id: str, body: JSON) -> JSON:
    """The new chat; an answer at work is in it as far as it was stored, and ended. Raises BadRequest, SessionNotFound."""
    from ..sessions.copying import left_behind
    from ..stores.copying import copy_chat as copy

    wanted = text_of(body, "name")
    services = await registry.initialize_services()
    own = (await registry.workspace_row(workspace_id)).id
    row = await copy(
        services.database,
        own,
        session_id,
        name=named_after(wanted),
        now=isoformat(utcnow()),
        end=left_behind,
    )
    registry.hub.announce(Changed("session", own, row.id, "created"))
    return await SessionsDirectory(registry).get(own, row.id)


def named_after(wanted: str | None) -> Callable[[str], tuple[str, bool]]:
    """From the name of the other chat: what the copy is called, and whether that holds the words of the other's name."""

    def name(other: str) -> tuple[str, bool]:
        words = other[: LONGEST_NAME * 4]
        called = wanted or f"{words} (copy)"
        return called, called.startswith(words) or called.endswith(words)

    return name
