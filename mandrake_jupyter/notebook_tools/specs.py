"""The tools of the built-in MCP server ``jupyter`` as a model sees them. All only read."""

from __future__ import annotations

from typing import Any

from ..values import ToolSpec

NAME = "jupyter"
READ_RESULT = "read_result"


def _spec(
    name: str, title: str, description: str, required: tuple[str, ...] = (), **properties: Any
) -> ToolSpec:
    schema = {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }
    return ToolSpec(NAME, name, title, description, schema, True, False, True, False)


def _path(what: str) -> dict[str, Any]:
    return {
        "type": "string",
        "description": f"{what}, relative to the project's folder, such as 'data/x.csv'.",
    }


def _count(what: str, maximum: int) -> dict[str, Any]:
    return {"type": "integer", "minimum": 1, "maximum": maximum, "description": what}


TOOLS: tuple[ToolSpec, ...] = (
    _spec(
        "list_files",
        "List files",
        "Lists the files and folders in one folder of the user's project, with sizes. Folders end with '/'. "
        "Hidden files are left out. Use it to find the right path before reading a file.",
        path={
            "type": "string",
            "description": "The folder, relative to the project's folder. Default: that folder.",
        },
        limit=_count("How many entries at most. Default: 200.", 1000),
    ),
    _spec(
        "read_file",
        "Read file",
        "Reads a text file of the user's project: source code, CSV, Markdown, JSON, logs. Answers 500 lines "
        "at once and says how to read on. Can't read binary or hidden files.",
        ("path",),
        path=_path("The file"),
        start_line=_count("The first line to read, counted from 1. Default: 1.", 10_000_000),
        max_lines=_count("How many lines at most. Default: 500.", 2000),
    ),
    _spec(
        "read_notebook",
        "Read notebook",
        "Reads a Jupyter notebook as last saved: its cells in order with number, type, id, source and "
        "their outputs' text. Without a path it reads the notebook that the user has open.",
        path=_path("The notebook, ending with .ipynb"),
    ),
    _spec(
        "list_kernels",
        "List kernels",
        "Lists the running Jupyter kernels: name, state, last activity, and the notebook each belongs to.",
    ),
    _spec(
        READ_RESULT,
        "Read result",
        "Reads on in a long result of a tool that was called in this chat, of which only the beginning was shown. "
        "Answers 30,000 characters at once.",
        ("call_id",),
        call_id={"type": "string", "description": "The id of the call, as it was shown."},
        offset={
            "type": "integer",
            "minimum": 0,
            "maximum": 10_000_000,
            "description": "The character to begin with, counted from 0. Default: 0.",
        },
    ),
)
