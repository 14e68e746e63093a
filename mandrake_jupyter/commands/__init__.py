"""``jupyter mandrake …``: what is done from a shell. ``list``, ``doctor`` and ``cull`` speak REST to Jupyter servers that run.

Imported when the extension loads, so nothing heavy is imported before a command starts.
"""

from __future__ import annotations

from typing import Any

from .cull import CullApp
from .doctor import DoctorApp
from .files import InstallModelApp, TrustApp
from .list import ListApp

SUBCOMMANDS: dict[str, tuple[Any, str]] = {
    "list": (ListApp, "List what is open in the Jupyter servers that run: chats and MCP servers."),
    "doctor": (DoctorApp, "Look for what is wrong, and say what helps."),
    "cull": (CullApp, "End what is idle now; with --dry-run say what would go, what stays, and why."),
    "trust": (TrustApp, "Trust what a folder's own files would start or contact, and say what that is."),
    "install-model": (InstallModelApp, "Fetch the demo model, so that chats work offline and without a key."),
}
