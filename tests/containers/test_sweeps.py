"""What dead owners left on an engine: swept at its first use here, then at the culler's pace, and never where nobody uses one."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from mandrake_jupyter.provisioners.base import Swept
from mandrake_jupyter.provisioners.docker.ownership import PREFIX, OwnerProcess
from mandrake_jupyter.provisioners.docker.provisioner import DockerProvisioner

from ..servers.conftest import House
from ..support.mcp_leaks import eventually
from ..support.patience import within
from .conftest import Yard, asked
from .test_life import serving
from .test_manager import box
from .test_orphans import make

pytestmark = pytest.mark.usefixtures("sweeping")

ROOT = Path(__file__).parent.parent.parent


def dead() -> dict[str, str]:
    return {**OwnerProcess.this().labels(), f"{PREFIX}pid": str(2**22 + 1)}


async def test_an_engine_is_swept_at_its_first_use_and_then_at_the_cullers_pace(
    yard: Yard, house: House
) -> None:
    box(house)
    box(house, "second")
    manager, culler, _ = serving(house)
    make(yard, dead())
    await culler.sweep()
    await asyncio.sleep(0)
    assert len(yard.containers()) == 1, "no engine was used here: none is asked"
    await manager.start("box")
    assert not yard.containers()
    told = [line["text"] for line in manager.logs("box")]
    assert "ended what a killed Jupyter server had left: 1 container" in told
    make(yard, dead())
    await manager.start("second")
    assert len(yard.containers()) == 1, "not at every start"
    await culler.sweep()
    await eventually(lambda: not yard.containers())


async def test_what_cannot_be_judged_is_said_once(yard: Yard, house: House) -> None:
    box(house)
    manager, culler, _ = serving(house)
    left = make(yard, {**dead(), f"{PREFIX}pidns": "1"})
    await manager.start("box")
    for _ in range(2):
        await culler.sweep()
    told = [line["text"] for line in manager.logs("box") if "left alone" in line["text"]]
    assert len(told) == 1
    assert "of other owners left alone: from here it can't be told" in told[0]
    with asked() as engine:
        engine.remove_container(left, force=True)


@pytest.mark.usefixtures("engine")
async def test_a_sweep_that_hangs_holds_up_neither_look_nor_start(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mandrake_jupyter.servers import sweeps

    asked_for = 0

    async def hang() -> Swept | None:
        nonlocal asked_for
        asked_for += 1
        await asyncio.Event().wait()
        return None

    monkeypatch.setattr(DockerProvisioner, "sweep_all", hang)
    monkeypatch.setattr(sweeps, "WAIT", 0.1)
    box(house)
    manager, culler, _ = serving(house)
    await manager.start("box")
    async with asyncio.timeout(within(2)):
        await culler.sweep()
        await culler.sweep()
    assert asked_for == 1


def test_who_never_uses_docker_never_imports_it() -> None:
    code = (
        "import sys, mandrake_jupyter.registry.opened, mandrake_jupyter.servers.manager, mandrake_jupyter.registry.health\n"
        "from mandrake_jupyter.provisioners.docker import provisioner, engine\n"
        "assert not {'docker', 'requests'} & set(sys.modules), sorted(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, timeout=60)
