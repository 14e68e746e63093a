"""The seam between ``stores.database``, which is the same for all, and one kind of database."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ...errors import StoreUnavailable

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Engine
    from sqlalchemy.ext.asyncio import AsyncEngine

    from ..checks import Trouble


class Access(Protocol):
    """How a database may be used now; `refusal` is what every write is answered with, None where it may be written."""

    @property
    def refusal(self) -> StoreUnavailable | None: ...


class Living(Protocol):
    """Which Jupyter servers live, as they see each other. What blocks is called in threads."""

    @property
    def own(self) -> str: ...
    @property
    def remedy(self) -> str: ...
    def hold(self) -> None: ...
    def release(self) -> None: ...
    def intact(self) -> bool: ...
    def keep(self) -> bool: ...
    async def alive(self, instance: str) -> bool: ...


class Backend(Protocol):
    """One database. Making it opens nothing. All of it blocks, but `engines`."""

    #: ``sqlite`` or ``postgresql``.
    kind: str
    #: The file, where it is one.
    path: Path | None
    #: What its driver and SQLAlchemy raise.
    errors: tuple[type[Exception], ...]

    def access(self) -> Any:
        """An `Access`; migrates if needed. Raises StoreUnavailable, with the reason, where it can't even be read."""
        ...

    def engines(self, access: Any) -> tuple[AsyncEngine, Engine]:
        """Of connections on which only ``begin`` begins a transaction."""
        ...

    def begin(self, connection: Connection, *, writes: bool) -> None:
        """A transaction that sees one state of the database; one that writes is the only one that does.

        Raises StoreNewer where another version has taken the database over meanwhile."""
        ...

    def error(self, exc: BaseException) -> StoreUnavailable:
        """What `exc`, of the driver, SQLAlchemy or the system, means for people."""
        ...

    def trouble(self) -> Trouble | None:
        """What would stand in the way of a write now; a look beside, which keeps nothing open."""
        ...
