"""The notebook magics: ``%load_ext mandrake_jupyter`` brings ``%mandrake`` and ``%%mandrake``.

They speak to the Jupyter server through :mod:`mandrake_jupyter.client` and import none of its rooms.
"""

from __future__ import annotations

from typing import Any

__all__ = ["register"]

_CALL = "get_ipython().run_cell_magic('mandrake',"
_AWAITED = "await get_ipython().magics_manager.registry['MandrakeMagics'].cell_async("


def register(ipython: Any) -> None:
    """Register the magics with an IPython shell; harmless when repeated."""
    from .magic import MandrakeMagics

    ipython.register_magics(MandrakeMagics(ipython))
    transforms = ipython.input_transformers_post
    if getattr(ipython, "kernel", None) is not None and _await_cell not in transforms:
        transforms.append(_await_cell)


def _await_cell(lines: list[str]) -> list[str]:
    """Make a ``%%mandrake`` cell an asynchronous one, during which a kernel still hears buttons."""
    if lines and lines[0].startswith(_CALL):
        return [_AWAITED + lines[0][len(_CALL) :].lstrip(), *lines[1:]]
    return lines
