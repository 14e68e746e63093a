"""Configuration for all projects on Jupyter's own config path, through a real Jupyter server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jupyter_core.paths as paths
import pytest

from tests.support.scripted_openai import ScriptedOpenAI
from tests.support.scripted_turns import Turn

from .conftest import Api

W = "workspaces/default"


def keep(folder: str, name: str, value: Any) -> Path:
    path = Path(folder) / "mandrake" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    path.chmod(0o644)
    return path


@pytest.fixture
def configured(jp_environ: Any) -> dict[str, Path]:
    """Each level's instructions, a model that the system sets, and an MCP server of the environment."""
    folders = {
        "system": paths.SYSTEM_CONFIG_PATH[0],
        "environment": paths.ENV_CONFIG_PATH[0],
        "user": paths.jupyter_config_dir(),
    }
    found = {level: keep(folder, "prompt.md", f"Rule of the {level}.") for level, folder in folders.items()}
    keep(folders["environment"], "mcp.json", {"mcpServers": {"given": {"url": "http://127.0.0.1:9/mcp"}}})
    provider = {"url": "http://127.0.0.1:9/v1", "models": ["big"]}
    keep(folders["system"], "models.json", {"providers": {"team": provider}, "active": "team/big"})
    return found


async def test_each_value_says_where_it_comes_from(configured: dict[str, Path], api: Api) -> None:
    models = await api("GET", f"{W}/models")
    assert (models["active"], models["origin"], models["origin_level"]) == (
        "config/team/big",
        "configuration",
        "system",
    )
    assert models["origin_file"] == str(configured["system"].with_name("models.json"))
    servers = {it["name"]: (it["level"], it["trusted"]) for it in await api("GET", f"{W}/mcp-servers")}
    assert servers == {"jupyter": (None, True), "given": ("environment", True)}
    prompt = await api("GET", f"{W}/prompt")
    assert {part["level"]: part["file"] for part in prompt["parts"]} == {
        level: str(path) for level, path in configured.items()
    }


async def test_the_model_reads_the_instructions_of_all_levels_and_the_projects_once_it_is_trusted(
    configured: dict[str, Path], model: ScriptedOpenAI, api: Api
) -> None:
    (api.root / ".mandrake").mkdir(exist_ok=True)
    (api.root / ".mandrake" / "prompt.md").write_text("Rule of the project.")
    await api("PATCH", f"{W}/models", {"active": "openai/gpt-5-mini"})
    model.script = [Turn(tokens=["One."]), Turn(tokens=["Two."])]
    session = await api.session()
    await api("POST", f"{session}/messages", {"content": "First"})
    trust = await api("GET", f"{W}/trust")
    assert [item["kind"] for item in trust["pending"]] == ["prompt"]
    left = await api("POST", f"{W}/trust", {"hash": trust["hash"], "entries": [trust["pending"][0]["id"]]})
    assert left["pending"] == []
    await api("POST", f"{session}/messages", {"content": "Second"})
    first, second = (request.body["messages"][0]["content"] for request in model.requests[-2:])
    assert "Rule of the project." not in first
    order = [second.index(f"Rule of the {it}.") for it in ("system", "user", "project")]
    assert order == sorted(order)
