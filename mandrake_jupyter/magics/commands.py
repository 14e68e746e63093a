"""The words after ``%mandrake``: look, decide, stop. Each prints plain text, so they work where no widgets
do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..client import MandrakeClient, MandrakeClientError
from .answer import Answer, from_message
from .exporting import export
from .follow import Following
from .plain import PlainView
from .question import parsed
from .words import ASKS_HINT, DECISIONS, say

if TYPE_CHECKING:
    from .magic import MandrakeMagics

HELP = """\
%%mandrake [-s CHAT] [-m MODEL] [--plain]   send the cell to this notebook's chat, or to CHAT (id or title)
    {name}                                  the value of a notebook variable; other braces stay as they are
    /tool SERVER TOOL {"json": "arguments"}  call a tool directly
%mandrake status                            the Jupyter server, the chat, and what it is doing
%mandrake allow [once|session|workspace]    allow the tool that waits: once, in this chat (default), or always
%mandrake deny [REASON]                     do not allow it, and tell the model why
%mandrake answer {"field": "value"}         answer what an MCP server asks; %mandrake decline says no
%mandrake stop                              stop the answer; what was said so far is kept
%mandrake again                             ask the last question again; its answer is replaced
%mandrake chats                             the chats of this project
%mandrake search WORDS                      what was said in any chat
%mandrake export [FILE]                     the chat as a file: .md, .ipynb (its Python runs) or .json
_mandrake                                   the last answer: .text, .tools, .usage, .session_id"""


class Commands:
    """One ``%mandrake`` line. :meth:`run` returns the answer it followed, if it followed one."""

    def __init__(self, magics: MandrakeMagics, client: MandrakeClient):
        self._magics = magics
        self._client = client

    def run(self, line: str) -> Answer | None:
        word, _, rest = line.strip().partition(" ")
        rest = rest.strip()
        match word:
            case "" | "help":
                say(HELP)
            case "status":
                self._status()
            case "chats":
                self._chats()
            case "search":
                self._search(rest)
            case "export":
                export(self._client, self._chat(), rest)
            case "again":
                return self._again()
            case "stop":
                self._stop()
            case "allow" if (rest or "session") in DECISIONS:
                return self._decide(rest or "session", "")
            case "allow":
                say(f"Not a scope: {rest}. Say %mandrake allow once, session or workspace.")
            case "deny":
                return self._decide("deny", rest)
            case "answer":
                return self._reply("accept", rest)
            case "decline":
                return self._reply("decline", "")
            case _:
                say(f"No command {word!r}.\n\n{HELP}")
        return None

    def _status(self) -> None:
        chat = self._chat()
        state = {"idle": "idle", "busy": "answering", "waiting": "waits for you"}
        say(f"Jupyter: {self._client.url}")
        say(
            f"Chat: {self._magics.chats.title(chat)} · {state.get(str(chat['execution_state']), '')} · {chat['id']}"
        )
        say(f"Model: {chat.get('model') or self._client.models().get('active') or 'none'}")
        if answer := self._waiting(chat)[0]:
            for call in answer.waiting:
                say(f"[waits for you] {call.name} of the MCP server {call.server}: {call.arguments}")
            for call in answer.asked:
                say(f"[{call.server} asks] {call.question and call.question['message']}")

    def _chats(self) -> None:
        current = self._chat()["id"]
        for chat in self._client.sessions():
            say(f"{'*' if chat['id'] == current else ' '} {chat['name'] or 'untitled'}  ({chat['id']})")

    def _search(self, words: str) -> None:
        found = self._client.search(words) if words else {"results": []}
        for result in found["results"]:
            say(f"{result['session']['name'] or 'untitled'}  ({result['session']['id']})")
            for hit in result["hits"]:
                say(f"    {' '.join(''.join(piece['text'] for piece in hit['snippet']).split())}")
            if result["more"]:
                say(f"    and {result['more']} more")
        if not found["results"]:
            say("Nothing was found." if words else "Say what to look for: %mandrake search WORDS")

    def _again(self) -> Answer | None:
        chat = self._chat()
        answers = [m for m in self._client.messages(str(chat["id"])) if m["role"] == "assistant"]
        if not answers:
            say("Nothing was asked in this chat yet.")
            return None
        following = self._magics.ask_again(chat, str(answers[-1]["id"]))
        following.run()
        return following.answer

    def _stop(self) -> None:
        following = self._magics.following
        if following and not following.answer.ended:
            following.stop()
            following.answer.wait(1 if following.outlives_cell else 0)
            say("Stopped.")
            return
        chat = self._chat()
        if run := chat.get("active_run"):
            self._client.cancel(str(chat["id"]), str(run["id"]))
            say("Stopped.")
        else:
            say("Nothing is running in this chat.")

    def _decide(self, decision: str, reason: str) -> Answer | None:
        answer, following = self._waiting(self._chat())
        if answer is None or not answer.waiting:
            say("Nothing waits for you in this chat." if answer is None else ASKS_HINT)
            return None
        for call in answer.waiting:
            try:
                self._client.approve(
                    answer.session_id, answer.run_id, call.call_id, decision, reason=reason or None
                )
            except MandrakeClientError as exc:
                if exc.code != "already_decided":
                    raise
                say(exc.message)
            else:
                say(f"{call.name}: {'denied' if decision == 'deny' else DECISIONS[decision]}.")
        return self._go_on(answer, following)

    def _reply(self, action: str, text: str) -> Answer | None:
        """To the oldest question of an MCP server."""
        answer, following = self._waiting(self._chat())
        question = answer.asked[0].question if answer and answer.asked else None
        if answer is None or question is None:
            say("No MCP server asks anything in this chat.")
            return None
        form = action == "accept" and question.get("mode") != "url"
        try:
            content = parsed(text or "{}") if form else None
            self._client.answer(
                answer.session_id, answer.run_id, question["question_id"], action, content=content
            )
        except (ValueError, MandrakeClientError) as exc:
            say(str(exc))
            return None
        return self._go_on(answer, following)

    def _go_on(self, answer: Answer, following: Following | None) -> Answer:
        if following is not None:
            if not following.outlives_cell:
                following.rejoin()
            return answer
        return self._follow_on(answer)

    def _follow_on(self, answer: Answer) -> Answer:
        """Go on with an answer this kernel did not begin, or has forgotten in a restart."""
        client, session, run = self._client, answer.session_id, answer.run_id
        view = PlainView()
        view.skip(answer)
        stream = client.events(session, run, after=answer.last_seq)
        following = Following(stream, answer, view, lambda: client.cancel(session, run))
        self._magics.follow(following)
        following.run()
        return answer

    def _waiting(self, chat: dict[str, Any]) -> tuple[Answer | None, Following | None]:
        """The answer that waits for a decision, and what follows it here, if anything does."""
        following = self._magics.following
        if following and following.answer.status == "waiting":
            return following.answer, following
        run = chat.get("active_run") or {}
        for message in reversed(self._client.messages(str(chat["id"])) if run else []):
            if message["run_id"] == run["id"] and message["role"] == "assistant":
                answer = from_message(message, self._magics.chats.title(chat))
                return (answer, None) if answer.waiting or answer.asked else (None, None)
        return None, None

    def _chat(self) -> dict[str, Any]:
        """The chat of the last cell, else the notebook's own."""
        if following := self._magics.following:
            try:
                return self._client.session(following.answer.session_id)
            except MandrakeClientError as exc:
                if exc.status not in (404, 410):
                    raise
        return self._magics.chats.own(self._client)
