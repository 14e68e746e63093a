"""Spans of time as settings. Not a number is no span: compared with it, every deadline is over, or none ever is."""

from __future__ import annotations

import math
from typing import Any

from traitlets import Float, TraitError


class Seconds(Float):
    """A ``Float`` of seconds that refuses NaN, in words."""

    def validate(self, obj: Any, value: Any) -> Any:
        found = super().validate(obj, value)
        if math.isnan(found):
            raise TraitError(f"{type(obj).__name__}.{self.name} is a number of seconds, not {value!r}.")
        return found
