"""An answer as an ipywidgets view that streams into the cell, and leaves plain HTML behind when it ends."""

from __future__ import annotations

import importlib.util
import io
import time
import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

from ..client import MandrakeClientError
from . import html
from .answer import Answer
from .approval import ApprovalRow, Decide
from .closing import close_all
from .plain import PlainView
from .question import QuestionRow, Reply

SHORTEST, LONGEST = 0.05, 1.0


def hears_buttons(shell: Any) -> bool:
    """Whether this kernel can hear a button while a cell runs; ipykernel 6 can't."""
    info = getattr(shell.kernel, "kernel_info", None) or {}
    return "kernel subshells" in info.get("supported_features", ())


def available(shell: Any) -> bool:
    """Whether widgets could be shown: a kernel (not a terminal), and ipywidgets installed."""
    return getattr(shell, "kernel", None) is not None and importlib.util.find_spec("ipywidgets") is not None


class WidgetView:
    """One view an answer. Stop and the approval's buttons call back in whichever thread the kernel hears
    them.
    """

    outlives_cell = True

    def __init__(self, stop: Callable[[], None], decide: Decide, reply: Reply, *, heard: bool = True):
        """`heard`: whether the kernel hears a pressed button while a cell runs."""
        import ipywidgets as w

        self._widgets = w
        self._stop, self._decide, self._reply = stop, decide, reply
        self._heard = heard
        self._head = w.HTML(layout={"flex": "1 1 auto"})
        self._stop_button = w.Button(
            description="Stop", icon="stop", tooltip="Stop the answer", layout={"width": "auto"}
        )
        self._stop_button.on_click(lambda _: self._on_stop())
        self._body = w.VBox()
        self._foot = w.VBox()
        self._box = w.VBox(
            [
                w.HBox([self._head, self._stop_button], layout={"align_items": "center"}),
                self._body,
                self._foot,
            ],
            layout={"border": "1px solid var(--jp-border-color2, #e0e0e0)", "padding": "0 6px 6px"},
        )
        self._parts: dict[int, Any] = {}
        self._question: ApprovalRow | None = None
        self._asked: QuestionRow | None = None
        self._handle: Any = None
        self._next_paint = 0.0

    def show(self, answer: Answer) -> None:
        now = time.monotonic()
        if now < self._next_paint:
            return
        self._paint(answer)
        cost = time.monotonic() - now
        self._next_paint = time.monotonic() + min(LONGEST, max(SHORTEST, 4 * cost))

    def reopen(self) -> None:
        """Nothing: it was never closed."""

    def settle(self, answer: Answer, *, ended: bool) -> None:
        self._heard = True
        self._paint(answer)
        still: dict[str, Any] = {"text/html": html.page(answer, datetime.now()), "text/plain": _plain(answer)}
        if not ended:
            still |= {"application/vnd.jupyter.widget-view+json": self._reference()}
        self._handle.update(still, raw=True)
        if ended:
            self._close()

    def _paint(self, answer: Answer) -> None:
        seconds = (
            f"{answer.seconds:.0f} s" if answer.seconds and answer.seconds >= 3 and not answer.waiting else ""
        )
        links = [html.command("Open in panel", "mandrake:open-chat", session_id=answer.session_id)]
        if not self._heard:
            links.append(html.command("Stop", "notebook:interrupt-kernel"))
        self._stop_button.layout.display = None if self._heard else "none"
        _put(self._head, html.head(answer, seconds, *links))
        for number in sorted(answer.parts):
            if number not in self._parts:
                self._parts[number] = self._widgets.HTML()
                self._body.children = [self._parts[known] for known in sorted(self._parts)]
            part = answer.parts[number]
            _put(self._parts[number], "" if part in answer.waiting else html.part(part))
        self._ask(answer)
        self._put_question(answer)
        if self._handle is None:
            from IPython.display import display

            start = {
                "application/vnd.jupyter.widget-view+json": self._reference(),
                "text/plain": _plain(answer),
            }
            self._handle = display(start, raw=True, display_id=uuid.uuid4().hex)

    def _ask(self, answer: Answer) -> None:
        calls = answer.waiting
        asked = self._question.call_ids if self._question else []
        if [call.call_id for call in calls] == asked:
            return
        old, self._question = self._question, ApprovalRow(calls, self._try_decide) if calls else None
        self._put_rows(old)

    def _put_question(self, answer: Answer) -> None:
        """The oldest one; the next comes when it is over."""
        question = answer.asked[0].question if answer.asked else None
        old = self._asked
        if (old and old.question_id) == (question and question["question_id"]):
            return
        self._asked = QuestionRow(question, self._try_reply) if question else None
        self._put_rows(old)

    def _put_rows(self, old: ApprovalRow | QuestionRow | None) -> None:
        self._foot.children = [row.box for row in (self._question, self._asked) if row is not None]
        if old is not None:
            old.close()

    def _try_reply(self, question_id: str, action: str, content: dict[str, Any] | None) -> None:
        asked = self._asked
        try:
            self._reply(question_id, action, content)
        except MandrakeClientError as exc:
            if exc.code != "already_answered" and asked is not None:
                asked.thaw(exc.message)

    def _try_decide(self, call_id: str, decision: str, arguments: dict[str, Any] | None, reason: str) -> None:
        question = self._question
        try:
            self._decide(call_id, decision, arguments, reason)
        except MandrakeClientError as exc:
            if exc.code != "already_decided" and question is not None:
                question.thaw(exc.message)

    def _on_stop(self) -> None:
        self._stop_button.disabled = True
        try:
            self._stop()
        except MandrakeClientError as exc:
            self._stop_button.disabled = False
            self._stop_button.tooltip = exc.message

    def _reference(self) -> dict[str, Any]:
        return {"version_major": 2, "version_minor": 0, "model_id": self._box.model_id}

    def _close(self) -> None:
        for row in (self._question, self._asked):
            if row is not None:
                row.close()
        close_all(self._box)


def _put(widget: Any, value: str) -> None:
    if widget.value != value:
        widget.value = value


def _plain(answer: Answer) -> str:
    out = io.StringIO()
    PlainView(out).settle(answer, ended=answer.ended)
    return out.getvalue()
