"""A small MCP server over stdio, written with the SDK, with a tool for each thing that can happen.

`python mcp_echo.py [--garbage | --http | --sse]`: the first writes lines that are no messages to stdout before it serves.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import (
    Completion,
    CreateMessageRequest,
    CreateMessageRequestParams,
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitRequestURLParams,
    InputRequiredResult,
    SamplingMessage,
    TextContent,
    ToolAnnotations,
)
from pydantic import BaseModel

STDOUT = os.dup(1)  # the SDK takes the original away
server = MCPServer("echo")


@server.tool(title="Echo", annotations=ToolAnnotations(read_only_hint=True, idempotent_hint=True))
async def echo(text: str) -> str:
    """Says `text` again."""
    return text


@server.tool()
async def add(a: int, b: int) -> int:
    return a + b


@server.tool()
async def fail(why: str) -> str:
    raise ToolError(why)


@server.tool()
async def slow(steps: int, ctx: Context) -> str:
    """Reports progress, one step after the other."""
    for step in range(steps):
        await ctx.report_progress(step + 1, steps, f"step {step + 1}")
    return "done"


@server.tool()
async def never(mark: str = "") -> str:
    """Never answers; notes in the file `mark` when it begins and when it is cancelled."""
    note(mark, "begun")
    try:
        await asyncio.Event().wait()
    except BaseException:
        note(mark, "cancelled")
        raise
    return "?"


@server.tool()
async def garbage() -> str:
    """Writes what is no message to stdout before it answers."""
    os.write(STDOUT, b'this is no message\n{"nor": "this"}\n\xff\xfe\n')
    return "after garbage"


@server.tool()
async def large(size: int) -> str:
    return "x" * size


@server.tool()
async def pid() -> int:
    return os.getpid()


@server.tool()
async def grow(ctx: Context) -> str:
    """Adds a tool and says that the list changed, in the way of the era."""

    async def grown() -> str:
        return "grown"

    server.add_tool(grown, name=f"grown_{time.monotonic_ns()}")
    await (ctx.notify_tools_changed() if modern(ctx) else ctx.session.send_tool_list_changed())
    return "grew"


@server.resource("echo://notes", title="Notes", description="Two lines.", mime_type="text/plain")
async def notes() -> str:
    return "one\ntwo"


@server.resource("echo://picture", mime_type="image/png")
async def picture() -> bytes:
    return b"\x89PNG"


@server.resource("echo://broken")
async def broken() -> str:
    raise ValueError("the disk is gone")


@server.resource("echo://large/{size}", title="Large")
async def large_text(size: str) -> str:
    return "x" * int(size)


@server.resource("echo://blob/{size}")
async def large_blob(size: str) -> bytes:
    return b"x" * int(size)


@server.resource("echo://never/{mark}")
async def never_read(mark: str) -> str:
    return await never(mark.replace("|", "/"))


@server.prompt(title="Greet")
async def greet(who: str, how: str = "warmly") -> str:
    """Greets somebody."""
    return f"Greet {who} {how}."


@server.completion()
async def complete(ref: object, argument: object, context: object) -> Completion:
    begun = argument.value
    known = (getattr(context, "arguments", None) or {}).get("how", "")
    names = [name for name in ("Ada", "Alan", "Barbara") if name.startswith(begun)]
    return Completion(values=[f"{name}{known}" for name in names], total=len(names))


@server.tool()
async def grow_offers(ctx: Context) -> str:
    """Adds a resource and a prompt and says that both lists changed, in the way of the era."""
    count = time.monotonic_ns()
    server.resource(f"echo://grown/{count}")(notes)
    server.prompt(name=f"grown_{count}")(greet)
    if modern(ctx):
        await ctx.notify_resources_changed()
        await ctx.notify_prompts_changed()
    else:
        await ctx.session.send_resource_list_changed()
        await ctx.session.send_prompt_list_changed()
    return "grew"


@server.tool()
async def say(level: str, text: str, ctx: Context) -> str:
    """Logs over the protocol."""
    await ctx.log(level, text, logger_name="echo")
    return "said"


@server.tool()
async def begin_until(mark: str, there: str) -> str:
    """Notes in the file `mark` that it began; answers when the file `there` is there."""
    note(mark, "begun")
    while not os.path.exists(there):
        await asyncio.sleep(0.01)
    return "there"


class Colour(BaseModel):
    colour: str


@server.tool()
async def ask(ctx: Context, question: str = "Which colour?", says: bool = False) -> str | InputRequiredResult:
    """Asks the user, in the way of the era: what he did and, if it `says` so, what he wrote."""
    if not modern(ctx):
        found = await ctx.elicit(question, Colour)
        return told(found.action, {"colour": found.data.colour} if found.action == "accept" else None, says)
    if ctx.input_responses is None:
        return asked(q=ElicitRequestFormParams(message=question, requested_schema=Colour.model_json_schema()))
    return told(ctx.input_responses["q"].action, ctx.input_responses["q"].content, says)


FORM = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "title": "Name", "minLength": 2},
        "size": {
            "type": "string",
            "title": "Size",
            "oneOf": [{"const": "s", "title": "Small"}, {"const": "l", "title": "Large"}],
        },
        "count": {"type": "integer", "title": "How many", "minimum": 1, "default": 1},
        "gift": {"type": "boolean", "title": "As a gift"},
        "extras": {
            "type": "array",
            "title": "Extras",
            "items": {"type": "string", "enum": ["card", "ribbon"]},
        },
    },
    "required": ["name", "size"],
}


@server.tool()
async def order(ctx: Context, schema: dict[str, object] | None = None) -> str | InputRequiredResult:
    """Asks for a form with a field of each kind, or for `schema`."""
    wanted = schema or FORM
    if not modern(ctx):
        found = await ctx.session.elicit_form("What shall it be?", wanted, related_request_id=ctx.request_id)
        return told(found.action, found.content, True)
    if ctx.input_responses is None:
        return asked(q=ElicitRequestFormParams(message="What shall it be?", requested_schema=wanted))
    return told(ctx.input_responses["q"].action, ctx.input_responses["q"].content, True)


@server.tool()
async def sign_in(ctx: Context, url: str = "https://example.com/sign-in") -> str | InputRequiredResult:
    """Asks the user to open a page."""
    if not modern(ctx):
        found = await ctx.session.elicit_url("Please sign in.", url, "e1", related_request_id=ctx.request_id)
        return str(found.action)
    if ctx.input_responses is None:
        return asked(q=ElicitRequestURLParams(message="Please sign in.", url=url))
    return str(ctx.input_responses["q"].action)


@server.tool()
async def ask_twice(ctx: Context) -> str | InputRequiredResult:
    """Asks one question after the other; where the era allows it, both at once."""
    schema = Colour.model_json_schema()
    if not modern(ctx):
        first = await ctx.session.elicit_form("First?", schema, related_request_id=ctx.request_id)
        second = await ctx.session.elicit_form("Second?", schema, related_request_id=ctx.request_id)
        return f"{first.action} {second.action}"
    if ctx.input_responses is None:
        return asked(
            a=ElicitRequestFormParams(message="First?", requested_schema=schema),
            b=ElicitRequestFormParams(message="Second?", requested_schema=schema),
        )
    return " ".join(ctx.input_responses[key].action for key in "ab")


def asked(**params: ElicitRequestFormParams | ElicitRequestURLParams) -> InputRequiredResult:
    requests = {key: ElicitRequest(params=value) for key, value in params.items()}
    return InputRequiredResult(input_requests=requests, request_state="s")


def told(action: str, content: dict[str, object] | None, says: bool) -> str:
    return f"{action} {json.dumps(content, sort_keys=True)}" if says else str(action)


@server.tool()
async def sample(ctx: Context) -> str | InputRequiredResult:
    """Asks the user's model, whether or not the client said that it may."""
    messages = [SamplingMessage(role="user", content=TextContent(type="text", text="Hi"))]
    if not modern(ctx):
        try:
            answer = await ctx.session.create_message(messages, max_tokens=10)
        except Exception as exc:
            raise ToolError(str(exc)) from exc
        return str(answer)
    params = CreateMessageRequestParams(messages=messages, max_tokens=10)
    return InputRequiredResult(input_requests={"q": CreateMessageRequest(params=params)}, request_state="s")


@server.tool()
async def may_sample(ctx: Context) -> str:
    """Whether the client said that it can."""
    return "yes" if ctx.client_capabilities and ctx.client_capabilities.sampling else "no"


def modern(ctx: Context) -> bool:
    return (ctx.protocol_version or "") >= "2026"


def note(path: str, word: str) -> None:
    if path:
        with open(path, "a") as file:
            file.write(word + "\n")


def serve_http(path: str) -> None:
    """On a free port of loopback, over streamable HTTP or the transport before it; the URL is the first line on stdout."""
    import socket

    import uvicorn

    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(f"http://127.0.0.1:{listener.getsockname()[1]}/{path}", flush=True)
        app = server.sse_app() if path == "sse" else server.streamable_http_app()
        config = uvicorn.Config(app, log_level="error")
        uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    if "--garbage" in sys.argv:
        print("Welcome to my server!\nIt is starting …", flush=True)
    for path in ("mcp", "sse"):
        if {"mcp": "--http", "sse": "--sse"}[path] in sys.argv:
            serve_http(path)
    server.run("stdio")
