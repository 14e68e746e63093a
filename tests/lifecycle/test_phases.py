"""One table of moves; one mover that emits."""

from __future__ import annotations

import itertools

import pytest

from mandrake_jupyter.lifecycle.phases import ALIVE, NEXT, BadTransition, Lifecycle, Phase, State


def at(phase: Phase) -> Lifecycle:
    life = Lifecycle("thing")
    life._state = State(phase, "", life.since, 0.0)
    return life


@pytest.mark.parametrize(("start", "end"), list(itertools.product(Phase, Phase)))
def test_only_the_moves_of_the_table_are_allowed(start: Phase, end: Phase) -> None:
    life = at(start)
    assert life.may(end) == (end in NEXT[start])
    if end in NEXT[start]:
        assert life.to(end, "why").phase is end
        assert life.reason == "why"
    else:
        with pytest.raises(BadTransition, match=f"thing: {start} -> {end}"):
            life.to(end)
        assert life.phase is start


def test_failed_is_reached_from_any_phase_but_new_and_the_ended_ones() -> None:
    assert {phase for phase in Phase if Phase.FAILED in NEXT[phase]} == ALIVE


def test_the_mover_tells_of_each_move_after_it_was_made() -> None:
    heard: list[tuple[str, str, str]] = []
    life = Lifecycle("thing", lambda old, new: heard.append((old.phase, new.phase, life.phase)))
    life.to(Phase.STARTING)
    life.to(Phase.READY)
    assert heard == [("new", "starting", "starting"), ("starting", "ready", "ready")]
