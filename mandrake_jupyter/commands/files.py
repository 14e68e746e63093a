"""``trust`` and ``install-model``: they work on files, and need no Jupyter server that runs."""

from __future__ import annotations

from pathlib import Path

from .base import Command


class TrustApp(Command):
    """Trust everything that the files of the named folders would start or contact as they are now."""

    name = "jupyter-mandrake-trust"
    description = __doc__ or ""

    def start(self) -> None:
        from ..workspaces.workspace import trust_folder

        for folder in self.extra_args or ["."]:
            path = Path(folder).resolve()
            if not path.is_dir():
                self.exit(f"{folder} is not a folder.")
            trusted = trust_folder(path, Path(self.data_dir_option))
            self.say(f"{folder}: nothing there asks for trust." if not trusted else f"Trusted in {folder}:")
            for line in trusted:
                self.say(f"  {line}")


class InstallModelApp(Command):
    """Fetch the demo model (about 93 MB) into Mandrake's data dir."""

    name = "jupyter-mandrake-install-model"
    description = __doc__ or ""

    def start(self) -> None:
        from ..providers.demo import main as fetch

        self.exit(fetch(["fetch", "--data-dir", self.data_dir_option]))
