"""An answer as HTML: the pieces of the live view, and the whole of what stays in the notebook.

Pure functions. Whatever a model, a tool or a user wrote is escaped; Markdown is rendered without raw HTML.
The colours are JupyterLab's, with fallbacks for pages that are no JupyterLab; nothing needs a running
kernel or our style sheet.
"""

from __future__ import annotations

import json
from datetime import datetime
from functools import cache
from html import escape
from typing import Any
from urllib.parse import urlsplit

from .answer import Answer, TextPart, ToolPart
from .words import day, first_lines, notes, took, usage_line

_BORDER = "var(--jp-border-color2, #e0e0e0)"
_MUTED = "color: var(--jp-ui-font-color2, #616161)"
_SMALL = "font-size: var(--jp-ui-font-size0, 11px)"
_UI = "font-family: var(--jp-ui-font-family, system-ui, sans-serif); font-size: var(--jp-ui-font-size1, 13px)"
_ROW = "display: flex; align-items: center; gap: 8px; min-height: 30px"
_PRE = (
    "margin: 4px 0 0; padding: 6px 8px; overflow: auto; white-space: pre-wrap; font-size: 12px; "
    "font-family: var(--jp-code-font-family, monospace); background: var(--jp-cell-editor-background, #f5f5f5)"
)
_ICONS = {
    "done": (
        "var(--jp-success-color1, #388e3c)",
        "Done",
        '<circle cx="8" cy="8" r="6"/><path d="m5.3 8.3 1.9 1.9 3.6-4"/>',
    ),
    "failed": (
        "var(--jp-error-color1, #d32f2f)",
        "Failed",
        '<circle cx="8" cy="8" r="6"/><path d="M8 4.8v4M8 11v.3"/>',
    ),
    "stopped": (
        "var(--jp-ui-font-color2, #616161)",
        "Stopped",
        '<circle cx="8" cy="8" r="6"/><path d="M6 6h4v4H6z"/>',
    ),
    "waiting": (
        "var(--jp-brand-color1, #1976d2)",
        "Waits for you",
        '<path d="M8 1.8 13 3.7v3.8c0 3.2-2 5.5-5 6.7-3-1.2-5-3.5-5-6.7V3.7z"/>',
    ),
    "running": (
        "var(--jp-brand-color1, #1976d2)",
        "At work",
        '<circle cx="8" cy="8" r="5.5" opacity=".25"/><path d="M8 2.5A5.5 5.5 0 0 1 13.5 8">'
        '<animateTransform attributeName="transform" type="rotate" from="0 8 8" to="360 8 8" dur="1s" '
        'repeatCount="indefinite"/></path>',
    ),
}
_STATUS_ICON = {
    "complete": "done",
    "cancelled": "stopped",
    "denied": "stopped",
    "withdrawn": "stopped",
    "unknown": "failed",
}


def icon(status: str) -> str:
    colour, word, drawing = _ICONS.get(_STATUS_ICON.get(status, status), _ICONS["running"])
    return (
        f'<svg viewBox="0 0 16 16" width="16" height="16" role="img" aria-label="{word}" fill="none" '
        f'stroke="currentColor" stroke-width="1.4" style="flex: none; color: {colour}">{drawing}</svg>'
    )


def command(label: str, name: str, **arguments: str) -> str:
    """A link that makes JupyterLab run one of its commands, without scripts and without the kernel.

    In a notebook that is not trusted JupyterLab 4.6 asks first; elsewhere than in JupyterLab nothing happens.
    """
    return (
        f'<button type="button" data-commandlinker-command="{name}" '
        f'data-commandlinker-args="{escape(json.dumps(arguments), quote=True)}" '
        'style="border: 0; background: none; cursor: pointer; padding: 1px 6px; font: inherit; '
        f'color: var(--jp-content-link-color, #1976d2)">{label}</button>'
    )


def head(answer: Answer, when: str, *links: str) -> str:
    """The title row: which chat, which model, since or when; `links` stand on its right."""
    facts = "".join(f" · {escape(word)}" for word in (answer.model, when) if word)
    opener = f'<span style="flex: 1"></span>{"".join(links)}' if links else ""
    return (
        f'<div class="jp-Mandrake-output-head" style="{_UI}; {_ROW}; padding: 0 10px">{icon(answer.status)}'
        f"<span>Chat <b>{escape(answer.chat)}</b>"
        f'<span style="{_MUTED}">{facts}</span></span>{opener}</div>'
    )


def part(piece: TextPart | ToolPart, *, opened: bool = False) -> str:
    """One part of an answer, in its place; `opened` unfolds a tool."""
    if isinstance(piece, ToolPart):
        return _card(piece, opened)
    if not piece.content.strip():
        return ""
    if piece.reasoning:
        return _fold(
            f'<span style="{_MUTED}">Thoughts</span>',
            "",
            f'<pre style="{_PRE}">{escape(piece.content)}</pre>',
        )
    return f'<div class="jp-RenderedHTMLCommon" style="padding: 0; margin: 6px 0">{markdown(piece.content)}</div>'


def foot(answer: Answer) -> str:
    """What was wrong, if anything was, and what it took."""
    rows = []
    if answer.status == "failed":
        error = answer.error or {}
        rows.append(
            '<div class="jp-Mandrake-error" style="padding: 8px 10px; margin: 6px 0; border-radius: 4px; '
            f'border: 1px solid var(--jp-error-color1, #d32f2f); {_UI}">'
            f"<b>{escape(str(error.get('message') or 'The answer failed.'))}</b> "
            f"{escape(str(error.get('then') or ''))}</div>"
        )
    if answer.status == "cancelled":
        who = " by you" if answer.stopped_here else ""
        rows.append(f'<div style="{_UI}; {_MUTED}">Stopped{who}.</div>')
    if line := usage_line(answer.usage, answer.seconds):
        rows.append(
            f'<div class="jp-Mandrake-usage" style="{_UI}; {_SMALL}; {_MUTED}; margin-top: 8px">{line}</div>'
        )
    return "".join(rows)


def page(answer: Answer, moment: datetime) -> str:
    """The whole answer, for good: no buttons, no scripts."""
    body = "".join(part(piece, opened=answer.only_tools) for piece in answer.ordered)
    return (
        f'<div class="jp-Mandrake-output" role="group" aria-label="Answer" style="border: 1px solid {_BORDER}; '
        f'border-radius: 4px">{head(answer, day(moment))}<div class="jp-Mandrake-output-body" '
        f'style="border-top: 1px solid {_BORDER}; padding: 8px 12px 10px">{body}{foot(answer)}</div></div>'
    )


def markdown(text: str) -> str:
    """`text` as HTML, raw HTML in it escaped; as preformatted text where mistune is missing."""
    render = _renderer()
    if render is None:
        return f'<pre style="white-space: pre-wrap">{escape(text)}</pre>'
    return str(render(text))


@cache
def _renderer() -> Any:
    try:
        import mistune
    except ImportError:
        return None

    class Careful(mistune.HTMLRenderer):
        """An image from elsewhere is a link: loading it would tell its host what the model put into the
        address.
        """

        def image(self, text: str, url: str, title: str | None = None) -> str:
            parts = urlsplit(url)
            if parts.scheme or parts.netloc:
                return self.link(escape(text or url), url, title)
            return super().image(text, url, title)

    return mistune.create_markdown(
        renderer=Careful(escape=True), plugins=["table", "strikethrough", "task_lists"]
    )


def _card(tool: ToolPart, opened: bool) -> str:
    words = notes(tool.status, tool.decision, tool.progress)
    note = "".join(f' <span style="{_MUTED}">· {escape(word)}</span>' for word in words)
    title = f"{icon(tool.status)}<span>{escape(tool.name)}{note}</span>"
    rows = [
        _labelled("MCP server", tool.server),
        _labelled("Arguments", json.dumps(tool.arguments, ensure_ascii=False, indent=1)),
    ]
    if tool.content:
        rows.append(_labelled("Result", first_lines(tool.content)))
    if tool.error:
        rows.append(_labelled("Error", first_lines(tool.error)))
    return _fold(title, took(tool.duration_ms), "".join(rows), opened)


def _fold(title: str, meta: str, body: str, opened: bool = False) -> str:
    return (
        f'<details{" open" if opened else ""} class="jp-Mandrake-card" style="margin: 6px 0; '
        f'border: 1px solid {_BORDER}; border-radius: 4px; {_UI}">'
        f'<summary style="{_ROW}; padding: 0 8px; cursor: pointer; list-style: none">{title}'
        f'<span style="margin-left: auto; {_SMALL}; {_MUTED}">{meta}</span></summary>'
        f'<div style="padding: 8px; border-top: 1px solid {_BORDER}">{body}</div></details>'
    )


def _labelled(label: str, text: str) -> str:
    return f'<div style="{_SMALL}; {_MUTED}">{label}</div><pre style="{_PRE}">{escape(text)}</pre>'
