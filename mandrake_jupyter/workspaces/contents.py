"""Which files of the folder an MCP server entry would run, and a hash over the entry and them.

Covered are the program and the scripts and settings its arguments name, the usual file of runners such as
``npm`` or ``make``, and files of variables (``envFile``). Not covered: what these files import, data (a database
given as an argument changes at every use), and files whose names come after the first 64 words of an entry that
could be one: of these the text alone counts. So a look at an unchanged entry is at most 64 ``stat`` calls, and
one for each file of variables.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from ..errors import MandrakeError
from ..stores.reading import fingerprint, read_bounded
from ..values import Container, MCPServerEntry, content_hash

#: Of a larger file the first part, size and time of change count, in bytes.
MAX_HASHED = 32_000_000
#: Names of files looked at for one entry, and what is remembered of how many entries and files.
MAX_NAMES = 64
MAX_KNOWN = 20_000
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
        self._known: dict[tuple[str, bool], tuple[object, str | None]] = {}
        self._named: dict[object, dict[str, bool]] = {}

    def hash(self, entry: MCPServerEntry) -> str:
        """The entry's own hash when it runs nothing from the folder, else one over it and these files."""
        files = self.files(entry)
        return content_hash([entry.hash, files]) if files else entry.hash

    def files(self, entry: MCPServerEntry) -> dict[str, str]:
        """What `entry` would run from the folder: the file as the entry names it → sha256, as hex."""
        return {name: digest for name, (_, digest) in self._found(entry).items()}

    def paths(self, entry: MCPServerEntry) -> dict[str, Path]:
        """The same files, those of variables too, where they are."""
        return {name: Path(path) for name, (path, _) in self._found(entry).items()}

    def outside(self, path: str) -> bool:
        """Whether `path`, as an entry names it, does not lie in the folder."""
        return not Path(os.path.realpath(os.path.join(self.root, path))).is_relative_to(self.root)

    def _found(self, entry: MCPServerEntry) -> dict[str, tuple[str, str]]:
        """Name → where it is, and its hash; of a file of variables that lies elsewhere it is where that is."""
        if entry.transport not in ("stdio", "docker"):
            return {}
        start = os.path.join(self.root, VARIABLE.sub("", entry.cwd or ""))
        found: dict[str, tuple[str, str]] = {}
        for name, is_program in self._names(entry).items():
            path = os.path.join(start, name) if not entry.container else _mounted(entry.container, name)
            if path is None:
                continue
            path = os.path.join(self.root, path)
            if (digest := self._look(path, is_program)) is not None:
                found[name] = path, digest
        for name in entry.env_files:
            path = os.path.join(self.root, name)
            if (digest := self._look(path, True)) is not None:
                found[name] = path, digest
            elif (real := self._link(path)) is not None:
                found[name] = path, content_hash(real)
        return found

    def _names(self, entry: MCPServerEntry) -> dict[str, bool]:
        """As :func:`_names`, made once for each entry."""
        key = (entry.command, entry.args, tuple(entry.env.values()))
        if key not in self._named:
            if len(self._named) >= MAX_KNOWN:
                self._named.clear()
            self._named[key] = _names(entry)
        return self._named[key]

    def _look(self, path: str, is_program: bool) -> str | None:
        """The hash of that file, None when there is none that counts; one ``stat`` while it is unchanged."""
        stamp = fingerprint(path)
        if stamp is None:
            return None
        known = self._known.get((path, is_program))
        if known is None or known[0] != stamp:
            counts = os.path.isfile(path) and self._inside(path) and (is_program or _is_code(Path(path)))
            if len(self._known) >= MAX_KNOWN:
                self._known.clear()
            known = (stamp, _hash(path, stamp) if counts else None)
            self._known[path, is_program] = known
        return known[1]

    def _link(self, path: str) -> str | None:
        """Where a path of the folder leads, when it is not where it says."""
        path = os.path.normpath(path)
        real = os.path.realpath(path)
        return real if real != path and Path(path).is_relative_to(self.root) else None

    def _inside(self, path: str) -> bool:
        """Whether the folder decides what this file is: it, or a link to it, lies there."""
        folder, name = os.path.split(path)
        placed = Path(os.path.realpath(folder), name)
        return placed.is_relative_to(self.root) or Path(os.path.realpath(path)).is_relative_to(self.root)


def _mounted(container: Container, name: str) -> str | None:
    """Where a file of a container lies here; None when it is the image's own."""
    for mount in container.mounts:
        if name == mount.target:
            return mount.source
        inside = f"{mount.target.rstrip('/')}/"
        if name.startswith(inside):
            return os.path.join(mount.source, name[len(inside) :].lstrip("/"))
    return None


def _hash(path: str, stamp: object) -> str:
    try:
        content, more = read_bounded(Path(path), MAX_HASHED)
    except MandrakeError as exc:
        content, more = str(exc).encode(), False
    digest = hashlib.sha256(content)
    if more:
        digest.update(repr((os.path.realpath(path), stamp)).encode())
    return digest.hexdigest()


def _names(entry: MCPServerEntry) -> dict[str, bool]:
    """The first :data:`MAX_NAMES` texts of `entry` that may name a file; whether one is the program itself."""
    names: dict[str, bool] = {}
    for name, is_program in islice(_named(entry), MAX_NAMES * 16):
        if name in names or len(names) < MAX_NAMES:
            names[name] = names.get(name, False) or is_program
    return dict(sorted(names.items()))


def _named(entry: MCPServerEntry) -> Iterator[tuple[str, bool]]:
    """Every text of `entry` that may name a file, and whether it is the program itself; the likely ones first,
    as not all may be looked at.
    """
    yield entry.command, "/" in entry.command
    program = re.split(r"[/\\]", entry.command)[-1].lower().removesuffix(".exe").removesuffix(".cmd")
    for name in RUNNERS.get(program, ()):
        yield name, True
    for before, arg in zip(("", *entry.args), entry.args, strict=False):
        yield arg, False
        yield VARIABLE.sub("", arg), False
        if before == "-m":
            module = arg.replace(".", "/")
            yield from ((f"{module}{end}", True) for end in (".py", "/__main__.py", "/__init__.py"))
        if before in ("--directory", "--prefix", "--project", "-C", "--cwd"):
            yield from ((f"{arg}/{name}", False) for name in (*RUNNERS.get(program, ()), *entry.args))
    for arg in entry.args:
        yield from (
            (part.lstrip("-"), False) for part in re.split(r"[=\s:,;{}]", arg) if part and part != arg
        )
    for value in entry.env.values():
        yield from ((part, False) for part in re.split(r"[=\s:,;]", value) if "." in part)


def _is_code(path: Path) -> bool:
    if CODE.fullmatch(path.suffix) or path.name in ("Makefile", "Dockerfile") or os.access(path, os.X_OK):
        return True
    try:
        return read_bounded(path, 2)[0] == b"#!"
    except MandrakeError:
        return False
