"""Ends what killed Jupyter servers left at work, so that no list shows it as busy for ever.

What waits for a person is not touched: whoever uses that chat first takes it over. What living servers work on is not touched
either. Happens when chats are listed and, where a killed server left its lock, once in the background after the boot.
"""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import Busy, MandrakeError
from ..sessions.run_state import RunState
from ..stores.instances import found, sweep
from ..values import SessionKey

if TYPE_CHECKING:
    from .registry import ServiceRegistry


class Recovery:
    """One per registry. Never raises what a chat's recovery raises: the chat stays as it is until the next look."""

    def __init__(self, registry: ServiceRegistry) -> None:
        self._registry = registry
        self._task: asyncio.Task[None] | None = None

    def after_boot(self) -> None:
        """One look at the folder of locks; where there are any, the rest in the background."""
        locks = found(Path(self._registry.data_dir) / "instances")
        if locks:
            self._task = asyncio.create_task(self._sweep(locks), name="recovery")

    async def stop(self) -> None:
        """End the background task, if it is still at work."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def _sweep(self, locks: list[Path]) -> None:
        try:
            if await asyncio.to_thread(sweep, locks):
                await self.take_up()
        except MandrakeError as exc:
            self._registry.log.warning("What an ended Jupyter server left could not be looked at: %s", exc)
        except Exception:
            self._registry.log.exception("What an ended Jupyter server left could not be looked at")

    async def take_up(self) -> int:
        """The chats that dead servers left at work, each ended as interrupted; how many. Cheap when there are none."""
        services = await self._registry.initialize_services()
        if services.database.refusal is not None:  # it can be read, as it is
            return 0
        left = await services.sessions.left_by_others(services.instances.own)
        owners = {owner for runs in left.values() for owner, _ in runs}
        dead = {owner for owner in owners if not await services.instances.alive(owner)}
        taken = 0
        for (workspace_id, session_id), runs in left.items():
            if all(owner in dead and state != RunState.AWAITING_APPROVAL for owner, state in runs):
                taken += await self._take_up(workspace_id, session_id)
        taken += await self._end_own()
        if taken:
            self._registry.log.info("Answers that ended Jupyter servers left unfinished, in chats: %d", taken)
        return taken

    async def _end_own(self) -> int:
        """Answers of this Jupyter server whose end could not be stored, as the disk was full: now it can."""
        opened = self._registry.opened
        if opened is None:
            return 0
        services, taken = opened.services, 0
        at_work = await services.sessions.at_work(services.instances.own)
        for (workspace_id, session_id), runs in at_work.items():
            chat = self._registry.coordinator(SessionKey(workspace_id, session_id))
            held = {run.id for run in chat.runs} if chat else set()
            if not runs <= held:
                taken += await self._take_up(workspace_id, session_id)
        return taken

    async def _take_up(self, workspace_id: str, session_id: str) -> bool:
        held = self._registry.coordinator(SessionKey(workspace_id, session_id))
        try:
            async with self._registry.use_session_coordinator(workspace_id, session_id) as coordinator:
                await coordinator.open()
            if held is None:
                with contextlib.suppress(Busy):
                    await self._registry.release_session_coordinator(workspace_id, session_id)
        except MandrakeError as exc:
            self._registry.log.warning("Chat %s could not be taken up: %s", session_id, exc)
            return False
        except Exception:
            self._registry.log.exception("Chat %s could not be taken up", session_id)
            return False
        return True
