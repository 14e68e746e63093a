"""Stands in for Jupyter: holds a guarded process until it is told how to end. `python mcp_holder.py MANNER
HOW`.

HOW: hold (for a signal from outside), stop, crash (the guarded process is killed). Says `ready` when the
process stands.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

from mandrake_jupyter.lifecycle.processes import GuardedProcess, clean_environment


async def main(manner: str, how: str) -> None:
    tree = str(Path(__file__).with_name("mcp_tree.py"))
    process = await GuardedProcess.spawn(
        "tree", [sys.executable, "-S", tree, manner], env=clean_environment()
    )
    assert await process.stdout.readline() == b"ready\n"
    print("ready", flush=True)
    if how == "stop":
        await process.stop(grace=0.2)
    elif how == "crash":
        os.kill(process.child_pid, signal.SIGKILL)
        assert await process.wait() == -9
        await process.stop()
    else:
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
