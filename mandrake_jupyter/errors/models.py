"""Trouble between us and a model, as the user of a chat reads it."""

from __future__ import annotations

from typing import ClassVar

from .base import MandrakeError


class ProviderError(MandrakeError):
    """Trouble between us and a model."""

    status, code = 502, "provider_error"
    actions: ClassVar[tuple[str, ...]] = ("try_again", "choose_model")


class DemoModelMissing(ProviderError):
    code, retryable = "demo_model_missing", True
    sentence = "The demo model could not be fetched."
    then_sentence = "Everything else works. You can connect your own model."
    actions: ClassVar[tuple[str, ...]] = ("try_again", "connect_model")


class KeyMissing(ProviderError):
    code = "model_key_missing"
    sentence = "No key for {provider} is known."
    then_sentence = "Your message is kept. Enter a key, or go on with another model."
    actions = ("change_key", "choose_model")


class KeyRefused(ProviderError):
    code = "model_key_refused"
    sentence = "{provider} did not accept your key."
    then_sentence = "Your message is kept. Enter a new key, or go on with another model."
    actions = ("change_key", "choose_model")


class RateLimited(ProviderError):
    code, retryable = "model_rate_limited", True
    sentence = "{provider} asks you to slow down."
    then_sentence = "Your message is kept. Try again in {seconds} s."
    actions = ("try_now", "choose_model")


class ProviderTrouble(ProviderError):
    code, retryable = "model_overloaded", True
    sentence = "{provider} has a problem at the moment."
    then_sentence = "Your message is kept. This usually passes within minutes."


class Unreachable(ProviderError):
    code, retryable = "model_unreachable", True
    sentence = "{host} can't be reached."
    then_sentence = "Your message is kept. Check the network or the proxy, then try again."


class ProviderTimeout(ProviderError):
    code, retryable = "model_timeout", True
    sentence = "{provider} did not answer within {seconds} s."
    then_sentence = "Your message is kept. What arrived is kept above."


class ProviderStalled(ProviderError):
    code, retryable = "model_stalled", True
    sentence = "{provider} fell silent for {seconds} s in the middle of its answer."
    then_sentence = "What arrived is kept above."
    actions = ("continue", "start_over")


class StreamBroken(ProviderError):
    code, retryable = "model_stream_broken", True
    sentence = "The answer broke off."
    then_sentence = "What arrived is kept above."
    actions = ("continue", "start_over")


class ModelNotAvailable(ProviderError):
    code = "model_not_available"
    sentence = 'The model "{model}" is not available with your key.'
    then_sentence = "Your message is kept."
    actions = ("choose_model", "change_key")


class ModelTakesNoImages(ProviderError):
    code = "model_takes_no_images"
    sentence = 'The model "{model}" takes no images.'
    then_sentence = "Your message is kept. Choose a model that does, or ask without the image."
    actions = ("choose_model",)


class ProviderRejected(ProviderError):
    code = "model_rejected"
    sentence = "{provider} did not accept the request: {why}"
    then_sentence = "Your message is kept."
    actions = ("choose_model", "try_again")
