"""``jupyter mandrake doctor``: what is wrong, with what helps; status 1 when something is."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .checks import Finding, installation
from .running import NONE_RUNS, ServerCommand, heading

if TYPE_CHECKING:
    from ..client import JupyterServer

MARKS = {"ok": "  ok    ", "note": "  note  ", "wrong": "  WRONG "}


class DoctorApp(ServerCommand):
    """Look at the installation and at the Jupyter servers that run, and say what is wrong and what helps. Changes nothing."""

    name = "jupyter-mandrake-doctor"
    description = __doc__ or ""
    examples = "jupyter mandrake doctor --json"

    def start(self) -> None:
        looked: list[tuple[str, list[Finding]]] = [
            ("Installation", list(installation(Path(self.data_dir_option), os.environ)))
        ]
        looked += [(heading(server), list(self._server(server))) for server in self.running()]
        if len(looked) == 1:
            looked.append(("Jupyter servers", [Finding("note", *NONE_RUNS)]))
        if self.as_json:
            self.print_json(
                [{"where": where, "findings": [f.as_json() for f in found]} for where, found in looked]
            )
        else:
            for where, findings in looked:
                self.say(where, *(line for finding in findings for line in _shown(finding)))
        self.exit(1 if any(f.level == "wrong" for _, found in looked for f in found) else 0)

    def _server(self, server: JupyterServer) -> Iterator[Finding]:
        from ..client import MandrakeClientError

        client = self.client(server)
        try:
            yield from _findings(client.readiness())
            models = client.models()
        except MandrakeClientError as exc:
            yield Finding("wrong", str(exc), exc.then)
            return
        yield Finding("ok", f"Model of new chats: {models['active'] or 'none'}. {models['origin_note']}")


def _findings(readiness: dict[str, Any]) -> Iterator[Finding]:
    """What ``GET health/ready`` found; an answer without findings is an error body."""
    findings = readiness.get("findings", [{**readiness, "level": "error", "remedy": readiness.get("then")}])
    for told in findings:
        yield Finding("wrong" if told["level"] == "error" else "note", told["message"], told["remedy"] or "")
    if not findings:
        yield Finding("ok", "Ready")


def _shown(finding: Finding) -> Iterator[str]:
    yield f"{MARKS[finding.level]}{finding.sentence}"
    if finding.then:
        yield f"        → {finding.then}"
