"""What a container of an MCP server may do: as little as it can work with. Pure; loosening is the entry's, in so many words.

No network, no capability, no new privilege, nobody special, nothing to write but ``/tmp``, bounded memory, processes and
processor time, no log of the protocol on disk, and an init process that passes signals on.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ...errors import MCPError
from ...values import Mount
from ..base import LaunchSpec
from .ownership import OWNED, PREFIX, OwnerProcess

#: The one folder that may be written to, inside the container, and its MiB.
TMP, TMP_MB = "/tmp", 64  # noqa: S108


def create_options(spec: LaunchSpec, host_config: Any) -> dict[str, Any]:
    """For ``APIClient.create_container``; `host_config` is its ``create_host_config``."""
    from docker.types import LogConfig, Ulimit
    from docker.types import Mount as EngineMount

    container, limits = spec.container, spec.limits
    assert container is not None
    memory = limits.memory_mb << 20 if limits.memory_mb else None
    host = host_config(
        cap_drop=["ALL"],
        cap_add=list(container.cap_add) or None,
        security_opt=["no-new-privileges"],
        read_only=not container.writable,
        tmpfs={TMP: f"size={TMP_MB}m,mode=1777,nosuid,nodev"},
        mounts=[
            EngineMount(mount.target, source(spec, mount), type="bind", read_only=not mount.writable)
            for mount in container.mounts
        ],
        mem_limit=memory,
        memswap_limit=memory,
        pids_limit=limits.processes or None,
        nano_cpus=int(limits.cpus * 1e9) if limits.cpus else None,
        ulimits=[Ulimit(name="nofile", soft=limits.open_files, hard=limits.open_files)]
        if limits.open_files
        else None,
        network_mode=container.network,
        log_config=LogConfig(type="none"),
        init=True,
        auto_remove=True,
    )
    return {
        "image": container.image,
        "entrypoint": [spec.command] if spec.command else None,
        "command": list(spec.args) or None,
        "environment": {"HOME": TMP, **spec.env},
        "user": container.user or nobody_special(),
        "working_dir": spec.cwd,
        "labels": labels(spec),
        "stdin_open": True,  # without a terminal and attached: the engine ends its stdin with the connection
        "host_config": host,
    }


def labels(spec: LaunchSpec) -> dict[str, str]:
    place, _, owner = spec.marker.rpartition("@")
    workspace, _, _ = place.partition("/")
    return {
        OWNED: owner,
        f"{PREFIX}workspace": workspace,
        f"{PREFIX}server": spec.name,
        **OwnerProcess.this().labels(),
    }


def nobody_special() -> str:
    """Jupyter's own user, who can read what is mounted; where that is root, one that is nobody here."""
    if not hasattr(os, "getuid") or os.getuid() == 0:
        return "1000:1000"
    return f"{os.getuid()}:{os.getgid()}"


def source(spec: LaunchSpec, mount: Mount) -> str:
    """The real path that is mounted. Raises MCPError when it lies outside the project and the entry does not say so."""
    root = Path(os.path.realpath(spec.root))
    path = Path(os.path.realpath(root / mount.source))
    if not (mount.outside or path.is_relative_to(root)):
        raise MCPError(
            f'The MCP server "{spec.name}" would mount {mount.source}, which lies outside the project.',
            then='If that is wanted, write "outside": true into that mount of its entry.',
        )
    if not path.exists():
        raise MCPError(
            f'The MCP server "{spec.name}" would mount {mount.source}, which is not there.',
            then="Make it, or correct the mount in its entry.",
        )
    return str(path)
