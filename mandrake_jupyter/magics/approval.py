"""The question a person must answer before a tool runs, as ipywidgets: arguments, for how long, allow or
deny.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from html import escape
from typing import Any

from .answer import ToolPart
from .closing import close_all
from .html import icon
from .words import SCOPES, usual_scope

#: Called with the call id, the decision, edited arguments or None, and the reason of a denial.
Decide = Callable[[str, str, "dict[str, Any] | None", str], None]


class ApprovalRow:
    """One question for all calls that wait. `box` is its widget; nothing is decided but by a pressed
    button.
    """

    def __init__(self, calls: list[ToolPart], decide: Decide):
        import ipywidgets as w

        self.call_ids = [call.call_id for call in calls]
        self._decide = decide
        self._calls = calls
        self._fields = [
            w.Textarea(value=_as_text(call.arguments)[0], layout={"width": "100%"}) for call in calls
        ]
        self._switches = [w.Checkbox(value=True, indent=False, description=call.name) for call in calls]
        scopes = [scope for scope in SCOPES if all(scope in call.choices for call in calls)]
        self._scope = w.ToggleButtons(
            options=[(SCOPES[scope], scope) for scope in scopes],
            value=usual_scope(scopes),
            style={"button_width": "auto"},
        )
        self._note = w.HTML()
        self._reason = w.Text(placeholder="Tell the model why (optional)")
        narrow = {"width": "auto"}
        self._allow = w.Button(description="Allow", button_style="primary", layout=narrow)
        self._deny = w.Button(description="Deny…", layout=narrow)
        self._back = w.Button(description="Back", layout=narrow)
        self._gap = w.Box(layout={"flex": "1 1 auto"})
        self._allow.on_click(lambda _: self._on_allow())
        self._deny.on_click(lambda _: self._on_deny())
        self._back.on_click(lambda _: self._ask_reason(False))
        self._controls = (
            *self._fields, *self._switches, self._scope, self._reason, self._allow, self._deny, self._back
        )  # fmt: skip
        self._reason_asked = False
        self._row = w.HBox(layout={"flex_flow": "row wrap", "align_items": "center"})
        pairs = zip(self._switches, self._fields, strict=True)
        asked = [widget for pair in pairs for widget in (pair if len(calls) > 1 else pair[1:])]
        self.box = w.VBox(
            [w.HTML(_title(calls)), *asked, self._note, self._row],
            layout={
                "border": "1px solid var(--jp-brand-color1, #1976d2)",
                "padding": "4px 8px",
                "margin": "6px 0",
            },
        )
        self._ask_reason(False)

    def _ask_reason(self, asked: bool) -> None:
        self._reason_asked = asked
        self._deny.description = "Deny" if asked else "Deny…"
        self._row.children = (
            [self._reason, self._gap, self._back, self._deny]
            if asked
            else [self._scope, self._gap, self._deny, self._allow]
        )

    def _on_allow(self) -> None:
        edits: list[dict[str, Any] | None] = []
        for call, field in zip(self._calls, self._fields, strict=True):
            try:
                edits.append(_edited(call.arguments, field.value))
            except ValueError as exc:
                self._note.value = f"<b>{escape(call.name)}</b>: {escape(str(exc))}"
                return
        self._freeze()
        for call, switch, edit in zip(self._calls, self._switches, edits, strict=True):
            if switch.value:
                self._decide(call.call_id, str(self._scope.value), edit, "")
            else:
                self._decide(call.call_id, "deny", None, "")

    def _on_deny(self) -> None:
        if not self._reason_asked:
            self._ask_reason(True)
            return
        self._freeze()
        for call in self._calls:
            self._decide(call.call_id, "deny", None, str(self._reason.value))

    def _freeze(self, frozen: bool = True) -> None:
        for control in self._controls:
            control.disabled = frozen

    def thaw(self, why: str) -> None:
        """The decision did not reach the server: say why, let it be made again."""
        self._freeze(False)
        self._note.value = escape(why)

    def close(self) -> None:
        close_all(self.box, *self._controls, self._gap)


def _title(calls: list[ToolPart]) -> str:
    name = calls[0].name if len(calls) == 1 else f"{len(calls)} tools"
    servers = ", ".join(dict.fromkeys(call.server for call in calls))
    return (
        f'<div style="display: flex; align-items: center; gap: 8px">{icon("waiting")}<b>Allow {escape(name)}?</b>'
        f"<span>MCP server {escape(servers)}</span></div>"
    )


def _as_text(arguments: dict[str, Any]) -> tuple[str, str]:
    """What stands in the field, and the name of the argument it is; empty for all of them as JSON."""
    if len(arguments) == 1:
        [(name, value)] = arguments.items()
        if isinstance(value, str):
            return value, name
    return json.dumps(arguments, ensure_ascii=False, indent=1), ""


def _edited(arguments: dict[str, Any], text: str) -> dict[str, Any] | None:
    """The arguments as edited, None when they are as they were; ``ValueError`` with a sentence otherwise."""
    before, name = _as_text(arguments)
    if text == before:
        return None
    if name:
        return {name: text}
    try:
        value = json.loads(text)
    except ValueError as exc:
        raise ValueError(f"this is not JSON: {exc}") from exc
    if not isinstance(value, dict):
        raise ValueError("the arguments must be a JSON object")
    return value
