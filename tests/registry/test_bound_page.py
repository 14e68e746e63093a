"""docs/how-to/bound-what-runs.md says what is so."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from mandrake_jupyter.lifecycle.culling import CullSettings, Finding
from mandrake_jupyter.registry.culler import MCPServerCuller, SessionCuller
from mandrake_jupyter.registry.registry import ServiceRegistry

from .subjects import PoolSubjects

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "bound-what-runs.md").read_text("utf-8")


#: How much one message or answer may be: said further down on the page.
SIZES = ("max_message_size", "max_part_size", "max_tool_result", "max_run_log", "max_reader_unsent")


def block(word: str) -> str:
    """The one block of Python that has `word`."""
    [found] = [b for b in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL) if word in b]
    return str(found)


def config() -> Any:
    return SimpleNamespace(ServiceRegistry=SimpleNamespace(), SessionCuller=SimpleNamespace())


def test_the_limits_it_names_are_the_defaults() -> None:
    c = config()
    exec(block("max_sessions"), {"c": c})
    assert vars(c.ServiceRegistry) == {
        name: trait.default_value
        for name, trait in ServiceRegistry.class_traits().items()
        if name.startswith("max_") and name not in ("max_containers", "max_steps", "max_queued", *SIZES)
    }


def test_the_policy_it_shows_decides_otherwise() -> None:
    c = config()
    exec(block("policy_class"), {"c": c})
    culler = SessionCuller(policy_class=c.SessionCuller.policy_class)
    seen = [PoolSubjects.example(name, name=name, idle_seconds=99.0) for name in ("night job", "day job")]
    verdicts = culler.policy_class().judge(seen, CullSettings(cull_idle_timeout=1))
    assert [verdict.finding for verdict in verdicts] == [Finding.NEVER, Finding.IDLE]


def test_the_traits_it_names_are_there() -> None:
    for name in re.findall(r"--(SessionCuller|MCPServerCuller)\.(\w+)", PAGE):
        assert (
            name[1]
            in {"SessionCuller": SessionCuller, "MCPServerCuller": MCPServerCuller}[name[0]].class_traits()
        )
