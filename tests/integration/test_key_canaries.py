"""Keys are planted wherever a user may put one; then all that can be read, over REST and on the disk, is searched for them."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from mandrake_jupyter.registry.registry import ServiceRegistry
from tests.support.scripted_openai import ScriptedOpenAI
from tests.support.scripted_turns import Call, Turn

from .conftest import Api

PACKAGE = Path(__file__).parents[2] / "mandrake_jupyter"
SHOWS = str(Path(__file__).parent.parent / "support" / "mcp_shows.py")
W = "workspaces/default"
ENVIRONMENT = "sk-canary-0123456789"  # the fixture's OPENAI_API_KEY
KEYS = {"anthropic": "canary-of-a-model-01", "github": "canary-of-a-tool-02", "team": "canary-of-a-header-03"}
CANARIES = (ENVIRONMENT, *KEYS.values())
#: Streams that end with the Jupyter server only.
ENDLESS = ("/events",)


async def plant(model: ScriptedOpenAI, api: Api) -> dict[str, str]:
    """The path parameters of a chat in which everything went by a key, and what an MCP server and a model said repeated one."""
    for name, value in KEYS.items():
        await api("PUT", f"settings/keys/{name}", {"value": value})
    entry = {"command": sys.executable, "args": ["-S", SHOWS], "env": {"A": "Bearer ${secret:github}"}}
    await api("POST", f"{W}/mcp-servers", {"name": "shows", "entry": entry})
    dies = {
        "command": sys.executable,
        "args": ["-c", "import sys; sys.exit(sys.argv[1])", "${secret:github}"],
    }
    await api("POST", f"{W}/mcp-servers", {"name": "dies", "entry": dies})
    await api.error("POST", f"{W}/mcp-servers/dies/start")
    team = {
        "url": model.url,
        "headers": {"Authorization": "Bearer ${secret:team}"},
        "models": ["m"],
    }
    (api.root / ".mandrake" / "models.json").write_text(json.dumps({"providers": {"team": team}}))
    trust = await api("GET", f"{W}/trust")
    await api("POST", f"{W}/trust", {"hash": trust["hash"], "entries": [it["id"] for it in trust["pending"]]})
    session = await api.session()
    model.script = [
        Turn(calls=[Call("shows__environment", {}), Call("shows__refuse", {})]),
        Turn(tokens=["Done."]),
        Turn(tokens=["Title."]),
    ]
    async for event in api.stream("POST", f"{session}/messages", {"content": "go"}):
        if event.get("needs_approval"):
            place = f"{session}/runs/{event['run_id']}/approvals/{event['call_id']}"
            await api("POST", place, {"decision": "session"})
    assert event["type"] == "complete"
    for chosen, sent in ((None, ENVIRONMENT), ("project/team/m", KEYS["team"])):
        model.script = [Turn(status=401, error={"message": f"wrong key: {sent}"})]
        await api("POST", f"{session}/messages", {"content": "again", "model": chosen})
    parts = session.split("/")
    return {"workspace": "default", "session": parts[-1], "run": event["run_id"], "name": "shows"}


def looks(ids: dict[str, str]) -> Iterator[str]:
    """Every GET of the specification whose parameters are known, with each value that a parameter may have."""
    spec = yaml.safe_load((PACKAGE / "rest-api.yml").read_text("utf-8"))
    for template, verbs in spec["paths"].items():
        if "get" not in verbs or template in ENDLESS:
            continue
        try:
            path = template.format_map(ids).lstrip("/")
        except KeyError:
            continue
        named = [p for p in verbs["get"].get("parameters", []) if p.get("in") == "query"]
        choices = [(p["name"], value) for p in named for value in p["schema"].get("enum", [])]
        yield path
        yield from (f"{path}?{name}={value}" for name, value in choices)


async def test_no_key_is_in_any_answer_file_log_or_traceback(
    model: ScriptedOpenAI,
    api: Api,
    monkeypatch: pytest.MonkeyPatch,
    jp_fetch: Callable[..., Any],
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
) -> None:
    caplog.set_level(logging.DEBUG, "MandrakeApp")
    ids = await plant(model, api)
    found: dict[str, str] = {}
    for path in looks(ids):
        try:
            answer = await api.raw("GET", path)
        except Exception as exc:
            found[path] = str(getattr(getattr(exc, "response", None), "body", exc))
        else:
            found[path] = answer.body.decode("utf-8", "replace")
    assert any("Bearer \\u2022" in text for text in found.values())
    assert len(found) > 25

    async def broken(self: ServiceRegistry) -> None:
        raise RuntimeError(" ".join(CANARIES))

    with monkeypatch.context() as context:
        context.setattr(ServiceRegistry, "list_workspaces", broken)
        status, body = await api.error("GET", "workspaces")
    assert status == 500
    found["500"] = str(body)
    ours = [r for r in caplog.records if r.name in ("MandrakeApp", "mandrake_jupyter")]
    assert any("RuntimeError" in (r.exc_text or "") or r.exc_info for r in ours)
    formatter = logging.Formatter()
    found["log"] = "\n".join(formatter.format(record) for record in caplog.records if record in ours)
    found["metrics"] = (await jp_fetch("metrics", method="GET")).body.decode()

    await api.registry.stop()
    kept = Path(api.registry.data_dir)
    files = [path for path in kept.rglob("*") if path.is_file()]
    assert kept / "mandrake.sqlite" in files
    for path in files:
        found[path.name] = path.read_bytes().decode("latin-1")
    assert (kept / "keys.json").stat().st_mode & 0o777 == 0o600
    assert all(value in found["keys.json"] for value in KEYS.values())
    del found["keys.json"]  # the only place, as no keyring is there
    for path in api.root.rglob("*"):
        if path.is_file():
            found[f"project {path.name}"] = path.read_bytes().decode("latin-1")
    assert [(where, key) for where, text in found.items() for key in CANARIES if key in text] == []
