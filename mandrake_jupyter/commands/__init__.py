"""``jupyter mandrake …``: what is done from a shell. ``list``, ``doctor``, ``cull`` and ``audit`` speak REST to Jupyter servers
that run.

Their names are known when the extension loads; each is imported when it is called.
"""

from __future__ import annotations

SUBCOMMANDS: dict[str, tuple[str, str]] = {
    "list": (
        f"{__name__}.list.ListApp",
        "List what is open in the Jupyter servers that run: chats and MCP servers.",
    ),
    "doctor": (f"{__name__}.doctor.DoctorApp", "Look for what is wrong, and say what helps."),
    "cull": (
        f"{__name__}.cull.CullApp",
        "End what is idle now; with --dry-run say what would go, what stays, and why.",
    ),
    "audit": (
        f"{__name__}.audit.AuditApp",
        "List the newest tool calls: what was decided on them, by whom, and what came of it.",
    ),
    "trust": (
        f"{__name__}.files.TrustApp",
        "Trust what a folder's own files would start or contact, and say what that is.",
    ),
    "install-model": (
        f"{__name__}.files.InstallModelApp",
        "Fetch the demo model, so that chats work offline and without a key.",
    ),
}
