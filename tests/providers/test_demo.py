"""The real demo model: it answers, in a process of its own that nothing outlives."""

import asyncio
import contextlib
import os
import signal
import stat
import sys
from pathlib import Path

import psutil
import pytest

from mandrake_jupyter import errors
from mandrake_jupyter.lifecycle.supervisor import Supervisor
from mandrake_jupyter.providers.base import ChatMessage, Finished, ModelRequest, TextDelta, ToolDefinition
from mandrake_jupyter.providers.demo import DemoModel, runnable
from mandrake_jupyter.providers.demo_files import DemoFiles

DATA = Path(os.environ.get("MANDRAKE_TEST_DATA_DIR", "nowhere")) / "mandrake"

pytestmark = [
    pytest.mark.model,
    pytest.mark.timeout(300),
    pytest.mark.skipif(not runnable(), reason="xllamacpp is not installed"),
    pytest.mark.skipif(not DemoFiles().present(DATA), reason="no demo model in MANDRAKE_TEST_DATA_DIR"),
]


@contextlib.asynccontextmanager
async def demo_model(data_dir=DATA, **options):
    """The model under test; at the end nothing of it may be left: no process, no room, no task."""
    supervisor = Supervisor()
    demo = DemoModel(data_dir, supervisor, **options)
    before = set(psutil.Process().children(recursive=True))
    try:
        yield demo
    finally:
        await demo.stop()
        assert not supervisor.tasks
        assert set(psutil.Process().children(recursive=True)) <= before


def ask(text, *earlier, **more):
    return ModelRequest("any", "Be brief.", (*earlier, ChatMessage("user", text)), **more)


async def answer(demo, request, **timeouts):
    async with contextlib.aclosing(demo.provider.stream(request, **timeouts)) as events:
        return [event async for event in events]


def room_of(demo):
    return Path(demo.process._child.socket).parent


async def test_it_answers_in_pieces_over_a_private_socket_and_no_port():
    async with demo_model() as demo:
        tools = (ToolDefinition("add", "Adds", {}),)
        *pieces, end = await answer(demo, ask("What is the capital of France?", tools=tools))
        assert all(isinstance(piece, TextDelta) for piece in pieces)
        assert len(pieces) > 3
        assert "Paris" in "".join(piece.text for piece in pieces)
        assert isinstance(end, Finished)
        assert (end.reason, end.usage.cost) == ("stop", None)
        assert end.usage.input_tokens > 10
        assert end.usage.output_tokens > 3
        room = room_of(demo)
        assert stat.S_IMODE(room.stat().st_mode) == 0o700
        assert stat.S_IMODE((room / "m.sock").stat().st_mode) == 0o600
        child = psutil.Process(demo.process.pid)
        assert child.net_connections(kind="inet") == []
        assert not {"OPENAI_API_KEY", "ANTHROPIC_API_KEY"} & set(child.environ())
        pid = child.pid
        await demo.stop()
        assert not psutil.pid_exists(pid)
        assert not room.exists()
        await demo.stop()


async def test_a_long_conversation_loses_its_beginning_and_does_not_fail():
    earlier = [ChatMessage(role, "All work and no play. " * 100) for role in ("user", "assistant") * 6]
    async with demo_model() as demo:
        *_, end = await answer(demo, ask("语言" * 3000, *earlier, settings={"max_tokens": 8}))
        assert 500 < end.usage.input_tokens < 1100
        assert end.reason in ("length", "stop")


async def test_many_at_once_share_one_process_and_a_cancelled_one_cancels_only_itself():
    async with demo_model() as demo:
        tasks = [asyncio.create_task(answer(demo, ask("Say hello."))) for _ in range(3)]
        await asyncio.sleep(0)
        tasks[0].cancel()
        answers = await asyncio.gather(*tasks, return_exceptions=True)
        assert isinstance(answers[0], asyncio.CancelledError)
        assert all(isinstance(events[-1], Finished) for events in answers[1:])
        assert (
            len([p for p in psutil.Process().children(recursive=True) if "demo_child" in str(p.cmdline())])
            <= 2
        )
        demo.process.idle_timeout = 600
        last = demo.process._last_used
        assert not await demo.stop_if_idle(last + 599)
        assert demo.process.pid
        assert await demo.stop_if_idle(last + 601)
        assert demo.process.pid is None


async def test_a_kill_in_mid_answer_is_a_broken_stream_and_the_next_use_starts_anew():
    async with demo_model() as demo:
        async with contextlib.aclosing(demo.provider.stream(ask("Tell me a very long story."))) as events:
            await anext(events)
            pid = demo.process.pid
            assert not await demo.stop_if_idle(1e12), "an answer under way is no idleness"
            os.kill(pid, signal.SIGKILL)
            with pytest.raises(errors.StreamBroken):
                async for _ in events:
                    pass
        assert demo.process.pid is None
        assert isinstance((await answer(demo, ask("Say hello.")))[-1], Finished)
        assert demo.process.pid not in (None, pid)


async def test_closing_an_answer_early_leaves_the_model_free_for_the_next():
    async with demo_model() as demo:
        async with contextlib.aclosing(demo.provider.stream(ask("Tell me a very long story."))) as events:
            await anext(events)
        first = asyncio.create_task(answer(demo, ask("Say hello.", settings={"max_tokens": 4})))
        assert isinstance((await first)[-1], Finished)


async def test_a_stop_during_the_start_leaves_nothing_and_says_so():
    async with demo_model() as demo:
        waiting = asyncio.create_task(answer(demo, ask("Say hello.")))
        async with asyncio.timeout(30):
            while demo.process._starting is None:
                await asyncio.sleep(0.01)
        await demo.stop()
        with pytest.raises(errors.MandrakeError):
            await waiting


async def test_a_start_that_takes_too_long_is_a_timeout():
    async with demo_model(start_timeout=0.01) as demo:
        with pytest.raises(errors.ProviderTimeout, match=r"did not answer within 0\.01 s"):
            await answer(demo, ask("Say hello."))


async def test_a_model_file_that_is_damaged_is_a_trouble_with_a_reason(tmp_path):
    files = DemoFiles(model_bytes=7)
    files.model(tmp_path).parent.mkdir(parents=True)
    files.model(tmp_path).write_bytes(b"damaged")
    async with demo_model(tmp_path, files=files) as demo:
        with pytest.raises(errors.ProviderTrouble) as caught:
            await answer(demo, ask("Say hello."))
        assert "Its process ended" in caught.value.reason


HOLDER = """
import asyncio, sys
from pathlib import Path
from mandrake_jupyter.lifecycle.supervisor import Supervisor
from mandrake_jupyter.providers.demo import DemoModel

async def main():
    demo = DemoModel(Path(sys.argv[1]), Supervisor())
    async with demo.process.lease():
        print(demo.process.pid, flush=True)
        await asyncio.sleep(600)

asyncio.run(main())
"""


async def test_killing_jupyter_leaves_no_process(tmp_path):
    holder = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        HOLDER,
        str(DATA),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)},
    )
    try:
        async with asyncio.timeout(90):
            child = psutil.Process(int(await holder.stdout.readline()))
    finally:
        holder.kill()
        await holder.wait()
    gone, alive = await asyncio.to_thread(psutil.wait_procs, [child], 15)
    assert (gone, alive) == ([child], [])
