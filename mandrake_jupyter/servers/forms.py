"""The questions an MCP server may ask: a flat form of simple fields, or a page to open. Made fit to be shown, or refused.

Only what the protocol promises is kept of a form's schema: no reference, no nesting and no pattern of a stranger's
reaches whoever checks the answer.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ..values import JSON, Question

if TYPE_CHECKING:
    from mcp_types import ElicitRequestParams

#: Characters of the question itself, of a title or description, and of an address.
LONGEST_MESSAGE = 4_000
LONGEST_TEXT = 500
LONGEST_URL = 2_000
#: Fields of a form, choices of a field, and bytes of the whole.
MAX_FIELDS = 50
MAX_CHOICES = 500
LARGEST_FORM = 64_000

FORMATS = ("email", "uri", "date", "date-time")
_SIZES = {
    "string": ("minLength", "maxLength"),
    "number": ("minimum", "maximum"),
    "integer": ("minimum", "maximum"),
    "array": ("minItems", "maxItems"),
}


class Unaskable(Exception):
    """Why a question can't be shown to a person, in words that follow "because"."""


def question(server: str, params: ElicitRequestParams) -> Question:
    """Raises Unaskable."""
    message = params.message[:LONGEST_MESSAGE]
    if params.mode == "url":
        return Question(server, message, "url", url=_page(params.url))
    schema = form(params.requested_schema)
    if len(json.dumps(schema)) > LARGEST_FORM:
        raise Unaskable("its form is too large")
    return Question(server, message, "form", schema=schema)


def _page(url: str) -> str:
    try:
        parts = urlsplit(url)
        fit = (
            parts.scheme in ("http", "https")
            and bool(parts.hostname)
            and not (parts.username or parts.password)
        )
    except ValueError:
        fit = False
    if not fit or len(url) > LONGEST_URL or not url.isprintable() or " " in url:
        raise Unaskable("the address it wants to open is none of a web page")
    return url


def form(schema: Mapping[str, Any]) -> JSON:
    """`schema` with what is known of it only. Raises Unaskable for a field that is not simple."""
    properties = schema.get("properties") or {}
    if not isinstance(properties, Mapping):
        raise Unaskable("its form is none")
    if len(properties) > MAX_FIELDS:
        raise Unaskable(f"its form has more than {MAX_FIELDS} fields")
    required = schema.get("required") or ()
    return {
        "type": "object",
        "properties": {str(name): _field(str(name), field) for name, field in properties.items()},
        "required": [name for name in required if name in properties] if isinstance(required, list) else [],
        "additionalProperties": False,
    }


def _field(name: str, given: Any) -> JSON:
    field = _present(given) if isinstance(given, Mapping) else {}
    kind = field.get("type") or ("string" if _choices(field) else None)
    made: JSON = {"type": kind}
    match kind:
        case "string":
            made |= _choices(field)
            if (format := field.get("format")) in FORMATS:
                made["format"] = format
        case "array":
            items = field.get("items")
            choices = _choices(items) if isinstance(items, Mapping) else {}
            if not choices:
                raise Unaskable(f'its form asks for a list without choices ("{name[:40]}")')
            made |= {"items": {"type": "string"} | choices, "uniqueItems": True}
        case "number" | "integer" | "boolean":
            pass
        case _:
            raise Unaskable(f'its form asks for something that is no simple field ("{name[:40]}")')
    for text in ("title", "description"):
        if isinstance(value := field.get(text), str) and value:
            made[text] = value[:LONGEST_TEXT]
    made |= {size: field[size] for size in _SIZES.get(str(kind), ()) if _bound(size, field.get(size))}
    if "default" in field and _fits(kind, field["default"]):
        made["default"] = field["default"]
    return made


def _present(field: Mapping[str, Any]) -> Mapping[str, Any]:
    """A field that may be null, as libraries write it, without the null."""
    options = field.get("anyOf")
    if not isinstance(options, list) or field.get("type"):
        return field
    there = [option for option in options if isinstance(option, Mapping) and option.get("type") != "null"]
    return {**field, **there[0]} if len(there) == 1 and len(there) < len(options) else field


def _choices(field: Mapping[str, Any]) -> JSON:
    """The choices of a field, with titles where they have some; empty for a field without."""
    titled = field.get("oneOf") or (field.get("anyOf") if field.get("type") in ("string", None) else None)
    if isinstance(titled, list) and titled:
        pairs = [(one.get("const"), one.get("title")) for one in titled if isinstance(one, Mapping)]
        if len(pairs) != len(titled):
            return {}
    else:
        values = [field["const"]] if "const" in field else field.get("enum")
        if not isinstance(values, list) or not values:
            return {}
        names = field.get("enumNames")
        titles = names if isinstance(names, list) and len(names) == len(values) else [None] * len(values)
        pairs = list(zip(values, titles, strict=True))
    if len(pairs) > MAX_CHOICES or not all(isinstance(value, str) for value, _ in pairs):
        raise Unaskable("its form has choices that can't be shown")
    if not any(isinstance(title, str) for _, title in pairs):
        return {"enum": [value for value, _ in pairs]}
    shown = [(value, title if isinstance(title, str) else str(value)) for value, title in pairs]
    return {"oneOf": [{"const": value, "title": title[:LONGEST_TEXT]} for value, title in shown]}


def _bound(name: str, value: Any) -> bool:
    return _number(value) and (name in ("minimum", "maximum") or (isinstance(value, int) and value >= 0))


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15


def _fits(kind: Any, value: Any) -> bool:
    match kind:
        case "string":
            return isinstance(value, str)
        case "boolean":
            return isinstance(value, bool)
        case "array":
            return isinstance(value, list) and all(isinstance(one, str) for one in value)
    return _number(value)
