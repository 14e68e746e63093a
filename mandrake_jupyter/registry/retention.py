"""The traits that say for how long what is stored is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from traitlets import Integer
from traitlets.config import LoggingConfigurable

if TYPE_CHECKING:
    from ..stores.upkeep import Keep


class Retention(LoggingConfigurable):
    """Read each time before something is let go: a change holds from then on."""

    keep_chats_days = Integer(
        0,
        min=0,
        config=True,
        help="Days after which a chat that nobody used is deleted for good. 0 keeps all of them for ever.",
    )
    keep_audit_days = Integer(
        90,
        min=0,
        config=True,
        help="Days for which the record of tool calls (who allowed what) is kept. 0 keeps it for ever. It goes with its chat.",
    )
    keep_events_days = Integer(
        90,
        min=0,
        config=True,
        help="Days for which the events of an answer that has ended are kept: who watches it anew after that sees its text and "
        "how it ended. Messages are not touched. 0 keeps them for ever.",
    )

    def keep(self) -> Keep:
        from ..stores.upkeep import Keep

        return Keep(self.keep_chats_days, self.keep_audit_days, self.keep_events_days)
