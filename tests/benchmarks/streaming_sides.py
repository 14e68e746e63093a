"""What streams side by side: a provider with OpenAI's wire, the library's agent drained alone, readers of a Jupyter server.

``python -m tests.benchmarks.streaming_sides provider|library`` are processes of their own, so that the CPU of each is its own.
The first token of an answer is the moment it was sent, by the clock that all processes of a machine share; the others are
numbered, so that a lost one is seen.
"""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[2]
RATE = 50


def asked(tokens: int) -> str:
    """The question that is answered with so many tokens."""
    return f"say {tokens}"


def lost(text: str, tokens: int) -> int:
    """How many tokens of an answer did not come once, in their order."""
    said = text.split()[1:]
    return sum(word != str(n) for n, word in enumerate(said, start=1)) + abs(tokens - 1 - len(said))


@dataclass
class Drained:
    """What one side saw of its answers: seconds from the provider's first byte to the reader, and CPU seconds of all."""

    first: list[float] = field(default_factory=list)
    lost: int = 0
    cpu: float = 0.0


# ---------------------------------------------------------------------------------------------- the provider


async def _provide() -> None:
    server = await asyncio.start_server(_serve, "127.0.0.1", 0)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", flush=True)
    async with server:
        await server.serve_forever()


async def _serve(read: asyncio.StreamReader, write: asyncio.StreamWriter) -> None:
    try:
        while head := await read.readuntil(b"\r\n\r\n"):
            length = re.search(rb"(?i)content-length: (\d+)", head)
            body = json.loads(await read.readexactly(int(length[1])) if length else b"{}")
            if b"/chat/completions" in head.split(b"\r\n")[0]:
                await _answer(write, body)
            else:
                write.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
    except (ConnectionError, asyncio.IncompleteReadError):
        pass
    finally:
        write.close()


async def _answer(write: asyncio.StreamWriter, body: dict[str, Any]) -> None:
    said = body["messages"][-1]["content"]
    found = re.search(r"say (\d+)", said if isinstance(said, str) else json.dumps(said))
    tokens = int(found[1]) if found else 1
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": body["model"]}

    def send(data: str) -> None:
        frame = f"data: {data}\n\n".encode()
        write.write(b"%x\r\n%b\r\n" % (len(frame), frame))

    def chunk(delta: dict[str, Any], finish: str | None = None) -> None:
        send(json.dumps({**head, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}))

    write.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
    began = asyncio.get_running_loop().time()
    for number in range(tokens):
        await asyncio.sleep(began + number / RATE - asyncio.get_running_loop().time())
        word = f" {number}" if number else f"{time.monotonic():.6f}"
        chunk({"role": "assistant", "content": word})
        await write.drain()
    chunk({}, "stop")
    usage = {"prompt_tokens": 5, "completion_tokens": tokens, "total_tokens": tokens + 5}
    send(json.dumps({**head, "choices": [], "usage": usage}))
    send("[DONE]")
    write.write(b"0\r\n\r\n")
    await write.drain()


@contextmanager
def provider() -> Iterator[str]:
    """Its base URL, with ``/v1``."""
    process = subprocess.Popen(_command("provider"), cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.communicate()


def _command(*words: str) -> list[str]:
    return [sys.executable, "-m", "tests.benchmarks.streaming_sides", *words]


# ---------------------------------------------------------------------------------------------- the library alone


async def _library(url: str) -> None:
    from pydantic_ai import Agent
    from pydantic_ai.messages import PartDeltaEvent, PartStartEvent
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider

    provider = OpenAIProvider(base_url=url, api_key="none")

    async def one(tokens: int, drained: Drained) -> None:
        agent = Agent(OpenAIChatModel("scripted", provider=provider))
        text = ""
        async with agent.run_stream_events(asked(tokens)) as events:
            async for event in events:
                if isinstance(event, PartStartEvent):
                    text = getattr(event.part, "content", "")
                    drained.first.append(time.monotonic() - float(text))
                elif isinstance(event, PartDeltaEvent):
                    text += getattr(event.delta, "content_delta", "")
        drained.lost += lost(text, tokens)

    await one(2, Drained())
    print("ready", flush=True)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        sessions, tokens = map(int, line.split())
        drained, began = Drained(), time.process_time()
        await asyncio.gather(*(one(tokens, drained) for _ in range(sessions)))
        drained.cpu = time.process_time() - began
        print(json.dumps(asdict(drained)), flush=True)


class Library:
    """``run_stream_events`` drained in a process that does nothing else."""

    def __init__(self, url: str) -> None:
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            _command("library", url), cwd=ROOT, stdin=pipe, stdout=pipe, text=True
        )
        assert self._process.stdout is not None
        if self._process.stdout.readline().strip() != "ready":
            raise SystemExit("the library alone did not answer")

    async def drain(self, sessions: int, tokens: int) -> Drained:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{sessions} {tokens}\n")
        self._process.stdin.flush()
        return Drained(**json.loads(await asyncio.to_thread(self._process.stdout.readline)))

    def close(self) -> None:
        self._process.communicate()


# ---------------------------------------------------------------------------------------------- a reader of ours


async def answered(url: str, token: str, chat: str, tokens: int, drained: Drained) -> None:
    """Posts the question and reads the events of its answer as they come."""
    text = ""
    async for event in _events(url, token, chat, {"content": asked(tokens)}):
        if event["type"] == "token":
            if not text:
                drained.first.append(time.monotonic() - float(event["content"].split()[0]))
            text += event["content"]
    drained.lost += lost(text, tokens)


async def _events(url: str, token: str, chat: str, body: Any) -> AsyncIterator[dict[str, Any]]:
    parts, content = urlsplit(url), json.dumps(body).encode()
    read, write = await asyncio.open_connection(parts.hostname, parts.port)
    write.write(
        f"POST {parts.path}{chat.replace('m/', 'mandrake/', 1)}/messages HTTP/1.1\r\nHost: localhost\r\n"
        f"Authorization: token {token}\r\nAccept: application/x-ndjson\r\nContent-Type: application/json\r\n"
        f"Connection: close\r\nContent-Length: {len(content)}\r\n\r\n".encode()
        + content
    )
    status = await read.readline()
    if b" 200 " not in status:
        raise SystemExit(f"{chat}: {status!r} {await read.read(2000)!r}")
    async for line in read:  # head, sizes of chunks and empty lines are between the events
        if line.startswith(b"{"):
            yield json.loads(line)
    write.close()


if __name__ == "__main__":
    asyncio.run(_provide() if sys.argv[1] == "provider" else _library(sys.argv[2]))
