"""A Jupyter extension with one route that does nothing, for what any authenticated POST costs."""

from __future__ import annotations

from typing import Any

from jupyter_server.auth.decorator import authorized
from tornado import web

from mandrake_jupyter.extend import MandrakeHandler

PATH = "benchmark/noop"


class NoopHandler(MandrakeHandler):
    auth_resource = "mandrake:mcp-servers"

    @web.authenticated
    @authorized(action="execute", resource="mandrake:mcp-servers")
    async def post(self) -> None:
        self.body()
        self.answer({"ok": True, "content": "hello"})


def _load_jupyter_server_extension(app: Any) -> None:
    app.web_app.add_handlers(".*$", [(rf"{app.web_app.settings['base_url']}{PATH}", NoopHandler)])
