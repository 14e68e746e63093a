"""What a model can do, from the data that pydantic-ai and genai-prices ship: there is no table of ours to go stale."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ..values import JSON
from .endpoint import Kind


@dataclass(frozen=True)
class Abilities:
    """None where it is not known: it is tried then. `window` in tokens."""

    tools: bool = True
    images: bool | None = None
    window: int | None = None
    reasoning: bool | None = None

    def as_json(self) -> JSON:
        return asdict(self)


UNKNOWN = Abilities()
#: Kinds all of whose models that still answer take images.
SEEING = frozenset({"anthropic", "google"})


def abilities_of(kind: Kind, model: str) -> Abilities:
    """Of a model of Anthropic, OpenAI or Google; UNKNOWN for any other kind. Imports heavily: call it in a thread."""
    profile = _profiles().get(kind)
    if profile is None:
        return UNKNOWN
    found = profile(model) or {}
    images = True if kind in SEEING else None
    if found.get("supports_image_input") is False:
        images = False
    return Abilities(
        tools=bool(found.get("supports_tools", True)),
        images=images,
        window=_window(kind, model),
        reasoning=found.get("supports_thinking"),
    )


def _profiles() -> Mapping[str, Callable[[str], Mapping[str, Any] | None]]:
    from pydantic_ai.profiles.anthropic import anthropic_model_profile
    from pydantic_ai.profiles.google import google_model_profile
    from pydantic_ai.profiles.openai import openai_model_profile

    return {
        "anthropic": anthropic_model_profile,
        "google": google_model_profile,
        "openai": openai_model_profile,
    }


def _window(kind: Kind, model: str) -> int | None:
    from genai_prices.data_snapshot import get_snapshot

    try:
        _, found = get_snapshot().find_provider_model(model, None, kind, None)
    except LookupError:
        return None
    return found.context_window
