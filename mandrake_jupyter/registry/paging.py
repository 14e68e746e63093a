"""A place in a list of chats, as clients carry it: after a chat of that activity and id, whatever happens to it meanwhile."""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode

from ..errors import BadRequest

LONGEST = 200


def cursor(last_activity: str, session_id: str) -> str:
    return urlsafe_b64encode(f"{last_activity} {session_id}".encode()).decode().rstrip("=")


def place(given: str) -> tuple[str, str]:
    """Raises BadRequest for what ``cursor`` did not make."""
    try:
        padded = given[:LONGEST] + "=" * (-len(given[:LONGEST]) % 4)
        last_activity, _, session_id = urlsafe_b64decode(padded.encode("ascii")).decode().partition(" ")
    except (binascii.Error, UnicodeError):
        last_activity = session_id = ""
    if not last_activity or not session_id:
        raise BadRequest(f"after must be what the Link of a page before says, not {given!r:.40}.")
    return last_activity, session_id
