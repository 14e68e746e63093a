"""Lines in, messages out, whatever the pieces they arrive in."""

from __future__ import annotations

import asyncio

import pytest

from mandrake_jupyter.provisioners.framing import LOG_LINE_LIMIT, lines, log_lines


def reader(*chunks: bytes) -> asyncio.StreamReader:
    """Each chunk arrives by itself."""
    stream = asyncio.StreamReader()

    async def read(_: int) -> bytes:
        return pieces.pop(0) if pieces else b""

    pieces = list(chunks)
    stream.read = read  # type: ignore[method-assign, assignment]
    return stream


@pytest.mark.parametrize(
    ("chunks", "expected"),
    [
        ([b"a\nb\n"], [b"a", b"b"]),
        ([b"a", b"b", b"\n", b"c\n"], [b"ab", b"c"]),
        ([b"a\n\nb"], [b"a", b"", b"b"]),
        ([b"12345", b"67\nok\n"], [None, b"ok"]),
        ([b"1234567"], []),
        ([b"12345\n"], [b"12345"]),
        ([], []),
    ],
)
async def test_lines_are_whole_or_dropped_when_too_long(
    chunks: list[bytes], expected: list[bytes | None]
) -> None:
    assert [line async for line in lines(reader(*chunks), 5)] == expected


async def test_a_flood_without_a_newline_stays_bounded() -> None:
    got = [line async for line in log_lines(reader(*[b"x" * 10_000] * 50, b"\r\nend"))]
    assert got == ["x" * LOG_LINE_LIMIT, "end"]


async def test_bytes_that_are_no_text_are_shown_as_such() -> None:
    assert [line async for line in log_lines(reader(b"caf\xe9\n"))] == ["caf\ufffd"]
