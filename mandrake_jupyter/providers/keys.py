"""Where API keys are kept: the system's keyring where there is a usable one, else a file for its owner only.

Write-only towards people: a value goes in and is read by `providers` alone; nothing here puts one into
an error or a log. What is kept is known from an index file, so that asking "is there a key?" never waits
for a keyring.
"""

from __future__ import annotations

import asyncio
import os
import re
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar

from ..errors import BadRequest
from ..values import isoformat, utcnow
from .private_files import edited, read_json
from .references import ANSWERS

T = TypeVar("T")
Origin = Literal["environment", "keyring", "file"]

#: The environment variables that count as keys.
ENVIRONMENT = {
    "anthropic": ("ANTHROPIC_API_KEY",),
    "openai": ("OPENAI_API_KEY",),
    "google": ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
}
VARIABLES = frozenset(variable for names in ENVIRONMENT.values() for variable in names)
SERVICE = "mandrake-jupyter"
KEYRING_TIMEOUT = 3.0
MAX_KEY = 4096
_NAME = re.compile(r"[a-z0-9][a-z0-9._:@\[\]-]{0,127}", re.IGNORECASE)


class KeyStore:
    """Keys of one user by name. A key entered here wins over one in the environment: it is the newer word.

    `seen` is told each value that goes in or out, so that it can be kept out of logs.
    """

    def __init__(
        self,
        data_dir: Path,
        environ: Mapping[str, str] = os.environ,
        *,
        keyring_timeout: float = KEYRING_TIMEOUT,
        seen: Callable[[str], None] = lambda value: None,
    ) -> None:
        self._file = data_dir / "keys.json"
        self._environ = environ
        self._timeout = keyring_timeout
        self._seen = seen
        self._keyring_usable: bool | None = None

    def __repr__(self) -> str:
        return f"<KeyStore {self._file}>"

    @property
    def where(self) -> str:
        """The path of the file keys go to when there is no keyring."""
        return str(self._file)

    async def set(self, name: str, value: str) -> Literal["keyring", "file"]:
        """Keep `value` as `name`; says where. Raises :class:`BadRequest` when it can't be a key."""
        _check_name(name)
        key = _clean_key(value, words=name.startswith(ANSWERS))
        self._seen(key)
        saved = isoformat(utcnow())
        if await self._in_keyring(lambda ring: ring.set_password(SERVICE, name, key)):
            await asyncio.to_thread(self._note, name, {"in": "keyring", "saved": saved})
            return "keyring"
        await asyncio.to_thread(self._note, name, {"in": "file", "saved": saved, "value": key})
        return "file"

    async def delete(self, name: str) -> None:
        """Forget `name` and what is kept for hosts as ``name@host``. A key in the environment stays."""
        _check_name(name)
        for kept in [key for key in self._entries() if key == name or key.startswith(f"{name}@")]:
            await self._forget(kept)

    async def move(self, name: str, target: str) -> None:
        """Keep the key `name` as `target` from now on; nothing happens where none is kept."""
        entry, key = self._entry(name), await self.get(name)
        if entry and key:
            await self.set(target, key)
            await self._forget(name)

    async def _forget(self, name: str) -> None:
        if self._entry(name).get("in") == "keyring":
            await self._in_keyring(lambda ring: ring.delete_password(SERVICE, name))
        await asyncio.to_thread(self._note, name, None)

    async def get(self, name: str) -> str | None:
        """The key, for use in a request and nothing else; None when there is none."""
        key = await self._get(name)
        if key:
            self._seen(key)
        return key

    async def _get(self, name: str) -> str | None:
        entry = self._entry(name)
        if entry.get("in") == "file":
            return str(entry.get("value") or "") or None
        if entry.get("in") == "keyring":
            found: list[str | None] = []
            await self._in_keyring(lambda ring: found.append(ring.get_password(SERVICE, name)))
            if found and found[0]:
                return found[0]
        return self._from_environment(name)

    def origin(self, name: str) -> Origin | None:
        """Where the key `name` comes from, without reading it out of a keyring."""
        where = self._entry(name).get("in")
        if where == "keyring" or where == "file":
            return "keyring" if where == "keyring" else "file"
        return "environment" if self._from_environment(name) else None

    def saved(self, name: str) -> str | None:
        """When the user entered the key `name` (ISO-8601), None where it is not kept here."""
        saved = self._entry(name).get("saved")
        return str(saved) if saved else None

    def _from_environment(self, name: str) -> str | None:
        found = (self._environ.get(variable, "").strip() for variable in ENVIRONMENT.get(name, ()))
        return next(filter(None, found), None)

    def _entry(self, name: str) -> dict[str, Any]:
        entry = self._entries().get(name)
        return entry if isinstance(entry, dict) else {}

    def _entries(self) -> dict[str, Any]:
        entries = read_json(self._file).get("keys")
        return entries if isinstance(entries, dict) else {}

    def _note(self, name: str, entry: dict[str, Any] | None) -> None:
        with edited(self._file) as content:
            keys = content.setdefault("keys", {})
            if entry is None:
                keys.pop(name, None)
            else:
                keys[name] = entry

    async def _in_keyring(self, act: Callable[[Any], object]) -> bool:
        """Whether `act` was done with the keyring; after one that hangs it is not tried again."""
        if self._keyring_usable is False:
            return False
        try:
            self._keyring_usable = await _in_daemon_thread(lambda: _with_keyring(act), self._timeout)
        except TimeoutError:
            self._keyring_usable = False
        except Exception:
            # Backends raise what they like: locked, dismissed by the user, no D-Bus. Only this act failed.
            return False
        return self._keyring_usable


def _with_keyring(act: Callable[[Any], object]) -> bool:
    try:
        import keyring
        from keyring.backends import fail, null
    except ImportError:
        return False
    ring = keyring.get_keyring()
    if isinstance(ring, fail.Keyring | null.Keyring) or ring.priority <= 0:
        return False
    act(ring)
    return True


async def _in_daemon_thread(call: Callable[[], T], timeout: float) -> T:
    """`call` in a thread that may be abandoned: the interpreter would wait for one of asyncio's own at its
    exit.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, exc: BaseException | None) -> None:
        if done.done():
            return
        if exc is not None:
            done.set_exception(exc)
        else:
            done.set_result(result)  # type: ignore[arg-type]

    def run() -> None:
        result: T | None = None
        problem: BaseException | None = None
        try:
            result = call()
        except Exception as exc:
            problem = exc
        try:
            loop.call_soon_threadsafe(settle, result, problem)
        except RuntimeError:
            return  # the loop is closed: nobody waits any more

    threading.Thread(target=run, name="mandrake-keyring", daemon=True).start()
    async with asyncio.timeout(timeout):
        return await done


def _check_name(name: object) -> None:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise BadRequest("This is no name for a key: letters, digits and . _ - : @ only.")


def _clean_key(value: object, words: bool = False) -> str:
    """An answer to a question may be `words`: a folder, a name."""
    if not isinstance(value, str):
        raise BadRequest("The key must be text.")
    key = value.strip()
    if not key:
        raise BadRequest("The key is empty.")
    if "\n" in key or "\r" in key:
        raise BadRequest("The key has more than one line. Paste only the key itself.")
    if len(key) > MAX_KEY:
        raise BadRequest(f"This is too long for a key: more than {MAX_KEY} characters.")
    if words and not key.isprintable():
        raise BadRequest("The answer has characters that don't print.")
    if not words and any(not "!" <= char <= "~" for char in key):
        raise BadRequest("A key has no spaces and only plain characters. Paste only the key itself.")
    return key
