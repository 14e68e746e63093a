"""Under a real JupyterHub with its idle culler: an answer at work keeps the user's server, what only waits does not."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..support.hub_process import PROXY, HubProcess, find_proxy
from ..support.patience import within
from .conftest import RAW, HeldModel

pytestmark = [
    pytest.mark.hub,
    pytest.mark.skipif(find_proxy() is None, reason=f"no {PROXY} (npm), which JupyterHub needs"),
]
#: Signs of activity come every second.
CONFIG = "c.HostActivity.heartbeat = 1\n"


@pytest.fixture
def hub(tmp_path: Path, model: HeldModel) -> Iterator[HubProcess]:
    env = {
        "JUPYTERHUB_ACTIVITY_INTERVAL": "1",
        "OPENAI_API_KEY": "sk-canary-0123456789",
        "OPENAI_BASE_URL": model.url,
    }
    process = HubProcess(home=tmp_path / "hub", proxy=find_proxy() or "", config=CONFIG, env=env)
    yield process
    process.stop()


async def test_the_culler_of_a_hub_spares_an_answer_at_work_and_nothing_that_waits(
    hub: HubProcess, model: HeldModel
) -> None:
    await hub.start()
    alice, bob = await asyncio.gather(hub.server("alice"), hub.server("bob"))
    await bob.add_mcp_server("raw", "-S", RAW)
    idle, waiting = await bob.chat(), await bob.chat()
    await bob.run_in(idle, (await bob.ask(idle, "hello"))["id"], "done")
    await alice.ask(await alice.chat(), "hold on")
    await model.saw_requests(2)
    await bob.run_in(waiting, (await bob.ask(waiting, "add"))["id"], "awaiting_approval")

    await hub.cull(round(within(4)))
    await hub.server_gone("bob")
    assert await hub.has_server("alice", ready=True), (
        "nobody asked her server for anything for longer than bob's"
    )
    model.gate.set()
    await hub.server_gone("alice")
