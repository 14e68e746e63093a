"""Configuration for all projects, on Jupyter's own config path: its folders, and the level of each file.

The precedence is that of ``jupyter --paths``, so that files of ours lie beside Jupyter's and count as those do: of two values
the one in the first folder counts. What the project itself says comes before all of them.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..values import Level
from .sources import Problem, Source

#: Below each folder of the config path.
FOLDER = "mandrake"


def default_folders() -> list[str]:
    """Ours on Jupyter's config path, the one that counts most first."""
    from jupyter_core.paths import jupyter_config_path

    return [os.path.join(folder, FOLDER) for folder in jupyter_config_path() if folder]


def level_of(file: str) -> Level:
    """Whose word a file is: by the folder of Jupyter's config path that it lies in; all others are the user's own."""
    path = Path(file)
    if not path.is_absolute():
        return "workspace"
    return next((level for folder, level in _levels() if path.is_relative_to(folder)), "user")


def _levels() -> tuple[tuple[str, Level], ...]:
    from jupyter_core.paths import ENV_CONFIG_PATH, SYSTEM_CONFIG_PATH

    environment: list[tuple[str, Level]] = [(folder, "environment") for folder in ENV_CONFIG_PATH]
    return *environment, *((folder, "system") for folder in SYSTEM_CONFIG_PATH)


def not_own(root: Path, path: Path) -> str | None:
    """Why the file's word is not the user's (or the system's); None where it is."""
    if Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root)):
        return "lies in this project"
    try:
        status = os.stat(path)
    except OSError:
        return "can't be read"
    if os.name == "posix" and stat.S_IMODE(status.st_mode) & (stat.S_IWGRP | stat.S_IWOTH):
        return "may be written by others (chmod go-w would forbid it)"
    if hasattr(os, "geteuid") and status.st_uid not in (os.geteuid(), 0):
        return "belongs to another user"
    return None


def is_there(path: Path) -> bool:
    """Also where the system does not let us look: whoever reads it then is told so."""
    try:
        os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def level_sources(
    root: Path, folders: Sequence[Path], name: str, problems: list[Problem]
) -> Iterator[Source]:
    """The files `name` in `folders` that are there and are a word of the user's or of the system's; others are problems."""
    for folder in folders:
        path = folder / name
        if not is_there(path):
            continue
        source = Source(str(path), path, problems)
        if why := not_own(root, path):
            source.problem(f"{path} {why}. It is not read.")
        else:
            yield source
