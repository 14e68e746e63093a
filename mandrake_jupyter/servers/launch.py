"""What one launch of a trusted entry needs: its secrets, its files of variables, all in one specification.

The only place that looks secrets up. Off the event loop, and bounded: a keyring may wait for a person, a file for a
network.
"""

from __future__ import annotations

import asyncio
import os.path
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from ..errors import (
    BadRequest,
    Conflict,
    EnvFileUnusable,
    Forbidden,
    MandrakeError,
    MCPError,
    NotFound,
    NotTrusted,
    StartTimeout,
)
from ..lifecycle.sweep import marker
from ..providers.references import References
from ..provisioners.base import LaunchSpec, LogSink, Provisioner, find_provisioner
from ..stores.env_file import read_env_file
from ..values import MCPServerEntry, Reference, ResourceLimits
from .configured import may_run_on
from .expand import expanded_values, launch_spec
from .seams import Owner
from .secrets import Secrets, secret_values

#: Which provisioner runs which transport.
PROVISIONERS = {"stdio": "local", "docker": "docker", "http": "http", "sse": "sse"}


class Launcher:
    """Makes the provisioners of a workspace's MCP servers, for trusted entries only. `configured` says what is in the files
    now, `start_timeout` (seconds) holds where an entry has none.
    """

    def __init__(
        self,
        workspace_id: str,
        root: Path,
        owner: Owner,
        references: References,
        limits: ResourceLimits,
        start_timeout: float,
        configured: Callable[[Collection[str]], Mapping[str, MCPServerEntry]],
    ) -> None:
        self._workspace_id = workspace_id
        self._root = root
        self._owner = owner
        self._references = references
        self._limits = limits
        self._start_timeout = start_timeout
        self._configured = configured

    async def make(self, entry: MCPServerEntry, log: LogSink) -> tuple[Provisioner, Secrets]:
        """Called when a trusted entry starts: only here its references are expanded. What was read for it is still what was
        trusted, however long it waited for its turn: else NotTrusted, or Conflict.
        """
        made = await self.make_apart(entry, log)
        now = self._configured({entry.name}).get(entry.name)
        if now is not None and not now.trusted:
            raise NotTrusted(name=entry.name)
        if now is None or not may_run_on(entry, now):
            raise Conflict(f'The MCP server "{entry.name}" was changed before it started.')
        return made

    async def make_apart(self, entry: MCPServerEntry, log: LogSink) -> tuple[Provisioner, Secrets]:
        """For an entry that is in no file."""
        if not entry.trusted:
            raise NotTrusted(name=entry.name)
        kind = PROVISIONERS.get(entry.transport)
        if kind is None:
            raise MCPError(f'The MCP server "{entry.name}" has an unknown transport: {entry.transport!r}.')
        mark = marker(f"{self._workspace_id}/{entry.name}", self._owner.id)
        timeout = entry.start_timeout or self._start_timeout
        spec, secrets = await prepare(entry, self._references, self._root, mark, self._limits, timeout)
        return find_provisioner(kind)(spec, lambda stream, text: log(stream, secrets.mask(text))), secrets


async def prepare(
    entry: MCPServerEntry,
    references: References,
    root: Path,
    mark: str,
    limits: ResourceLimits,
    timeout: float,
) -> tuple[LaunchSpec, Secrets]:
    """Raises NotTrusted before anything is looked up, VariableMissing, SecretMissing, EnvFileUnusable, and StartTimeout
    after `timeout` seconds.
    """
    if not entry.trusted:
        raise NotTrusted(name=entry.name)
    try:
        async with asyncio.timeout(timeout):
            kept = await _kept(entry, references)
            read = await asyncio.to_thread(_read, entry, root) if entry.env_files else {}
    except TimeoutError:
        raise StartTimeout(name=entry.name, seconds=f"{timeout:g}") from None
    variables = references.environ()
    spec = launch_spec(entry, variables, str(root), mark, limits, kept=kept, read=read)
    return spec, Secrets(spec, expanded_values(entry, variables, kept), _keys(entry, kept, variables))


async def _kept(entry: MCPServerEntry, references: References) -> dict[Reference, str]:
    """Those that have a value: one that was entered, else the default of its question."""
    defaults = {question.id: question.default for question in entry.questions}
    found: dict[Reference, str] = {}
    for reference in entry.references:
        if reference.kind != "variable":
            value = await references.look_up(reference)
            if value is None and reference.kind == "input":
                value = defaults.get(reference.name)
            if value is not None:
                found[reference] = value
    return found


def _keys(entry: MCPServerEntry, kept: Mapping[Reference, str], variables: Mapping[str, str]) -> list[str]:
    """What nobody is to see, also not in what it answers. A program inherits the user's `variables`."""
    private = {question.id for question in entry.questions if question.password}
    asked = (value for one, value in kept.items() if one.kind == "secret" or one.name in private)
    return [*asked, *secret_values(variables)]


def _read(entry: MCPServerEntry, root: Path) -> Mapping[str, str]:
    """Blocks on the disk. A later file comes before an earlier one."""
    found: dict[str, str] = {}
    for file in entry.env_files:
        try:
            variables = read_env_file(Path(os.path.join(root, file)), file)
        except (BadRequest, Forbidden, NotFound) as exc:
            raise EnvFileUnusable(name=entry.name, file=file, why=_why(exc)) from exc
        found |= {one.name: one.value for one in variables if one.value is not None}
    return found


def _why(exc: MandrakeError) -> str:
    words = str(exc)
    return words[0].lower() + words[1:] if words.startswith(("There ", "You ")) else words
