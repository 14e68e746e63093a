"""One MCP server entry, as people and other programs write it, checked and made an :class:`MCPServerEntry`.

The ecosystem's form is the measure; VS Code's variables are put into it. Nothing is expanded, looked up or
started: what would widen what runs and can't be kept (a sandbox) is refused in words instead of ignored.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal
from urllib.parse import urlsplit

from ..errors import BadRequest
from ..stores.reading import shorten
from ..values import Input, MCPServerEntry, content_hash
from .containers import parse_container
from .numbers import idle_timeout, limits, seconds
from .variables import asked, plain_variables

NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
BUILTIN = "jupyter"
#: That one, and a word that an address of the REST API has in the place of a name.
RESERVED = frozenset({BUILTIN, "config"})
EXAMPLE = '{"command": "uvx", "args": ["mcp-server-time"]} or {"url": "https://example.org/mcp"}'
#: The largest entry taken, in characters of JSON.
MAX_ENTRY = 32_000
MAX_ENV_FILES = 8

Transport = Literal["stdio", "http", "sse", "docker"]
TRANSPORTS: Mapping[str, Transport] = {
    "stdio": "stdio", "local": "stdio", "http": "http", "streamable-http": "http", "streamablehttp": "http",
    "streamable_http": "http", "remote": "http", "sse": "sse", "docker": "docker", "container": "docker",
}  # fmt: skip
UNSUPPORTED = {
    "sandbox": "is not supported yet, and without it the program could do more. Remove it to go on",
    "sandboxEnabled": "is not supported yet, and without it the program could do more. Remove it to go on",
}
ALLOWS = ("allow", "alwaysAllow", "autoApprove", "trust", "trusted")


@dataclass(frozen=True)
class ParsedEntry:
    """An entry, and what in it is left out of account: sentences."""

    entry: MCPServerEntry
    notes: tuple[str, ...] = ()


def check_name(name: Any) -> str:
    """`name` when an MCP server may have it; :class:`BadRequest` otherwise."""
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise BadRequest(
            f"{shorten(str(name), 80)!r} can't be the name of an MCP server. "
            "Use 1 to 64 letters, digits, '-', '_' or '.', without spaces."
        )
    if name.lower() in RESERVED:
        whose = (
            "is the built-in MCP server's"
            if name.lower() == BUILTIN
            else "is a word of our REST API's addresses"
        )
        raise BadRequest(f'The name "{name}" {whose}. Choose another name.')
    return name


def parse_entry(
    name: str,
    raw: Any,
    *,
    origin: str = "",
    root: Path | None = None,
    questions: Mapping[str, Input] = MappingProxyType({}),
) -> ParsedEntry:
    """The entry `raw` of the MCP server `name`; :class:`BadRequest` says what to write instead. `questions` are those its
    file may ask (``inputs``).

    VS Code's ``${env:NAME}`` becomes ``${NAME}`` and ``${workspaceFolder}`` the path of `root`; nothing else
    is replaced.
    """
    it = f'The MCP server "{check_name(name)}"'
    if not isinstance(raw, Mapping):
        raise BadRequest(f"{it} must be an object like {EXAMPLE}.")
    try:
        size = len(json.dumps(raw, default=str, ensure_ascii=False).encode())
    except UnicodeEncodeError as exc:
        raise BadRequest(f"{it} has characters in it that are no text.") from exc
    if size > MAX_ENTRY:
        raise BadRequest(f"{it} is described by more than {MAX_ENTRY // 1000} KB. Shorten it.")
    for key, why in UNSUPPORTED.items():
        if raw.get(key):
            raise BadRequest(f'{it}: "{key}" {why}.')
    command, url = _text(it, raw, "command"), _url(it, raw)
    container = parse_container(it, raw, root)
    transport = _transport(it, raw, command, url, container is not None)
    fields: dict[str, Any] = {
        "transport": transport,
        "command": command,
        "args": _args(it, raw.get("args")),
        "env": pairs(it, raw.get("env"), "env"),
        "cwd": _text(it, raw, "cwd") or None,
        "url": url,
        "headers": pairs(it, raw.get("headers"), "headers"),
    }
    if transport == "stdio":
        _check_command(it, command, fields["args"])
    _check_names(it, fields["env"], fields["headers"])
    fields = {key: plain_variables(it, value, root) for key, value in fields.items()}
    entry = MCPServerEntry(
        name=name,
        origin=origin,
        disabled=raw.get("disabled") is True or raw.get("enabled") is False,
        start_timeout=seconds(it, raw, "startTimeout"),
        call_timeout=seconds(it, raw, "timeout"),
        cull_idle_timeout=idle_timeout(it, raw),
        limits=limits(it, raw.get("limits")),
        env_files=plain_variables(it, _env_files(it, raw, transport), root),
        sharing=_sharing(it, raw.get("sharing")),
        container=container,
        **fields,
    )
    entry = replace(entry, questions=asked(it, entry.texts, questions))
    return ParsedEntry(replace(entry, hash=_hash(fields, entry)), _notes(it, raw))


def _hash(fields: Mapping[str, Any], entry: MCPServerEntry) -> str:
    """Over what would run, and over what widens it, where that is set."""
    widening = {
        "limits": entry.limits.as_json(),
        "envFile": entry.env_files,
        "inputs": [asdict(question) for question in entry.questions],
        "stays": entry.cull_idle_timeout == 0,
        "container": asdict(entry.container) if entry.container else None,
    }
    return content_hash({**fields, **{key: value for key, value in widening.items() if value}})


def _transport(it: str, raw: Mapping[str, Any], command: str, url: str, image: bool) -> Transport:
    word = raw.get("type") or raw.get("transport") or ""
    known = TRANSPORTS.get(str(word).lower())
    if word and known is None:
        raise BadRequest(
            f'{it}: the type {shorten(str(word), 40)!r} is not known. Write "stdio", "http", "sse" or "docker".'
        )
    if image:
        if url or known not in (None, "docker", "stdio"):
            raise BadRequest(f'{it} has both "image" and an address. Keep one of them.')
        return "docker"
    if known == "docker":
        raise BadRequest(f'{it}: an MCP server of the type "{word}" needs "image".')
    if command and url:
        raise BadRequest(f'{it} has both "command" and an address. Keep one of them.')
    if not command and not url:
        raise BadRequest(f'{it} has neither "command" nor "url". Write {EXAMPLE}.')
    if command and known in ("http", "sse"):
        raise BadRequest(f'{it}: one of the type "{word}" needs "url", not "command".')
    if url and known == "stdio":
        raise BadRequest(f'{it}: one of the type "{word}" needs "command", not "url".')
    return known or ("stdio" if command else "http")


def _text(it: str, raw: Mapping[str, Any], key: str) -> str:
    value = raw.get(key)
    if value is None:
        return ""
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        example = f". Write {EXAMPLE.split(' or ')[0]}" if key == "command" else ""
        raise BadRequest(f'{it}: "{key}" must be text in quotes{example}.')
    return value


def _url(it: str, raw: Mapping[str, Any]) -> str:
    key = next((key for key in ("url", "serverUrl", "httpUrl") if raw.get(key) is not None), "url")
    return check_url(f'{it}: "{key}"', _text(it, raw, key)) if raw.get(key) is not None else ""


def check_url(it: str, url: str) -> str:
    """`url` when it is an http or https address without a password in it; :class:`BadRequest` otherwise."""
    try:
        parts = urlsplit(url)
        known = parts.scheme in ("http", "https") and bool(parts.netloc)
    except ValueError:
        known = False
    if not known or not url.isprintable() or " " in url:
        raise BadRequest(
            f"{it} must be an address that starts with https:// or http://, not {shorten(url, 80)!r}."
        )
    if "@" in parts.netloc:
        raise BadRequest(f'{it} has a user name or a password in the address. Put it into "headers".')
    return url


def _args(it: str, value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    if isinstance(value, str):
        raise BadRequest(f'{it}: "args" must be a list. Write {json.dumps(value.split())}.')
    if not isinstance(value, list) or not all(isinstance(arg, str) and "\0" not in arg for arg in value):
        wrong = (
            next((arg for arg in value if not isinstance(arg, str)), value)
            if isinstance(value, list)
            else value
        )
        shown = shorten(json.dumps(wrong, default=str), 40)
        raise BadRequest(f'{it}: "args" must be a list of texts in quotes; {shown} is none.')
    return tuple(value)


def pairs(it: str, value: Any, key: str) -> dict[str, str]:
    """The texts of an object like "env", also from a list of ``{name, value}``; else :class:`BadRequest`."""
    if isinstance(value, list) and all(isinstance(pair, Mapping) and "name" in pair for pair in value):
        value = {str(pair["name"]): pair.get("value", "") for pair in value}
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise BadRequest(f'{it}: "{key}" must be an object like {{"NAME": "value"}}.')
    found: dict[str, str] = {}
    for name, text in value.items():
        if isinstance(text, bool) or not isinstance(text, str | int | float) or "\0" in str(text):
            raise BadRequest(
                f'{it}: the value of {shorten(str(name), 60)!r} in "{key}" must be text in quotes.'
            )
        found[str(name)] = str(text)
    return found


def _check_command(it: str, command: str, args: tuple[str, ...]) -> None:
    first, *rest = command.split()
    if rest and not args and "/" not in first and "\\" not in first:
        better = json.dumps({"command": first, "args": rest})
        raise BadRequest(f'{it}: "command" is the program only. Write {shorten(better, 300)}.')


def _check_names(it: str, env: Mapping[str, str], headers: Mapping[str, str]) -> None:
    for name in env:
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            raise BadRequest(
                f'{it}: {shorten(name, 60)!r} in "env" can\'t be the name of an environment variable.'
            )
    for name, value in headers.items():
        if not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", name) or "\n" in value or "\r" in value:
            raise BadRequest(f'{it}: {shorten(name, 60)!r} in "headers" is no HTTP header on one line.')


def _env_files(it: str, raw: Mapping[str, Any], transport: str) -> tuple[str, ...]:
    value = raw.get("envFile")
    if value is None:
        return ()
    files = [value] if isinstance(value, str) else value
    plain = isinstance(files, list) and len(files) <= MAX_ENV_FILES
    if not plain or not all(isinstance(file, str) and file.strip() and "\0" not in file for file in files):
        raise BadRequest(
            f'{it}: "envFile" must be a file, like ".env", or a list of up to {MAX_ENV_FILES} files.'
        )
    if files and transport not in ("stdio", "docker"):
        raise BadRequest(
            f'{it}: "envFile" is for programs. Write its values into "headers", as "${{secret:NAME}}".'
        )
    for file in files:
        if "${" in file.replace("${workspaceFolder}", ""):
            raise BadRequest(
                f'{it}: only ${{workspaceFolder}} may stand in "envFile", not {shorten(file, 80)!r}.'
            )
    return tuple(files)


def _sharing(it: str, value: Any) -> Literal["workspace", "session"]:
    if value not in (None, "workspace", "session"):
        raise BadRequest(
            f'{it}: "sharing" must be "workspace" (one process for all chats) or "session" (one for each).'
        )
    return "session" if value == "session" else "workspace"


def _notes(it: str, raw: Mapping[str, Any]) -> tuple[str, ...]:
    found = [key for key in ALLOWS if raw.get(key)]
    ignored = f'{it}: "{found[0]}" is ignored. A folder can\'t allow tools; you are asked.' if found else ""
    return (ignored,) if ignored else ()
