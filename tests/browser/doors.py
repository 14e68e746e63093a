"""The three doors to one chat: the panel in a browser, the magics in a kernel, and REST as any script speaks it."""

from __future__ import annotations

import asyncio
import json
import time
import urllib.error
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

import nbformat
import pytest
from nbformat.v4 import new_notebook
from playwright.sync_api import expect

from .labserver import Lab, with_patience
from .panel import Panel

WORKSPACE = "mandrake/workspaces/default"
PATIENCE = 60.0
LABELS = {"once": "Once", "session": "In this chat", "workspace": "Always in this project"}
LOAD = "%load_ext mandrake_jupyter"


class Door(Protocol):
    """`chat` is the path of the newest chat."""

    chat: str

    def ask(self, text: str, *, again: bool = False) -> None:
        """Send `text` in a new chat, or `again` in the same; returns at a question or at the end of the answer."""

    def decide(self, decision: str, *, edited: dict[str, Any] | None = None, reason: str = "") -> None:
        """Returns when the answer has ended."""

    def reload(self) -> None:
        """Everything that this door knew of the chat is gone."""

    def is_late(self) -> None:
        """The question is over, and a decision on it changes nothing."""


class PanelDoor:
    name = "panel"

    def __init__(self, panel: Panel) -> None:
        self._panel = panel
        self.chat = ""

    def ask(self, text: str, *, again: bool = False) -> None:
        panel = self._panel
        if not again:
            panel.new_chat()
        there = panel.page.locator('[data-testid="mandrake-message"][data-role="assistant"]').count()
        panel.write(text)
        expect(panel.message("assistant", there)).to_be_visible()
        ended = panel.page.locator('[data-role="assistant"][data-status="complete"]').nth(there)
        expect(panel.at("approval").or_(ended).first).to_be_visible()
        self.chat = f"{WORKSPACE}/sessions/{panel.lab.api('GET', 'mandrake/sessions')[0]['id']}"

    def decide(self, decision: str, *, edited: dict[str, Any] | None = None, reason: str = "") -> None:
        panel = self._panel
        if decision == "deny":
            panel.at("deny").click()
            panel.at("deny-reason").fill(reason)
            panel.at("deny-confirm").click()
        else:
            panel.at("approval").get_by_text(LABELS[decision], exact=True).click()
            for name, value in (edited or {}).items():
                panel.at("approval").get_by_label(name).fill(value)
            panel.at("allow").click()
        panel.complete()

    def reload(self) -> None:
        self._panel.reload()
        expect(self._panel.at("approval")).to_be_visible()

    def is_late(self) -> None:
        expect(self._panel.message("assistant")).to_contain_text("Nobody decided on the tool")
        expect(self._panel.at("approval")).to_have_count(0)


class MagicDoor:
    name = "magic"

    def __init__(self, lab: Lab, notebook: str) -> None:
        self._lab = lab
        self._thread = ThreadPoolExecutor(1)  # Playwright's loop runs in the test's own
        self._runner = asyncio.Runner()
        self.chat = ""
        self.start(notebook)

    def start(self, notebook: str) -> None:
        """A kernel of the Jupyter server that runs now."""
        self._notebook = notebook
        nbformat.write(new_notebook(), self._lab.root / self._notebook)
        body = {"path": self._notebook, "name": self._notebook, "type": "notebook"}
        made = self._lab.api("POST", "api/sessions", {**body, "kernel": {"name": "python3"}})
        self._kernel = made["kernel"]["id"]
        self._connect()

    def ask(self, text: str, *, again: bool = False) -> None:
        if not again:
            self.chat = self._new_chat()
        name = self.chat.rsplit("/", 1)[-1]
        self._run(f"%%mandrake --plain -s {name}\n{text}")

    def ask_in_own_chat(self, text: str) -> None:
        """As a notebook does that names no chat: another kernel of it finds what waits there."""
        self._run(f"%%mandrake --plain\n{text}")
        found = self._lab.api("GET", f"{WORKSPACE}/sessions")
        own = next(chat["id"] for chat in found if chat["notebook"] == self._notebook)
        self.chat = f"{WORKSPACE}/sessions/{own}"

    def decide(self, decision: str, *, edited: dict[str, Any] | None = None, reason: str = "") -> None:
        if decision == "deny":
            said = self._run(f"%mandrake deny {reason}")
            assert ": denied." in said
        else:
            said = self._run(f"%mandrake allow {decision} {json.dumps(edited) if edited else ''}")
            assert "allowed" in said
        assert self._run("print(_mandrake.status)") == "complete\n"

    def reload(self) -> None:
        self.disconnect()
        self._lab.api("POST", f"api/kernels/{self._kernel}/restart", {})
        self._connect()

    def is_late(self) -> None:
        assert self._run("_mandrake.wait(60); print(_mandrake.status)") == "failed\n"
        assert self._run("%mandrake allow once") == "Nothing waits for you in this chat.\n"

    def disconnect(self) -> None:
        self._client.stop_channels()

    def close(self) -> None:
        self.disconnect()
        self._thread.submit(self._runner.close).result(PATIENCE)
        self._thread.shutdown()

    def _new_chat(self) -> str:
        made = self._lab.api("POST", f"{WORKSPACE}/sessions", {})
        return f"{WORKSPACE}/sessions/{made['id']}"

    def _connect(self) -> None:
        from jupyter_client.asynchronous import AsyncKernelClient

        file = self._lab.home / "runtime" / f"kernel-{self._kernel}.json"
        self._client = AsyncKernelClient(connection_file=str(file))
        self._client.load_connection_file()
        self._client.start_channels()
        until = time.monotonic() + PATIENCE
        while True:
            try:
                self._do(self._client.wait_for_ready(timeout=PATIENCE))
                break
            except RuntimeError:  # a busy machine misses a heartbeat
                if time.monotonic() > until:
                    raise
        self._run(LOAD)

    def _run(self, code: str) -> str:
        """What a cell prints."""
        said: list[str] = []

        def heard(message: dict[str, Any]) -> None:
            said.append(str(message["content"].get("text", "")))

        reply = self._do(self._client.execute_interactive(code, timeout=PATIENCE, output_hook=heard))
        assert reply["content"]["status"] == "ok", reply["content"].get("evalue")
        return "".join(said)

    def _do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self._thread.submit(self._runner.run, work).result(PATIENCE)


class CurlDoor:
    name = "curl"

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self.chat = ""
        self._waits: dict[str, Any] | None = None

    def ask(self, text: str, *, again: bool = False) -> None:
        if not again:
            self.chat = f"{WORKSPACE}/sessions/{self._lab.api('POST', f'{WORKSPACE}/sessions', {})['id']}"
        answered = self._lab.api("POST", f"{self.chat}/messages", {"content": text})
        if "state" in answered:
            self._look()
        else:
            assert answered["status"] == "complete"

    def decide(self, decision: str, *, edited: dict[str, Any] | None = None, reason: str = "") -> None:
        assert self._waits is not None
        body = {"decision": decision, "arguments": edited, "reason": reason or None}
        run, call = self._waits["run_id"], self._waits["call_id"]
        self._lab.api("POST", f"{self.chat}/runs/{run}/approvals/{call}", body)
        while (newest := self._lab.api("GET", f"{self.chat}/messages")[-1])["status"] != "complete":
            assert newest["status"] in ("running", "waiting"), newest
            with_patience()

    def reload(self) -> None:
        self._waits = None
        self._look()

    def is_late(self) -> None:
        while self._lab.api("GET", f"{self.chat}/messages")[-1]["status"] == "waiting":
            with_patience()
        with pytest.raises(urllib.error.HTTPError, match="409"):
            self.decide("once")

    def _look(self) -> None:
        newest = self._lab.api("GET", f"{self.chat}/messages")[-1]
        assert newest["status"] == "waiting", newest
        [call] = [part for part in newest["parts"] if part["type"] == "tool" and part["status"] == "waiting"]
        self._waits = {"run_id": newest["run_id"], "call_id": call["call_id"]}
