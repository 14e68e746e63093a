"""How an entry that waits for trust is shown: the exact command or address, unexpanded, no secret in sight.

Text from a folder is hostile here: what does not print, or turns the reading direction, is written as its
code.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import Any

from ..values import JSON, Container, MCPServerEntry, content_hash
from .models import WorkspaceModel
from .prompts import PromptPart

MASK = "•••"
#: Variables that decide what runs; their values are no secrets and are shown.
STEERING = re.compile(
    r"(?!.*(TOKEN|KEY|SECRET|PASS|AUTH))"
    r"(LD_|DYLD_|PYTHON|NODE_(OPTIONS|PATH)|PERL5|RUBY(OPT|LIB)|JAVA_TOOL|GIT_|NPM_CONFIG_|UV_|PIP_).*",
    re.IGNORECASE,
)
SHOWN = frozenset(
    {"PATH", "HOME", "SHELL", "BASH_ENV", "ENV", "IFS", "_JAVA_OPTIONS", "DOCKER_HOST", "TMPDIR"}
)


def printable(text: str) -> str:
    """`text` with what does not print (line ends, escape and direction codes) as ``\\x1b`` or ``\\u202e``."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "replace").decode() for c in text)


def command_line(entry: MCPServerEntry) -> str:
    """The command as a shell would take it: folder, variables (values masked), program, arguments."""
    variables = [f"{name}={value}" for name, value in masked(entry.env).items()]
    if entry.container:
        return printable(_run_line(entry, entry.container, variables))
    line = " ".join([*variables, *(_quote(word) for word in (entry.command, *entry.args))])
    return printable(f"cd {_quote(entry.cwd)} && {line}" if entry.cwd else line)


def _run_line(entry: MCPServerEntry, container: Container, variables: list[str]) -> str:
    """As who knows Docker would write it, but for the profile that holds for every container."""
    words = ["docker run -i"]
    words += [f"--env {variable}" for variable in variables]
    for mount in container.mounts:
        how = "rw" if mount.writable else "ro"
        words.append(f"--volume {_quote(f'{mount.source}:{mount.target}:{how}')}")
    words += [f"--network {_quote(container.network)}"]
    words += [f"--user {_quote(container.user)}"] if container.user else []
    words += [f"--cap-add {_quote(cap)}" for cap in container.cap_add]
    words += [f"--workdir {_quote(entry.cwd)}"] if entry.cwd else []
    words += [f"--entrypoint {_quote(entry.command)}"] if entry.command else []
    return " ".join([*words, *(_quote(word) for word in (container.image, *entry.args))])


def address(url: str, headers: Mapping[str, str]) -> str:
    """Where data goes, and with what: the address, then the headers, their values masked."""
    return printable(
        "   ".join([url, *(f"{name}: {value}" for name, value in masked(headers, quote=False).items())])
    )


def masked(pairs: Mapping[str, str], *, quote: bool = True) -> dict[str, str]:
    """Each value as it may be shown: ``${…}`` and what steers a program, else •••."""
    found: dict[str, str] = {}
    for name, value in pairs.items():
        steers = name in SHOWN or STEERING.fullmatch(name)
        pieces = [value] if steers else re.split(r"((?:^(?:Bearer|Basic|Token|token) )?\$\{[^}]*\})", value)
        shown = "".join(piece if steers or "${" in piece else piece and MASK for piece in pieces)
        found[name] = _quote(shown) if quote and shown else shown
    return found


def shown_command(entry: MCPServerEntry) -> str:
    """The exact command or address of an entry, and the files of variables it is given."""
    if entry.url:
        return address(entry.url, entry.headers)
    given = f"  # with the variables of {', '.join(map(_quote, entry.env_files))}" if entry.env_files else ""
    return command_line(entry) + printable(given)


def pending_server(entry: MCPServerEntry, **more: Any) -> JSON:
    """One MCP server that waits for trust, as wire.md has it; `entry.hash` covers its files too. `more` is what became of
    it (``history``), what is looser than usual and what it needs.
    """
    return {
        **_pending("mcp-server", entry),
        "command": shown_command(entry),
        "container": entry.container is not None,
        "sends_to": printable(entry.url) if entry.url else None,
        **more,
    }


def pending_model(model: WorkspaceModel, **more: Any) -> JSON:
    """One provider that waits for trust, likewise."""
    return {
        **_pending("model", model),
        "command": address(model.url, model.headers),
        "container": False,
        "sends_to": printable(model.url),
        **more,
    }


def pending_prompt(part: PromptPart, **more: Any) -> JSON:
    """Instructions that wait for trust, likewise; their text stands where else a command does."""
    lines = (printable(line) for line in part.text.splitlines())
    return {
        **_pending("prompt", part),
        "command": "\n".join(lines),
        "container": False,
        "sends_to": None,
        **more,
    }


def _pending(kind: str, it: MCPServerEntry | WorkspaceModel | PromptPart) -> JSON:
    return {
        "id": f"{kind}:{it.name}:{it.origin}",
        "kind": kind,
        "name": it.name,
        "file": it.origin,
        "hash": it.hash,
    }


def pending_answer(pending: list[JSON]) -> JSON:
    """``{pending, hash}``: the hash covers all that waits, so that a change of the folder is noticed."""
    return {"pending": pending, "hash": content_hash([[item["id"], item["hash"]] for item in pending])}


def _quote(word: str) -> str:
    return (
        word if re.fullmatch(r"(?:[\w@%+=:,./~•-]|\$\{[\w:.?-]*\})+", word, re.ASCII) else shlex.quote(word)
    )
