"""Commands that ask Jupyter servers that run: which ones, and what is said when there is none."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any, ClassVar

from traitlets import Bool, Unicode

from .base import Command

if TYPE_CHECKING:
    from ..client import JupyterServer, MandrakeClient, MandrakeClientError

NONE_RUNS = ("No Jupyter server of yours runs on this machine.", "Start one: jupyter lab")


class ServerCommand(Command):
    url = Unicode(
        config=True, help="Address of the Jupyter server. Default: all of yours that run on this machine."
    )
    token = Unicode(
        config=True, help="Its token. Default: MANDRAKE_TOKEN, or what Jupyter itself wrote down."
    )
    as_json = Bool(False, config=True, help="Print JSON.")

    aliases: ClassVar[dict[str, str]] = {
        **Command.aliases,
        "url": "ServerCommand.url",
        "token": "ServerCommand.token",
    }
    flags: ClassVar[dict[str, Any]] = {"json": ({"ServerCommand": {"as_json": True}}, "Print JSON.")}

    def running(self) -> list[JupyterServer]:
        """The one at ``--url``, else all that are found; [] when there is none."""
        from ..client import find_servers

        return find_servers(url=self.url, token=self.token)

    def servers(self) -> list[JupyterServer]:
        """At least one; else this ends the command, with the way out."""
        return self.running() or self.fail(*NONE_RUNS)

    def client(self, server: JupyterServer) -> MandrakeClient:
        from ..client import MandrakeClient

        try:
            return MandrakeClient(server.url, server.token)
        except ValueError as exc:
            self.fail(f"{exc}")

    def print_json(self, value: Any) -> None:
        json.dump(value, sys.stdout, indent=2, ensure_ascii=False)
        self.say("")


def heading(server: JupyterServer) -> str:
    """``http://127.0.0.1:8888/ (pid 4242, /srv/ada)``, as far as it is known."""
    known = [f"pid {server.pid}" if server.pid else "", server.root_dir]
    told = ", ".join(filter(None, known))
    return f"{server.url} ({told})" if told else server.url


def refusal(error: MandrakeClientError) -> str:
    return f"{error} {error.then}".strip()
