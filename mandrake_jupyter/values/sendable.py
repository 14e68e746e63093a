"""What can go out as JSON wherever it must: to a model, to an MCP server, to a reader, into the store.

A model may write anything, and what one of them does not take would stand in the way of the whole chat.
"""

from __future__ import annotations

import json
from typing import Any

#: Objects and lists within each other. Serialisers give up somewhere above 250, and add some of their own.
DEEPEST = 100


def why_not(value: Any) -> str | None:
    """What is wrong with a JSON value, as the end of a sentence about several; None where nothing is."""
    level = [value]
    for _ in range(DEEPEST + 1):
        level = [inner for one in level for inner in _within(one) if isinstance(inner, dict | list)]
        if not level:
            break
    else:
        return f"are nested more than {DEEPEST} levels deep"
    try:
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except UnicodeEncodeError:
        return "hold half of a character (a lone surrogate)"
    except ValueError:
        return "hold a number that is none in JSON"
    return None


def whole(text: str) -> str:
    """`text` with a question mark for each half of a character, which can neither be stored nor sent."""
    return text.encode("utf-8", "replace").decode()


def _within(value: Any) -> Any:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
