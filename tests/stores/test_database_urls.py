"""The URL of a database: what is understood, what is refused in words, and that no word of it is a password."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from mandrake_jupyter.errors import StoreMisconfigured
from mandrake_jupyter.registry.store_place import backend_of
from mandrake_jupyter.stores.backends.address import parse


class Keys:
    async def get(self, name: str) -> str | None:
        return {"pg": "s@cret/canary"}.get(name)


async def given(url: str, tmp_path: Path, environ: dict[str, str] | None = None) -> Any:
    """What the driver is given, and what is secret from then on."""
    secrets: list[str] = []
    found = await backend_of(tmp_path, url, Keys(), environ or {}, secrets.append)  # type: ignore[arg-type]
    return found, secrets


async def test_without_one_chats_are_in_a_file_of_the_data_dir(tmp_path: Path) -> None:
    found, _ = await given("", tmp_path)
    assert (found.kind, found.path) == ("sqlite", tmp_path / "mandrake.sqlite")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://ann@db.example/chats", ("ann", None, "db.example", "chats")),
        ("postgres://ann:p%40ss%2Fword@h:6000/chats", ("ann", "p@ss/word", "h", "chats")),
        ("postgresql://${USER_NAME}@h/${DB:-chats}", ("a@b", None, "h", "chats")),
        ("postgresql://ann:${secret:pg}@h/chats", ("ann", "s@cret/canary", "h", "chats")),
        ("${FROM_A_FILE}", ("bob", "x", "one", "d")),
        ("${DATABASE_URL}", ("bob", "x", "one,two", "d")),
        ("postgresql:///chats?service=mine&host=/run/pg", (None, None, "/run/pg", "chats")),
    ],
)
async def test_what_postgresql_understands_is_understood(
    url: str, expected: tuple[Any, ...], tmp_path: Path
) -> None:
    environ = {"USER_NAME": "a@b", "DATABASE_URL": "postgresql://bob:x@one:5432,two:5433/d"}
    environ["FROM_A_FILE"] = "postgresql://bob:x@one/d\n"
    found, secrets = await given(url, tmp_path, environ)
    assert tuple(found.address.given.get(name) for name in ("user", "password", "host", "dbname")) == expected
    assert secrets == ([expected[1]] if expected[1] else [])
    assert "canary" not in repr(found.address) + str(found.address)


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:///x.sqlite",
        "mysql://u:canary@h/d",
        "canary",
        "postgresql://u:can@ary@h/d",
        "postgresql://u:can/canary@h/d",
        "postgresql://u:%canary@h/d",
        "postgresql://u@h/d?canary=1",
        "postgresql://u@h:canary/d",
        "postgresql://${NONE}@h/canary",
        "postgresql://${secret:none}@h/canary",
        "postgresql://${input:none}@h/canary",
    ],
)
async def test_what_is_not_understood_is_refused_with_a_way_out_and_not_quoted(
    url: str, tmp_path: Path
) -> None:
    with pytest.raises(StoreMisconfigured, match=r"MandrakeApp\.database_url") as caught:
        await given(url, tmp_path)
    assert caught.value.then
    assert "canary" not in f"{caught.value} {caught.value.then} {caught.value.fields}"
    assert caught.value.__cause__ is None


def test_where_the_driver_is_missing_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "psycopg"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(StoreMisconfigured, match="driver") as caught:
        parse("postgresql://h/d")
    assert "mandrake-jupyter[postgres]" in caught.value.then
