"""A conversation that is too long for a small model loses its oldest turns, and never fails."""

import pytest

from mandrake_jupyter.providers.base import ChatMessage, ToolCallPart, ToolResultPart
from mandrake_jupyter.providers.demo_history import OVERHEAD, fitting


async def words(text):
    return len(text.split())


def user(text):
    return ChatMessage("user", text)


def model(text):
    return ChatMessage("assistant", text)


async def test_what_fits_is_kept_whole():
    turns = [user("one"), model("two"), user("three")]
    assert await fitting(turns, 100, words) == tuple(turns)


async def test_the_oldest_turns_go_first_and_a_user_speaks_first():
    turns = [user("word " * 50), model("word " * 50), user("word " * 50), model("answer"), user("newest")]
    kept = await fitting(turns, 80, words)
    assert [turn.text.split()[0] for turn in kept] == ["word", "answer", "newest"]
    kept = await fitting(turns, 30, words)
    assert kept == (user("newest"),)


@pytest.mark.parametrize("text", ["word " * 5000, "x" * 2**20, "語" * 9000])
async def test_a_newest_turn_that_is_too_long_loses_its_middle(text):
    async def count(text):
        return len(text.encode()) // 3

    kept = await fitting([user("old"), user("begin " + text + " end")], 500, count)
    assert kept[-1].text.startswith("begin ")
    assert kept[-1].text.endswith(" end")
    assert await count(kept[-1].text) > 400
    assert sum([await count(turn.text) + OVERHEAD for turn in kept]) <= 500


async def test_tool_results_become_words_and_empty_turns_go():
    turns = [
        user("Time?"),
        ChatMessage("assistant", "", (ToolCallPart("1", "now", {}),)),
        ChatMessage("tool", results=(ToolResultPart("1", "now", "noon"),)),
        user("And?"),
    ]
    kept = await fitting(turns, 1000, words)
    assert [turn.text for turn in kept] == ["Time?", "The tool now answered:\nnoon", "And?"]
