"""The extension: traits in, registry and routes out. Loading it opens nothing and imports nothing heavy."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Any, ClassVar

from jupyter_core.paths import jupyter_data_dir
from jupyter_server.extension.application import ExtensionApp
from traitlets import Unicode, default

from ._version import __version__
from .commands import SUBCOMMANDS
from .handlers.routes import NO_ROUTE, ROUTES
from .registry.activity import HostActivity
from .registry.culler import MCPServerCuller, SessionCuller
from .registry.hosts import HostServices
from .registry.registry import ServiceRegistry
from .registry.sinks import listen
from .registry.store_place import Storing
from .values import JSON


class MandrakeApp(ExtensionApp):
    """LLM sessions and MCP tool servers as Jupyter resources."""

    name = "mandrake"
    extension_url = "/lab"
    load_other_extensions = True
    version = __version__
    classes: ClassVar[list[Any]] = [ServiceRegistry, SessionCuller, MCPServerCuller, HostActivity]
    subcommands: ClassVar[dict[str, Any]] = SUBCOMMANDS

    data_dir = Unicode(
        config=True,
        help="Folder for chats, trust, keys and catalogues. Default: 'mandrake' in the Jupyter data dir.",
    )

    database_url = Unicode(config=True, help=Storing.database_url.help)

    @default("data_dir")
    def _default_data_dir(self) -> str:
        return str(Path(jupyter_data_dir()) / "mandrake")

    def initialize_settings(self) -> None:
        server = self.serverapp
        hosts = HostServices(
            Path(server.root_dir).resolve(),
            server.contents_manager,
            server.kernel_manager,
            server.session_manager,
        )
        self.registry = ServiceRegistry(
            parent=self, hosts=hosts, data_dir=self.data_dir, database_url=self.database_url
        )
        self._deafen = listen(self.registry.hub, server.event_logger, self.log, self.registry.secrets)
        self.registry.secrets.learn(server.identity_provider.token)
        self.settings["mandrake_registry"] = self.registry
        times = server.web_app.settings["last_activity_times"]
        self.activity = HostActivity(times, lambda: self.registry.busy, parent=self)
        self.settings["mandrake_activity"] = self.activity
        self.registry.hub.add(self.activity.hear)

    def initialize_handlers(self) -> None:
        self.handlers.extend((rf"/mandrake/{route}", handler) for route, handler in [*ROUTES, NO_ROUTE])

    async def _start_jupyter_server_extension(self, serverapp: Any) -> None:
        """Jupyter's hook for what begins with the event loop."""
        self.registry.recovery.after_boot()

    def current_activity(self) -> JSON | None:
        """What keeps a server with ``shutdown_no_activity_timeout`` alive. Must not raise: Jupyter would never ask again."""
        activity: HostActivity | None = getattr(self, "activity", None)
        return activity.current() if activity else None

    async def stop_extension(self) -> None:
        """End everything within the registry's ``stop_timeout``; never raises into Jupyter, which would hang on it, and
        never waits for what does not even end when it is cancelled.
        """
        try:
            self.activity.stop()
            stopping = asyncio.ensure_future(self.registry.stop())
            done, late = await asyncio.wait({stopping}, timeout=self.registry.stop_timeout + 1)
            problems = [problem for task in done for problem in task.result()]
        except (Exception, asyncio.CancelledError):
            self.log.exception("Mandrake did not stop cleanly")
            return
        finally:
            self._deafen()
        for task in late:
            task.cancel()
            problems.append(f"not stopped within {self.registry.stop_timeout + 1:.1f} s")
        for problem in problems:
            self.log.warning("Mandrake: %s", problem)


def main(argv: list[str] | None = None) -> Any:
    """``jupyter mandrake``: opens JupyterLab, at a file or folder where one is named; the subcommands do what they say."""
    word = next(iter(sys.argv[1:] if argv is None else argv), "-")
    if not (word.startswith("-") or word in SUBCOMMANDS or Path(word).exists()):
        sys.stderr.write(f"{word!r} is no command, file or folder. Commands: {', '.join(SUBCOMMANDS)}\n")
        return 2
    try:
        try:
            return MandrakeApp.launch_instance(argv)
        finally:
            sys.stdout.flush()
    except BrokenPipeError:  # whoever reads has enough, as `head` has; nothing is to be flushed to it at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
