"""Which models there are, which one is active and why; makes the chosen one ready to be asked.

Goes out for three things only: the loopback question to Ollama, a test the user asked for, and the demo
model's fetch, also asked for. An untrusted folder's models are neither listed nor contacted.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from ..errors import BadRequest, KeyMissing, MandrakeError, ModelNotAvailable, ProviderTimeout
from ..lifecycle.environment import clean_environment
from ..values import JSON
from .abilities import abilities_of
from .api import ApiProvider
from .base import ChatMessage, LLMProvider, ModelRequest
from .connections import Connection, Connections
from .endpoint import Endpoint, Kind, clean_url, host_of
from .expand import expand
from .keys import KeyStore
from .listing import COMPATIBLE, KINDS, Listing, key_slot, service_url
from .ollama import OllamaProbe
from .remedies import as_tested
from .values import Choice, FolderProvider, ModelWish, ResolvedModel

TEST_TIMEOUT = 10.0
KNOWN = 10  #: models that an error names at most


class Demo(Protocol):
    """What the catalogue needs of the demo model; see :class:`~mandrake_jupyter.providers.demo.DemoModel`."""

    id: str
    model: str
    name: str

    @property
    def provider(self) -> LLMProvider: ...

    @property
    def state(self) -> str: ...

    def check(self) -> None:
        """Raise the typed error of a demo model that can't be used now."""

    def as_json(self) -> JSON: ...

    async def fetch(self) -> JSON: ...


@dataclass(frozen=True)
class _Draft:
    """What the user entered, checked."""

    kind: Kind
    model: str
    url: str


class ModelCatalogue:
    """The models of one project for one user.

    `configured` gives the providers of each ``models.json`` each time it is asked, so that a change of trust counts
    at once; `wishes` what those files want active, the one that counts most first. `clock` is monotonic seconds.
    """

    def __init__(
        self,
        data_dir: Path,
        keys: KeyStore,
        environ: Mapping[str, str],
        demo: Demo,
        *,
        configured: Callable[[], Sequence[FolderProvider]] = tuple,
        wishes: Callable[[], Sequence[ModelWish]] = tuple,
        clock: Callable[[], float] = time.monotonic,
        ollama: OllamaProbe | None = None,
    ) -> None:
        self.keys = keys
        self.demo = demo
        self._environ = environ
        self._connections = Connections(data_dir)
        self._configured = configured
        self._wishes = wishes
        self._clock = clock
        self._ollama = ollama or OllamaProbe(clock)

    async def as_json(self) -> JSON:
        """The catalogue as ``GET models`` answers it."""
        listing = await self._listing()
        known = [choice for choice in listing.choices.values() if KINDS[choice.kind].needs_key]
        if known:
            listing.choices |= {choice.id: choice for choice in await asyncio.to_thread(_described, known)}
        return listing.as_json(self.keys)

    async def activate(self, model_id: str | None) -> JSON:
        """Make a listed model the user's active one; None goes back to the default.

        Raises :class:`BadRequest` for an id that is not listed.
        """
        if model_id is not None:
            listing = await self._listing()
            if model_id not in listing.choices:
                raise BadRequest(f"No model {model_id!r:.80} is known; known: {', '.join(listing.choices)}.")
        await self._connections.choose(model_id)
        return await self.as_json()

    async def connect(
        self, provider: str, model: str, url: str | None = None, name: str | None = None
    ) -> JSON:
        """Keep a provider the user entered and make its model active. Raises :class:`BadRequest`."""
        draft = self._draft(provider, model, url)
        if draft.kind == "demo":
            return await self.activate(self.demo.id)
        connection = Connection.make(draft.kind, draft.model, draft.url, name or "")
        if draft.kind == COMPATIBLE:
            await self._bind_key(draft.url)
        await self._connections.add(connection)
        return await self.as_json()

    async def test(self, provider: str, model: str, key: str | None = None, url: str | None = None) -> JSON:
        """Ask for one short answer, without keeping anything; at most 10 s.

        ``{ok: true, first_token_ms}`` or ``{ok: false, error: <error body>}``.
        """
        try:
            draft = self._draft(provider, model, url)
            asked = await self._drafted(draft, key)
            if isinstance(asked, ApiProvider):
                await asked.load()
            begun = self._clock()
            request = ModelRequest(
                draft.model, "", (ChatMessage("user", "Say OK."),), settings={"max_tokens": 16}
            )
            try:
                async with asyncio.timeout(TEST_TIMEOUT), aclosing(asked.stream(request)) as events:
                    await anext(events, None)
            except TimeoutError as exc:
                raise ProviderTimeout(provider=KINDS[draft.kind].name, seconds=f"{TEST_TIMEOUT:g}") from exc
        except MandrakeError as error:
            return {"ok": False, "error": as_tested(error)}
        return {"ok": True, "first_token_ms": round((self._clock() - begun) * 1000)}

    async def resolve(self, model_id: str | None = None) -> ResolvedModel:
        """The model `model_id`, or the active one, ready to be asked.

        Raises ModelNotAvailable for an id that is not listed, KeyMissing, or DemoModelMissing.
        """
        listing = await self._listing(wanted=model_id)
        wanted = model_id or listing.active
        choice = listing.choices.get(wanted)
        if choice is None:
            known = ", ".join(list(listing.choices)[:KNOWN])
            message = f'The model "{wanted}" is not among the connected models: {known}.'
            raise ModelNotAvailable(message, model=wanted)
        if choice.kind == "demo":
            self.demo.check()
            return self._resolved(choice, self.demo.provider, "this computer", local=True)
        endpoint = await self._endpoint(choice)
        if KINDS[choice.kind].needs_key:
            [choice] = await asyncio.to_thread(_described, [choice])
        return self._resolved(choice, ApiProvider(endpoint), endpoint.host, local=endpoint.local)

    async def fetch_demo(self) -> JSON:
        """Begin to fetch the demo model where it is missing; ``{state, done_bytes, total_bytes, error}`` at
        once.
        """
        return await self.demo.fetch()

    def _resolved(self, choice: Choice, provider: LLMProvider, host: str, *, local: bool) -> ResolvedModel:
        return ResolvedModel(
            choice.id, provider, choice.kind, choice.model, choice.name, choice.abilities, host, local
        )

    async def _listing(self, wanted: str | None = None) -> Listing:
        connections, active = self._connections.read()
        listing = Listing(
            connections=connections,
            chosen=active,
            configured=[entry for entry in self._configured() if entry.trusted],
            wishes=self._wishes(),
            environ=self._environ,
            keys=self.keys,
            demo=self.demo,
            ollama_url=self._ollama.url,
        )
        # A model that is known without Ollama need not wait for it.
        if wanted is None or wanted not in listing.choices:
            listing.add_ollama(await self._ollama.models())
        return listing

    async def _endpoint(self, choice: Choice) -> Endpoint:
        provider = KINDS[choice.kind].name if choice.kind != COMPATIBLE else choice.name
        if choice.level:
            known = clean_environment(environ=self._environ)
            url = clean_url(await expand(choice.url, known, self.keys, provider))
            headers = {n: await expand(v, known, self.keys, provider) for n, v in choice.headers.items()}
            told = set(url.split("/")) - set(choice.url.split("/")) if "${" in choice.url else ()
            return Endpoint(choice.kind, provider, url, None, headers, told=tuple(told))
        key = await self.keys.get(choice.key_name) if choice.key_name else None
        if key is None and KINDS[choice.kind].needs_key:
            raise KeyMissing(provider=provider)
        return Endpoint(choice.kind, provider, clean_url(choice.url, suffix=KINDS[choice.kind].suffix), key)

    def _draft(self, provider: str, model: str, url: str | None) -> _Draft:
        if any(not isinstance(text, str) for text in (provider, model, url or "")):
            raise BadRequest("Provider, model and address must be text.")
        kind = next((kind for kind in KINDS if kind == provider), None)
        if kind is None:
            raise BadRequest(f"No provider {provider!r:.80} is known; known: {', '.join(KINDS)}.")
        if not model.strip():
            raise BadRequest("Enter the name of the model.")
        if kind == COMPATIBLE:
            return _Draft(kind, model.strip(), clean_url(url or ""))
        if kind == "ollama" and url:
            return _Draft(kind, model.strip(), clean_url(url).removesuffix("/v1"))
        return _Draft(kind, model.strip(), "")

    async def _drafted(self, draft: _Draft, key: str | None) -> LLMProvider:
        """The provider of a draft with the key just entered, else the one kept for that very place."""
        if draft.kind == "demo":
            self.demo.check()
            return self.demo.provider
        url = draft.url or service_url(draft.kind, self._environ, self._ollama.url)
        known = KINDS[draft.kind]
        if not (key or "").strip():
            slot = key_slot(draft.kind, url)
            key = await self.keys.get(slot) if slot else None
        if not key and known.needs_key:
            raise KeyMissing(provider=known.name)
        name = known.name if draft.kind != COMPATIBLE else host_of(url)
        return ApiProvider(
            Endpoint(draft.kind, name, clean_url(url, suffix=known.suffix), (key or "").strip() or None)
        )

    async def _bind_key(self, url: str) -> None:
        """Tie the key just entered to the host it was entered for, so that it is never sent to another."""
        await self.keys.move(COMPATIBLE, f"{COMPATIBLE}@{host_of(url)}")


def _described(choices: Sequence[Choice]) -> list[Choice]:
    return [replace(choice, abilities=abilities_of(choice.kind, choice.model)) for choice in choices]
