"""What is added to the instructions of every model: ``prompt.md`` of each level, the system's first and the project's last.

That of a folder steers a model that may call tools, so it is an entry to trust, as its programs are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import MandrakeError
from ..stores.reading import read_text_bounded
from ..values import Level, content_hash
from .levels import is_there, level_of, level_sources
from .sources import Problem, Source

PROMPT = ".mandrake/prompt.md"
#: In the folders for all projects.
PROMPT_FILE = "prompt.md"
#: Bytes of one file that are used.
MAX_PROMPT = 32_000


@dataclass(frozen=True)
class PromptPart:
    """One file's text. `hash` covers all of it that is used; `trusted` is the user's word on that hash."""

    text: str
    origin: str
    level: Level
    hash: str
    trusted: bool = False

    @property
    def name(self) -> str:
        return "instructions"


def read_prompts(root: Path, folders: Sequence[Path], problems: list[Problem]) -> tuple[PromptPart, ...]:
    """The parts that are there, in the order in which a model reads them."""
    shared = [*level_sources(root, folders, PROMPT_FILE, problems)]
    own = Source.inside(root, PROMPT, problems)
    sources = [*reversed(shared), *([own] if own.path is not None and is_there(own.path) else [])]
    return tuple(part for source in sources if (part := _read(source)) is not None)


def _read(source: Source) -> PromptPart | None:
    assert source.path is not None
    try:
        text, more = read_text_bounded(source.path, MAX_PROMPT, source.file)
    except MandrakeError as exc:
        source.problem(str(exc))
        return None
    if more:
        source.problem(f"{source.file} is longer than {MAX_PROMPT:,} bytes; the rest is not used.")
    level = level_of(source.file)
    text = text.strip()
    return PromptPart(text, source.file, level, content_hash(text), level != "workspace") if text else None
