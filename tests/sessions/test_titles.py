"""What becomes of the words with which a model answers when it is asked for a title."""

from __future__ import annotations

import pytest

from mandrake_jupyter.providers.base import ReasoningDelta, TextDelta
from mandrake_jupyter.sessions.titles import LONGEST, WRITTEN, as_title, ask_for_title

from .conftest import ScriptedModel


@pytest.mark.parametrize(
    ("said", "title"),
    [
        ("Missing values in March", "Missing values in March"),
        ('  "Missing values."\n\nI chose it because', "Missing values"),
        ("# **Title: Missing `values`**", "Missing `values"),
        ("«Fehlende Werte»", "Fehlende Werte"),
        ("3月の欠損値", "3月の欠損値"),
        ("a\u202eb\x07c\td", "a b c d"),
        ("---\n\nReal one", "Real one"),
        ("", ""),
        (" \n\u200b\n", ""),
        ("x" * 500, "x" * (LONGEST - 1) + "…"),
    ],
)
def test_a_title_is_one_short_line_of_words(said: str, title: str) -> None:
    assert as_title(said) == title
    assert len(title) <= LONGEST


async def test_a_model_is_asked_once_without_tools_and_not_listened_to_for_ever() -> None:
    endless = [ReasoningDelta("hm"), *[TextDelta("word ")] * 10_000]
    model = ScriptedModel([endless])
    title = await ask_for_title(model, "q" * 10_000, "a" * 10_000)
    assert title == f"{'word ' * 12}"[: LONGEST - 1].rstrip() + "…"
    assert model.closed == 1
    [request] = model.requests
    assert request.tools == ()
    assert len(request.messages) == 1
    assert len(request.messages[0].text) < 5_000
    assert WRITTEN < 50_000
