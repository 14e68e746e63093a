"""``${NAME}`` and ``${secret:name}`` in what a trusted folder says about a model. Never called for an
untrusted one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..errors import KeyMissing
from .keys import KeyStore

_REFERENCE = re.compile(r"\$\{(?:(env|secret):)?([A-Za-z0-9_.@:-]+)\}")


async def expand(text: str, environ: Mapping[str, str], keys: KeyStore, provider: str) -> str:
    """`text` with its references replaced. Raises :class:`KeyMissing`, naming the reference, when one is
    unknown.
    """
    parts: list[str] = []
    end = 0
    for found in _REFERENCE.finditer(text):
        kind, name = found.groups()
        value = await keys.get(name) if kind == "secret" else environ.get(name)
        if value is None:
            message = f"{provider} needs {found[0]}, which is not set."
            raise KeyMissing(message, provider=provider, then="Your message is kept.")
        parts += [text[end : found.start()], value]
        end = found.end()
    return "".join([*parts, text[end:]])
