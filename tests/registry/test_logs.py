"""Lines of the log say what happened as key=value, and no secret."""

from __future__ import annotations

import json
import logging
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mandrake_jupyter.lifecycle.announce import Moved, RunEnded, ToolCalled
from mandrake_jupyter.lifecycle.phases import Phase
from mandrake_jupyter.registry.hub import Hub
from mandrake_jupyter.registry.logs import Log, install
from mandrake_jupyter.registry.masker import Masker
from mandrake_jupyter.values import Usage

from .test_hub import ONE_OF_EACH

CANARY = "c4n4ry/with+signs"
log = logging.getLogger("mandrake_jupyter")


@pytest.fixture
def app() -> Iterator[logging.Logger]:
    """An app's logger, with ours below it."""
    app = logging.getLogger("TestApp")
    undo = install(app, Masker({"SOME_API_KEY": CANARY, "HOME_KEY": "/home/somebody", "PIN_KEY": "1234"}))
    yield app
    undo()
    assert [*app.filters, *log.filters] == []
    assert log.parent is logging.getLogger()


def test_every_announcement_is_a_line_of_pairs(caplog: pytest.LogCaptureFixture) -> None:
    hub = Hub()
    hub.add(Log(log))
    with caplog.at_level(logging.DEBUG, "mandrake_jupyter"):
        for announcement in ONE_OF_EACH:
            hub.announce(announcement)
    assert len(caplog.records) == len(ONE_OF_EACH)
    for record in caplog.records:
        pairs = dict(word.split("=", 1) for word in shlex.split(record.message))
        assert pairs["workspace_id"] == "w"
        assert pairs["type"] == record.mandrake["type"]  # type: ignore[attr-defined]
    ended = next(r.message for r in caplog.records if "run_ended" in r.message)
    assert ended == (
        "type=run_ended workspace_id=w session_id=s run_id=r state=done model=demo/m seconds=2 "
        "first_token_seconds=0.5 input_tokens=3 output_tokens=4 cache_read_tokens=0"
    )


@pytest.mark.parametrize(
    ("announcement", "level"),
    [
        (Moved("mcp_server", "w", "x", Phase.STARTING, Phase.FAILED, "no"), "WARNING"),
        (Moved("mcp_server", "w", "x", Phase.STARTING, Phase.READY), "INFO"),
        (Moved("session", "w", "x", Phase.STARTING, Phase.READY), "DEBUG"),
        (RunEnded("w", "s", "r", "failed", "internal", None, 1.0, None, Usage()), "WARNING"),
        (ToolCalled("w", "s", "x", "stdio", "done", 1.0), "DEBUG"),
        (ToolCalled("w", "s", "x", "stdio", "unknown", 1.0), "WARNING"),
    ],
)
def test_what_needs_a_look_stands_out(announcement: Any, level: str, caplog: Any) -> None:
    hub = Hub()
    hub.add(Log(log))
    with caplog.at_level(logging.DEBUG, "mandrake_jupyter"):
        hub.announce(announcement)
    assert [record.levelname for record in caplog.records] == [level]


@given(st.text())
def test_a_reason_can_not_begin_a_line_or_a_pair_of_its_own(reason: str) -> None:
    lines: list[str] = []

    class Lines(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(record.getMessage())

    own = logging.Logger("own")
    own.addHandler(Lines())
    hub = Hub()
    hub.add(Log(own))
    hub.announce(Moved("mcp_server", "w", "x", Phase.STARTING, Phase.FAILED, f"said: {reason}", 1.0))
    (line,) = lines
    assert len(line.splitlines()) == 1
    head, rest = line.split(' reason="', 1)
    found, end = json.JSONDecoder().raw_decode('"' + rest)
    assert found == f"said: {reason}"
    assert ('"' + rest)[end:] == " seconds=1"
    assert head.endswith("new=failed")


def test_records_are_masked_with_their_arguments_and_tracebacks(
    app: logging.Logger, caplog: pytest.LogCaptureFixture
) -> None:
    app.warning("the key is %s", CANARY)
    try:
        raise RuntimeError(f"not accepted: {CANARY}")
    except RuntimeError:
        log.exception("%s failed", CANARY)
    assert len(caplog.records) == 2
    assert "RuntimeError: not accepted: •••" in caplog.text
    assert CANARY not in caplog.text
    assert CANARY not in repr([vars(record) for record in caplog.records])


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (f"key {CANARY}.", "key •••."),
        ("key c4n4ry%2Fwith%2Bsigns.", "key •••."),
        ("{'Authorization': 'Bearer abcdefgh'}", "{'Authorization': 'Bearer •••'}"),
        ("Authorization: token 123", "Authorization: token •••"),
        ("x-api-key=abc;", "x-api-key=•••;"),
        ("sent Bearer abcdefgh.ijkl", "sent Bearer •••"),
        ("GET http://host/?a=1&token=abc&b=2", "GET http://host/?a=1&token=•••&b=2"),
        ("it said sk-proj-abcdefghijkl", "it said sk-•••"),
        ("/home/somebody/1234 is not a secret", "/home/somebody/1234 is not a secret"),
        ("the bearer of news, a token=sign", "the bearer of news, a token=sign"),
    ],
)
def test_secrets_are_known_by_value_and_by_place(text: str, masked: str) -> None:
    masker = Masker({"SOME_API_KEY": CANARY, "HOME_KEY": "/home/somebody", "PIN_KEY": "1234"})
    assert masker.mask(text) == masked


def test_a_value_is_a_secret_from_when_it_is_learnt() -> None:
    masker = Masker({})
    assert masker.mask("my hunter2hunter2") == "my hunter2hunter2"
    masker.learn(" hunter2hunter2\n")
    assert masker.mask("my hunter2hunter2") == "my •••"


def test_what_is_masked_while_a_secret_becomes_known_is_masked_from_then_on() -> None:
    masker = Masker({})
    learned = iter([CANARY])

    class Pattern:
        """Another thread learns the secret while this one still looks for what was known before."""

        def sub(self, mask: str, text: str) -> str:
            masker.learn(next(learned))
            return text

    masker._now = Pattern(), masker._now[1]  # type: ignore[assignment]
    masker.mask(f"says {CANARY}")
    assert CANARY not in masker.mask(f"says {CANARY}")
