"""The demo model's own process: loads it with xllamacpp and serves it on a unix socket, never on a port.

Run as a script by `demo_process`, under a guardian; imports nothing of this package. Says ``ready`` on
stdout once, and ends when its stdin does.
"""

from __future__ import annotations

import os
import sys

#: Tokens of prompt and answer together.
CONTEXT = 2048


def threads() -> int:
    """Half the processors, at most four. More make a tiny model slower, and much slower on a busy machine."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(4, usable // 2))


def main(model: str, socket: str) -> None:
    os.umask(0o177)
    said = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what the library prints is no message of ours
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = model
    params.hostnames = [socket]
    params.n_ctx = CONTEXT
    params.n_parallel = 1
    params.n_gpu_layers = 0
    params.cache_ram_mib = 0
    params.verbosity = 0
    params.offline = True
    params.warmup = False
    params.ui = False
    params.endpoint_slots = False
    for cpu in (params.cpuparams, params.cpuparams_batch):
        cpu.n_threads = threads()
        cpu.poll = 0
    server = xllamacpp.Server(params)
    said.write("ready\n")
    said.flush()
    sys.stdin.buffer.read()
    del server


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
