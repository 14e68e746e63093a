"""What helps when a connection test fails, a sentence a kind of failure: nothing was sent yet that could be kept."""

from __future__ import annotations

from .. import errors
from ..values import JSON

REMEDIES: dict[type[errors.MandrakeError], str] = {
    errors.KeyMissing: "Enter the key.",
    errors.KeyRefused: "Check that the key was copied whole, is still valid and is one of this provider's.",
    errors.ModelNotAvailable: (
        "Check the name of the model, that your key may use it, and an address of your own: most end in /v1."
    ),
    errors.RateLimited: "The key was accepted. Try again in a moment.",
    errors.ProviderTrouble: "The address answers. Try again in a few minutes.",
    errors.Unreachable: "Check the address, that the service runs there, and the network or the proxy.",
    errors.ProviderTimeout: "The address answers, or a model is still being loaded there. Try again.",
    errors.StreamBroken: "Something between here and there cut the answer off. Check the proxy, then try again.",
    errors.ProviderRejected: "Check the address, which often ends in /v1, and the name of the model.",
    errors.ModelExtraMissing: "Run pip install 'mandrake-jupyter[google]', then start Jupyter again.",
    errors.DemoModelMissing: "Fetch the demo model first.",
}


def as_tested(error: errors.MandrakeError) -> JSON:
    """The body of `error` as a connection test tells it."""
    return error.as_json() | {"then": REMEDIES.get(type(error), error.then)}
