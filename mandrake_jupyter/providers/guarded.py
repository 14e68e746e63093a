"""Spawning a guarded process so that a cancelled caller leaves neither the process nor an open pipe."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress

from ..lifecycle.processes import GuardedProcess


async def spawned(
    name: str, argv: Sequence[str], *, env: Mapping[str, str], cwd: str | None = None
) -> GuardedProcess:
    """As :meth:`GuardedProcess.spawn`, which is let finish when the caller is cancelled; its process is
    then stopped.
    """
    spawning = asyncio.ensure_future(GuardedProcess.spawn(name, argv, env=env, cwd=cwd))
    try:
        return await asyncio.shield(spawning)
    except asyncio.CancelledError:
        await asyncio.wait([spawning])
        with suppress(Exception):
            await spawning.result().stop(grace=0)
        raise
