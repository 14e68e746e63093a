"""What PostgreSQL's trouble means for people. Its own words are told where they hold no part of a password: see ``address``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...errors import (
    StoreFull,
    StoreLocked,
    StoreMisconfigured,
    StoreNewer,
    StoreReadOnly,
    StoreUnavailable,
)
from ..checks import Trouble
from .address import Address

#: Another transaction holds what is needed, or a deadline passed.
LOCKED = frozenset({"55P03", "57014", "40P01", "40001"})
READ_ONLY = frozenset({"25006", "42501"})
FULL = frozenset({"53100"})
KEPT = "What was stored is kept. It goes on by itself when PostgreSQL answers again."


def error_of(exc: BaseException, address: Address) -> StoreUnavailable:
    from sqlalchemy.exc import TimeoutError as NoConnectionFree

    original = getattr(exc, "orig", None) or exc
    if isinstance(original, StoreUnavailable):
        return original
    code = getattr(original, "sqlstate", None)
    if code in LOCKED or isinstance(original, NoConnectionFree | TimeoutError):
        return StoreLocked(retry_after=5)
    if code in READ_ONLY:
        return StoreReadOnly(path=address.name)
    if code in FULL:
        return StoreFull()
    return StoreUnavailable(why=_words(original, address), then=KEPT)


def _words(exc: BaseException, address: Address) -> str:
    """Of several lines, for each address that was tried, the last."""
    lines = [line.strip() for line in str(exc).splitlines() if line.strip()]
    said = next((line for line in reversed(lines) if "failed" in line or "FATAL" in line), "")
    said = said or (lines[0] if lines else type(exc).__name__)
    if address.password and len(address.password) > 3:
        said = said.replace(address.password, "***")
    return said.removeprefix("- ").rstrip(".")


def trouble_of(access: Callable[[], Any], address: Address) -> Trouble | None:
    try:
        refusal = access().refusal
    except StoreUnavailable as exc:
        refusal = exc
    if refusal is None:
        return None
    message = str(refusal)
    if isinstance(refusal, StoreNewer):
        return Trouble("store_newer", message, "Update mandrake-jupyter.")
    if isinstance(refusal, StoreReadOnly):
        remedy = f"Give the user of MandrakeApp.database_url the right to write in {address.name}, or name its primary server."
        return Trouble("store_not_writable", message, remedy)
    if isinstance(refusal, StoreLocked):
        remedy = "Look in pg_stat_activity for who holds it. If nobody does, wait."
        return Trouble("store_locked", message, remedy)
    if isinstance(refusal, StoreFull):
        return Trouble("store_full", message, "Free space on the machine of PostgreSQL.")
    if isinstance(refusal, StoreMisconfigured):
        return Trouble("store_misconfigured", message, refusal.then)
    remedy = "See that PostgreSQL runs and that MandrakeApp.database_url fits: its host, user, password and database."
    return Trouble("store_unreachable", message, remedy)
