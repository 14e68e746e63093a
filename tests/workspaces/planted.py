"""Helpers that plant files in a folder and ask what of it is trusted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mandrake_jupyter.workspaces.workspace import WorkspaceManager


def put(root: Path, file: str, value: Any) -> Path:
    path = root / file
    path.parent.mkdir(exist_ok=True)
    path.write_text(value if isinstance(value, str) else json.dumps(value, indent=2))
    return path


def servers(**entries: Any) -> dict[str, Any]:
    return {"mcpServers": entries}


def trust_all(workspace: WorkspaceManager) -> None:
    seen = workspace.trust_pending()
    workspace.trust(seen["hash"], [item["id"] for item in seen["pending"]])


def trusted(workspace: WorkspaceManager) -> dict[str, bool]:
    return {entry.name: entry.trusted for entry in workspace.mcp_entries()}
