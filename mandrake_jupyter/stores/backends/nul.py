"""PostgreSQL keeps no NUL in a text, but models and tools say one now and then: a sign that nobody writes stands for it.

One for one, so that every place in a text stays where it was. JSON writes it as an escape, which PostgreSQL keeps.
"""

from __future__ import annotations

from typing import Any

#: Of the signs that Unicode never gives a meaning.
STAND_IN = "\ufdd0"
#: PostgreSQL's numbers for ``text`` and ``varchar``.
TEXTS = (25, 1043)


def without_nul(adapters: Any) -> None:
    """`adapters` are those of one connection."""
    dumper, loader = _adapters()
    adapters.register_dumper(str, dumper)
    for oid in TEXTS:
        adapters.register_loader(oid, loader)


def _adapters() -> tuple[type[Any], type[Any]]:
    from psycopg.types.string import StrDumper, TextLoader

    class Dumper(StrDumper):
        def dump(self, obj: str) -> Any:
            return super().dump(obj.replace("\0", STAND_IN) if "\0" in obj else obj)

    class Loader(TextLoader):
        def load(self, data: Any) -> Any:
            found = str(super().load(data))
            return found.replace(STAND_IN, "\0") if STAND_IN in found else found

    return Dumper, Loader
