"""Keeps secrets out of logs and of what is announced: values that are known, and what stands where secrets stand.

Known are the Jupyter token, keys of the user that went through the key store, and variables of the environment whose
names say so. What an MCP server is handed is masked in its own room (``servers/secrets.py``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote

from ..servers.secrets import MASK, MIN_LENGTH, secret_values

_PLACES = (
    re.compile(
        r"""((?:authorization|api[-_]?key)["']?\s*[:=]\s*["']?(?:(?:bearer|basic|token)\s+)?)[^\s"',;&]+""",
        re.IGNORECASE,
    ),
    re.compile(r"(\bbearer\s+)[\w.~+/=-]{8,}", re.IGNORECASE),
    re.compile(r"""([?&](?:token|key|code|sig|access_token)=)[^&\s"'<>#]+""", re.IGNORECASE),
    re.compile(r"(\bsk-)[\w-]{12,}"),
)
#: Characters of a text, and how many of them, that are remembered to hold no secret.
SHORT, MOST_PLAIN = 100, 1_000


class Masker:
    """`environ` is read once. Values of fewer than 8 characters are not told from ordinary words."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._known: set[str] = set()
        #: Of what is known, and short texts without it (ids and names come again and again); both are changed as one, for
        #: threads that mask meanwhile.
        self._now: tuple[re.Pattern[str] | None, set[str]] = None, set()
        for value in secret_values(environ):
            self.learn(value)

    def learn(self, value: str) -> None:
        """`value` is a secret from now on."""
        value = value.strip()
        if len(value) < MIN_LENGTH or value in self._known:
            return
        self._known |= {value, quote(value, safe="")}
        longest_first = sorted(self._known, key=len, reverse=True)
        self._now = re.compile("|".join(map(re.escape, longest_first))), set()

    def mask(self, text: str) -> str:
        """`text` without secrets."""
        pattern, plain = self._now
        if len(text) < MIN_LENGTH or text in plain:
            return text
        given = text
        if pattern is not None:
            text = pattern.sub(MASK, text)
        for place in _PLACES:
            text = place.sub(rf"\1{MASK}", text)
        if text == given and len(text) <= SHORT:
            if len(plain) >= MOST_PLAIN:
                plain.clear()
            plain.add(text)
        return text
