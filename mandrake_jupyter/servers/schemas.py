"""JSON schemas that a stranger wrote, tried on a value: for a limited time, never fetching a reference, never running a pattern.

One pattern holds up all of Python, in any thread, for as long as its author likes. So every pattern is taken to match, and a
rule whose outcome could turn on that refuses nothing.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import ContextVar
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jsonschema import ValidationError

    Errors = Iterable[ValidationError] | None
    Rule = Callable[[Any, Any, Any, Any], Errors]

#: Seconds for one look at one value. What takes longer was not looked at.
LONGEST = 1.0
#: More matches than there are make these refuse, while they make all others refuse less.
_TURNED = ("not", "if", "contains", "disallow")


class TooLong(Exception):
    """It could not be told in time."""


class _Trial:
    """One look: when it must be over, and how many patterns it took for matching so far."""

    def __init__(self, seconds: float) -> None:
        self.over = time.monotonic() + seconds
        self.assumed = 0

    def step(self) -> None:
        if time.monotonic() > self.over:
            raise TooLong


_trial: ContextVar[_Trial] = ContextVar("mandrake_schema_trial")


class Schema:
    """One of them, ready to be tried often, from any thread. To make one blocks, and raises whatever a foreign schema makes the
    library raise. `size` is that of its text; with `formats` a date must be one.
    """

    def __init__(self, schema: Mapping[str, Any], *, formats: bool = False) -> None:
        from jsonschema.validators import Draft202012Validator, validator_for
        from referencing import Registry

        given = dict(schema)
        base: Any = validator_for(given, default=Draft202012Validator)
        base.check_schema(given)
        self.size = len(json.dumps(given))
        looks = base.FORMAT_CHECKER if formats else None
        self._judge = _bounded(base)(given, registry=Registry(), format_checker=looks)

    def wrong_with(self, value: Any, seconds: float = LONGEST) -> ValidationError | None:
        """What is most to the point, None where it fits. Blocks. Raises TooLong after `seconds`, and as the making does."""
        from jsonschema.exceptions import best_match

        token = _trial.set(_Trial(seconds))
        try:
            return best_match(self._judge.iter_errors(value))
        finally:
            _trial.reset(token)


@cache
def _bounded(base: Any) -> Any:
    from attrs import evolve
    from jsonschema.validators import extend

    rules: dict[str, Rule] = dict(base.VALIDATORS)
    ours: dict[str, Rule] = {
        "pattern": _assumed,
        "patternProperties": _assumed,
        "unevaluatedItems": _assumed,  # to find what was evaluated, the library walks the schema uncounted
        "unevaluatedProperties": _assumed,
        "uniqueItems": _unique,
    }
    if "additionalProperties" in rules:
        ours["additionalProperties"] = _additional(rules["additionalProperties"])
    if "oneOf" in rules:
        ours["oneOf"] = _turned(rules["oneOf"], rules["anyOf"])
    ours |= {name: _turned(rules[name]) for name in _TURNED if name in rules}
    made: Any = extend(  # type: ignore[no-untyped-call]
        base, {name: rule for name, rule in ours.items() if name in rules}
    )

    def narrowed(self: Any, **changes: Any) -> Any:
        _trial.get().step()
        return evolve(self, **changes)

    # The library's would go over to its own rules at a "$schema" somewhere inside.
    made.evolve = narrowed
    return made


def _assumed(validator: Any, given: Any, value: Any, schema: Any) -> Errors:
    _trial.get().assumed += 1
    return None


def _additional(rule: Rule) -> Rule:
    def additional(validator: Any, given: Any, value: Any, schema: Any) -> Errors:
        patterns = "patternProperties" in schema
        return (_assumed if patterns else rule)(validator, given, value, schema)

    return additional


def _turned(rule: Rule, instead: Rule = _assumed) -> Rule:
    """`rule`, and `instead` of it where it turned on a pattern."""

    def turned(validator: Any, given: Any, value: Any, schema: Any) -> Errors:
        trial = _trial.get()
        before = trial.assumed
        errors = list(rule(validator, given, value, schema) or ())
        return errors if trial.assumed == before else instead(validator, given, value, schema)

    return turned


def _unique(validator: Any, given: Any, value: Any, schema: Any) -> Iterator[ValidationError]:
    """The library compares each with each."""
    from jsonschema import ValidationError

    if not given or not validator.is_type(value, "array"):
        return
    if len({json.dumps(one, sort_keys=True, default=repr) for one in value}) < len(value):
        yield ValidationError(f"{repr(value)[:200]} has non-unique elements")
