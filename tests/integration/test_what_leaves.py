"""What the README promises: nothing leaves the machine by itself, and what is written lies in the data dir."""

from __future__ import annotations

import ipaddress
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.scripted_openai import ScriptedOpenAI

from .conftest import Api

#: What was done since somebody listens: (event of the interpreter, its first words). A hook can't be taken away again.
HEARD: list[list[tuple[str, Any]]] = []
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
#: The interpreter's events of interest, and which of their words is the address, the name or the path.
WHICH = {"socket.connect": 1, "socket.getaddrinfo": 0, "open": 0}
hooked = False


def hear(event: str, words: tuple[Any, ...]) -> None:
    if not HEARD or event not in WHICH:
        return
    if event != "open" or (isinstance(words[2], int) and words[2] & WRITES):
        HEARD[-1].append((event, words[WHICH[event]]))


@contextmanager
def heard() -> Iterator[list[tuple[str, Any]]]:
    global hooked
    if not hooked:
        sys.addaudithook(hear)
        hooked = True
    HEARD.append([])
    try:
        yield HEARD[-1]
    finally:
        HEARD.clear()


def is_local(address: Any) -> bool:
    """An address of this machine, of any family."""
    if not isinstance(address, tuple):
        return True  # a socket in the file system
    host = str(address[0])
    return host == "localhost" or ipaddress.ip_address(host).is_loopback


async def everything(api: Api) -> None:
    """A user's day: the panel's looks, a chat with an answer and a title, a tool, search, export, health."""
    for path in ("workspaces/default/models", "workspaces/default/mcp-servers", "workspaces/default/trust"):
        await api("GET", path)
    session = await api.session()
    assert (await api("POST", f"{session}/messages", {"content": "hello"}))["status"] == "complete"
    listed = await api("POST", f"{session}/messages", {"content": "/tool jupyter list_files {}"})
    assert listed["status"] == "complete"
    await api("GET", "search?q=hello")
    for format in ("markdown", "json", "notebook"):
        await api.raw("GET", f"{session}/export?format={format}")
    await api("GET", "health")
    await api("POST", "cleanup?dry_run=true")
    await api("DELETE", session)


@pytest.mark.skipif(sys.platform == "win32", reason="paths are told otherwise there")
async def test_nothing_leaves_the_machine_and_nothing_is_written_outside_of_the_data_dir(
    model: ScriptedOpenAI, api: Api, tmp_path: Path
) -> None:
    api.registry.title_chats = True
    (api.root / "data.csv").write_text("a\n1\n")
    data = Path(api.registry.data_dir)
    with heard() as told:
        await everything(api)
    connected = [address for event, address in told if event == "socket.connect"]
    assert any(address[1] == model.port for address in connected if isinstance(address, tuple)), "it listens"
    assert [
        address for event, address in told if event.startswith("socket.c") and not is_local(address)
    ] == []
    names = {str(name) for event, name in told if event == "socket.getaddrinfo"}
    assert names <= {"localhost", "127.0.0.1", "::1"}
    written = {
        Path(os.fsdecode(name)) for event, name in told if event == "open" and isinstance(name, str | bytes)
    }
    assert any(path.is_relative_to(data) for path in written), "it listens"
    ours = {path for path in written if path.suffix != ".pyc" and "__pycache__" not in path.parts}
    assert {path for path in ours if not path.is_relative_to(data) and path != Path(os.devnull)} == set()
    assert (data / "mandrake.sqlite").exists()
    assert [path.name for path in api.root.iterdir()] == ["data.csv"]
