"""What one launch of a trusted entry needs: its secrets, its files of variables, all in one specification.

The only place that looks secrets up. Off the event loop, and bounded: a keyring may wait for a person, a file for a
network.
"""

from __future__ import annotations

import asyncio
import os.path
from collections.abc import Mapping
from pathlib import Path

from ..errors import BadRequest, EnvFileUnusable, Forbidden, MandrakeError, NotFound, NotTrusted, StartTimeout
from ..providers.references import References
from ..provisioners.base import LaunchSpec
from ..stores.env_file import read_env_file
from ..values import MCPServerEntry, Reference, ResourceLimits
from .expand import expanded_values, launch_spec
from .secrets import Secrets


async def prepare(
    entry: MCPServerEntry,
    references: References,
    root: Path,
    marker: str,
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
    spec = launch_spec(entry, variables, str(root), marker, limits, kept=kept, read=read)
    return spec, Secrets(spec, expanded_values(entry, variables, kept))


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
