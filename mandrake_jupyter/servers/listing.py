"""The tools an MCP server lists, read to the end: what is no tool is left out with a word, and takes no other with it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from ..values import ToolSpec
from .paging import MAX_PAGES
from .translate import tool_spec

if TYPE_CHECKING:
    from mcp import Client
    from mcp_types import ListToolsResult, Tool

#: An MCP server that pages for ever is cut off here.
MAX_TOOLS = 5_000
#: Characters of a name, or of what is wrong with a tool, that are told.
SHOWN = 200

Say = Callable[[str], None]


async def list_tools(client: Client, server: str, say: Say) -> tuple[ToolSpec, ...]:
    """`say` is told of what was left out: no tool, no schema a model could be shown, a name that is taken."""
    if client.server_capabilities.tools is None:
        return ()
    found: dict[str, ToolSpec] = {}
    cursor: str | None = None
    for _ in range(MAX_PAGES):
        page = await _page(client, cursor, say)
        specs, wrong = await asyncio.to_thread(_specs, server, page.tools)
        for words in wrong:
            say(words)
        for spec in specs:
            if spec.name in found:
                say(f'It lists two tools of the name "{spec.name[:SHOWN]}". The first one counts.')
            else:
                found[spec.name] = spec
        if len(found) >= MAX_TOOLS or not page.next_cursor or page.next_cursor == cursor:
            break
        cursor = page.next_cursor
    return tuple(found.values())


async def _page(client: Client, cursor: str | None, say: Say) -> ListToolsResult:
    from pydantic import ValidationError

    try:
        return await client.list_tools(cursor=cursor, cache_mode="refresh")
    except ValidationError:
        return await _careful_page(client, cursor, say)


async def _careful_page(client: Client, cursor: str | None, say: Say) -> ListToolsResult:
    """The same page tool by tool: the SDK refuses all of them for one that is none."""
    from mcp_types import ListToolsRequest, ListToolsResult, PaginatedRequestParams

    session: Any = client.session
    request = ListToolsRequest(params=PaginatedRequestParams(cursor=cursor))
    data = request.model_dump(by_alias=True, mode="json", exclude_none=True)
    options: dict[str, Any] = {}
    session._stamp(data, options)
    raw = await session._dispatcher.send_raw_request(data["method"], data.get("params"), options)
    listed, more = raw.get("tools"), raw.get("nextCursor")
    if not isinstance(listed, list):
        raise ValueError('its answer has no list "tools"')
    result = ListToolsResult(
        tools=list(_tools(listed, say)), next_cursor=more if isinstance(more, str) else None
    )
    # What the SDK remembers of tools (the schemas of their answers) it would else ask for again, and refuse again.
    absorbed: ListToolsResult = session._absorb_tool_listing(result, complete=False)
    return absorbed


def _tools(listed: list[Any], say: Say) -> Iterator[Tool]:
    from mcp_types import Tool
    from pydantic import ValidationError

    for raw in listed:
        try:
            yield Tool.model_validate(raw, by_name=False)
        except ValidationError as exc:
            name = raw.get("name") if isinstance(raw, dict) else raw
            first = exc.errors()[0]
            where = ".".join(map(str, first["loc"]))
            say(f'"{str(name)[:SHOWN]}" is left out: it is no tool ({where}: {first["msg"]}).')


def _specs(server: str, tools: list[Tool]) -> tuple[list[ToolSpec], list[str]]:
    """Those whose schema is one, and words for the others: a model's provider refuses a whole request for one of these."""
    found, wrong = [], []
    for tool in tools:
        if why := _wrong_with(tool.input_schema):
            wrong.append(
                f'The tool "{tool.name[:SHOWN]}" is left out: its input schema is none ({why[:SHOWN]}).'
            )
        else:
            found.append(tool_spec(server, tool))
    return found, wrong


def _wrong_with(schema: dict[str, Any]) -> str | None:
    from jsonschema import SchemaError
    from jsonschema.validators import Draft202012Validator, validator_for

    if schema.get("type", "object") != "object":
        return f"its type is {schema['type']!r}, not 'object'"
    try:
        validator_for(schema, default=Draft202012Validator).check_schema(schema)
    except SchemaError as exc:
        return exc.message
    except Exception as exc:  # a reference to nowhere, a pattern without end: whatever its author thought of
        return f"{type(exc).__name__}: {exc}"
    return None
