"""An image that has to be fetched: how far it is, and what ends it."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from mandrake_jupyter.errors import ImageMissing
from mandrake_jupyter.lifecycle.sampling import Meter
from mandrake_jupyter.provisioners.docker.engine import trouble
from mandrake_jupyter.provisioners.docker.images import PullFailed, percents
from mandrake_jupyter.provisioners.docker.stats import Stats
from mandrake_jupyter.values import Container

from ..servers.conftest import House
from ..support.mcp_leaks import eventually
from ..support.patience import within
from .conftest import Yard


def layer(id: str, current: int, total: int = 100, status: str = "Downloading") -> dict[str, Any]:
    return {"id": id, "status": status, "progressDetail": {"current": current, "total": total}}


def test_all_layers_count_together_and_each_ten_percent_is_told_once() -> None:
    steps = [
        {"status": "Pulling from library/x"},
        layer("a", 5),
        layer("a", 50),
        layer("a", 55),
        layer("b", 0),
        layer("b", 60),
        {"id": "a", "status": "Download complete"},
        layer("a", 90, status="Extracting"),
        {"id": "b", "status": "Download complete"},
    ]
    assert list(percents(steps)) == [50, 80, 100]
    with pytest.raises(PullFailed, match="no space"):
        list(percents([{"error": "no space left"}]))


@pytest.mark.usefixtures("engine")
async def test_a_fetch_has_a_deadline_of_its_own_and_says_what_it_does(house: House) -> None:
    """The registry takes the connection and says nothing."""
    held: list[asyncio.StreamWriter] = []
    registry = await asyncio.start_server(lambda _, writer: held.append(writer), "127.0.0.1", 0)
    port = registry.sockets[0].getsockname()[1]
    image = f"127.0.0.1:{port}/slow:1"
    house.add("box", "", transport="docker", container=Container(image), start_timeout=0.3)
    manager = house.manager(pull_timeout=2.0)
    began = time.monotonic()
    starting = asyncio.ensure_future(manager.start("box"))
    await eventually(lambda: manager.describe_one("box")["reason"] == "Fetching its image.")
    with pytest.raises(ImageMissing) as caught:
        await starting
    assert 1.9 < time.monotonic() - began < within(5)
    assert "It was not fetched within 2 s." in caught.value.then
    for writer in held:
        writer.close()
    registry.close()


@pytest.mark.usefixtures("engine")
async def test_where_the_engine_is_elsewhere_it_is_asked_what_a_container_uses(yard: Yard) -> None:
    provisioner = yard.shell("while :; do :; done")
    async with provisioner.launch(0.2):
        id = provisioner.container
        assert id is not None
        stats = Stats("x", id, read=lambda _: {})
        try:
            began = time.monotonic()
            assert stats.look() == {}
            assert time.monotonic() - began < within(0.1)
            await eventually(stats.look)
            told = stats.look()
            assert told["memory_bytes"] > 10_000
            assert told["cpu_seconds"] > 0
            assert told["pids"] >= 1
        finally:
            await stats.close()


def test_a_figure_that_is_not_new_changes_nothing() -> None:
    now = iter((1.0, 4.0, 7.0))
    figures = iter([(0.0, 1.0), (0.0, 1.0), (5.0, 2.0)])

    def read() -> dict[str, float]:
        taken, spent = next(figures)
        return {"memory_bytes": 7.0, "cpu_seconds": spent, "taken": taken}

    meter = Meter(read, clock=lambda: next(now))
    assert [meter.look()["cpu"] for _ in range(3)] == [None, None, 20.0]


def test_an_engine_that_is_not_there_is_told_without_its_sdk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    assert trouble() == "There is no socket of an engine."
