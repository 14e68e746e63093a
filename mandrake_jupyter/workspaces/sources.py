"""One configuration file while it is read: its document, and where in it something stands, for sentences."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from ..errors import BrokenFile, MandrakeError
from ..stores.files import MAX_JSON, parse_json, read_json
from ..stores.reading import confine, read_text_bounded, shorten
from ..values import JSON

#: More entries in one file than this are reported and left out.
MAX_ENTRIES = 200


@dataclass(frozen=True)
class Problem:
    """Something in a file that is not understood or not taken: `message` says what to write instead."""

    file: str
    line: int | None
    name: str | None
    message: str

    def as_json(self) -> JSON:
        return asdict(self)


class Source:
    """The file `path`, called `file`; what is wrong in it is added to `problems`. With `text` that is what it says."""

    def __init__(
        self, file: str, path: Path | None, problems: list[Problem], text: str | None = None
    ) -> None:
        self.file = file
        self.path = path
        self._problems = problems
        self._given = text is not None
        self._text = text

    @classmethod
    def inside(cls, root: Path, file: str, problems: list[Problem]) -> Source:
        """A file of the folder `root`; one that leads out of it is a problem, and as if it were not there."""
        try:
            return cls(file, confine(root, file), problems)
        except MandrakeError as exc:
            problems.append(Problem(file, None, None, str(exc)))
            return cls(file, None, problems)

    def document(self) -> Any:
        """Its JSON; None where there is no file or it can't be used, then with a problem."""
        if self.path is None and not self._given:
            return None
        try:
            if self._given or self.path is None:
                return parse_json(self._read(), self.file, comments=True)
            return read_json(self.path, name=self.file, comments=True)
        except FileNotFoundError:
            return None
        except BrokenFile as exc:
            self.problem(str(exc), line=exc.fields["line"])
        except MandrakeError as exc:
            self.problem(str(exc))
        return None

    def section(self, document: Any, key: str) -> Mapping[str, Any]:
        """The entries under `key` by name; empty where it is missing or can't be used (then with a problem)."""
        if document is None:
            return {}
        if not isinstance(document, Mapping):
            self.problem(f'{self.file} must be an object like {{"{key}": {{}}}}.', line=1)
            return {}
        other = {"mcpServers": "servers", "servers": "mcpServers"}.get(key, key)
        if key not in document and other in document:
            self.problem(f'{self.file}: write "{key}" instead of "{other}".', line=self.line(other))
        section = document.get(key, {})
        if not isinstance(section, Mapping):
            self.problem(f'{self.file}: "{key}" must be an object of entries.', line=self.line(key))
            return {}
        if len(section) > MAX_ENTRIES:
            self.problem(f"{self.file} has {len(section)} entries; the first {MAX_ENTRIES} count.")
        return dict(list(section.items())[:MAX_ENTRIES])

    def problem(self, message: str, *, line: int | None = None, name: str | None = None) -> None:
        self._problems.append(Problem(self.file, line, name and shorten(name, 80), message))

    def line(self, key: str) -> int | None:
        """Where `key` is given a value, as far as a search can tell."""
        return self._find(r"{}\s*:", key)

    def line_of(self, key: str, value: str, nth: int = 0) -> int | None:
        """Where `key` is given the text `value` for the `nth` time."""
        return self._find(rf"{re.escape(json.dumps(key))}\s*:\s*{{}}", value, nth)

    def _find(self, pattern: str, text: str, nth: int = 0) -> int | None:
        for written in (json.dumps(text, ensure_ascii=False), json.dumps(text)):
            found = re.finditer(pattern.replace("{}", re.escape(written)), self._read())
            if spots := [spot.start() for spot in islice(found, nth + 1)]:
                return self._read().count("\n", 0, spots[-1]) + 1
        return None

    def _read(self) -> str:
        if self._text is None:
            try:
                self._text = read_text_bounded(self.path, MAX_JSON, self.file)[0] if self.path else ""
            except MandrakeError:
                self._text = ""
        return self._text
