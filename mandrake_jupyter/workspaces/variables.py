"""The ``${…}`` of entries in one spelling, and the questions (VS Code's ``inputs``) that some of them ask.

Nothing is expanded or looked up here, but for the folder's own path.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ..errors import BadRequest
from ..providers.references import ANSWERS
from ..stores.reading import shorten
from ..values import Input, references

_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")
EXAMPLE = '{"id": "api-key", "type": "promptString", "description": "Key of the service", "password": true}'
#: More questions in one file, and longer texts and more options in one, are refused.
MAX_QUESTIONS, MAX_TEXT, MAX_OPTIONS = 100, 1000, 200


def plain_variables(it: str, value: Any, root: Path | None) -> Any:
    """`value` (text, or texts in tuples and dicts) with VS Code's ``${env:NAME}`` as ``${NAME}`` and the folder's path put
    in; :class:`BadRequest` for a ``${…}`` that is not known."""

    def put(match: re.Match[str]) -> str:
        word = match[1]
        if word == "workspaceFolder" and root is not None:
            return str(root)
        kind, colon, name = word.partition(":")
        if kind == "env" and colon:
            return f"${{{name}}}"
        if kind in ("secret", "input") and colon:
            _check_reference(it, kind, name)
        elif colon and not name.startswith("-"):
            raise BadRequest(f"{it}: {shorten(match[0], 60)} is not supported. {_instead(kind)}".rstrip())
        return match[0]

    if isinstance(value, str):
        return re.sub(r"\$\{([^}]*)\}", put, value)
    if isinstance(value, tuple):
        return tuple(plain_variables(it, item, root) for item in value)
    if isinstance(value, dict):
        return {key: plain_variables(it, item, root) for key, item in value.items()}
    return value


def _check_reference(it: str, kind: str, name: str) -> None:
    if not _ID.fullmatch(name) or (kind == "secret" and not name[0].isalnum()):
        raise BadRequest(
            f"{it}: {shorten(f'${{{kind}:{name}}}', 60)} has no name that a value can have. "
            f"Use 1 to 64 letters, digits, '-', '_' or '.', as in ${{{kind}:api-key}}."
        )
    if kind == "secret" and name.startswith(ANSWERS):
        raise BadRequest(f'{it}: no secret\'s name begins with "{ANSWERS}". Rename ${{secret:{name}}}.')


def _instead(kind: str) -> str:
    return 'Write "${env:NAME}" or "${secret:NAME}".' if kind in ("command", "config") else ""


def asked(it: str, texts: Iterable[str], questions: Mapping[str, Input]) -> tuple[Input, ...]:
    """The questions that `texts` ask; :class:`BadRequest` for one that is not there."""
    ids = [one.name for one in references(texts) if one.kind == "input"]
    for id in ids:
        if id not in questions:
            add = EXAMPLE.replace("api-key", id)
            raise BadRequest(
                f'{it} asks for ${{input:{id}}}, which "inputs" of the file does not have. '
                f'Add {add} there, or write "${{secret:{id}}}".'
            )
    return tuple(questions[id] for id in ids)


def parse_questions(raw: Any) -> Iterator[Input | tuple[str | None, str]]:
    """The questions of a file's ``inputs``, and for each that is none (its id where known, what to write instead)."""
    if raw is None:
        return
    if not isinstance(raw, list):
        yield None, f'"inputs" must be a list like [{EXAMPLE}].'
        return
    if len(raw) > MAX_QUESTIONS:
        yield None, f'"inputs" has {len(raw)} entries; the first {MAX_QUESTIONS} count.'
    seen: set[str] = set()
    for item in raw[:MAX_QUESTIONS]:
        id = item.get("id") if isinstance(item, Mapping) else None
        id = id if isinstance(id, str) else None
        try:
            question = _question(item)
            if question.id in seen:
                raise BadRequest(f'The input "{question.id}" is there twice. Keep one of them.')
        except BadRequest as exc:
            yield id, str(exc)
        else:
            seen.add(question.id)
            yield question


def _question(raw: Any) -> Input:
    if not isinstance(raw, Mapping) or not isinstance(raw.get("id"), str) or not _ID.fullmatch(raw["id"]):
        raise BadRequest(f"An input needs an \"id\" of letters, digits, '-', '_' or '.'. Write {EXAMPLE}.")
    it, kind = f'The input "{raw["id"]}"', raw.get("type", "promptString")
    if kind == "command":
        raise BadRequest(
            f'{it}: a command of VS Code can\'t be run here. Write "type": "promptString", and enter its value.'
        )
    if kind not in ("promptString", "pickString"):
        raise BadRequest(
            f'{it}: the type {shorten(str(kind), 40)!r} is not known. Write "promptString" or "pickString".'
        )
    options = _options(it, raw.get("options")) if kind == "pickString" else None
    return Input(
        raw["id"],
        _text(it, raw, "description") or "",
        raw.get("password") is True,
        options,
        _text(it, raw, "default"),
    )


def _options(it: str, value: Any) -> tuple[str, ...]:
    values = [one.get("value", one.get("label")) if isinstance(one, Mapping) else one for one in value or ()]
    fine = isinstance(value, list) and 0 < len(values) <= MAX_OPTIONS
    if not fine or not all(isinstance(one, str) and one and len(one) <= MAX_TEXT for one in values):
        raise BadRequest(f'{it}: "options" must be a list of texts in quotes, like ["a", "b"].')
    return tuple(values)


def _text(it: str, raw: Mapping[str, Any], key: str) -> str | None:
    value = raw.get(key)
    if value is None:
        return None
    if not isinstance(value, str) or "\0" in value or len(value) > MAX_TEXT:
        raise BadRequest(f'{it}: "{key}" must be text in quotes, of at most {MAX_TEXT} characters.')
    return value
