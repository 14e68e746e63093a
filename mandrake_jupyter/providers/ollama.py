"""Asks an Ollama on this machine what models it has: the one thing looked for without the user's act.

Loopback only, half a second at most, remembered for half a minute. Never raises.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .abilities import UNKNOWN, Abilities

URL = "http://127.0.0.1:11434"
TIMEOUT = 0.5
REMEMBER = 30.0
MAX_BODY = 2**20
MAX_MODELS = 50


@dataclass(frozen=True)
class OllamaModel:
    name: str
    abilities: Abilities


class OllamaProbe:
    """`clock` is monotonic seconds."""

    def __init__(self, clock: Callable[[], float], *, url: str = URL, timeout: float = TIMEOUT) -> None:
        self.url = url
        self._clock = clock
        self._timeout = timeout
        self._known: tuple[OllamaModel, ...] = ()
        self._until: float | None = None
        self._lock = asyncio.Lock()

    async def models(self) -> tuple[OllamaModel, ...]:
        """Its chat models, in its own order (the newest first); empty when none answers."""
        async with self._lock:
            if self._until is None or self._clock() >= self._until:
                self._known = await self._ask()
                self._until = self._clock() + REMEMBER
            return self._known

    async def _ask(self) -> tuple[OllamaModel, ...]:
        from tornado.simple_httpclient import SimpleAsyncHTTPClient

        # Tornado's simple client knows no proxy, so this can't leave the machine.
        client = SimpleAsyncHTTPClient(force_instance=True, max_body_size=MAX_BODY)
        try:
            listed = await self._json(client, "/api/tags", None)
            names = [name for name in map(_name, listed.get("models") or []) if name][:MAX_MODELS]
            abilities = await asyncio.gather(*(self._abilities(client, name) for name in names))
        except Exception:
            return ()
        finally:
            client.close()
        found = zip(names, abilities, strict=True)
        return tuple(OllamaModel(name, can) for name, can in found if can is not None)

    async def _abilities(self, client: Any, name: str) -> Abilities | None:
        """What a model can do, None where it can't chat; nothing is known where its Ollama is too old or too slow to say.

        Its window is what it was given there (``num_ctx``): Ollama cuts off the rest, whatever the model could read."""
        try:
            found = await self._json(client, "/api/show", {"model": name})
        except Exception:
            return UNKNOWN
        can = found.get("capabilities")
        if not isinstance(can, list):
            return UNKNOWN
        given = re.search(r"^num_ctx\s+(\d{1,9})\s*$", str(found.get("parameters") or ""), re.MULTILINE)
        window = int(given[1]) if given else None
        return (
            Abilities("tools" in can, "vision" in can, window, "thinking" in can)
            if "completion" in can
            else None
        )

    async def _json(self, client: Any, path: str, body: dict[str, str] | None) -> dict[str, Any]:
        method, data = ("GET", None) if body is None else ("POST", json.dumps(body))
        async with asyncio.timeout(self._timeout):
            answer = await client.fetch(self.url + path, method=method, body=data, follow_redirects=False)
        value = json.loads(answer.body)
        return value if isinstance(value, dict) else {}


def _name(entry: Any) -> str:
    return str(entry.get("name") or "") if isinstance(entry, dict) else ""
