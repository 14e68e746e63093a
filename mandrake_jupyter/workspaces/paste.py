"""What people paste to add an MCP server: a README's JSON in any dialect, an address, a command line.

Pure: nothing is written, started or looked up. What is not understood is answered with what to paste instead.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from ..errors import BadRequest, BrokenFile
from ..stores.files import parse_json
from ..values import Input
from .entries import MAX_ENTRY, NAME, RESERVED, TRANSPORTS, check_url, parse_entry
from .variables import parse_questions

Pasted = list[tuple[str, dict[str, Any]]]
HELP = (
    "Paste the JSON from its README, an address that starts with https://, or a command line such as "
    '"npx -y @modelcontextprotocol/server-everything".'
)
MAX_PASTED = 200_000
#: Characters of a word that a name is made of.
MAX_NAMED = 300
RUNNERS = re.compile(
    r"npx|uvx?|pipx|bunx?|pnpm|yarn|npm|node|deno|python[\d.]*|py|docker|podman|java|go|dotnet|ruby|cargo|sh|bash"
)
#: Options of runners whose next word is their value.
WITH_VALUE = re.compile(
    r"-[evpwuml]|--(env|volume|mount|publish|name|network|net|workdir|user|env-file|entrypoint|platform|from|with"
    r"|python|directory|project|package|memory|cpus|label)"
)


def parse_pasted(text: str) -> Pasted:
    """Each MCP server in `text`, as (name suggestion, entry); :class:`BadRequest` says what to paste."""
    text = _unwrapped(text)
    if not text:
        raise BadRequest(f"There is nothing in it. {HELP}")
    if len(text) > MAX_PASTED:
        raise BadRequest(f"That is more than {MAX_PASTED // 1000} KB. {HELP}")
    if text[0] in '{["':
        found = _from_json(text)
    elif re.match(r"\w+://", text):
        found = [_from_url(text)]
    else:
        found = [_from_command(text)]
    if not found:
        raise BadRequest(f"There is no MCP server in it. {HELP}")
    for name, entry in found:
        parse_entry(name, entry)
    return found


def suggest_name(words: str) -> str:
    """A short legal name out of a package, image, module or host name."""
    last = re.split(r"[/\\]", words.rstrip("/"))[-1][:MAX_NAMED]
    last = last[:1] + re.split(r"[@:=<>~\[]", last[1:], maxsplit=1)[0]
    last = re.sub(r"\.(py|js|mjs|cjs|ts|sh|exe|jar|git)$", "", last)
    last = re.sub(
        r"^(mcp[-_.]server|server|mcp)[-_.]|[-_.](mcp[-_.]server|server[-_.]mcp|mcp|server)$", "", last
    )
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", last).strip("-.")[:64] or "mcp-server"
    return f"{name}-2" if name.lower() in RESERVED else name


def _unwrapped(text: str) -> str:
    text = text.strip().lstrip("\ufeff")
    fenced = re.search(r"```[\w-]*[ \t]*\n([\s\S]*?)```", text)
    text = fenced[1] if fenced else text
    text = re.sub(r"\\\r?\n\s*", " ", text).strip()
    return re.sub(r"^[$>%]\s+", "", text.strip("`").strip())


def _from_json(text: str) -> Pasted:
    if text[0] == '"':
        text = "{" + text.rstrip().rstrip(",") + "}"
    try:
        value = parse_json(text, "The pasted text", comments=True)
        value = parse_json(_plain_variables(text, _passwords(value)), "The pasted text", comments=True)
    except BrokenFile as exc:
        raise BadRequest(f"Line {exc.fields['line']} of what you pasted: {exc.fields['why']}") from exc
    for key in ("mcp", "mcpServers", "mcp_servers", "servers"):
        if isinstance(value, Mapping) and key in value and not _is_entry(value[key]):
            value = value[key]
    if isinstance(value, list):
        return [_named(item) for item in value]
    if not isinstance(value, Mapping):
        raise BadRequest(f"That is no MCP server. {HELP}")
    if _is_entry(value):
        return [_named(value)]
    return [(_legal(name), dict(_entry(name, raw))) for name, raw in value.items() if name != "inputs"]


def _passwords(value: Any) -> set[str]:
    """The ids of VS Code's questions whose answers are secrets."""
    found = (
        (item for item in parse_questions(value.get("inputs")) if isinstance(item, Input))
        if isinstance(value, Mapping)
        else ()
    )
    return {item.id for item in found if item.password and item.id[0].isalnum()}


def _plain_variables(text: str, passwords: set[str]) -> str:
    """VS Code's questions become variables of the environment, or stored secrets: ``${input:api-key}`` is ``${API_KEY}`` or
    ``${secret:api-key}``.
    """

    def put(match: re.Match[str]) -> str:
        if match[1] in passwords:
            return f"${{secret:{match[1]}}}"
        return "${" + re.sub(r"\W", "_", match[1]).upper() + "}"

    return re.sub(r"\$\{input:([^{}]*)\}", put, text.replace("${workspaceFolder}", "."))


def _is_entry(value: Any) -> bool:
    return isinstance(value, Mapping) and any(
        isinstance(value.get(key), str) for key in ("command", "url", "serverUrl")
    )


def _named(raw: Any) -> tuple[str, dict[str, Any]]:
    entry = dict(_entry("?", raw))
    name = entry.pop("name", None)
    if isinstance(name, str):
        return _legal(name), entry
    if entry.get("command"):
        args = entry.get("args")
        return _command_name(
            [str(entry["command"]), *(map(str, args) if isinstance(args, list) else ())]
        ), entry
    return _url_name(str(entry.get("url") or entry.get("serverUrl"))), entry


def _entry(name: str, raw: Any) -> Mapping[str, Any]:
    if not isinstance(raw, Mapping):
        raise BadRequest(
            f'"{name}" is no MCP server: its entry must be an object with "command" or "url". {HELP}'
        )
    return raw


def _legal(name: str) -> str:
    return name if NAME.fullmatch(name) and name.lower() not in RESERVED else suggest_name(name)


def _from_url(text: str) -> tuple[str, dict[str, Any]]:
    url = check_url("What you pasted", text)
    kind = "sse" if urlsplit(url).path.rstrip("/").endswith("/sse") else "http"
    return _url_name(url), {"type": kind, "url": url}


def _url_name(url: str) -> str:
    host = urlsplit(url).hostname or ""
    labels = [label for label in host.split(".")[:-1] if label not in ("mcp", "www", "api", "server")]
    return suggest_name(
        labels[-1] if labels and not host.replace(".", "").isdigit() else host.replace(".", "-")
    )


def _from_command(text: str) -> tuple[str, dict[str, Any]]:
    if len(text) > MAX_ENTRY:
        raise BadRequest(f"That is a command line of more than {MAX_ENTRY // 1000} KB. {HELP}")
    try:
        lexer = shlex.shlex(text, posix=True, punctuation_chars=True)
        lexer.whitespace_split, lexer.commenters = True, ""
        operators = [word for word in lexer if re.fullmatch(r"[();<>|&]+", word)]
        words = shlex.split(text)
    except ValueError as exc:
        raise BadRequest("A quote in the command line is not closed.") from exc
    if operators or "\n" in text or "$(" in text:
        raise BadRequest(
            f"That is more than one plain command. Paste only the line that starts the MCP server. {HELP}"
        )
    env: dict[str, str] = {}
    while words and re.fullmatch(r"[A-Za-z_]\w*=.*", words[0], re.DOTALL):
        name, _, env[name] = words.pop(0).partition("=")
    if words[:3] == ["claude", "mcp", "add"]:
        return _from_claude(words[3:], env)
    if not words or not _like_a_program(words):
        raise BadRequest(f"That is neither JSON, nor an address, nor a command line. {HELP}")
    return _command_name(words), _command_entry(words, env)


def _from_claude(words: list[str], env: dict[str, str]) -> tuple[str, dict[str, Any]]:
    """``claude mcp add [--transport T] [--env K=V] [--header "N: V"] NAME [--] COMMAND… | URL``."""
    kind, headers = "", dict[str, str]()
    plain: list[str] = []
    while words and words[0] != "--" and len(plain) < 2:
        word = words.pop(0)
        if not word.startswith("-"):
            plain.append(word)
        elif words:
            value = words.pop(0)
            if word in ("-t", "--transport"):
                kind = value
            elif word in ("-e", "--env"):
                name, _, env[name] = value.partition("=")
            elif word in ("-H", "--header"):
                name, _, text = value.partition(":")
                headers[name] = text.strip()
    rest = [*plain[1:], *(words[1:] if words[:1] == ["--"] else words)]
    if not plain or not rest:
        raise BadRequest(f"That line has no name, or nothing to start. {HELP}")
    if re.match(r"https?://", rest[0]):
        kind = TRANSPORTS.get(kind.lower(), "http")
        return _legal(plain[0]), {"type": kind, "url": rest[0], **({"headers": headers} if headers else {})}
    return _legal(plain[0]), _command_entry(rest, env)


def _command_entry(words: list[str], env: dict[str, str]) -> dict[str, Any]:
    return {"command": words[0], "args": words[1:], **({"env": env} if env else {})}


def _like_a_program(words: list[str]) -> bool:
    first = words[0]
    known = RUNNERS.fullmatch(first) is not None or "/" in first or "mcp" in first.lower()
    return known and re.fullmatch(r"[\w./\\:@+~-]+", first) is not None


def _command_name(words: list[str]) -> str:
    """The first word that names what runs: not the runner, its options, their values or its verbs."""
    program, *rest = words
    if not RUNNERS.fullmatch(re.split(r"[/\\]", program)[-1]):
        return suggest_name(program)
    verbs, skip = ("run", "dlx", "exec", "tool", "x", "start", "--"), False
    for before, word in zip([program, *rest], rest, strict=False):
        if before == "-m" and program.startswith("py"):
            return suggest_name(word)
        if skip or word.startswith("-") or word in verbs:
            skip = not skip and bool(WITH_VALUE.fullmatch(word))
            continue
        return suggest_name(word)
    return suggest_name(program)
