"""Steps that run again only when what they read has changed.

A step's stamp holds a hash of the contents of its inputs (not their times), so a fresh checkout of the same
commit has nothing to do, and an edit is never missed. Stamps of what is installed lie in `.venv`: deleting
that forgets them too.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from project import ROOT, VENV, Trouble

STAMPS = VENV / ".stamps"
NOT_INPUTS = {"node_modules", "lib", "__pycache__", ".yarn", ".ipynb_checkpoints"}


@dataclass(frozen=True)
class Step:
    """One thing to make. `inputs`: files, folders, or plain words; `makes`: what must be there afterwards."""

    name: str
    says: str
    inputs: Sequence[Path | str]
    makes: Sequence[Path]
    run: Callable[[], None]
    may_fail: str = ""

    def due(self) -> bool:
        stamp = STAMPS / self.name
        known = stamp.read_text("utf-8") if stamp.is_file() else ""
        return known != fingerprint(self.inputs) or not all(path.exists() for path in self.makes)


def fingerprint(inputs: Sequence[Path | str]) -> str:
    digest = hashlib.sha256()
    for item in inputs:
        if isinstance(item, str):
            digest.update(f"word {item}\n".encode())
            continue
        for path in _files(item):
            digest.update(f"file {path.relative_to(ROOT)}\n".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def carry_out(steps: Sequence[Step]) -> None:
    """Runs the steps that are due, in order. One that `may_fail` says so and the rest goes on."""
    for number, step in enumerate(steps, 1):
        if not step.due():
            continue
        print(f"[{number}/{len(steps)}] {step.says} …", end=" ", flush=True)
        begun = time.monotonic()
        try:
            step.run()
        except Trouble as trouble:
            print("failed", flush=True)
            if not step.may_fail:
                raise
            print(f"      {str(trouble).splitlines()[-1]}\n      {step.may_fail}", flush=True)
            continue
        print(f"{time.monotonic() - begun:.0f} s", flush=True)
        STAMPS.mkdir(parents=True, exist_ok=True)
        (STAMPS / step.name).write_text(fingerprint(step.inputs), "utf-8")


def _files(top: Path) -> Iterator[Path]:
    if top.is_file():
        yield top
        return
    for path in sorted(top.rglob("*")):
        if path.is_file() and not NOT_INPUTS & set(path.relative_to(top).parts):
            yield path
