"""The limits of one Jupyter server as they are now, and changing them: at once, and until Jupyter's next start."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from traitlets import HasTraits, TraitError

from ..errors import BadRequest
from ..values import JSON

LARGEST = 1_000_000


@dataclass(frozen=True)
class Limit:
    """One of them: the trait of the registry that holds it, and how many count against it, of which how many are in use."""

    trait: str
    count: Callable[[], tuple[int, int]]
    least: int = 1


class Limits:
    """`owner` has the traits, and notices when they change."""

    def __init__(self, owner: HasTraits, limits: Mapping[str, Limit]) -> None:
        self._owner = owner
        self._limits = limits

    def describe(self) -> JSON:
        """``{name: {limit, in_use, busy, trait}}``"""
        return {name: self._describe(limit) for name, limit in self._limits.items()}

    def _describe(self, limit: Limit) -> JSON:
        there, busy = limit.count()
        trait = f"{type(self._owner).__name__}.{limit.trait}"
        return {"limit": getattr(self._owner, limit.trait), "in_use": there, "busy": busy, "trait": trait}

    def change(self, values: Mapping[str, Any]) -> JSON:
        """Set all of `values` or none. Raises BadRequest that names the one that is unknown or no possible limit."""
        if not values:
            raise BadRequest(f"Name a limit to change: {', '.join(self._limits)}.")
        for name, value in values.items():
            self._check(name, value)
        before = {name: getattr(self._owner, self._limits[name].trait) for name in values}
        try:
            for name, value in values.items():
                setattr(self._owner, self._limits[name].trait, value)
        except TraitError as exc:
            for name, value in before.items():
                setattr(self._owner, self._limits[name].trait, value)
            raise BadRequest(str(exc)) from exc
        return self.describe()

    def _check(self, name: str, value: Any) -> None:
        limit = self._limits.get(name)
        if limit is None:
            raise BadRequest(f"No limit is named {name!r}; there are: {', '.join(self._limits)}.")
        if isinstance(value, bool) or not isinstance(value, int) or not limit.least <= value <= LARGEST:
            raise BadRequest(
                f"{name} must be a whole number from {limit.least} to {LARGEST:,}, not {value!r:.40}."
            )
