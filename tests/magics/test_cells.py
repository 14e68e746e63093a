"""``%%mandrake`` and ``%mandrake`` in a real IPython, against a scripted server; plain text."""

from __future__ import annotations

import _thread
import re
import threading

from mandrake_jupyter.magics import _await_cell

from ..support.scripted_api import (
    DROP,
    answered,
    approval,
    complete,
    question,
    token,
    tool_call,
    tool_result,
    wait_for,
)

ERROR = {"type": "error", "code": "model_key_refused", "content": "OpenAI did not accept your key.",
         "then": "Your message is kept.", "actions": ["change_key"], "retryable": False, "retry_after": None}  # fmt: skip


def printed(capsys):
    return re.sub(r"· \d+ s\)", "· N s)", capsys.readouterr().out)


def test_an_answer_is_printed_as_it_comes(api, shell, capsys):
    api.script(
        tool_call(part=0, title="Count missing values"),
        tool_result(),
        token("March has the most gaps ", 1),
        token("(168 hours).", 1, 24),
        complete(),
    )
    assert shell.run_cell("%%mandrake\nWhich months have gaps?").success
    assert printed(capsys) == (
        "[done] Count missing values (1.4 s)\n"
        "March has the most gaps (168 hours).\n"
        "(openai/gpt-5 · 2,310 in · 204 out · $0.010 · N s)\n"
    )
    sent = api.asked("POST", "messages")[0].body
    assert sent == {"content": "Which months have gaps?", "notebook": "/srv/notebooks/explore.ipynb"}


def test_what_a_tool_answers_is_the_answer_where_nothing_else_was_said(api, shell, capsys):
    api.script(tool_call(part=0, title="Now"), tool_result(content="10:00\n" + "later\n" * 30), complete())
    assert shell.run_cell("%%mandrake\n/tool time now {}").success
    said = printed(capsys)
    assert said.startswith("[done] Now (1.4 s)\n10:00\nlater\n")
    assert "later\n… (67 more characters)\n(openai/" in said


def test_the_answer_is_kept_in_the_namespace(api, shell, capsys):
    api.script(tool_call(part=0), tool_result(), token("42", 1), complete())
    shell.run_cell("%%mandrake\nhi")
    answer = shell.user_ns["_mandrake"]
    assert (answer.text, answer.session_id, answer.status) == ("42", "s1", "complete")
    assert (answer.tools[0].tool, answer.usage["cost"]) == ("run_cell", 0.01)
    assert str(answer) == "42"


def test_every_cell_goes_to_the_notebooks_own_chat(api, shell, capsys):
    for _ in range(2):
        api.script(complete())
        shell.run_cell("%%mandrake\nhi")
    assert [chat["notebook"] for chat in api.sessions] == ["/srv/notebooks/explore.ipynb"]
    assert {r.path.split("/")[3] for r in api.asked("POST", "messages")} == {"s1"}


def test_s_takes_another_chat_by_title_or_id_and_makes_it_when_new(api, shell, capsys):
    api.chat(name="Trip", titled=True)
    for chat in ("Trip", "s1", "'Brand new'", "'Brand new'"):
        api.script(complete())
        assert shell.run_cell(f"%%mandrake -s {chat}\nhi").success
    assert [r.path.split("/")[3] for r in api.asked("POST", "messages")] == ["s1", "s1", "s2", "s2"]
    assert [chat["name"] for chat in api.sessions] == ["Trip", "Brand new"]


def test_s_finds_an_old_chat_by_its_title_among_very_many(api, shell, capsys):
    for number in range(250):
        api.chat(name=f"Chat {number}", titled=True)
    api.script(complete())
    assert shell.run_cell("%%mandrake -s 'Chat 249'\nhi").success
    assert [r.path.split("/")[3] for r in api.asked("POST", "messages")] == ["s250"]
    assert len(api.sessions) == 250


def test_chats_lists_all_of_very_many(api, shell, capsys):
    api.page = 100
    for number in range(250):
        api.chat(name=f"Chat {number}", titled=True)
    shell.run_line_magic("mandrake", "chats")
    said = capsys.readouterr().out
    assert "Chat 0 " in said
    assert "Chat 249 " in said


def test_m_takes_another_model(api, shell, capsys):
    api.script(complete())
    shell.run_cell("%%mandrake -m anthropic/claude\nhi")
    assert api.asked("POST", "messages")[0].body["model"] == "anthropic/claude"


def test_variables_are_filled_in_and_tool_cells_are_not_touched(api, shell, capsys):
    shell.user_ns |= {"n": 3, "name": "x"}
    for cell in ('take {n} of {"n": 1}', '/tool time now {"zone": "{name}"}'):
        api.script(complete())
        shell.run_cell(f"%%mandrake\n{cell}")
    contents = [r.body["content"] for r in api.asked("POST", "messages")]
    assert contents == ['take 3 of {"n": 1}', '/tool time now {"zone": "{name}"}']


def test_a_dropped_connection_is_not_seen_in_the_cell(api, shell, capsys):
    api.script(token("one "), DROP, token("two", offset=4), complete())
    shell.run_cell("%%mandrake\nhi")
    assert printed(capsys).startswith("one two\n(")


def test_a_cell_that_waits_for_a_person_ends_and_says_how_to_go_on(api, shell, capsys):
    api.script(token("First.", 0), tool_call(approval=True), wait_for("decided"), approval(), tool_result(ms=900),
               token("Saved.", 2), complete())  # fmt: skip
    assert shell.run_cell("%%mandrake\nplot").success
    assert printed(capsys) == (
        "First.\n[waits for you] Run cell. Open the panel, or run %mandrake allow | deny\n"
    )
    assert shell.user_ns["_mandrake"].status == "waiting"
    assert shell.run_cell("%mandrake allow").success
    assert printed(capsys) == (
        "Run cell: allowed in this chat.\n"
        "[done] Run cell · allowed in this chat (0.9 s)\n"
        "Saved.\n"
        "(openai/gpt-5 · 2,310 in · 204 out · $0.010 · N s)\n"
    )
    assert api.decisions == [{"call_id": "c1", "decision": "session"}]


def test_deny_tells_the_model_why(api, shell, capsys):
    api.script(tool_call(approval=True), wait_for("decided"), approval(decision="deny"),
               tool_result(status="denied", ok=False, content="", ms=0), token("As you wish.", 2), complete())  # fmt: skip
    shell.run_cell("%%mandrake\nplot")
    shell.run_cell("%mandrake deny not on a Friday")
    assert api.decisions == [{"call_id": "c1", "decision": "deny", "reason": "not on a Friday"}]
    assert "[denied] Run cell\nAs you wish." in printed(capsys)


def test_a_decision_made_elsewhere_goes_on_in_the_background(api, shell, capsys):
    api.script(
        tool_call(approval=True), wait_for("decided"), approval(), tool_result(), token("ok", 2), complete()
    )
    shell.run_cell("%%mandrake\nplot")
    printed(capsys)
    api.runs["r1"].decided.set()
    answer = shell.user_ns["_mandrake"]
    assert answer.wait(60)
    assert (answer.text, answer.status, printed(capsys)) == ("ok", "complete", "")


def test_allow_works_in_a_kernel_that_did_not_ask(api, shell, capsys):
    chat = api.chat(
        notebook="/srv/notebooks/explore.ipynb",
        execution_state="waiting",
        active_run={"id": "r1", "state": "x"},
    )
    decided = [wait_for("decided"), approval(decision="once"), tool_result(), token("ok", 1), complete()]
    api.script(tool_call(part=0, approval=True), *decided)
    stream = threading.Thread(target=lambda: list(_client(api).send(chat["id"], "plot")))
    stream.start()
    waiting = {
        "type": "tool",
        "part": 0,
        "call_id": "c1",
        "title": "Run cell",
        "status": "waiting",
        "decision": None,
    }
    api.messages[chat["id"]] = [
        {"id": "m2", "session_id": chat["id"], "run_id": "r1", "role": "assistant", "status": "waiting", "seq": 2,
         "model": "m", "parts": [waiting], "usage": {}, "error": None}
    ]  # fmt: skip
    while "r1" not in api.runs:
        stream.join(0.01)
    shell.run_cell("%mandrake status")
    assert "[waits for you] Run cell" in printed(capsys)
    shell.run_cell("%mandrake allow once")
    stream.join(60)
    assert "Run cell: allowed once.\n[done] Run cell · allowed once (1.4 s)\nok\n" in printed(capsys)


def _client(api):
    from mandrake_jupyter.client import MandrakeClient

    return MandrakeClient(api.url, api.token)


def test_interrupting_the_kernel_stops_the_answer_and_keeps_what_was_said(api, shell, capsys):
    def interrupt(run):
        _thread.interrupt_main()
        assert run.cancelled.wait(60)

    api.script(token("Half an ans"), interrupt, {"type": "cancelled", "by": "you"})
    assert shell.run_cell("%%mandrake\nhi").success
    assert printed(capsys).startswith("Half an ans\n[stopped] by you\n")
    assert shell.user_ns["_mandrake"].status == "cancelled"
    assert len(api.asked("POST", "cancel")) == 1


def test_an_interrupt_before_the_first_event_cancels_the_same_run(api, shell, capsys):
    def interrupt(run):
        _thread.interrupt_main()
        assert run.cancelled.wait(60)

    api.script()
    api._scripts[-1] = [interrupt, {"type": "cancelled", "by": "you"}]
    assert shell.run_cell("%%mandrake\nhi").success
    assert len({r.headers["Idempotency-Key"] for r in api.asked("POST", "messages")}) == 1
    assert api.runs["r1"].cancelled.is_set()


def test_a_failed_answer_fails_the_cell_in_one_line(api, shell, capsys):
    api.script(token("Half"), ERROR)
    result = shell.run_cell("%%mandrake\nhi")
    assert not result.success
    out = printed(capsys)
    assert "Half\n[failed] OpenAI did not accept your key. Your message is kept.\n" in out
    assert "Mandrake: OpenAI did not accept your key." in out
    assert "Traceback" not in out


def test_a_refused_message_fails_the_cell_in_one_line(api, shell, capsys):
    api.refusals += [
        (429, {"message": "20 messages wait already.", "code": "too_many", "then": "Wait a little."})
    ]
    assert not shell.run_cell("%%mandrake\nhi").success
    assert "Mandrake: 20 messages wait already. Wait a little." in printed(capsys)


def test_no_jupyter_server_says_what_to_do(shell, api, capsys, monkeypatch, tmp_path):
    monkeypatch.delenv("MANDRAKE_URL")
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path))
    assert not shell.run_cell("%%mandrake\nhi").success
    out = printed(capsys)
    assert "Mandrake: No running Jupyter server was found" in out
    assert "Set MANDRAKE_URL" in out
    assert "Traceback" not in out


def test_an_empty_cell_is_not_sent(api, shell, capsys):
    assert not shell.run_cell("%%mandrake\n\n").success
    assert "The cell is empty" in printed(capsys)
    assert api.asked("POST", "messages") == []


def test_status_and_chats_are_plain_text(api, shell, capsys):
    api.chat(name="Trip", titled=True)
    shell.run_cell("%mandrake status")
    out = printed(capsys)
    assert f"Jupyter: {api.url}\n" in out
    assert "Chat: explore.ipynb · idle · s2\nModel: openai/gpt-5\n" in out
    shell.run_cell("%mandrake chats")
    assert printed(capsys) == "  Trip  (s1)\n* untitled  (s2)\n"


def test_help_names_everything_and_unknown_words_show_it(api, shell, capsys):
    shell.run_cell("%mandrake")
    text = printed(capsys)
    for word in ("allow", "deny", "stop", "chats", "status", "-s CHAT", "_mandrake"):
        assert word in text
    shell.run_cell("%mandrake dance")
    assert printed(capsys) == f"No command 'dance'.\n\n{text}"


def test_allow_and_stop_with_nothing_to_do_say_so(api, shell, capsys):
    shell.run_cell("%mandrake allow")
    shell.run_cell("%mandrake stop")
    shell.run_cell("%mandrake allow forever")
    assert printed(capsys) == (
        "Nothing waits for you in this chat.\nNothing is running in this chat.\n"
        "Not a scope: forever. Say %mandrake allow once, session or workspace.\n"
    )


def test_stop_ends_an_answer_that_waits(api, shell, capsys):
    api.script(tool_call(approval=True), wait_for("cancelled"), {"type": "cancelled", "by": "you"})
    shell.run_cell("%%mandrake\nplot")
    shell.run_cell("%mandrake stop")
    assert shell.user_ns["_mandrake"].wait(60)
    assert shell.user_ns["_mandrake"].status == "cancelled"


def test_a_granted_tool_of_this_kernel_is_not_waited_for(api, shell, capsys):
    """A tool that runs a cell in this kernel could never start while the kernel waits for it."""
    release = threading.Event()
    api.script(
        tool_call(server="jupyter", read_only=False), lambda run: release.wait(60), tool_result(), complete()
    )
    assert shell.run_cell("%%mandrake\nplot").success
    assert "[goes on]" in printed(capsys)
    release.set()
    assert shell.user_ns["_mandrake"].wait(60)


def test_loading_the_extension_twice_is_harmless(api, shell, capsys):
    shell.run_line_magic("reload_ext", "mandrake_jupyter")
    api.script(token("a"), complete())
    assert shell.run_cell("%%mandrake\nhi").success


def test_no_thread_is_left_when_an_answer_has_ended(api, shell, capsys):
    api.script(token("a"), complete())
    shell.run_cell("%%mandrake\nhi")
    for thread in threading.enumerate():
        if thread.name.startswith("mandrake-"):
            thread.join(60)
            assert not thread.is_alive()


def test_only_cells_of_this_magic_are_awaited():
    ours = ["get_ipython().run_cell_magic('mandrake', '-s x', 'hi\\n')\n"]
    assert _await_cell(ours)[0].startswith(
        "await get_ipython().magics_manager.registry['MandrakeMagics'].cell_async('-s x'"
    )
    other = ["get_ipython().run_cell_magic('time', '', 'hi\\n')\n"]
    assert _await_cell(other) == other
    assert _await_cell([]) == []


def test_a_cell_in_which_an_mcp_server_asks_ends_and_says_how_to_answer(api, shell, capsys):
    api.script(tool_call(), question(), wait_for("decided"), answered(), tool_result(ms=900), complete())
    assert shell.run_cell("%%mandrake --plain\ndeploy").success
    said = printed(capsys)
    assert said.startswith(
        '[deploy asks] Where to?\n  {"region": {"type": "string"}}\n  Answer in the panel, or'
    )
    assert shell.user_ns["_mandrake"].status == "waiting"
    shell.run_cell("%mandrake allow")
    shell.run_cell("%mandrake answer nonsense")
    assert "This is not JSON" in printed(capsys)
    shell.run_cell('%mandrake answer {"region": "eu"}')
    assert "[done] Run cell (0.9 s)" in printed(capsys)
    assert api.decisions == [{"question_id": "q1", "action": "accept", "content": {"region": "eu"}}]


def test_a_question_is_declined_from_a_cell(api, shell, capsys):
    api.script(
        tool_call(), question(), wait_for("decided"), answered(action="decline"), tool_result(), complete()
    )
    shell.run_cell("%%mandrake --plain\ndeploy")
    shell.run_cell("%mandrake decline")
    assert api.decisions == [{"question_id": "q1", "action": "decline"}]
    shell.run_cell("%mandrake decline")
    assert "No MCP server asks anything in this chat." in printed(capsys)
