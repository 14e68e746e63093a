"""The list of models at one moment, and the decision which of them is active and why. Contacts nobody."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..values import JSON, Level
from .abilities import UNKNOWN, Abilities
from .connections import Connection
from .endpoint import Kind, host_of, is_loopback
from .keys import KeyStore
from .ollama import OllamaModel
from .values import Choice, FolderProvider, ModelWish

if TYPE_CHECKING:
    from .catalogue import Demo

COMPATIBLE: Kind = "openai-compatible"
DEMO = Abilities(tools=False, images=False, window=2048, reasoning=False)
#: The first part of the id of what a file configures; both are no slug of a connection.
_PREFIX: Mapping[Level, str] = {
    "system": "config",
    "environment": "config",
    "user": "config",
    "workspace": "project",
}


@dataclass(frozen=True)
class Known:
    """What is known of a kind of provider. `suffix` is the path its address gets where it has none."""

    name: str
    kind: str
    url: str = ""
    suffix: str = ""
    needs_key: bool = False
    suggested: tuple[str, ...] = ()


#: In the order of preference for the default.
KINDS: Mapping[Kind, Known] = {
    "anthropic": Known(
        "Anthropic", "key", "https://api.anthropic.com", "", True,
        ("claude-sonnet-5-5", "claude-haiku-5-5", "claude-opus-5-5"),
    ),
    "openai": Known(
        "OpenAI", "key", "https://api.openai.com/v1", "/v1", True,
        ("gpt-5-mini", "gpt-6.1-terra", "gpt-6.1-sol"),
    ),
    "ollama": Known("Ollama", "url", suffix="/v1"),
    COMPATIBLE: Known("OpenAI-compatible", "url"),
    "demo": Known("Demo model", "demo"),
}  # fmt: skip


def service_url(kind: Kind, environ: Mapping[str, str], ollama_url: str) -> str:
    """Where a kind is spoken to unless the user entered an address."""
    if kind == "openai":
        return environ.get("OPENAI_BASE_URL", "").strip() or KINDS[kind].url
    if kind == "anthropic":
        return environ.get("ANTHROPIC_BASE_URL", "").strip() or KINDS[kind].url
    return ollama_url if kind == "ollama" else KINDS[kind].url


def key_slot(kind: Kind, url: str) -> str | None:
    """The name of the key for this place; an OpenAI-compatible one's is tied to its host."""
    if kind == COMPATIBLE:
        return f"{COMPATIBLE}@{host_of(url)}"
    return kind if KINDS[kind].needs_key else None


class Listing:
    """Made anew for each question. `choices` is ordered as the picker shows it."""

    def __init__(
        self,
        *,
        connections: Sequence[Connection],
        chosen: str | None,
        configured: Sequence[FolderProvider],
        wishes: Sequence[ModelWish],
        environ: Mapping[str, str],
        keys: KeyStore,
        demo: Demo,
        ollama_url: str,
    ) -> None:
        self._connections = connections
        self._environ = environ
        self._keys = keys
        self._demo = demo
        self._ollama_url = ollama_url
        self._found: tuple[OllamaModel, ...] = ()
        self._chosen = chosen
        self.choices: dict[str, Choice] = {}
        self._add(map(self._connected, reversed(connections)))
        for kind, known in KINDS.items():
            if known.needs_key and keys.origin(kind):
                self._add(self._of(kind, model) for model in known.suggested)
        for entry in configured:
            self._add_configured(entry)
        self._wishes = wishes
        if chosen:
            self._add_known(chosen)
        for wish in wishes:
            if wish.level != "workspace":
                self._add_known(wish.model)
        self._add([Choice(demo.id, "demo", demo.model, demo.name, abilities=DEMO)])

    def add_ollama(self, found: tuple[OllamaModel, ...]) -> None:
        """What Ollama answered; the demo model stays last."""
        self._found = found
        demo = self.choices.pop(self._demo.id)
        for model in found:
            choice = self._of("ollama", model.name, model.abilities)
            self.choices[choice.id] = self.choices.get(choice.id) or choice
        self.choices[demo.id] = demo

    @property
    def active(self) -> str:
        return self._decide()[0]

    def _wished(self) -> tuple[str, ModelWish] | None:
        """The id that a file wants, and its wish. A folder may wish for its own models only."""
        for wish in self._wishes:
            own = f"{_PREFIX[wish.level]}/{wish.model}"
            for wanted in (own,) if wish.level == "workspace" else (own, wish.model):
                if wanted in self.choices:
                    return wanted, wish
        return None

    def _decide(self) -> tuple[str, str, str]:
        """The active model's id, the origin of that choice, and a sentence about it."""
        if self._chosen and self._chosen in self.choices:
            return self._chosen, "user", "You chose this model."
        if (found := self._wished()) is not None:
            wanted, wish = found
            if wish.level == "workspace":
                return wanted, "configuration", f"Set by this project's {wish.file}, which you trust."
            return wanted, "configuration", f"Set by {wish.file} ({wish.level})."
        for kind, known in KINDS.items():
            if known.needs_key and self._keys.origin(kind) == "environment":
                return (
                    f"{kind}/{known.suggested[0]}",
                    "environment",
                    f"A key for {known.name} is in the environment.",
                )
        if self._found:
            return f"ollama/{self._found[0].name}", "ollama", "Ollama answers on this computer."
        note = "No key in the environment and no Ollama: the demo model."
        if self._chosen:
            note = f"{self._chosen} is no longer there, so this is the default."
        return self._demo.id, "default", note

    def as_json(self, keys: KeyStore) -> JSON:
        active, origin, note = self._decide()
        return {
            "active": active,
            "origin": origin,
            "origin_note": note,
            **self._place(origin),
            "models": [self._model(choice) for choice in self.choices.values()],
            "providers": [self._provider(kind, keys) for kind in KINDS],
            "demo": self._demo.as_json(),
        }

    def _add(self, choices: Iterable[Choice]) -> None:
        for choice in choices:
            self.choices.setdefault(choice.id, choice)

    def _of(self, kind: Kind, model: str, abilities: Abilities = UNKNOWN) -> Choice:
        url = service_url(kind, self._environ, self._ollama_url)
        return Choice(f"{kind}/{model}", kind, model, model, url, key_slot(kind, url), abilities=abilities)

    def _connected(self, connection: Connection) -> Choice:
        kind = connection.provider
        url = connection.url or service_url(kind, self._environ, self._ollama_url)
        name = (
            f"{connection.model} ({connection.name or host_of(url)})" if connection.url else connection.model
        )
        return Choice(connection.id, kind, connection.model, name, url, key_slot(kind, url))

    def _place(self, origin: str) -> JSON:
        """Of the file that says which model is active."""
        found = self._wished() if origin == "configuration" else None
        return {
            "origin_level": found[1].level if found else None,
            "origin_file": found[1].file if found else None,
        }

    def _add_configured(self, entry: FolderProvider) -> None:
        whose = "this project" if entry.level == "workspace" else f"set by {entry.level}"
        for model in entry.models:
            choice = Choice(
                f"{_PREFIX[entry.level]}/{entry.name}/{model}",
                COMPATIBLE,
                model,
                f"{model} ({entry.name}, {whose})",
                entry.url,
                None,
                entry.headers,
                level=entry.level,
                origin=entry.origin,
            )
            self._add([choice])

    def _add_known(self, chosen: str) -> None:
        """A chosen model of a known provider stays, also while its Ollama is off or its key is gone."""
        slug, _, model = chosen.partition("/")
        if slug in ("anthropic", "openai", "ollama") and model:
            self._add([self._of(next(kind for kind in KINDS if kind == slug), model)])

    def _model(self, choice: Choice) -> JSON:
        state, detail = self._state(choice)
        return {
            "id": choice.id,
            "provider": choice.kind,
            "model": choice.model,
            "name": choice.name,
            **choice.abilities.as_json(),
            "local": choice.kind == "demo" or (not choice.level and is_loopback(choice.url)),
            "level": choice.level,
            "file": choice.origin,
            "state": state,
            "detail": detail,
        }

    def _state(self, choice: Choice) -> tuple[str, str]:
        if choice.kind == "demo":
            demo = self._demo.as_json()
            state = demo["state"] if demo["state"] in ("ready", "fetching") else "missing"
            return state, demo["error"]["message"] if demo["error"] else ""
        if KINDS[choice.kind].needs_key and not self._keys.origin(choice.kind):
            return "needs_key", f"No key for {KINDS[choice.kind].name} is known."
        return "ready", ""

    def _provider(self, kind: Kind, keys: KeyStore) -> JSON:
        known = KINDS[kind]
        url = service_url(kind, self._environ, self._ollama_url)
        slot: str | None = key_slot(kind, url) if kind != COMPATIBLE else COMPATIBLE
        if kind == COMPATIBLE:
            newest = next((entry for entry in reversed(self._connections) if entry.provider == kind), None)
            url = newest.url if newest else ""
            if newest and not keys.origin(COMPATIBLE):
                slot = key_slot(kind, url)
        origin = keys.origin(slot) if slot else None
        return {
            "id": kind,
            "name": known.name,
            "kind": known.kind,
            "host": host_of(url) or None,
            "url": url if known.kind == "url" and url else None,
            "key_name": COMPATIBLE if kind == COMPATIBLE else slot,
            "has_key": origin is not None,
            "key_origin": origin,
            "key_saved": keys.saved(slot) if slot else None,
            "suggested_models": self._suggested(kind),
        }

    def _suggested(self, kind: Kind) -> list[Any]:
        if kind == "ollama":
            return [model.name for model in self._found]
        return [self._demo.model] if kind == "demo" else list(KINDS[kind].suggested)
