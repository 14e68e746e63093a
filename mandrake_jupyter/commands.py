"""``jupyter mandrake trust | install-model``: small commands that need no running Jupyter server."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import ClassVar

from jupyter_core.application import JupyterApp
from jupyter_core.paths import jupyter_data_dir
from traitlets import Unicode, default


class _Command(JupyterApp):
    data_dir_option = Unicode(
        config=True, help="Mandrake's data dir. Default: 'mandrake' in the Jupyter data dir."
    )
    aliases: ClassVar[dict[str, str]] = {"data-dir": "_Command.data_dir_option"}

    @default("data_dir_option")
    def _default_data_dir(self) -> str:
        return str(Path(jupyter_data_dir()) / "mandrake")

    def say(self, text: str) -> None:
        sys.stdout.write(f"{text}\n")


class TrustApp(_Command):
    """Trust everything that the files of the named folders would start or contact as they are now."""

    name = "jupyter-mandrake-trust"
    description = __doc__ or ""

    def start(self) -> None:
        from .workspaces.workspace import trust_folder

        for folder in self.extra_args or ["."]:
            path = Path(folder).resolve()
            if not path.is_dir():
                self.exit(f"{folder} is not a folder.")
            trusted = trust_folder(path, Path(self.data_dir_option))
            self.say(f"{folder}: nothing there asks for trust." if not trusted else f"Trusted in {folder}:")
            for line in trusted:
                self.say(f"  {line}")


class InstallModelApp(_Command):
    """Fetch the demo model (about 93 MB) into Mandrake's data dir."""

    name = "jupyter-mandrake-install-model"
    description = __doc__ or ""

    def start(self) -> None:
        from .providers.demo import main as fetch

        self.exit(fetch(["fetch", "--data-dir", self.data_dir_option]))
