"""Which limit of its own ended a process, as far as that can be told.

The kernel tells nobody: a program whose memory or files are refused says so in its own words, if it says
anything. How many processes there are is watched by the guardian, which tells it for certain.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from ..values import ResourceLimits

Kind = Literal["memory_mb", "open_files", "processes"]

#: What runtimes write at their end: CPython, V8, the JVM, Go, Rust, the C library and its loader.
_WORDS: dict[Kind, re.Pattern[str]] = {
    "memory_mb": re.compile(
        r"MemoryError|[Oo]ut of memory|OutOfMemoryError|OOM|Array buffer allocation failed|bad_alloc"
        r"|[Cc]annot allocate memory|ENOMEM|Not enough space|memory allocation of \d+ bytes failed"
        r"|failed to map segment"
    ),
    "open_files": re.compile(r"[Tt]oo many open files|EMFILE"),
}


@dataclass(frozen=True)
class Over:
    """`limit` is that of `kind`: MiB, files or processes; `whole`: of all of it together, as of a container. Sentences
    for the user: what it was, and what helps.
    """

    kind: Kind
    limit: int
    whole: bool = False

    def __str__(self) -> str:
        if self.whole:
            return f"it ran out of memory; it may take {self.limit} MiB"
        return {
            "memory_mb": f"it ran out of memory; each of its processes may take {self.limit} MiB",
            "open_files": f"it ran out of files; each of its processes may open {self.limit}",
            "processes": f"it had more than the {self.limit} processes it may have",
        }[self.kind]

    @property
    def remedy(self) -> str:
        return (
            f'If it needs that much, write "limits": {{"{self.kind}": {self.limit * 2}}} into its entry; '
            "0 is no limit."
        )


def said(lines: Iterable[str], limits: ResourceLimits) -> Over | None:
    """The limit that the last `lines` of a process that had `limits` say was reached."""
    for line in lines:
        for kind, words in _WORDS.items():
            limit = getattr(limits, kind)
            if limit and words.search(line):
                return Over(kind, limit)
    return None
