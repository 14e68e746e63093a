"""The traits of the registry that bound one answer: how much it may do, how long anything in it takes, what follows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from traitlets import Bool, Integer
from traitlets.config import LoggingConfigurable

from ..lifecycle.seconds import Seconds

if TYPE_CHECKING:
    from ..sessions.seams import Bounds


class RunBounds(LoggingConfigurable):
    """Read when a chat is taken up: a change holds for chats used for the first time after it."""

    max_steps = Integer(
        25,
        min=1,
        config=True,
        help="Model requests one answer may make before it ends with finish_reason 'steps'.",
    )
    max_queued = Integer(20, min=0, config=True, help="Messages that may wait in one chat while it answers.")
    first_token_timeout = Seconds(
        120.0,
        min=0.1,
        config=True,
        help="Seconds a model may take to its first word. An error ends the answer after it.",
    )
    stall_timeout = Seconds(
        60.0, min=0.1, config=True, help="Seconds a model may fall silent in the middle of an answer."
    )
    model_retries = Integer(
        3,
        min=0,
        config=True,
        help="How often a model is asked again before an answer fails, where it was overloaded, out of reach or asked to slow "
        "down, and nothing of its answer was shown. It waits 1, 2, 4 … s, or what the provider asks for. 0: never.",
    )
    retry_longest_wait = Seconds(
        60.0,
        min=0.0,
        config=True,
        help="Seconds that an answer waits at most before its model is asked again. Asked for more by the provider, it fails.",
    )
    run_timeout = Seconds(
        3600.0,
        min=0.0,
        config=True,
        help="Seconds one answer may be at work in all, without those in which it waits for a person or for its "
        "turn. An error ends it after that; what arrived is kept. 0 sets no limit.",
    )
    approval_timeout = Seconds(
        604_800.0,
        min=0.0,
        config=True,
        help="Seconds a tool call waits for a person's decision. After that it is not run, and an error ends the "
        "answer. It is looked at when the chat is next used, and while it is in use. 0 waits for ever.",
    )

    question_timeout = Seconds(
        300.0,
        min=1.0,
        config=True,
        help="Seconds a person has to answer a question that an MCP server asks in the middle of a call. After that the "
        "MCP server is told that nobody did. The deadlines of call and answer stand still meanwhile.",
    )

    max_message_size = Integer(
        1_000_000,
        min=1,
        config=True,
        help="Characters a message may have. A longer one is refused (400).",
    )
    max_part_size = Integer(
        4_000_000,
        min=1,
        config=True,
        help="Characters of one stretch of text or reasoning in an answer. There the answer ends with finish_reason 'length'.",
    )
    max_tool_result = Integer(
        1_000_000,
        min=1,
        config=True,
        help="Characters that are kept of a tool's result. What is longer is cut off and marked as truncated.",
    )
    max_run_log = Integer(
        8_000_000,
        min=0,
        config=True,
        help="Bytes of memory, about, for the events of one answer at work. Older ones are read from the database by "
        "whoever needs them.",
    )
    max_reader_unsent = Integer(
        1_000_000,
        min=1,
        config=True,
        help="Bytes that are made ready for one reader of an answer before its connection took those before them, about, and "
        "at least one event. A reader that does not read holds no more than that, and reads on where it stopped.",
    )
    title_chats = Bool(
        True,
        config=True,
        help="Whether a chat that nobody named gets a title from its model, after its first complete answer: one short "
        "request in the background. Else, and with the demo model, its first words stay its name.",
    )

    def bounds(self) -> Bounds:
        from ..sessions.seams import Bounds

        return Bounds(
            message=self.max_message_size,
            part=self.max_part_size,
            tool_result=self.max_tool_result,
            log=self.max_run_log,
            reader=self.max_reader_unsent,
            steps=self.max_steps,
            queued=self.max_queued,
            first_token=self.first_token_timeout,
            stall=self.stall_timeout,
            retries=self.model_retries,
            longest_wait=self.retry_longest_wait,
            run=self.run_timeout,
            approval=self.approval_timeout,
            question=self.question_timeout,
        )
