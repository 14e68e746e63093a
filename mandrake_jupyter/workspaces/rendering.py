"""An entry and the files that count in its hash, as lines that are kept with the trust and compared with later ones."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from ..errors import MandrakeError
from ..stores.reading import read_text_bounded
from ..values import MCPServerEntry
from .contents import ContentHasher
from .kept import Lines
from .masking import Tagger, env_lines, file_lines, is_env, mask_line
from .models import WorkspaceModel
from .prompts import PromptPart
from .shown import command_line, masked

#: Of a larger file the first part is shown, in bytes.
MAX_FILE = 64_000


def server_lines(entry: MCPServerEntry, hasher: ContentHasher, tagger: Tagger) -> Lines:
    """The entry as the file None, then each file of the folder that it runs. Blocks on the disk."""
    lines: dict[str | None, list[str]] = {None: [*_entry(entry, tagger)]}
    digests = hasher.files(entry)
    for name, path in hasher.paths(entry).items():
        lines[name] = _file(entry, name, path, hasher.root, tagger, digests.get(name, ""))
    return lines


def model_lines(model: WorkspaceModel, tagger: Tagger) -> Lines:
    return {None: [tagger.line(model.url, model.url), *_pairs("header ", model.headers, tagger)]}


def prompt_lines(part: PromptPart, tagger: Tagger) -> Lines:
    return {None: [tagger.line(line, line) for line in part.text.splitlines()]}


def _entry(entry: MCPServerEntry, tagger: Tagger) -> Iterator[str]:
    what = entry.url or command_line(replace(entry, env={}, cwd=None))
    yield tagger.line(mask_line(what), what)
    if entry.cwd:
        yield tagger.line(f"in the folder {entry.cwd}", f"in the folder {entry.cwd}")
    yield from _pairs("", entry.env, tagger)
    yield from _pairs("header ", entry.headers, tagger)
    for text in (
        *(f"variables of {file}" for file in entry.env_files),
        *(f"limit {name}: {most}" for name, most in entry.limits.as_json().items()),
        *(["goes on running when nobody uses it"] if entry.cull_idle_timeout == 0 else []),
        *(f"asks for {one.id}: {one.description} ({one.default or 'no default'})" for one in entry.questions),
    ):
        yield tagger.line(text, text)


def _pairs(before: str, pairs: Mapping[str, str], tagger: Tagger) -> Iterator[str]:
    for name, shown in masked(pairs, quote=False).items():
        yield tagger.line(f"{before}{name}={shown}", f"{before}{name}={pairs[name]}")


def _file(entry: MCPServerEntry, name: str, path: Path, root: Path, tagger: Tagger, digest: str) -> list[str]:
    if not Path(os.path.realpath(path)).is_relative_to(root):
        return [tagger.line("(lies outside the project; not shown)", digest)]
    try:
        text, more = read_text_bounded(path, MAX_FILE, name)
    except MandrakeError:
        return [tagger.line("(no text; not shown)", digest)]
    if name in entry.env_files or is_env(name):
        lines = env_lines(text, tagger)
    else:
        lines = file_lines(name, text, tagger)
    return [*lines, tagger.line("(its rest is not shown)", digest)] if more else lines
