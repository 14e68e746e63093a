"""LLM sessions and MCP tool servers as first-class Jupyter resources, as kernels are.

This module is what Jupyter and IPython import at start: it holds their entry points and imports nothing heavy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._version import __version__

if TYPE_CHECKING:
    from .registry.registry import ServiceRegistry

__all__ = ["__version__", "get_service_registry", "load_ipython_extension"]


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    return [{"src": "labextension", "dest": "mandrake-jupyter"}]


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    from .app import MandrakeApp

    return [{"module": "mandrake_jupyter.app", "app": MandrakeApp}]


def load_ipython_extension(ipython: Any) -> None:
    """Register ``%mandrake`` and ``%%mandrake``; called by ``%load_ext mandrake_jupyter``."""
    from .magics import register

    register(ipython)


def get_service_registry(serverapp: Any) -> ServiceRegistry:
    """The one registry of this Jupyter server, for other extensions; see docs/how-to/write-a-route.md.

    Raises ``LookupError`` when mandrake_jupyter is not loaded in `serverapp`, or not yet: extensions load in the order of
    their names, so ask when a request comes rather than while yours loads.
    """
    registry: ServiceRegistry | None = serverapp.web_app.settings.get("mandrake_registry")
    if registry is None:
        raise LookupError(
            "mandrake_jupyter is not loaded in this Jupyter server: jupyter server extension enable mandrake_jupyter"
        )
    return registry
