"""How a process finds its Jupyter server: by environment, by JupyterHub, by info files."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from mandrake_jupyter.client import MandrakeClientError, ServerNotFound, find_server, find_servers


@pytest.fixture
def runtime(tmp_path):
    directory = tmp_path / "runtime"
    directory.mkdir()
    return directory


@pytest.fixture
def others():
    """Pids of two live processes that are neither we nor our parent."""
    sleepers = [subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) for _ in range(2)]
    yield [sleeper.pid for sleeper in sleepers]
    for sleeper in sleepers:
        sleeper.communicate()


def plant(runtime, pid, *, port=8888, root="/nowhere", **fields):
    info = {
        "url": f"http://127.0.0.1:{port}/",
        "token": f"t{port}",
        "pid": pid,
        "root_dir": str(root),
        **fields,
    }
    (runtime / f"jpserver-{pid}.json").write_text(json.dumps(info))


def env(runtime, **more):
    return {"JUPYTER_RUNTIME_DIR": str(runtime), **more}


def dead_pid():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_mandrake_url_comes_first(runtime):
    plant(runtime, os.getpid())
    found = find_server(env(runtime, MANDRAKE_URL="http://elsewhere:1/", MANDRAKE_TOKEN="t"))
    assert (found.url, found.token, found.origin) == ("http://elsewhere:1/", "t", "MANDRAKE_URL")


def test_jupyterhub_gives_address_and_token(runtime):
    hub = {
        "JUPYTERHUB_API_TOKEN": "hub",
        "JUPYTERHUB_SERVICE_PREFIX": "/user/ada/",
        "JUPYTERHUB_SERVICE_URL": "http://127.0.0.1:4711/user/ada/",
    }
    found = find_server(env(runtime, **hub))
    assert (found.url, found.token, found.origin) == ("http://127.0.0.1:4711/user/ada/", "hub", "JupyterHub")


def test_a_kernel_finds_the_server_that_started_it(runtime, others):
    plant(runtime, others[0], port=1111, root="/")
    plant(runtime, os.getpid(), port=2222)
    plant(runtime, others[1], port=3333, root="/")
    found = find_server(env(runtime, JPY_PARENT_PID=str(os.getpid()), JPY_SESSION_NAME="/a.ipynb"))
    assert found.url == "http://127.0.0.1:2222/"


def test_else_the_narrowest_root_that_holds_the_notebook(runtime, others, tmp_path):
    (tmp_path / "work").mkdir()
    plant(runtime, others[0], port=1111, root=tmp_path)
    plant(runtime, os.getpid(), port=2222, root=tmp_path / "work")
    plant(runtime, others[1], port=3333, root="/nowhere")
    notebook = {"JPY_SESSION_NAME": str(tmp_path / "work" / "a.ipynb"), "JPY_PARENT_PID": "1"}
    assert find_server(env(runtime, **notebook)).url == "http://127.0.0.1:2222/"
    outside = {"JPY_SESSION_NAME": str(tmp_path / "b.ipynb")}
    assert find_server(env(runtime, **outside)).url == "http://127.0.0.1:1111/"


def test_else_the_only_one(runtime):
    plant(runtime, os.getpid())
    assert find_server(env(runtime)).token == "t8888"


def test_files_of_dead_servers_and_broken_files_are_left_out(runtime):
    plant(runtime, dead_pid(), port=1111)
    plant(runtime, -1, port=1)
    (runtime / "jpserver-7.json").write_text("{broken")
    (runtime / "jpserver-8.json").write_text('["not a server"]')
    (runtime / "jpserver-9.json").write_text('{"pid": "x", "url": "http://x/"}')
    plant(runtime, os.getpid(), port=2222)
    assert find_server(env(runtime)).url == "http://127.0.0.1:2222/"


def test_several_that_fit_equally_are_not_guessed_between(runtime, others):
    plant(runtime, others[0], port=1111)
    plant(runtime, others[1], port=2222)
    with pytest.raises(ServerNotFound, match="2 servers run"):
        find_server(env(runtime))


def test_none_at_all_says_what_to_do(runtime):
    with pytest.raises(MandrakeClientError, match="No running Jupyter server was found") as caught:
        find_server(env(runtime))
    assert caught.value.code == "no_jupyter_server"
    assert "MANDRAKE_URL" in caught.value.then


def test_a_server_on_a_unix_socket_is_found(runtime):
    plant(runtime, os.getpid(), sock="/tmp/j.sock", base_url="/b/")
    assert find_server(env(runtime)).url == "http+unix://%2Ftmp%2Fj.sock/b/"


def test_the_token_is_not_in_the_repr(runtime):
    plant(runtime, os.getpid(), token="very-secret")
    assert "very-secret" not in repr(find_server(env(runtime)))


def test_without_jupyter_runtime_dir_the_usual_place_is_looked_at(tmp_path):
    runtime = tmp_path / ".local/share/jupyter/runtime"
    if sys.platform == "linux":
        runtime.mkdir(parents=True)
        plant(runtime, os.getpid())
        assert find_server({"HOME": str(tmp_path)}).token == "t8888"


def test_a_shell_finds_all_servers_unless_one_is_named(runtime, others):
    first, second = others
    plant(runtime, first, port=1)
    plant(runtime, second, port=2)
    assert {server.token for server in find_servers(env(runtime))} == {"t1", "t2"}
    [named] = find_servers(env(runtime), url="http://127.0.0.1:2")
    assert (named.url, named.token, named.pid) == ("http://127.0.0.1:2", "t2", second)
    [told] = find_servers(env(runtime), url="http://127.0.0.1:2/", token="given")
    assert told.token == "given"
    [elsewhere] = find_servers(env(runtime, MANDRAKE_TOKEN="mine"), url="http://elsewhere/")
    assert (elsewhere.token, elsewhere.pid) == ("mine", 0)
    [fixed] = find_servers(env(runtime, MANDRAKE_URL="http://fixed/", MANDRAKE_TOKEN="t"))
    assert (fixed.url, fixed.token) == ("http://fixed/", "t")


def test_a_shell_in_which_none_runs_finds_none(runtime):
    assert find_servers(env(runtime)) == []
