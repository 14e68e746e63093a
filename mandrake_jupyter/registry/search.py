"""Search in all chats, or those of one project, as the wire has it. Opens no chat."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from ..values import JSON

if TYPE_CHECKING:
    from ..stores.search import Found, Hit
    from .registry import ServiceRegistry


async def search(registry: ServiceRegistry, query: str, workspace_id: str | None, limit: int) -> JSON:
    """Raises :class:`WorkspaceNotFound`; never for what is asked."""
    from ..stores.search import SearchStore

    services = await registry.initialize_services()
    own = (await registry.workspace_row(workspace_id)).id if workspace_id else None
    results = await SearchStore(services.database).search(query, own, limit)
    return {
        "query": query,
        "messages": results.messages,
        "chats": results.chats,
        "more": results.more,
        "results": [_chat(found) for found in results.found],
    }


def _chat(found: Found) -> JSON:
    session = {
        "id": found.session_id,
        "workspace_id": found.workspace_id,
        "name": found.name,
        "last_activity": found.last_activity,
    }
    return {"session": session, "hits": [_hit(hit) for hit in found.hits], "more": found.more}


def _hit(hit: Hit) -> JSON:
    snippet = [{"text": text, "mark": mark} for text, mark in hit.snippet]
    return {**asdict(hit), "snippet": snippet}
