"""What SQLite and PostgreSQL say differently: short texts, the size of a value, and putting a row over one that is there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from sqlalchemy import Integer, String, Table, Text
from sqlalchemy.engine import Connection
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine

#: What is new of a row, as columns of the row that was to be inserted → what becomes of the one that is there.
Changes = Callable[[Any], Mapping[str, Any]]


def short(length: int) -> TypeEngine[str]:
    """A text of about `length` characters. SQLite never held anybody to it, so PostgreSQL is not told."""
    return String(length).with_variant(Text(), "postgresql")


class size(FunctionElement[int]):
    """The bytes of a text, or of JSON as it is stored."""

    type = Integer()
    inherit_cache = True


@compiles(size)
def _in_sqlite(element: size, compiler: SQLCompiler, **kwargs: Any) -> str:
    return f"length(CAST({compiler.process(element.clauses, **kwargs)} AS BLOB))"


@compiles(size, "postgresql")
def _in_postgresql(element: size, compiler: SQLCompiler, **kwargs: Any) -> str:
    return f"octet_length(CAST({compiler.process(element.clauses, **kwargs)} AS TEXT))"


class Put:
    """Inserts a row, or changes the one with the same `key`; ``of(db)`` is the statement for that database."""

    def __init__(
        self, table: Table, key: tuple[str, ...], changes: Changes, values: Mapping[str, Any] | None = None
    ) -> None:
        self._table, self._key, self._changes, self._values = table, key, changes, values or {}
        self._of = cache(self._make)

    def of(self, db: Connection) -> Any:
        return self._of(db.dialect.name)

    def _make(self, dialect: str) -> Any:
        if dialect == "postgresql":
            from sqlalchemy.dialects.postgresql import insert

            new: Any = insert(self._table)
        else:
            from sqlalchemy.dialects.sqlite import insert as insert_in_sqlite

            new = insert_in_sqlite(self._table)
        if self._values:
            new = new.values(**self._values)
        return new.on_conflict_do_update(index_elements=list(self._key), set_=self._changes(new.excluded))
