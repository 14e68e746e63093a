"""Stands in for a Jupyter server: holds its instance lock and one MCP server. `python mcp_owner.py FOLDER PLACE MANNER`.

Says `OWNER GUARDIAN` (its instance, its guardian's pid) when the process stands; then waits for a signal.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from mandrake_jupyter.lifecycle.processes import GuardedProcess, clean_environment
from mandrake_jupyter.lifecycle.sweep import marker
from mandrake_jupyter.stores.instances import Instances


async def main(folder: str, place: str, manner: str) -> None:
    instances = Instances(Path(folder))
    instances.hold()
    tree = str(Path(__file__).with_name("mcp_tree.py"))
    process = await GuardedProcess.spawn(
        "tree",
        [sys.executable, "-S", tree, manner],
        env=clean_environment(),
        marker=marker(place, instances.own),
    )
    assert await process.stdout.readline() == b"ready\n"
    print(instances.own, process.pid, flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
