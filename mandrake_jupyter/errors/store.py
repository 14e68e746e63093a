"""Trouble with the place where chats are stored. What was stored before is never touched by it."""

from __future__ import annotations

from .base import Unavailable


class StoreUnavailable(Unavailable):
    """Fields: `why`."""

    code = "store_unavailable"
    sentence = "The chat database can't be used: {why}."


class StoreMisconfigured(StoreUnavailable):
    """Only whoever configures Jupyter can mend it. Fields: `why`, which quotes nothing of a URL."""

    code, retryable = "store_misconfigured", False


class StoreNewer(StoreUnavailable):
    """A newer version made the file: it is read, and never written. Fields: `revision`."""

    code, retryable = "store_newer", False
    sentence = "Your chats were stored by a newer version of Mandrake (schema {revision}), so they can only be read here."
    then_sentence = "All of them are kept. To go on with them, update mandrake-jupyter."


class StoreReadOnly(StoreUnavailable):
    """Fields: `path`."""

    code, retryable = "store_read_only", False
    sentence = "Nothing can be stored: {path} may not be written."
    then_sentence = (
        "What was stored is kept, and can be read. Allow it for the user who runs Jupyter, then try again."
    )
    actions = ("try_again",)


class StoreFull(StoreUnavailable):
    code = "store_full"
    sentence = "Nothing can be stored: the disk is full."
    then_sentence = "What was stored is kept, and can be read. Free some space, then try again."
    actions = ("try_again",)


class StoreLocked(StoreUnavailable):
    code = "store_locked"
    sentence = "Nothing can be stored: another program holds the chat database."
    then_sentence = "What was stored is kept. Close what else has it open, then try again."
    actions = ("try_again",)
