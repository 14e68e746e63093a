"""The built-in MCP server ``jupyter``: reads project files, notebooks and kernels, in the Jupyter process.

It looks like any other MCP server to the rooms above (`name`, `list_tools`, `call_tool`), starts no process
and changes nothing. What a model gets wrong is answered as a failed result with what to pass instead, never
raised.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from jupyter_core.utils import ensure_async

from ..errors import BadRequest, MandrakeError, ToolNotFound
from ..stores.notebook_text import notebook_text, size_words
from ..stores.reading import shorten
from ..values import CallContext, ToolResult, ToolSpec, isoformat
from .arguments import check_arguments
from .project import MAX_FILE, ProjectFiles
from .results import Results, none_known, read_on
from .specs import NAME, TOOLS

#: Characters of text that one call answers at most.
MAX_ANSWER = 64_000
_log = logging.getLogger("mandrake_jupyter")
Tool = Callable[[Mapping[str, Any], CallContext], Awaitable[ToolResult]]


class JupyterTools:
    """Built from services of the Jupyter server; `root` is the folder of the workspace, `results` what tools answered."""

    name = NAME

    def __init__(
        self,
        root: Path,
        contents_manager: Any,
        kernel_manager: Any,
        session_manager: Any,
        results: Results = none_known,
    ):
        self._files = ProjectFiles(root, contents_manager)
        self._kernels = kernel_manager
        self._sessions = session_manager
        self._tools: dict[str, Tool] = {
            "list_files": self._list_files,
            "read_file": self._read_file,
            "read_notebook": self._read_notebook,
            "list_kernels": self._list_kernels,
            "read_result": partial(read_on, results),
        }

    async def list_tools(self) -> list[ToolSpec]:
        """The tools; always the same ones."""
        return list(TOOLS)

    async def call_tool(self, tool: str, arguments: Mapping[str, Any], context: CallContext) -> ToolResult:
        """Run `tool`. :class:`ToolNotFound` for a name that is none; else what fails is a failed result."""
        spec = next((spec for spec in TOOLS if spec.name == tool), None)
        if spec is None:
            raise ToolNotFound(name=NAME, tool=tool, known=", ".join(spec.name for spec in TOOLS))
        begun = time.monotonic()
        try:
            result = await self._tools[tool](check_arguments(spec, arguments), context)
        except MandrakeError as exc:
            result = ToolResult(ok=False, content=f"{exc} {exc.then}".strip())
        except Exception as exc:  # a contents, kernel or session manager of somebody else's
            _log.exception("the tool %s of the MCP server %s failed", tool, NAME)
            result = ToolResult(ok=False, content=f"{spec.title} failed in the Jupyter server: {_why(exc)}")
        return replace(result, duration_ms=round((time.monotonic() - begun) * 1000))

    async def _list_files(self, arguments: Mapping[str, Any], context: CallContext) -> ToolResult:
        name, entries = await self._files.list(arguments.get("path", ""))
        limit = arguments.get("limit", 200)
        shown = "the project's folder" if name == "." else name
        if not entries:
            return ToolResult(True, f"{shown} is empty.")
        lines = [_line(entry) for entry in entries[:limit]]
        if len(entries) > limit:
            lines.append(f"[{len(entries) - limit} more; pass a larger limit or a folder's path]")
        return ToolResult(
            True, "\n".join([f"{len(entries)} in {shown}:", *lines]), truncated=len(entries) > limit
        )

    async def _read_file(self, arguments: Mapping[str, Any], context: CallContext) -> ToolResult:
        if arguments["path"].endswith(".ipynb"):
            return await self._read_notebook({"path": arguments["path"]}, context)
        name, text, more = await self._files.text(arguments["path"])
        lines = text.splitlines(keepends=True)
        start, count = arguments.get("start_line", 1), arguments.get("max_lines", 500)
        if start > max(len(lines), 1):
            what = f"the readable first {size_words(MAX_FILE)} have" if more else "it has"
            raise BadRequest(
                f"{name!r} has no line {start}: {what} {len(lines)} lines. Pass a smaller start_line."
            )
        chosen = lines[start - 1 : start - 1 + count]
        body = "".join(chosen)
        if len(body) > MAX_ANSWER:
            body = body[:MAX_ANSWER]
            chosen = body.splitlines(keepends=True)
        end = start - 1 + len(chosen)
        total = f"more than {len(lines)}" if more else str(len(lines))
        notes = []
        if body and len(body) == MAX_ANSWER:
            notes.append(f"[cut in line {end}: an answer has {MAX_ANSWER} characters at most]")
        if end < len(lines):
            notes.append(f"[goes on: pass start_line {end + 1}]")
        elif more:
            notes.append(f"[the file goes on, but only its first {size_words(MAX_FILE)} can be read]")
        head = f"{name}, lines {start}-{end} of {total}:" if lines else f"{name} is empty."
        return ToolResult(True, "\n".join([head, body.rstrip("\n"), *notes]).rstrip(), truncated=bool(notes))

    async def _read_notebook(self, arguments: Mapping[str, Any], context: CallContext) -> ToolResult:
        path = arguments.get("path") or self._files.from_server(context.notebook or "")
        if not path:
            raise BadRequest(
                "The user has no notebook open. Pass the path of one; list_files shows what there is."
            )
        name, content = await self._files.notebook(path)
        text, cut = notebook_text(content, max_chars=MAX_ANSWER)
        return ToolResult(True, f"Notebook {name}, as last saved: {text}", truncated=cut)

    async def _list_kernels(self, arguments: Mapping[str, Any], context: CallContext) -> ToolResult:
        kernels = await ensure_async(self._kernels.list_kernels())
        sessions = await ensure_async(self._sessions.list_sessions())
        if not kernels:
            return ToolResult(True, "No kernel is running.")
        owners: dict[str, list[str]] = {}
        for session in sessions:
            kernel = (session.get("kernel") or {}).get("id", "")
            owners.setdefault(kernel, []).append(session.get("path") or session.get("name") or "?")
        lines = [_kernel_line(kernel, owners.get(kernel["id"], [])) for kernel in kernels]
        return ToolResult(True, "\n".join([f"{len(kernels)} running:", *lines]))


def _why(exc: Exception) -> str:
    why = getattr(exc, "log_message", None) or getattr(exc, "reason", None) or str(exc)
    return shorten(f"{type(exc).__name__}: {why}" if why else type(exc).__name__, 300)


def _line(entry: Mapping[str, Any]) -> str:
    if entry["type"] == "directory":
        return f"{entry['name']}/"
    size = entry.get("size")
    return f"{entry['name']}  {size_words(size)}" if isinstance(size, int) else str(entry["name"])


def _kernel_line(kernel: Mapping[str, Any], notebooks: list[str]) -> str:
    active = kernel.get("last_activity")
    when = isoformat(active) if isinstance(active, datetime) else active
    owner = ", ".join(notebooks) or "no notebook"
    return (
        f"- {kernel['name']}, {kernel.get('execution_state')}, last active {when}, {owner}, id {kernel['id']}"
    )
