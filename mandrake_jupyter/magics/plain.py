"""An answer as plain text on stdout: in a terminal, with ``--plain``, and wherever there are no widgets."""

from __future__ import annotations

import json
import sys
from typing import TextIO

from .answer import Answer, TextPart, ToolPart
from .words import ASKS_HINT, STATES, WAITS_HINT, decided, first_lines, sentence, tame, took, usage_line


class PlainView:
    """Prints the words as they come and one line for a tool call; what is printed is never taken back."""

    outlives_cell = False

    def __init__(self, out: TextIO | None = None):
        self._given = out
        self._said: dict[int, int] = {}
        self._noted: dict[str, str] = {}
        self._in_line = False
        self._open = True

    def skip(self, answer: Answer) -> None:
        """Take what `answer` holds so far for printed."""
        for number, part in answer.parts.items():
            if isinstance(part, TextPart):
                self._said[number] = len(part.content)
            else:
                self._noted[part.call_id] = part.status

    def reopen(self) -> None:
        self._open = True

    def show(self, answer: Answer) -> None:
        if not self._open:
            return
        for number in sorted(answer.parts):
            part = answer.parts[number]
            if isinstance(part, ToolPart):
                self._note(part)
            elif not part.reasoning:
                self._say(number, part.content)
        self._out.flush()

    def settle(self, answer: Answer, *, ended: bool) -> None:
        if not self._open:
            return
        self.show(answer)
        if answer.only_tools:
            self._results(answer)
        if answer.status == "failed":
            error = answer.error or {}
            words = sentence(str(error.get("message") or "The answer failed."), str(error.get("then") or ""))
            self._line(f"[failed] {words}")
        elif answer.status == "cancelled":
            self._line("[stopped] by you" if answer.stopped_here else "[stopped]")
        elif not ended and answer.needs_kernel:
            self._line(
                "[goes on] A tool needs this kernel; the answer goes on in the panel and in _mandrake."
            )
        if ended and (
            words := " · ".join(w for w in (answer.model, usage_line(answer.usage, answer.seconds)) if w)
        ):
            self._line(f"({words})")
        self._break()
        self._out.flush()
        self._open = False

    @property
    def _out(self) -> TextIO:
        return self._given or sys.stdout

    def _say(self, number: int, content: str) -> None:
        new = content[self._said.get(number, 0) :]
        if not new:
            return
        if number not in self._said:
            self._break()
        self._said[number] = len(content)
        self._out.write(tame(new))
        self._in_line = not new.endswith("\n")

    def _note(self, part: ToolPart) -> None:
        self._ask(part)
        if part.status == "running" or self._noted.get(part.call_id) == part.status:
            return
        self._noted[part.call_id] = part.status
        if part.status == "waiting":
            self._line(f"[waits for you] {part.name}. {WAITS_HINT}")
            return
        decision = "" if part.status == "denied" else decided(part.decision)
        name = f"{part.name} · {decision}" if decision else part.name
        after = f" ({took(part.duration_ms)})" if part.duration_ms else ""
        why = f": {part.error}" if part.error else ""
        word = STATES.get(part.status, part.status)
        self._line(f"[{word}] {name}{after}{why}")

    def _results(self, answer: Answer) -> None:
        for part in answer.tools:
            if part.content:
                self._line(first_lines(part.content))

    def _ask(self, part: ToolPart) -> None:
        if (question := part.question) is None or question["question_id"] in self._noted:
            return
        self._noted[question["question_id"]] = "asked"
        page = f" It wants to open {question['url']}" if question.get("url") else ""
        self._line(f"[{question['server']} asks] {question['message']}{page}")
        if fields := question.get("schema"):
            self._line(f"  {json.dumps(fields.get('properties') or {}, ensure_ascii=False)}")
        self._line(f"  {ASKS_HINT}")

    def _line(self, text: str) -> None:
        self._break()
        self._out.write(f"{tame(text)}\n")

    def _break(self) -> None:
        if self._in_line:
            self._out.write("\n")
            self._in_line = False
