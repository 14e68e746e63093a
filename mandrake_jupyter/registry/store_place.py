"""Where chats are kept: a file in the data dir, or the PostgreSQL that ``MandrakeApp.database_url`` names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from traitlets import Unicode
from traitlets.config import LoggingConfigurable

from ..errors import StoreMisconfigured
from ..values import Reference

if TYPE_CHECKING:
    from ..providers.keys import KeyStore
    from ..stores.backends.base import Backend, Living
    from ..stores.database import Database
    from ..stores.instances import Instances


class Storing(LoggingConfigurable):
    """The trait that says where; read at the first use of anything."""

    database_url = Unicode(
        config=True,
        help="A PostgreSQL to keep chats in, like postgresql://user@host/database; needs mandrake-jupyter[postgres]. In it "
        "${NAME} is a variable of the environment and ${secret:NAME} a saved key. Empty: a file in data_dir.",
    )

    @property
    def store(self) -> str:
        """The kind of store."""
        return "postgresql" if self.database_url else "sqlite"


async def backend_of(
    data_dir: Path,
    url: str,
    keys: KeyStore,
    environ: Mapping[str, str],
    secret: Callable[[str], None] = lambda value: None,
) -> Backend:
    """Opens nothing. `secret` is told the password. Raises StoreMisconfigured."""
    from ..stores.backends import address
    from ..stores.backends.sqlite import Sqlite
    from ..stores.checks import network_file_system

    if not url:
        return Sqlite(data_dir / "mandrake.sqlite", network_file_system)
    values = [await _value(one, keys, environ) for one in address.references(url)]
    found = address.parse(address.filled(url, values))
    from ..stores.backends.postgresql import Postgresql

    if found.password:
        secret(found.password)
    return Postgresql(found)


async def _value(reference: Reference, keys: KeyStore, environ: Mapping[str, str]) -> str:
    if reference.kind == "secret":
        what, found = "the key", await keys.get(reference.name)
    else:
        what, found = "the variable", environ.get(reference.name, reference.default)
    if found is None:
        raise StoreMisconfigured(
            why=f"{what} {reference.name}, which MandrakeApp.database_url names, has no value",
            then="Set it, then try again. Nothing was changed.",
        )
    return found


def living(database: Database, local: Instances) -> Living:
    """How Jupyter servers that share `database` see each other."""
    from ..stores.backends.postgresql import Postgresql
    from ..stores.instances_postgresql import SharedInstances

    backend = database.backend
    return SharedInstances(backend, database, local) if isinstance(backend, Postgresql) else local
