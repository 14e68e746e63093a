"""``shutdown_no_activity_timeout`` of a real Jupyter server: what keeps it, and what does not."""

from __future__ import annotations

from ..support.jupyter_process import LOOKS_OFTEN
from .conftest import RAW, HeldModel, Start

TIMEOUT = 1
#: The heartbeat is slow, so that only what is at work can keep the server.
CONFIG = (
    f"{LOOKS_OFTEN}\nc.ServerApp.shutdown_no_activity_timeout = {TIMEOUT}\nc.HostActivity.heartbeat = 60\n"
)


async def test_an_answer_keeps_the_server_and_an_idle_chat_or_mcp_server_or_a_waiting_question_does_not(
    servers: Start, model: HeldModel
) -> None:
    server = await servers(CONFIG).start()
    await server.add_mcp_server("raw", "-S", RAW)
    idle, waiting, answering = [await server.chat() for _ in range(3)]
    await server.run_in(idle, (await server.ask(idle, "hello"))["id"], "done")
    await server.run_in(waiting, (await server.ask(waiting, "add"))["id"], "awaiting_approval")
    await server("POST", "m/workspaces/default/mcp-servers/raw/start")
    await server.ask(answering, "hold on")
    await model.saw_requests(3)

    server.begin_to_look()
    await server.looked_and_stayed(idle=2.5 * TIMEOUT)
    model.gate.set()
    assert await server.ended() == 0
    assert "No kernels for" in server.log
