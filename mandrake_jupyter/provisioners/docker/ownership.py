"""Whose container it is, in its labels, and whether that owner still lives.

An owner is a process: machine, process-id namespace, number and time of its start. Only owners in our own namespace on
our own machine are judged: the number of another one's process says nothing here.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ...errors import EngineOff, EngineRefused
from ..base import Swept
from .engine import Engine

#: Before the name of each of our labels.
PREFIX = "mandrake_jupyter."
OWNED = f"{PREFIX}owner"


@dataclass(frozen=True)
class OwnerProcess:
    """`machine` is the system's id and that of its boot; `started` in clock ticks since the boot."""

    machine: str
    namespace: str
    pid: int
    started: int

    @classmethod
    def this(cls) -> OwnerProcess:
        return cls(_machine(), _namespace(), os.getpid(), started(os.getpid()) or 0)

    def labels(self) -> dict[str, str]:
        return {
            f"{PREFIX}machine": self.machine,
            f"{PREFIX}pidns": self.namespace,
            f"{PREFIX}pid": str(self.pid),
            f"{PREFIX}started": str(self.started),
        }

    @classmethod
    def parse(cls, labels: Mapping[str, str]) -> OwnerProcess | None:
        """None where the labels are not whole: such a container is nobody's to judge."""
        try:
            machine, namespace = labels[f"{PREFIX}machine"], labels[f"{PREFIX}pidns"]
            return cls(machine, namespace, int(labels[f"{PREFIX}pid"]), int(labels[f"{PREFIX}started"]))
        except (KeyError, ValueError):
            return None

    def is_dead(self) -> bool | None:
        """None when it can't be told from here: another machine, or another namespace of process numbers."""
        here = OwnerProcess.this()
        system, _, boot = self.machine.partition("/")
        our_system, _, our_boot = here.machine.partition("/")
        if system != our_system or (boot != our_boot and not system):
            return None
        if boot != our_boot:
            return True
        if self.namespace != here.namespace or not self.namespace:
            return None
        return started(self.pid) != self.started


def started(pid: int) -> int | None:
    """When that process was started, in clock ticks since the boot; None when there is none, or it is a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        return None if fields[0] in (b"Z", b"X") else int(fields[19])
    except (OSError, ValueError, IndexError):
        return None


def _machine() -> str:
    return f"{_read('/etc/machine-id')}/{_read('/proc/sys/kernel/random/boot_id')}"


def _namespace() -> str:
    try:
        return str(os.stat("/proc/self/ns/pid").st_ino)
    except OSError:
        return ""


def _read(path: str) -> str:
    try:
        return Path(path).read_text("ascii").strip()
    except (OSError, ValueError):
        return ""


async def sweep(engine: Engine) -> Swept | None:
    """Removes the containers of dead owners, whatever they were for. Those of the living are left, and so are those whose
    owner can't be judged. None where no engine answers.
    """
    try:
        found = await engine.call(
            "list containers", lambda api: api.containers(all=True, filters={"label": [OWNED]})
        )
        ended = left = 0
        for container in found:
            owner = OwnerProcess.parse(container.get("Labels") or {})
            dead = owner.is_dead() if owner else None
            if dead:
                ended += await _remove(engine, container["Id"])
            elif dead is None:
                left += 1
        return Swept(ended, left)
    except (EngineOff, EngineRefused):
        return None
    finally:
        engine.close()


async def _remove(engine: Engine, container: str) -> bool:
    try:
        await engine.call(
            "remove what a dead Jupyter server left",
            lambda api: api.remove_container(container, force=True, v=True),
        )
    except EngineRefused as exc:
        return exc.fields["engine_status"] == 409  # gone, or another one is at it
    return True
