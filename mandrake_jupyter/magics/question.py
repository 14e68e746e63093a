"""What an MCP server asks in the middle of a call, as ipywidgets: its words, a form as JSON or a page to open, yes or no."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from html import escape
from typing import Any
from urllib.parse import urlsplit

from .closing import close_all
from .html import icon

#: Called with the question's id, the action, and the content of a form that is accepted.
Reply = Callable[[str, str, "dict[str, Any] | None"], None]


class QuestionRow:
    """One question. `box` is its widget; nothing is sent, and no page opened, but by a press."""

    def __init__(self, question: Mapping[str, Any], reply: Reply):
        import ipywidgets as w

        self.question_id = str(question["question_id"])
        self._reply = reply
        self._form = question.get("mode") != "url"
        narrow = {"width": "auto"}
        self._field = w.Textarea(value=blank(question), layout={"width": "100%"})
        self._accept = w.Button(
            description="Answer" if self._form else "I have done it", button_style="primary", layout=narrow
        )
        self._decline = w.Button(description="Decline", layout=narrow)
        self._note = w.HTML()
        self._accept.on_click(lambda _: self._on_accept())
        self._decline.on_click(lambda _: self._send("decline", None))
        self._controls = (self._field, self._accept, self._decline)
        asked = [self._field] if self._form and self._field.value != "{}" else []
        self.box = w.VBox(
            [w.HTML(_title(question)), *asked, self._note, w.HBox([self._decline, self._accept])],
            layout={
                "border": "1px solid var(--jp-brand-color1, #1976d2)",
                "padding": "4px 8px",
                "margin": "6px 0",
            },
        )

    def _on_accept(self) -> None:
        try:
            content = parsed(self._field.value) if self._form else None
        except ValueError as exc:
            self._note.value = escape(str(exc))
            return
        self._send("accept", content)

    def _send(self, action: str, content: dict[str, Any] | None) -> None:
        for control in self._controls:
            control.disabled = True
        self._reply(self.question_id, action, content)

    def thaw(self, why: str) -> None:
        """The answer was refused, or did not arrive: say why, let it be given again."""
        for control in self._controls:
            control.disabled = False
        self._note.value = escape(why)

    def close(self) -> None:
        close_all(self.box, *self._controls)


def _title(question: Mapping[str, Any]) -> str:
    parts = [
        f'<div style="display: flex; align-items: center; gap: 8px">{icon("waiting")}'
        f"<b>{escape(str(question.get('server')))} asks</b></div>",
        f'<div style="white-space: pre-wrap">{escape(str(question.get("message")))}</div>',
    ]
    if url := question.get("url"):
        host = urlsplit(str(url)).hostname or ""
        parts.append(
            f'<div><a href="{escape(str(url), quote=True)}" target="_blank" rel="noopener noreferrer">'
            f"Open {escape(host)}</a></div>"
        )
    return "".join(parts)


def blank(question: Mapping[str, Any]) -> str:
    """The form of a question as JSON to be filled in: what it proposes, else nothing of the right kind."""
    schema = question.get("schema") or {}
    empty = {"boolean": False, "array": [], "number": 0, "integer": 0}
    required = schema.get("required") or ()
    fields = {
        name: field.get("default", empty.get(str(field.get("type")), ""))
        for name, field in (schema.get("properties") or {}).items()
        if name in required or "default" in field
    }
    return json.dumps(fields, ensure_ascii=False, indent=1 if fields else None)


def parsed(text: str) -> dict[str, Any]:
    """Raises ``ValueError`` with a sentence."""
    try:
        value = json.loads(text)
    except ValueError as exc:
        raise ValueError(f"This is not JSON: {exc}") from exc
    if not isinstance(value, dict):
        raise ValueError("The answer must be a JSON object.")
    return value
