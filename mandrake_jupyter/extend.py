"""What another Jupyter extension builds on: templates for routes, the errors they answer with, and the registry's accessor.

Imported by that extension, never by Mandrake itself, and as light as loading Mandrake is. How to: docs/how-to/write-a-route.md.
"""

from __future__ import annotations

from . import get_service_registry
from .errors import BadRequest, Conflict, Forbidden, MandrakeError, NotFound, Unavailable
from .handlers.base import MandrakeHandler, StreamHandler
from .values import Event

__all__ = [
    "BadRequest",
    "Conflict",
    "Event",
    "Forbidden",
    "MandrakeError",
    "MandrakeHandler",
    "NotFound",
    "StreamHandler",
    "Unavailable",
    "get_service_registry",
]
