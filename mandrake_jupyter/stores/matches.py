"""What an index answers: the places that fit, as many as are weighed."""

from __future__ import annotations

from dataclasses import dataclass

#: Of what fits, this many are weighed: the newest titles, and the newest of all else.
MOST_TITLES = 200
MOST_PASSAGES = 1_000
#: The rank of a title: before all else. To weigh titles against each other would look at the whole index once more.
TITLE = -1_000.0


@dataclass(frozen=True)
class Match:
    """The lower its rank the better it fits."""

    rowid: int
    rank: float
    session_id: str
    message_id: str | None
