"""A chat as a file: what is in it, and that nothing that was said can break its form or pass for someone else's words."""

from __future__ import annotations

import json
import time
from typing import Any

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from nbclient import NotebookClient

from mandrake_jupyter.sessions.exports import FORMATS
from mandrake_jupyter.sessions.exports.fences import Code, Prose, blocks
from mandrake_jupyter.stores.rows import Message, Part, RunRow, SessionRow
from mandrake_jupyter.values.file_names import disposition, file_name

NOW = "2026-11-27T10:00:00.000000Z"
SESSION = SessionRow("s1", "w1", "Missing values", True, "a.ipynb", None, NOW, NOW)
MARKS = "-   " * 40 + "\n"  #: a line that a careless pattern reads in 3**40 ways
COMMONMARK = MarkdownIt("commonmark").enable("table")
HOSTILE = [
    "```python\nprint(1)",
    "````\n```\n````\n```",
    "- ```\n  in a list",
    "> ```\n> quoted\nout of it",
    "1. > ~~~ python\n   > x",
    "<!-- begins a comment",
    "<script>alert(1)</script>",
    "<script>",
    "<details><summary>x",
    "text <img\nsrc=x onerror=alert(1)>",
    "`not closed <b>",
    "``<script>`",
    "\\`<script>\\`",
    "---\ntitle: x\nhtml: true\n---\ntext",
    "You\n---\n\nYou\n===",
    "## You\n\nsend me money",
    "- ## You\n> # You",
    "<![CDATA[",
    "<?php",
    "مرحبا ‮ abc",
    "half \ud800 a character",
    "[x]: javascript:alert(1)\n",
    "a | b\n--|--\n<td> | `|`",
    "\x00\x0b\x0c\x1c\u2028",
    "    ```\n    indented",
    "\t- ```",
]


def run_row(number: int = 0, **more: Any) -> RunRow:
    fields = {"state": "done", "model": "openai/gpt-5", "finished": NOW, "finish_reason": "stop", **more}
    return RunRow(
        f"r{number}", "s1", "i1", user_message_id=f"u{number}", message_id=f"a{number}", created=NOW, **fields
    )


def turn(question: str, *answer: str | Part, number: int = 0, **more: Any) -> list[tuple[Message, RunRow]]:
    run = run_row(number, **more)
    parts = tuple(
        part if isinstance(part, Part) else Part(place, "text", content=part)
        for place, part in enumerate(answer)
    )
    asked = Message(run.user_message_id, "s1", run.id, "user", NOW, (), (Part(0, "text", content=question),))
    return [(asked, run), (Message(run.message_id, "s1", run.id, "assistant", NOW, (), parts), run)]


def tool(part: int, status: str = "done", result: Any = None, **arguments: Any) -> Part:
    call = {"server": "files", "tool": "read", "title": "Read file", "read_only": True}
    return Part(
        part, "tool", 0, call_id=f"c{part}", call=call, status=status, arguments=arguments, result=result
    )


def written(format: str, said: Any, images: Any = None, session: SessionRow = SESSION) -> str:
    text = FORMATS[format].render(session, said, images or {})
    text.encode()  # it can be written
    return text


def notebook(said: Any, images: Any = None) -> Any:
    found = nbformat.reads(written("notebook", said, images), as_version=4)
    nbformat.validate(found)
    return found


def headings(text: str) -> list[str]:
    """Those of the first two levels, as any reader of Markdown sees them, wherever they are."""
    tokens = COMMONMARK.parse(text)
    return [
        tokens[i + 1].content
        for i, token in enumerate(tokens)
        if token.tag in ("h1", "h2") and token.nesting == 1
    ]


def html(text: str) -> list[str]:
    inside = [child for token in COMMONMARK.parse(text) for child in token.children or []]
    found = [token.content for token in [*COMMONMARK.parse(text), *inside] if token.type.startswith("html")]
    return [content for content in found if content.strip() not in ("<br>", "<br/>")]


OURS = ["Missing values", "You", "Mandrake (openai/gpt-5)", "You", "Mandrake (openai/gpt-5)"]


def test_markdown_tells_who_said_what_and_which_tools_were_used() -> None:
    answered = tool(1, result={"content": "x,y\n1,2"}, path="a.csv")
    denied = tool(2, "denied", {"error": "The user denied this call: not now"})
    said = turn("What is in *a.csv*?", "I'll look.", answered, denied, "Two numbers.")
    text = written("markdown", said)
    assert text.startswith(
        "# Missing values\n\n## You\n\nWhat is in *a.csv*?\n\n## Mandrake (openai/gpt-5)\n\nI'll look.\n"
    )
    assert "> **Read file** · tool read of files · done" in text
    assert '```json\n{\n  "path": "a.csv"\n}\n```\n\n```\nx,y\n1,2\n```' in text
    assert "· denied" in text
    assert "not now" in text
    assert text.endswith("Two numbers.\n")


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("by", ["user", "assistant", "tool", "title of a tool", "argument"])
def test_nothing_that_was_said_breaks_the_form_of_a_document(hostile: str, by: str) -> None:
    parts: dict[str, list[str | Part]] = {
        "user": ["fine"],
        "assistant": [hostile],
        "tool": [tool(0, result={"content": hostile})],
        "title of a tool": [
            Part(0, "tool", call={"server": hostile, "tool": hostile, "title": hostile}, status="done")
        ],
        "argument": [tool(0, path=hostile)],
    }
    said = [
        *turn(hostile if by == "user" else "ask", *parts[by], number=1),
        *turn("The last question", "The last answer", number=2),
    ]
    text = written("markdown", said)
    assert headings(text) == OURS
    assert html(text) == []
    tokens = COMMONMARK.parse(text)
    assert (tokens[-2].content, tokens[-2].level) == ("The last answer", 1)  # in no fence, list or quote
    for cell in notebook(said).cells:
        if cell.cell_type == "markdown":
            assert html(cell.source) == []
            assert set(headings(cell.source)) <= set(OURS)


LINES = st.lists(
    st.sampled_from(
        [
            *"`~<>-=#*+ \t\\|!&\n",
            "```",
            "~~~",
            "```python",
            "<script>",
            "<!--",
            "1. ",
            "> ",
            "---",
            "# ",
            "a",
            "<b ",
            "/>",
            "[x]",
            "\r",
            "\x0c",
        ]
    ),
    max_size=30,
).map("".join)


@settings(max_examples=300, deadline=None)
@given(LINES)
def test_no_text_whatever_changes_who_said_what(text: str) -> None:
    document = written("markdown", [*turn(text, text, number=1), *turn("Q", "A", number=2)])
    assert headings(document) == OURS
    assert html(document) == []
    tokens = COMMONMARK.parse(document)
    assert (tokens[-2].content, tokens[-2].level) == ("A", 1)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.text(st.characters(blacklist_categories=("Cs", "Cc", "Zl", "Zp")), max_size=12), max_size=6)
)
def test_code_is_taken_out_of_a_fence_as_it_was_written(lines: list[str]) -> None:
    code = "\n".join(line for line in lines if not line.strip().startswith(("`", "~")))
    found = list(blocks(f"before\n```python\n{code}\n```\nafter"))
    assert found == [Prose("before"), Code("python", code, True), Prose("after")]


def test_fences_in_lists_and_quotes_are_code_too() -> None:
    text = "1. First:\n   ```python\n   if x:\n       y\n   ```\n2. > ```py title=a\n   > z\n   > ```\n- ```{python}\n  q\n  ```"
    assert [(b.language, b.text) for b in blocks(text) if isinstance(b, Code)] == [
        ("python", "if x:\n    y"),
        ("py", "z"),
        ("python", "q"),
    ]


def test_each_python_block_is_a_cell_that_runs_and_the_rest_is_text(jp_environ: Any) -> None:
    answer = "Load it:\n\n```python\nx = 20\n```\n\nthen\n\n```py\ny = x + 22\nprint('sum', y)\n```\n"
    answer += "\nnot this:\n\n```sh\nexit 1\n```"
    said = [
        *turn("I have\n```python\nz = 1\n```", answer, tool(1, path="a")),
        *turn("and?", "```python\nassert y == 42 and z == 1\n```", number=1),
    ]
    found = notebook(said)
    sources = [cell.source for cell in found.cells if cell.cell_type == "code"]
    assert sources == ["z = 1", "x = 20", "y = x + 22\nprint('sum', y)", "assert y == 42 and z == 1"]
    assert "```sh\nexit 1\n```" in "".join(
        cell.source for cell in found.cells if cell.cell_type == "markdown"
    )
    NotebookClient(found, timeout=60).execute()
    assert found.cells[[c.source for c in found.cells].index(sources[2])].outputs[0].text == "sum 42\n"


def test_a_block_that_was_not_finished_is_shown_and_does_not_run() -> None:
    found = notebook(turn("go", "```python\nimport shutil\nshutil.rmtree(", state="cancelled"))
    assert [cell.cell_type for cell in found.cells] == ["markdown"] * 3
    assert "```python\nimport shutil" in found.cells[-1].source
    assert found.cells[-1].source.endswith("*Stopped.*")


def test_images_are_in_the_notebook_and_in_the_json() -> None:
    [(question, run), answer] = turn("look", "nice")
    image = {"type": "image", "id": "i1", "name": "a b.png", "media_type": "image/png", "size": 3}
    left_out = {**image, "id": "i2"}
    said = [(Message(question.id, "s1", run.id, "user", NOW, (image, left_out), question.parts), run), answer]
    cell = notebook(said, {"i1": b"png"}).cells[1]
    assert cell.attachments == {"i1": {"image/png": "cG5n"}}
    assert "(attachment:i1)" in cell.source
    [first, second] = json.loads(written("json", said, {"i1": b"png"}))["messages"][0]["attachments"]
    assert (first, second) == ({**image, "data": "cG5n"}, {**left_out, "data": None})
    assert "- Image a b.png" in written("markdown", said)


@pytest.mark.parametrize(
    "asks",
    [
        "![x](https://e.org/?q=1)",
        "![x][r]\n\n[r]: https://e.org/a",
        "\\![x](https://e.org/a)",
        "\\\\![x](https://e.org/a)",
        "a `b`![x](https://e.org/a) `c`",
        "`not closed ![x](https://e.org/a)",
        "> - [![x](<https://e.org/a>)](https://e.org/b)",
        "a | b\n--|--\n![x](https://e.org/a) | b",
    ],
)
def test_a_document_asks_nobody_for_an_image_that_a_model_names(asks: str) -> None:
    said = turn(asks, asks)
    cells = ["".join(cell["source"]) for cell in notebook(said).cells]
    for text in (written("markdown", said), *cells):
        assert "<img" not in COMMONMARK.render(text)
    assert "e.org" in written("markdown", said)


def test_a_diagram_that_may_ask_for_an_image_is_plain_code() -> None:
    plain, asks = "graph TD; A-->B", "graph TD; A[<img src='https://e.org/a'>]"
    text = written("markdown", turn("x", f"```mermaid\n{plain}\n```\n\n```mermaid\n{asks}\n```"))
    assert f"```mermaid\n{plain}" in text
    assert f"```text\n{asks}" in text


def test_json_has_everything_that_was_said() -> None:
    thought = Part(0, "reasoning", content="hm")
    called = tool(1, "failed", {"error": "no such file"}, path="half \ud800")
    said = turn("q", thought, called, "done", replaced_by="r9", usage={"input_tokens": 1})
    document = json.loads(written("json", said))
    assert (document["format"], document["version"]) == ("mandrake-chat", 1)
    assert document["session"]["name"] == "Missing values"
    answer = document["messages"][1]
    assert [part["type"] for part in answer["parts"]] == ["reasoning", "tool", "text"]
    assert answer["parts"][1]["arguments"] == {"path": "half \ud800"}
    assert answer["replaced_by"] == "r9"
    assert answer["run"]["usage"] == {"input_tokens": 1}
    assert FORMATS["json"].whole
    assert not FORMATS["markdown"].whole


def test_a_notebook_elsewhere_is_named_without_where_it_lies() -> None:
    elsewhere = SessionRow("s1", "w1", "x", True, "/home/ann/secret/a.ipynb", None, NOW, NOW)
    assert "/home/ann" not in written("json", turn("q", "a", notebook="/home/ann/b.ipynb"), session=elsewhere)


@pytest.mark.parametrize("format", list(FORMATS))
@pytest.mark.parametrize("piece", ["x", "`", "```\n", "<b ", "``<b>`", "\n- ", "~~~ ", "\\", "# ", MARKS])
def test_a_megabyte_is_written_within_seconds(format: str, piece: str) -> None:
    said = turn("q", piece * (1_000_000 // len(piece)))
    began = time.process_time()
    written(format, said)
    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Missing values", "Missing values.md"),
        ("../../etc/passwd", "etc passwd.md"),
        ("C:\\a\r\nSet-Cookie: x", "C a Set-Cookie x.md"),
        ("‮gpj.exe", "gpj.exe.md"),
        ("", "chat.md"),
        ("...", "chat.md"),
        ("CON", "chat CON.md"),
        ("nul.txt", "chat nul.txt.md"),
        ("Größe 🌍", "Größe 🌍.md"),
        ("\ud800", "chat.md"),
    ],
)
def test_a_title_becomes_the_name_of_a_file(title: str, name: str) -> None:
    assert file_name(title, ".md") == name
    header = disposition(name)
    assert header.isascii()
    assert "\n" not in header


def test_a_name_has_room_on_any_file_system() -> None:
    assert len(file_name("🌍" * 300, ".ipynb").encode()) <= 255
