"""What an entry may do that is more than usual: sentences for whoever is asked to trust it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

from ..values import MCPServerEntry, Reference, ResourceLimits, references, usual_limits
from .containers import loosened
from .models import WorkspaceModel
from .shown import printable

_WHAT = {
    "memory_mb": "MiB of memory in each process",
    "open_files": "open files in each process",
    "processes": "processes",
    "cpus": "processors",
}
_OF_A_CONTAINER = {**_WHAT, "memory_mb": "MiB of memory", "open_files": "open files in each process"}


def looser_server(
    entry: MCPServerEntry, general: ResourceLimits, outside: Callable[[str], Path | None]
) -> list[str]:
    """`general` are the limits of all MCP servers here; `outside` says where a path leads that is not in the project."""
    return [printable(sentence) for sentence in _server(entry, general, outside)]


def _server(
    entry: MCPServerEntry, general: ResourceLimits, outside: Callable[[str], Path | None]
) -> Iterator[str]:
    container = entry.container
    words = _OF_A_CONTAINER if container else _WHAT
    general = usual_limits(general, container is not None)
    for name, asked in entry.limits.as_json().items():
        usual = getattr(general, name)
        if usual and not asked:
            yield f"It may take any number of {words[name]}; usual here: {usual:g}."
        elif usual and asked > usual:
            yield f"It may take {asked} {words[name]}; usual here: {usual:g}."
    if container:
        yield from loosened(container)
    if entry.cull_idle_timeout == 0:
        yield "It goes on running when nobody uses it."
    if entry.cwd and not container and (where := outside(entry.cwd)):
        yield f"It runs in {where}, {'which may lie ' if '${' in entry.cwd else ''}outside the project."
    for file in entry.env_files:
        if where := outside(file):
            yield f"It is given the variables in {where}, outside the project."
    yield from _sends(entry.url, entry.references)
    arguments = references((entry.command, *entry.args))
    if any(one.kind == "secret" for one in arguments):
        yield "A secret stands in its command line, which other users of this machine may see."


def looser_model(model: WorkspaceModel) -> list[str]:
    found = references(text.replace("${env:", "${") for text in (model.url, *model.headers.values()))
    return [printable(sentence) for sentence in _sends(model.url, found)]


def _sends(url: str, found: tuple[Reference, ...]) -> Iterator[str]:
    words = {"variable": "variable", "secret": "stored secret", "input": "answer"}
    for one in found:
        if url:
            yield f"It sends your {words[one.kind]} {one.name} to {_host(url)}."
        elif one.kind == "secret":
            yield f"It is given your stored secret {one.name}."


def _host(url: str) -> str:
    try:
        return urlsplit(url).netloc or url
    except ValueError:
        return url
