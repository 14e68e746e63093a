"""What all commands share: the data dir, and how they speak."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import ClassVar, NoReturn

from jupyter_core.application import JupyterApp
from jupyter_core.paths import jupyter_data_dir
from traitlets import Unicode, default


class Command(JupyterApp):
    data_dir_option = Unicode(
        config=True, help="Mandrake's data dir. Default: 'mandrake' in the Jupyter data dir."
    )
    aliases: ClassVar[dict[str, str]] = {"data-dir": "Command.data_dir_option"}

    @default("data_dir_option")
    def _default_data_dir(self) -> str:
        return str(Path(jupyter_data_dir()) / "mandrake")

    def say(self, *lines: str) -> None:
        sys.stdout.writelines(f"{line}\n" for line in lines)

    def fail(self, *lines: str) -> NoReturn:
        """End with status 1 and the reason on stderr."""
        sys.stderr.writelines(f"{line}\n" for line in lines)
        sys.exit(1)
