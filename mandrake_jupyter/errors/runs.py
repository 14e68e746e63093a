"""How an answer ends that nobody cancelled and no model or tool broke."""

from __future__ import annotations

from .base import MandrakeError


class Interrupted(MandrakeError):
    status, code, retryable = 503, "interrupted", True
    sentence = "The answer was interrupted because the Jupyter server stopped."
    then_sentence = "What arrived is kept above."
    actions = ("continue", "start_over")


class LeftBehind(MandrakeError):
    """Of a copied chat: its answer goes on in the other one."""

    status, code, retryable = 409, "left_behind", True
    sentence = "This answer was at work when the chat was copied. It does not go on here."
    then_sentence = "What had arrived is kept above. The other chat is not affected."
    actions = ("start_over", "continue")


class RunTimeout(MandrakeError):
    """The whole answer took too long. Fields: `limit`, in words."""

    status, code, retryable = 504, "run_timeout", True
    sentence = "The answer was stopped, because it was at work for {limit}."
    then_sentence = "What arrived is kept above."
    actions = ("continue", "start_over")


class ApprovalTimeout(MandrakeError):
    """A tool call was never decided on. Fields: `tool`; `limit`, in words."""

    status, code, retryable = 504, "approval_timeout", True
    sentence = 'Nobody decided on the tool "{tool}" within {limit}.'
    then_sentence = "It was not run. What arrived is kept above."
    actions = ("continue", "start_over")
