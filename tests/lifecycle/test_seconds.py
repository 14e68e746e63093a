"""Settings in seconds: nonsense is refused in words, by the command line, the file and the program alike."""

from __future__ import annotations

import math

import pytest
from traitlets import TraitError
from traitlets.config import Config

from mandrake_jupyter.registry.bounds import RunBounds


@pytest.mark.parametrize("nonsense", [math.nan, -1.0, "soon"])
def test_what_is_no_span_of_time_is_refused(nonsense: object) -> None:
    with pytest.raises(TraitError, match="run_timeout"):
        RunBounds(run_timeout=nonsense)
    with pytest.raises(TraitError, match="run_timeout"):
        RunBounds(config=Config(RunBounds={"run_timeout": nonsense}))


def test_an_answer_is_bounded_as_the_settings_say() -> None:
    set_so = {
        "first_token_timeout": 1.0,
        "stall_timeout": 2.0,
        "run_timeout": 3.0,
        "approval_timeout": math.inf,
    }
    bounds = RunBounds(max_steps=4, max_queued=5, **set_so).bounds()
    assert (bounds.first_token, bounds.stall, bounds.run, bounds.approval) == (1.0, 2.0, 3.0, math.inf)
    assert (bounds.steps, bounds.queued) == (4, 5)
