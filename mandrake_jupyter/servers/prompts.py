"""Prompts and the completion of arguments: asked of the SDK's client, made into our values, bounded.

Content that is no text is described in words, as in results of tools. Errors are left to `asking`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ..errors import BadRequest, PromptNotFound
from .offered import Completions, FilledPrompt, Prompt, PromptArgument, PromptMessage
from .paging import all_pages
from .translate import RESULT_LIMIT, in_words

if TYPE_CHECKING:
    from mcp import Client
    from mcp_types import GetPromptResult, PromptReference, ResourceTemplateReference

#: The protocol's own bound; an MCP server that sends more is cut.
MAX_COMPLETIONS = 100
#: Characters of one proposed value.
LONGEST_COMPLETION = 1_000


async def list_prompts(client: Client) -> tuple[Prompt, ...]:
    found = await all_pages(
        lambda cursor: client.list_prompts(cursor=cursor, cache_mode="refresh"), lambda page: page.prompts
    )
    return tuple(
        Prompt(
            one.name,
            one.title or "",
            one.description or "",
            tuple(
                PromptArgument(
                    argument.name, argument.title or "", argument.description or "", bool(argument.required)
                )
                for argument in one.arguments or ()
            ),
        )
        for one in found
    )


def check_prompt(prompts: Sequence[Prompt], server: str, name: str, arguments: Mapping[str, str]) -> None:
    """Raises PromptNotFound when `name` is none of them, BadRequest when a required argument is missing."""
    prompt = next((prompt for prompt in prompts if prompt.name == name), None)
    if prompt is None:
        known = ", ".join(prompt.name for prompt in prompts) or "none"
        raise PromptNotFound(name=server, prompt=name, known=known)
    if missing := [one.name for one in prompt.arguments if one.required and one.name not in arguments]:
        raise BadRequest(f'The prompt "{name}" needs {", ".join(missing)}.')


async def get_prompt(client: Client, name: str, arguments: Mapping[str, str]) -> FilledPrompt:
    return filled(await client.get_prompt(name, dict(arguments)))


def filled(result: GetPromptResult, limit: int = RESULT_LIMIT) -> FilledPrompt:
    """At most `limit` bytes in all: the message that does not fit is cut, those after it are left out."""
    room = limit
    messages: list[PromptMessage] = []
    for message in result.messages:
        raw = in_words(message.content).encode(errors="replace")
        text = raw[:room].decode(errors="ignore")
        messages.append(PromptMessage(message.role, message.content.type, text))
        room -= len(raw)
        if room < 0:
            break
    return FilledPrompt(result.description or "", tuple(messages), truncated=room < 0)


async def complete(
    client: Client,
    ref: PromptReference | ResourceTemplateReference,
    argument: Mapping[str, str],
    known: Mapping[str, str],
) -> Completions:
    """Values for one argument; `known` are the others, as far as they are filled in."""
    found = (await client.complete(ref, dict(argument), dict(known) or None)).completion
    values = tuple(value[:LONGEST_COMPLETION] for value in found.values[:MAX_COMPLETIONS])
    more = bool(found.has_more) or len(found.values) > len(values)
    return Completions(values, found.total, more)
