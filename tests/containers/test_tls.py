"""An engine elsewhere, reached by ``DOCKER_HOST`` over TLS: there is no half close, and the guardian speaks TLS too."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from mandrake_jupyter.errors import EngineOff
from mandrake_jupyter.provisioners.docker.engine import host

from ..support.mcp_leaks import eventually, until
from ..support.patience import within
from .conftest import Yard, client
from .test_orphans import gone, holder
from .tls_front import certificates, tls_front

pytestmark = pytest.mark.usefixtures("sweeping")


@pytest.fixture
def over_tls(engine: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    certificates(tmp_path)
    with tls_front(tmp_path, host().removeprefix("unix://")) as address, monkeypatch.context() as patch:
        patch.setenv("DOCKER_HOST", address)
        patch.setenv("DOCKER_TLS_VERIFY", "1")
        patch.setenv("DOCKER_CERT_PATH", str(tmp_path))
        yield tmp_path


async def test_it_answers_and_ends_politely_and_by_force(over_tls: Path, yard: Yard) -> None:
    provisioner = yard.raw()
    async with client(provisioner) as mcp:
        assert (await mcp.call_tool("add", {"a": 1, "b": 2})).content[0].text == "3"
        assert len((await mcp.call_tool("big_line", {"size": 900_000})).content[0].text) == 900_000
        await provisioner.pause()
        await provisioner.resume()
    assert provisioner.poll() == 0, "it read the end of its stdin"
    deaf = yard.raw("--deaf")
    async with client(deaf, 0.2) as mcp:
        calling = asyncio.ensure_future(mcp.call_tool("never", {}))
        await yard.from_outside(lambda engine, id: engine.kill(id))
        with pytest.raises(Exception, match="Connection closed"):
            await asyncio.wait_for(calling, within(2))
    assert deaf.poll() == 137
    await eventually(lambda: not yard.containers(), within(5))


@pytest.mark.parametrize("manner", ["deaf", "paused"])
def test_the_guardian_removes_it_over_tls_when_jupyter_is_killed(
    over_tls: Path, yard: Yard, manner: str
) -> None:
    with holder(yard, manner) as (jupyter, guardian):
        assert len(yard.containers()) == 1
        jupyter.send_signal(signal.SIGKILL)
        until(lambda: not yard.containers(), within(5))
        until(lambda: gone(guardian), within(5))


async def test_one_without_the_right_certificate_is_told(
    over_tls: Path, yard: Yard, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path_factory.mktemp("other")
    certificates(other)
    with monkeypatch.context() as patch:
        patch.setenv("DOCKER_CERT_PATH", str(other))
        with pytest.raises(EngineOff, match="Docker is not running") as caught:
            async with yard.raw().launch(1.0):
                pass
    assert caught.value.reason == "Its certificate is not of the authority in DOCKER_CERT_PATH."
