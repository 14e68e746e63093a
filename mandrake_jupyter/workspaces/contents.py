"""Which files of the folder an MCP server entry would run, and a hash over the entry and them.

Covered are the program and the scripts and settings its arguments name, and the usual file of runners such as
``npm`` or ``make``. Not covered: what these files import, and data (a database given as an argument changes
at every use).
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

from ..errors import MandrakeError
from ..stores.reading import fingerprint, read_bounded
from ..values import MCPServerEntry, content_hash

#: Of a larger file the first part, size and time of change count, in bytes.
MAX_HASHED = 32_000_000
CODE = re.compile(
    r"\.(py[zw]?|ipynb|[mc]?[jt]s|[jt]sx|(ba|z|fi)?sh|rb|pl|php|lua|r|jl|ps1|bat|cmd|exe|jar|wasm|so|dylib|dll|whl"
    r"|jsonc?|toml|ya?ml|ini|cfg|conf|env|mk)",
    re.IGNORECASE,
)
#: A reference that may turn out to be the folder itself: what follows it is looked up there.
VARIABLE = re.compile(r"\$\{[^}]*\}/*")
RUNNERS = {
    "npm": ("package.json",), "yarn": ("package.json",), "pnpm": ("package.json",), "bun": ("package.json",),
    "make": ("Makefile", "makefile", "GNUmakefile"), "just": ("justfile",), "task": ("Taskfile.yml",),
    "uv": ("pyproject.toml", "uv.lock"), "poetry": ("pyproject.toml",), "hatch": ("pyproject.toml",),
    "pixi": ("pixi.toml", "pyproject.toml"), "docker-compose": ("compose.yaml", "docker-compose.yml"),
    "docker": ("compose.yaml", "docker-compose.yml"),
}  # fmt: skip


class ContentHasher:
    """Hashes of entries, with the files of `root` they run; an unchanged file is hashed once."""

    def __init__(self, root: Path):
        self.root = Path(os.path.realpath(root))
        self._known: dict[Path, tuple[object, str]] = {}

    def hash(self, entry: MCPServerEntry) -> str:
        """The entry's own hash when it runs nothing from the folder, else one over it and these files."""
        files = self.files(entry)
        return content_hash([entry.hash, files]) if files else entry.hash

    def files(self, entry: MCPServerEntry) -> dict[str, str]:
        """What `entry` would run from the folder: the file as the entry names it → sha256, as hex."""
        if entry.transport != "stdio":
            return {}
        start = os.path.join(self.root, VARIABLE.sub("", entry.cwd or ""))
        names: dict[str, bool] = {}
        for name, is_program in _named(entry):
            names[name] = names.get(name, False) or is_program
        found: dict[str, str] = {}
        for name, is_program in sorted(names.items()):
            path = os.path.join(start, name)
            if os.path.isfile(path) and self._inside(path) and (is_program or _is_code(Path(path))):
                found[name] = self._hash(Path(path))
        return found

    def _inside(self, path: str) -> bool:
        """Whether the folder decides what this file is: it, or a link to it, lies there."""
        folder, name = os.path.split(path)
        placed = Path(os.path.realpath(folder), name)
        return placed.is_relative_to(self.root) or Path(os.path.realpath(path)).is_relative_to(self.root)

    def _hash(self, path: Path) -> str:
        stamp = (os.path.realpath(path), fingerprint(path))
        known = self._known.get(path)
        if known is not None and known[0] == stamp:
            return known[1]
        try:
            content, more = read_bounded(path, MAX_HASHED)
        except MandrakeError as exc:
            content, more = str(exc).encode(), False
        digest = hashlib.sha256(content)
        if more:
            digest.update(repr(stamp).encode())
        self._known[path] = (stamp, digest.hexdigest())
        return digest.hexdigest()


def _named(entry: MCPServerEntry) -> Iterator[tuple[str, bool]]:
    """Every text of `entry` that may name a file, and whether it is the program itself."""
    yield entry.command, "/" in entry.command
    program = re.split(r"[/\\]", entry.command)[-1].lower().removesuffix(".exe").removesuffix(".cmd")
    for name in RUNNERS.get(program, ()):
        yield name, True
    for before, arg in zip(("", *entry.args), entry.args, strict=False):
        yield arg, False
        yield VARIABLE.sub("", arg), False
        yield from (
            (part.lstrip("-"), False) for part in re.split(r"[=\s:,;{}]", arg) if part and part != arg
        )
        if before == "-m":
            module = arg.replace(".", "/")
            yield from ((f"{module}{end}", True) for end in (".py", "/__main__.py", "/__init__.py"))
        if before in ("--directory", "--prefix", "--project", "-C", "--cwd"):
            yield from ((f"{arg}/{name}", False) for name in (*RUNNERS.get(program, ()), *entry.args))
    for value in entry.env.values():
        yield from ((part, False) for part in re.split(r"[=\s:,;]", value) if "." in part)


def _is_code(path: Path) -> bool:
    if CODE.fullmatch(path.suffix) or path.name in ("Makefile", "Dockerfile") or os.access(path, os.X_OK):
        return True
    try:
        return read_bounded(path, 2)[0] == b"#!"
    except MandrakeError:
        return False
