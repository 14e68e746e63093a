"""The reducer: from events to an answer, whatever connection they came through."""

from __future__ import annotations

import io

from hypothesis import given
from hypothesis import strategies as st

from mandrake_jupyter.magics.answer import Answer, TextPart, ToolPart, from_message
from mandrake_jupyter.magics.plain import PlainView

from ..support.scripted_api import answered, approval, complete, question, token, tool_call, tool_result


def answer(*events):
    result = Answer("s1", "explore.ipynb")
    for seq, event in enumerate(events, 1):
        result.apply({"seq": seq, "run_id": "r1", **event})
    return result


def test_parts_are_kept_in_order_with_their_text():
    got = answer(
        token("Look", 0), tool_call(part=1), tool_result(), token("Done", 2), token(".", 2, 4), complete()
    )
    assert (got.text, got.status, got.run_id) == ("Look\n\nDone.", "complete", "r1")
    assert [(tool.name, tool.status, tool.duration_ms) for tool in got.tools] == [("Run cell", "done", 1400)]
    assert got.usage["output_tokens"] == 204
    assert got.wait(0)


@given(st.lists(st.text(min_size=1), min_size=1), st.data())
def test_a_replay_at_any_point_leaves_the_same_text(pieces, data):
    got, text = Answer("s1"), ""
    for piece in pieces:
        got.apply(token(piece, 0, len(text)))
        text += piece
        if data.draw(st.booleans()):
            got.apply(token(text, 0, 0))
    assert got.text == (text if text.strip() else "")


def test_a_call_that_needs_a_person_waits_until_the_decision():
    got = answer(tool_call(approval=True))
    assert (got.status, [call.call_id for call in got.waiting]) == ("waiting", ["c1"])
    got.apply(approval())
    assert (got.status, got.tools[0].status, got.tools[0].decision) == ("running", "running", "session")
    denied = answer(tool_call(approval=True), approval(decision="deny"))
    assert denied.tools[0].status == "denied"


def test_thoughts_are_not_part_of_the_text():
    assert answer({**token("hmm", 0), "type": "reasoning"}, token("Yes", 1)).text == "Yes"


def test_an_error_keeps_what_was_said():
    got = answer(token("Half"), {"type": "error", "code": "model_stream_broken", "content": "The answer broke off.",
                                 "then": "What arrived is kept above.", "actions": ["continue"]})  # fmt: skip
    assert (got.status, got.text, got.error["message"]) == ("failed", "Half", "The answer broke off.")


def test_unknown_events_are_ignored():
    assert answer({"type": "fireworks"}, token("a")).text == "a"


def test_an_answer_from_the_history_is_continued_by_later_events():
    message = {
        "session_id": "s1", "run_id": "r1", "model": "m", "status": "waiting", "seq": 4, "usage": {}, "error": None,
        "parts": [
            {"type": "text", "part": 0, "content": "Look"},
            {"type": "tool", "part": 1, "call_id": "a", "title": "A", "status": "done", "content": "x", "decision": "once"},
            {"type": "tool", "part": 2, "call_id": "b", "title": "B", "status": "waiting", "decision": None},
        ],
    }  # fmt: skip
    got = from_message(message, "c")
    assert ([call.call_id for call in got.waiting], got.last_seq, got.text) == (["b"], 4, "Look")
    assert (got.tools[0].status, got.tools[0].decision) == ("done", "once")
    got.apply({"seq": 5, **token("more", 0, 4)})
    assert got.text == "Lookmore"


def test_an_answer_in_which_an_mcp_server_asks_waits_until_it_is_answered_or_its_call_is_over():
    got = answer(tool_call(), question())
    assert (got.status, got.tools[0].status) == ("waiting", "running")
    got.apply(answered())
    assert (got.status, got.asked) == ("running", [])
    got.apply(question("q2"))
    got.apply(tool_result())
    assert got.status == "running"


def test_an_open_question_is_in_an_answer_from_the_history():
    part = {
        "type": "tool",
        "part": 0,
        "call_id": "c1",
        "title": "A",
        "status": "running",
        "question": question(),
    }
    got = from_message({"session_id": "s1", "run_id": "r1", "status": "running", "seq": 4, "parts": [part]})
    assert (got.status, got.last_seq, got.asked[0].question["message"]) == ("waiting", 4, "Where to?")


def test_what_a_model_or_a_tool_writes_can_not_steer_a_terminal():
    out = io.StringIO()
    got = Answer("c", "chat")
    got.parts[0] = TextPart("one\r\n\ttwo\x1b]52;c;YQ==\x07\x9b2J\rthree")
    got.parts[1] = ToolPart("1", title="Read\x1b[2K file", status="failed", error="no\x08 way")
    PlainView(out).show(got)
    written = out.getvalue()
    assert not [char for char in written if not (char.isprintable() or char in "\n\t")]
    assert written.startswith("one\n\ttwo")
    assert "three" in written
