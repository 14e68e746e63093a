"""How an answer ends that nobody cancelled and no model or tool broke."""

from __future__ import annotations

from .base import MandrakeError


class Interrupted(MandrakeError):
    status, code, retryable = 503, "interrupted", True
    sentence = "The answer was interrupted because the Jupyter server stopped."
    then_sentence = "What arrived is kept above."
    actions = ("continue", "start_over")
