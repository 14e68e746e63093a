"""The ipywidgets view, without a browser: what it shows, what its buttons do, and that it leaves no widget behind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("ipywidgets")

import ipywidgets
from IPython.core.displaypub import CapturingDisplayPublisher
from IPython.core.interactiveshell import InteractiveShell

from mandrake_jupyter.client import MandrakeClientError
from mandrake_jupyter.magics.answer import Answer
from mandrake_jupyter.magics.widgets import WidgetView, available

from ..support.scripted_api import answered, approval, complete, question, token, tool_call, tool_result

VIEW = "application/vnd.jupyter.widget-view+json"


class Desk:
    """A view under test, and what its buttons asked for."""

    def __init__(self) -> None:
        self.answer = Answer("s1", "explore.ipynb", model="m")
        self.decisions: list[tuple[Any, ...]] = []
        self.replies: list[tuple[Any, ...]] = []
        self.stops = 0
        self.refusal: MandrakeClientError | None = None
        self.view = WidgetView(self._stop, self._decide, self._reply)

    def _stop(self) -> None:
        self.stops += 1

    def _decide(self, *decision: Any) -> None:
        if self.refusal:
            raise self.refusal
        self.decisions.append(decision)

    def _reply(self, *reply: Any) -> None:
        if self.refusal:
            raise self.refusal
        self.replies.append(reply)

    def take(self, *events: dict[str, Any]) -> None:
        for event in events:
            self.answer.apply(event)
        self.view._next_paint = 0
        self.view.show(self.answer)

    def all(self, kind: type) -> list[Any]:
        def walk(widget: Any) -> Iterator[Any]:
            yield widget
            for child in getattr(widget, "children", ()):
                yield from walk(child)

        return [widget for widget in walk(self.view._box) if isinstance(widget, kind)]

    @property
    def text(self) -> str:
        return " ".join(widget.value for widget in self.all(ipywidgets.HTML))

    def press(self, label: str) -> None:
        [button] = [button for button in self.all(ipywidgets.Button) if button.description == label]
        assert not button.disabled
        button.click()


@pytest.fixture
def shown() -> Iterator[CapturingDisplayPublisher]:
    """What was displayed, in an IPython that is the one of this process."""
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance(display_pub_class=CapturingDisplayPublisher)
    yield shell.display_pub
    shell.history_manager.end_session()
    shell.restore_sys_module_state()
    InteractiveShell.clear_instance()


@pytest.fixture
def desk(shown: CapturingDisplayPublisher) -> Desk:
    return Desk()


def test_it_streams_and_ends_as_plain_html_with_no_widget_left(shown, desk):
    desk.take(token("Hel", 0))
    desk.take(token("lo **you**", 0, 3), tool_call(part=1), tool_result())
    assert "Hello <strong>you</strong>" in desk.text
    assert "Run cell" in desk.text
    desk.take(complete())
    desk.view.settle(desk.answer, ended=True)
    first, *_, last = shown.outputs
    assert VIEW in first["data"]
    assert set(last["data"]) == {"text/html", "text/plain"}
    assert "Hello <strong>you</strong>" in last["data"]["text/html"]
    assert "Hello **you**" in last["data"]["text/plain"]
    assert last["update"]
    assert last["transient"] == first["transient"]
    assert all(widget.comm is None for widget in [desk.view._box, *desk.all(ipywidgets.DOMWidget)])


def test_only_what_changed_is_sent_again(desk):
    desk.take(token("a", 0), tool_call(part=1), tool_result())
    sent: list[Any] = []
    for widget in desk.all(ipywidgets.HTML):
        widget.observe(lambda change: sent.append(change["owner"]), "value")
    desk.take(token("more", 2))
    desk.take(token("more and more", 2))
    assert {owner.value.count("more and more") for owner in sent} <= {0, 1}
    assert desk.view._parts[0] not in sent
    assert desk.view._parts[1] not in sent


def test_painting_is_not_done_for_every_token(desk):
    desk.take(token("a", 0))
    desk.view._next_paint = float("inf")
    desk.answer.apply(token("zebra", 0))
    desk.view.show(desk.answer)
    assert "zebra" not in desk.text


def test_stop_asks_once(desk):
    desk.take(token("a"))
    desk.press("Stop")
    assert desk.stops == 1
    assert desk.view._stop_button.disabled


def test_allow_sends_the_chosen_scope_and_the_edited_argument(desk):
    desk.take(tool_call(approval=True))
    assert "Allow Run cell?" in desk.text
    [field] = desk.all(ipywidgets.Textarea)
    assert field.value == "df.plot()"
    field.value = "df.plot.bar()"
    [scope] = desk.all(ipywidgets.ToggleButtons)
    assert scope.value == "session"
    scope.value = "workspace"
    desk.press("Allow")
    assert desk.decisions == [("c1", "workspace", {"code": "df.plot.bar()"}, "")]
    desk.take(approval())
    assert "Allow Run cell?" not in desk.text


def test_unedited_arguments_are_not_sent_back(desk):
    desk.take(tool_call(approval=True, arguments={"a": 1, "b": [2]}))
    desk.press("Allow")
    assert desk.decisions == [("c1", "session", None, "")]


def test_arguments_that_are_no_json_are_refused_in_words(desk):
    desk.take(tool_call(approval=True, arguments={"a": 1, "b": [2]}))
    [field] = desk.all(ipywidgets.Textarea)
    for wrong, why in (("{", "this is not JSON"), ("[1]", "must be a JSON object")):
        field.value = wrong
        desk.press("Allow")
        assert why in desk.text
    assert desk.decisions == []


def test_deny_asks_for_a_reason_first(desk):
    desk.take(tool_call(approval=True))
    desk.press("Deny…")
    assert desk.decisions == []
    desk.press("Back")
    desk.press("Deny…")
    desk.all(ipywidgets.Text)[0].value = "not today"
    desk.press("Deny")
    assert desk.decisions == [("c1", "deny", None, "not today")]


def test_parallel_calls_are_one_question(desk):
    desk.take(tool_call("a", 0, approval=True), tool_call("b", 1, approval=True))
    assert "Allow 2 tools?" in desk.text
    desk.all(ipywidgets.Checkbox)[1].value = False
    desk.press("Allow")
    assert desk.decisions == [("a", "session", None, ""), ("b", "deny", None, "")]


def test_a_decision_that_did_not_arrive_can_be_made_again(desk):
    desk.take(tool_call(approval=True))
    desk.refusal = MandrakeClientError("The connection to Jupyter broke off.")
    desk.press("Allow")
    assert "broke off" in desk.text
    desk.refusal = None
    desk.press("Allow")
    assert len(desk.decisions) == 1


def test_an_answer_that_waits_leaves_a_readable_fallback(shown, desk):
    desk.take(token("First.", 0), tool_call(approval=True))
    desk.view.settle(desk.answer, ended=False)
    data = shown.outputs[-1]["data"]
    assert VIEW in data
    assert "[waits for you] Run cell" in data["text/plain"]
    assert "waits for you" in data["text/html"]


def test_where_a_kernel_hears_no_button_stop_interrupts_it(shown):
    view = WidgetView(lambda: None, lambda *_: None, lambda *_: None, heard=False)
    answer = Answer("s1", "c")
    answer.apply(token("a"))
    view.show(answer)
    assert "notebook:interrupt-kernel" in view._head.value
    assert view._stop_button.layout.display == "none"
    view.settle(answer, ended=False)
    assert "notebook:interrupt-kernel" not in view._head.value
    assert view._stop_button.layout.display is None
    view._close()


def test_open_in_panel_names_the_chat(desk):
    desk.take(token("a"))
    assert 'data-commandlinker-command="mandrake:open-chat"' in desk.view._head.value
    assert "&quot;s1&quot;" in desk.view._head.value


def test_a_terminal_has_no_widgets(shown):
    assert not available(InteractiveShell.instance())


def test_a_question_is_answered_with_a_form_as_json(desk):
    desk.take(tool_call(), question())
    assert "<b>deploy asks</b>" in desk.text
    assert "Where to?" in desk.text
    [field] = desk.all(ipywidgets.Textarea)
    assert json.loads(field.value) == {"region": ""}
    field.value = "nonsense"
    desk.press("Answer")
    assert "not JSON" in desk.text
    field.value = '{"region": "eu"}'
    desk.press("Answer")
    assert desk.replies == [("q1", "accept", {"region": "eu"})]
    desk.take(answered())
    assert not desk.all(ipywidgets.Textarea)


def test_a_question_is_declined_and_an_answer_that_did_not_arrive_can_be_given_again(desk):
    desk.refusal = MandrakeClientError("region: it is none of the choices.", code="bad_request")
    desk.take(tool_call(), question())
    desk.press("Answer")
    assert "none of the choices" in desk.text
    desk.refusal = None
    desk.press("Decline")
    assert desk.replies == [("q1", "decline", None)]


def test_a_page_is_a_link_that_shows_its_host_and_opens_only_when_pressed(desk):
    desk.take(tool_call(), question(mode="url", schema=None, url="https://example.com/a?b=<c>"))
    link = '<a href="https://example.com/a?b=&lt;c&gt;" target="_blank" rel="noopener noreferrer">'
    assert f"{link}Open example.com</a>" in desk.text
    desk.press("I have done it")
    assert desk.replies == [("q1", "accept", None)]


def test_no_widget_is_left_of_a_question_when_the_answer_ends(desk):
    desk.take(tool_call(), question())
    desk.view.settle(desk.answer, ended=False)
    desk.answer.apply(complete())
    desk.view.settle(desk.answer, ended=True)
    assert all(widget.comm is None for widget in [desk.view._box, *desk.all(ipywidgets.DOMWidget)])
