"""``%%mandrake`` and ``%mandrake``: the notebook's door to the chats of the panel, through the REST API
alone.

A cell is a message; its answer streams into the cell and stays in ``_mandrake``. Errors are raised as one
readable line, so that "Run all" and automated runs stop where a question was not answered.
"""

from __future__ import annotations

import os
import uuid
from typing import Any

from IPython.core.magic import Magics, cell_magic, line_magic, magics_class, no_var_expand
from IPython.core.magic_arguments import argument, magic_arguments, parse_argstring

from ..client import MandrakeClient, MandrakeClientError
from . import widgets
from .answer import Answer
from .braces import expand
from .chats import Chats, notebook_path
from .commands import Commands
from .follow import Following, View
from .plain import PlainView
from .words import sentence


class MandrakeMagicError(Exception):
    """A cell without an answer. IPython shows its one line and no traceback."""

    def _render_traceback_(self) -> list[str]:
        return [f"Mandrake: {self}"]


@magics_class
class MandrakeMagics(Magics):
    """The magics of one IPython; at most one answer is followed in the foreground at a time."""

    def __init__(self, shell: Any):
        super().__init__(shell)
        self.chats = Chats(notebook_path(os.environ, shell.user_ns))
        self.following: Following | None = None
        self._client: MandrakeClient | None = None

    @property
    def client(self) -> MandrakeClient:
        """The client of this notebook's Jupyter server, looked for at first use and again once it is lost."""
        if self._client is None:
            self._client = MandrakeClient.find()
        return self._client

    @no_var_expand
    @magic_arguments("%%mandrake")
    @argument("-s", "--chat", help="Another chat: its id or its title. A new title makes a new chat.")
    @argument("-m", "--model", help="Another model for this message, as its id in the panel's model list.")
    @argument("--plain", action="store_true", help="Plain text, also where widgets could be shown.")
    @cell_magic("mandrake")
    def cell(self, line: str, cell: str) -> None:
        """Send the cell to this notebook's chat and stream the answer into the cell.

        {name} is replaced by the value of a notebook variable; other braces stay as they are, and within
        backticks nothing is replaced. A cell that begins with /tool calls a tool: /tool SERVER TOOL
        {"json": "arguments"}. The answer is kept in _mandrake, with .text, .tools and .usage.
        """
        following = self._begin(line, cell)
        following.run()
        self._raise_if_failed(following.answer)

    async def cell_async(self, line: str, cell: str) -> None:
        """As :meth:`cell`, for kernels: while it runs the kernel goes on to hear the view's buttons."""
        following = self._begin(line, cell)
        await following.run_async()
        self._raise_if_failed(following.answer)

    @no_var_expand
    @line_magic("mandrake")
    def line(self, line: str) -> None:
        """status | allow [once|session|workspace] | deny [reason] | stop | again | chats | search | export | help"""
        try:
            answer = Commands(self, self.client).run(line)
        except MandrakeClientError as exc:
            raise self._readable(exc) from None
        if answer is not None:
            self._raise_if_failed(answer)

    def follow(self, following: Following) -> None:
        """Make `following` the current answer, also of the user's namespace."""
        self.following = following
        self.shell.user_ns["_mandrake"] = following.answer

    def _begin(self, line: str, cell: str) -> Following:
        options = parse_argstring(self.cell, line)
        content = expand(cell.strip("\n"), self.shell.user_ns)
        if not content.strip():
            raise MandrakeMagicError("The cell is empty. Write a message below %%mandrake.")
        try:
            client = self.client
            wanted = _unquoted(options.chat or "")
            chat = self.chats.named(client, wanted) if wanted else self.chats.own(client)
        except MandrakeClientError as exc:
            raise self._readable(exc) from None
        following = self._send(client, chat, content, options.model, options.plain)
        self.follow(following)
        return following

    def ask_again(self, chat: dict[str, Any], message_id: str) -> Following:
        """Follows a new answer in the place of that one, as plain text."""
        following = self._send(self.client, chat, "", None, True, replaces=message_id)
        self.follow(following)
        return following

    def _send(
        self,
        client: MandrakeClient,
        chat: dict[str, Any],
        content: str,
        model: str | None,
        plain: bool,
        replaces: str | None = None,
    ) -> Following:
        session, key = str(chat["id"]), uuid.uuid4().hex
        answer = Answer(session, self.chats.title(chat), model=model or str(chat.get("model") or ""))
        message: dict[str, Any] = {
            "model": model,
            "idempotency_key": key,
            "notebook": self.chats.notebook or None,
            "replaces": replaces,
        }

        def cancel() -> None:
            answer.stopped_here = True
            run = answer.run_id
            if not run:
                # Nothing has come yet, perhaps it is queued: posted again under its key, it names its run at once.
                sent = client.send_and_wait(session, content, wait=0, **message)
                run = str(sent.get("run_id") or sent["id"])
            client.cancel(session, run)

        def decide(call_id: str, decision: str, arguments: dict[str, Any] | None, reason: str) -> None:
            client.approve(
                session, answer.run_id, call_id, decision, arguments=arguments, reason=reason or None
            )

        def reply(question_id: str, action: str, content: dict[str, Any] | None) -> None:
            client.answer(session, answer.run_id, question_id, action, content=content)

        plainly = plain or not widgets.available(self.shell)
        view: View
        if plainly:
            view = PlainView()
        else:
            view = widgets.WidgetView(cancel, decide, reply, heard=widgets.hears_buttons(self.shell))
        return Following(client.send(session, content, **message), answer, view, cancel)

    def _raise_if_failed(self, answer: Answer) -> None:
        if answer.status == "failed":
            error = answer.error or {}
            if error.get("code") == "unreachable":
                self._client = None
            raise MandrakeMagicError(str(error.get("message") or "The answer failed."))

    def _readable(self, exc: MandrakeClientError) -> MandrakeMagicError:
        if exc.code in ("unreachable", "not_authenticated"):
            self._client = None
        return MandrakeMagicError(sentence(exc.message, exc.then))


def _unquoted(word: str) -> str:
    """IPython splits a magic's line by shell rules but leaves the quotes."""
    quoted = len(word) > 1 and word[0] == word[-1] and word[0] in "'\""
    return word[1:-1] if quoted else word
