"""What an entry says in numbers: how long it may take, and how much. Anything else is refused in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import BadRequest
from ..stores.reading import shorten
from ..values import ResourceLimits

#: The largest number that means a limit.
MOST = 2**31 - 1


def seconds(it: str, raw: Mapping[str, Any], key: str) -> float | None:
    """Seconds; numbers from 1000 on are the milliseconds that most other programs write."""
    value = raw.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e9:
        raise BadRequest(f'{it}: "{key}" must be a number of seconds, like 60.')
    return value / 1000 if value >= 1000 else float(value)


def idle_timeout(it: str, raw: Mapping[str, Any]) -> float | None:
    """Seconds after which it may be stopped when nobody uses it; 0 keeps it, as ``"stateful": true`` does."""
    value = raw.get("cull_idle_timeout")
    if value is None:
        return 0.0 if raw.get("stateful") is True else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e9:
        raise BadRequest(f'{it}: "cull_idle_timeout" must be a number of seconds, like 3600, or 0 for never.')
    return float(value)


def limits(it: str, value: Any) -> ResourceLimits:
    """``{memory_mb, open_files, processes, cpus}``, each a number, whole but for the last, 0 for no limit."""
    names = list(vars(ResourceLimits()))
    if value is None:
        return ResourceLimits()
    if not isinstance(value, Mapping):
        raise BadRequest(f'{it}: "limits" must be an object like {{"memory_mb": 2048}}.')
    for name, most in value.items():
        if name not in names:
            raise BadRequest(
                f'{it}: {shorten(str(name), 60)!r} in "limits" is not known; known: {", ".join(names)}.'
            )
        fits = isinstance(most, int | float) if name == "cpus" else isinstance(most, int)
        if isinstance(most, bool) or not fits or not 0 <= most <= MOST:
            raise BadRequest(
                f'{it}: "{name}" in "limits" must be a whole number, like 512, or 0 for no limit.'
            )
    return ResourceLimits(**value)
