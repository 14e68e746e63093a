"""Whether a tool may run without a question. Decided here, in the server, the same from every door."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ..errors import BadRequest
from ..servers.schemas import Schema
from ..values import Decision, ToolSpec
from ..values.tool_rules import NO_RULES, ToolRules

if TYPE_CHECKING:
    from jsonschema import ValidationError

#: What a value must be, by the rule of its schema that it breaks.
_FITS = {
    "type": "it must be of the type {0}.",
    "format": "it must be written as {0}.",
    "minLength": "it needs at least {0} characters.",
    "maxLength": "it may have at most {0} characters.",
    "minimum": "it must be at least {0}.",
    "maximum": "it must be at most {0}.",
    "minItems": "choose at least {0}.",
    "maxItems": "choose at most {0}.",
    "uniqueItems": "each may be chosen once.",
}
DECISIONS: tuple[Decision, ...] = ("once", "session", "workspace", "deny")
#: What a person may decide where the folder wants to have him asked each time.
EACH_TIME: tuple[Decision, ...] = ("once", "deny")
Permit = Literal["read_only", "granted", "direct"]


@dataclass(frozen=True)
class Permits:
    """What may run without a question, as it is at one moment."""

    granted: frozenset[tuple[str, str, str]] = frozenset()
    rules: ToolRules = NO_RULES

    def of(self, spec: ToolSpec) -> Permit | None:
        """None: ask, unless the tool is annotated read-only or was allowed before as this very tool.

        The catalogue holds tools of trusted MCP servers only, so the annotation is one the user trusts.
        """
        if self.rules.asks(spec.server, spec.name):
            return None
        if spec.read_only:
            return "read_only"
        return "granted" if (spec.server, spec.name, spec.schema_hash) in self.granted else None

    def choices(self, spec: ToolSpec) -> tuple[Decision, ...]:
        return EACH_TIME if self.rules.asks(spec.server, spec.name) else DECISIONS


ALL_ASKED = Permits()


def parse_decision(body: Mapping[str, Any]) -> tuple[Decision, dict[str, Any] | None, str]:
    """(decision, edited arguments or None, reason) of an approval's body."""
    decision = body.get("decision")
    if decision not in DECISIONS:
        raise BadRequest(f"decision must be one of {', '.join(DECISIONS)}, not {decision!r:.40}")
    arguments = body.get("arguments")
    if arguments is not None and not isinstance(arguments, dict):
        raise BadRequest("arguments must be a JSON object")
    reason = "" if body.get("reason") is None else body["reason"]
    if not isinstance(reason, str) or len(reason) > 2000:
        raise BadRequest("reason must be a text of at most 2,000 characters")
    return decision, arguments, reason


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values say the same; for Python, yes is 1."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(isinstance(one, bool) == isinstance(other, bool) and one == other)


def check_arguments(
    arguments: Mapping[str, Any],
    schema: Mapping[str, Any] | None,
    *,
    of: str = "arguments",
    private: bool = False,
) -> None:
    """Raises :class:`BadRequest` naming the value that does not fit the schema; `of` names all of them. Blocks: call it in
    a thread. `private` values are not repeated in the error, and their formats (dates, addresses) are looked at, too.

    A schema that can't be used, or takes too long, checks nothing: the MCP server judges for itself.
    """
    try:
        error = Schema(schema or {}, formats=private).wrong_with(dict(arguments))
    except Exception:  # whatever a foreign schema makes the library raise
        return
    if error is not None:
        where = ".".join(str(step) for step in error.absolute_path) or of
        raise BadRequest(f"{where}: {_without_value(error) if private else error.message}")


def _without_value(error: ValidationError) -> str:
    match error.validator:
        case "required":
            return error.message
        case "enum" | "oneOf" | "anyOf" | "const":
            return "it is none of the choices."
        case "additionalProperties":
            return "there are fields that were not asked for."
    words = _FITS.get(str(error.validator), "it does not fit the form ({0}).")
    return words.format(str(error.validator_value)[:100])
