"""What the registry borrows from the Jupyter server it lives in: its folder and its managers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..notebook_tools.results import Results


@dataclass(frozen=True)
class HostServices:
    root: Path
    contents_manager: Any
    kernel_manager: Any
    session_manager: Any

    def builtins(self, root: Path, results: Results) -> Mapping[str, Any]:
        """The built-in MCP servers for a workspace; `results` are those of earlier calls."""
        from ..notebook_tools.server import JupyterTools

        tools = JupyterTools(root, self.contents_manager, self.kernel_manager, self.session_manager, results)
        return {tools.name: tools}
