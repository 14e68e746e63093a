"""What is announced reaches listeners of Jupyter's own event system, valid by schemas that are documents."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, get_args

import pytest
import yaml
from jupyter_events import EventLogger

from mandrake_jupyter.lifecycle.announce import Announcement, Kind, Why
from mandrake_jupyter.lifecycle.phases import Phase
from mandrake_jupyter.registry.events import SCHEMAS, JupyterEvents, schema_id
from mandrake_jupyter.registry.hub import Hub
from mandrake_jupyter.sessions.run_state import RunState

from .test_hub import ONE_OF_EACH

NOUNS = [path.parent.name for path in SCHEMAS.glob("*/v1.yaml")]


def schema(noun: str) -> Any:
    return yaml.safe_load((SCHEMAS / noun / "v1.yaml").read_text())


async def heard(announcement: Announcement) -> list[tuple[str, dict[str, Any]]]:
    """What listeners to all our events hear of it."""
    logger, hub, found = EventLogger(), Hub(), list[tuple[str, dict[str, Any]]]()
    hub.add(JupyterEvents(logger))

    async def listen(logger: EventLogger, schema_id: str, data: dict[str, Any]) -> None:
        found.append((schema_id, data))

    for noun in NOUNS:
        logger.add_listener(schema_id=schema_id(noun), listener=listen)
    hub.announce(announcement)
    async with asyncio.timeout(60):
        while not found:
            await asyncio.sleep(0)
    return found


def test_each_announcement_has_its_example() -> None:
    assert {type(example) for example in ONE_OF_EACH} == set(get_args(Announcement))


@pytest.mark.parametrize("announcement", ONE_OF_EACH, ids=lambda example: type(example).__name__)
async def test_every_announcement_is_heard_once_and_fits_its_schema(
    announcement: Announcement, caplog: pytest.LogCaptureFixture
) -> None:
    ((where, data),) = await heard(announcement)
    assert where in map(schema_id, NOUNS)
    assert data["workspace_id"] == "w"
    assert "action" in data
    wrong = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert not wrong, "an invalid event is logged by the hub"


async def test_an_event_that_does_not_fit_is_refused_and_breaks_nobody(caplog: Any) -> None:
    """The schemas are strict: what is not described, such as text of a person, can't slip in."""

    async def listen(logger: EventLogger, schema_id: str, data: dict[str, Any]) -> None:
        raise AssertionError("it is never told")

    logger, hub = EventLogger(), Hub()
    sink = JupyterEvents(logger)
    hub.add(lambda announcement, told: sink(announcement, {**told, "content": "hello"}))
    logger.add_listener(schema_id=schema_id("run"), listener=listen)
    hub.announce(ONE_OF_EACH[3])
    assert "'content' was unexpected" in caplog.text


def test_two_registries_may_live_in_one_jupyter_server() -> None:
    logger = EventLogger()
    JupyterEvents(logger)
    JupyterEvents(logger)


def test_words_of_the_schemas_are_those_of_the_code() -> None:
    resource = schema("resource")["properties"]
    phases = [phase.value for phase in Phase]
    assert (resource["old"]["enum"], resource["new"]["enum"]) == (phases, phases)
    assert resource["kind"]["enum"] == list(get_args(Kind))
    assert resource["why"]["enum"] == list(get_args(Why))
    assert schema("run")["properties"]["state"]["enum"] == [state.value for state in RunState]


@pytest.mark.parametrize("noun", NOUNS)
def test_a_schema_says_when_it_fires_and_what_it_does_not_promise(noun: str) -> None:
    found = schema(noun)
    assert found["$id"] == schema_id(noun)
    assert found["description"].startswith("Fires after ")
    assert "It does not promise" in found["description"]
