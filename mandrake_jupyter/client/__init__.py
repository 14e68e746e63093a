"""The REST client: blocking, standard library only, usable from any program that can reach the Jupyter
server.

It imports none of the server's rooms, so it could be copied out of this package and would still work.
"""

from __future__ import annotations

from .client import MandrakeClient
from .discovery import JupyterServer, find_server, find_servers
from .errors import ConnectionLost, MandrakeClientError, ServerNotFound
from .stream import EventStream

__all__ = [
    "ConnectionLost",
    "EventStream",
    "JupyterServer",
    "MandrakeClient",
    "MandrakeClientError",
    "ServerNotFound",
    "find_server",
    "find_servers",
]
