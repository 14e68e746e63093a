"""Named places at which a process can be made to die as ``kill -9`` ends it: for the tests of what survives that.

Nothing happens unless the environment of the process names a file, and that file the place; nothing that comes over the
network leads here. Each act that commits something, or sends or shows it, is passed twice, before and after; ``tests/chaos``
dies at each.
"""

from __future__ import annotations

import os
import signal
from enum import StrEnum
from pathlib import Path

#: The variable that names the file; who tests writes ``message.before`` into it when the time has come.
VARIABLE = "MANDRAKE_CRASH_FILE"
_file = os.environ.get(VARIABLE)


class Act(StrEnum):
    """What is passed. Those that commit: the transaction; those that send: as far as the bytes left, or came back."""

    MESSAGE = "message"  #: commits a message with its run and its empty answer
    START = "start"  #: commits that the run has begun
    PROMPT = "prompt"  #: commits what an MCP server filled in for a ``/prompt``
    MODEL = "model"  #: asks the model; after: its first words came
    TEXT = "text"  #: commits the running text as far as it was shown
    INTENTS = "intents"  #: commits the calls that the model wants
    PARK = "park"  #: commits that a person must decide
    DECISION = "decision"  #: commits what a person decided
    CALL = "call"  #: sends a call to its MCP server; after: its result came
    RESULT = "result"  #: commits the result of a call
    MOVE = "move"  #: commits any other step of a run
    CANCEL = "cancel"  #: stops a run, or takes a message back from the queue
    END = "end"  #: commits the terminal event
    SHOW = "show"  #: shows committed events to those who read
    TAKE_UP = "take_up"  #: commits that a run of an ended Jupyter server is this one's
    STREAM = "stream"  #: sends the head of a stream
    EVENT = "event"  #: sends an event of a stream
    ANSWER = "answer"  #: sends a JSON answer


def about_to(act: Act) -> None:
    if _file:
        _pass(f"{act}.before", Path(_file))


def did(act: Act) -> None:
    if _file:
        _pass(f"{act}.after", Path(_file))


def _pass(place: str, file: Path) -> None:
    if file.exists() and file.read_text("utf-8") == place:
        os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
