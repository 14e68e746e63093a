"""What is shown of a text that fits: its best few words, marked. An index in memory, of what is shown only, cuts it out.

The great index would look for all words anew for each text, and FTS5 weighs each place against each other one: a long text that
is full of a word is therefore looked at in pieces.
"""

from __future__ import annotations

import sqlite3
from types import TracebackType

from .passages import BEGIN, END

#: As migration 0004 has it.
TOKENIZER = "\"unicode61 remove_diacritics 2 categories 'L* N* Co So'\""
#: Words of a snippet.
WORDS = 28
#: Characters of a piece, and by how many the next one overlaps it.
PIECE, OVERLAP = 6_000, 400
#: Characters of a text in which nothing can be marked.
BEGINNING = 200
_SNIPPET = "SELECT snippet(search, 0, ?, ?, '…', ?) FROM search WHERE search MATCH ?"


class Snippets:
    """For one query, as ``search.as_match`` gives it. To be closed by whoever opened it, in the same thread."""

    def __init__(self, words: str) -> None:
        self._all = words
        self._any = words.replace('" "', '" OR "').replace('"* "', '"* OR "')
        self._memory = sqlite3.connect(":memory:")
        self._memory.execute(f"CREATE VIRTUAL TABLE search USING fts5(body, tokenize={TOKENIZER})")

    def __enter__(self) -> Snippets:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._memory.close()

    def snippet(self, body: str) -> str:
        """Of the first piece that holds all words, else of the first that holds one."""
        first = None
        for start in range(0, max(len(body) - OVERLAP, 1), PIECE - OVERLAP):
            self._memory.execute("DELETE FROM search")
            self._memory.execute("INSERT INTO search VALUES (?)", (body[start : start + PIECE],))
            if found := self._cut(self._all):
                return found
            first = first or self._cut(self._any)
        return first or body[:BEGINNING]  # a sign that this SQLite is too old to know

    def _cut(self, words: str) -> str | None:
        found = self._memory.execute(_SNIPPET, (BEGIN, END, WORDS, words)).fetchone()
        return found[0] if found else None
