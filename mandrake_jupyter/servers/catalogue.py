"""Which tools an MCP server has, and what else it offers, remembered by the hash of its configuration, so that
listing them starts nothing.

Kept in the user's state, never in the project's folder: what a folder brings could lie about its tools.
Written after each connection and whenever the MCP server says that its tools changed.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ..errors import Conflict, MandrakeError, ToolNotFound
from ..stores.files import read_json, write_json_atomic
from ..values import ToolSpec
from .offered import ITEMS, Item, Kind

#: What a tool was when somebody decided on a call of it: its `schema_hash` and its `read_only`.
Expected = tuple[str, bool | None]

_VERSION = 1
_log = logging.getLogger("mandrake_jupyter")


@dataclass(frozen=True)
class Known:
    """`protocol` is the revision the MCP server spoke last; "" when not known. `offers` are the other lists, as far
    as somebody asked for them.
    """

    tools: tuple[ToolSpec, ...]
    protocol: str = ""
    offers: Mapping[Kind, tuple[Item, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Problem:
    """An MCP server whose tools are not known, and why; the others are not affected."""

    server: str
    error: MandrakeError


class Catalogue:
    """One folder of small files, each read once; without a folder nothing outlives this object."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._known: dict[str, Known | None] = {}
        self._writing = threading.Lock()

    def get(self, key: str, server: str) -> Known | None:
        """What is known of the configuration `key`, its tools as those that `server` gives by it; None when
        nothing is.
        """
        if key not in self._known:
            self._known[key] = self._read(key)
        known = self._known[key]
        return known and replace(
            known, tools=tuple(replace(tool, server=server, given_by=key) for tool in known.tools)
        )

    def count(self, key: str) -> int | None:
        """How many tools it has, as far as that is known; cheap, for who lists hundreds of MCP servers."""
        if key not in self._known:
            self._known[key] = self._read(key)
        known = self._known[key]
        return len(known.tools) if known else None

    def remember(self, key: str, tools: Iterable[ToolSpec], protocol: str) -> Known:
        """Keeps it in memory at once; `save` makes it last."""
        before = self._known.get(key)
        offers = before.offers if before else {}
        self._known[key] = known = Known(tuple(tools), protocol, offers)
        return known

    def learned(self, key: str, kind: Kind, items: Iterable[Item]) -> None:
        """As `remember`, for one of the other lists of a configuration that is known."""
        if (known := self._known.get(key)) is not None:
            self._known[key] = replace(known, offers={**known.offers, kind: tuple(items)})

    def forget_protocol(self, key: str) -> None:
        """A connection failed: ask anew which revision is spoken."""
        if (known := self._known.get(key)) is not None:
            self._known[key] = replace(known, protocol="")

    async def save(self, key: str) -> None:
        """Writes what was remembered for `key`. A failing disk is only logged: it costs a relearning."""
        known = self._known.get(key)
        if known is not None and self._folder is not None:
            try:
                await asyncio.to_thread(self._write, self._folder, key, known)
            except (OSError, MandrakeError) as exc:
                _log.warning("the tools of an MCP server could not be remembered: %s", exc)

    def _write(self, folder: Path, key: str, known: Known) -> None:
        value = {
            "version": _VERSION,
            "protocol": known.protocol,
            "tools": [tool.as_json() for tool in known.tools],
            "offers": {kind: [item.as_json() for item in items] for kind, items in known.offers.items()},
        }
        with self._writing:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_json_atomic(folder / f"{key}.json", value)

    def _read(self, key: str) -> Known | None:
        if self._folder is None:
            return None
        try:
            value: Any = read_json(self._folder / f"{key}.json")
            if value["version"] != _VERSION:
                return None
            offers = value.get("offers", {})
            return Known(
                tuple(ToolSpec.parse(tool) for tool in value["tools"]),
                str(value["protocol"]),
                {
                    kind: tuple(item.parse(one) for one in offers[kind])
                    for kind, item in ITEMS.items()
                    if kind in offers
                },
            )
        except (OSError, MandrakeError, LookupError, TypeError, AttributeError):
            return None


def check_tool(tools: Sequence[ToolSpec], name: str, tool: str, expected: Expected | None = None) -> ToolSpec:
    """The tool. Raises ToolNotFound when `tool` is none of `tools`, those of the MCP server `name`, and Conflict when it
    is not what `expected` says it was.
    """
    spec = next((spec for spec in tools if spec.name == tool), None)
    if spec is None:
        raise ToolNotFound(name=name, tool=tool, known=", ".join(spec.name for spec in tools) or "none")
    if expected is not None and (spec.schema_hash, spec.read_only) != expected:
        raise Conflict(
            f'The tool "{tool}" of the MCP server "{name}" changed since it was looked at. It was not run.'
        )
    return spec
