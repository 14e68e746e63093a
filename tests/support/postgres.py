"""A PostgreSQL of the tests' own, in a temporary folder: its socket asks for no password, its port on loopback does."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from .mcp_leaks import until

USER, PASSWORD = "mandrake", "pg-canary-0123456789"
FAST = {"fsync": "off", "max_connections": "60", "shared_buffers": "32MB", "jit": "off"}


class Postgres:
    """`start` and `stop` may be called in turn; ``urls`` are good for all of them."""

    def __init__(self, programs: Path) -> None:
        self._programs = programs
        self.home = Path(tempfile.mkdtemp(prefix="mandrake-pg-"))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None
        self._as: dict[str, Any] = {}
        if os.geteuid() == 0:  # which PostgreSQL refuses to run as
            import pwd

            owner = pwd.getpwnam("postgres")
            os.chown(self.home, owner.pw_uid, owner.pw_gid)
            self._as = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
        password = self.home / "password"
        password.write_text(PASSWORD)
        password.chmod(0o644)
        self._run("initdb", "-D", str(self.home / "data"), "-U", USER, "-E", "UTF8", "--locale=C.UTF-8", "--no-sync",
                  "--auth-local=trust", "--auth-host=scram-sha-256", f"--pwfile={password}")  # fmt: skip

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, cwd=self.home, check=False, **self._as)
        assert done.returncode == 0, done.stdout + done.stderr

    def start(self) -> None:
        """Returns when it answers."""
        options = {**FAST, "listen_addresses": "127.0.0.1", "unix_socket_directories": str(self.home)}
        settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        command = [
            str(self._programs / "postgres"),
            "-D",
            str(self.home / "data"),
            "-p",
            str(self.port),
            *settings,
        ]
        with (self.home / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.home, **self._as)
        until(self.answers)

    def answers(self) -> bool:
        import psycopg

        assert self._process is not None
        assert self._process.poll() is None, (self.home / "log").read_text("utf-8", "replace")
        try:
            self.sql("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def stop(self) -> None:
        """At once: whoever is connected is cut off."""
        if self._process is not None:
            self._process.send_signal(2)
            self._process.wait(30)
            self._process = None

    def url(self, schema: str, *, password: str | None = None, **more: str) -> str:
        """As a user would write it; with a `password` it goes over loopback."""
        named = {"options": f"-csearch_path={schema}", "application_name": schema, **more}
        query = "&".join(f"{name}={quote(value, safe='')}" for name, value in named.items())
        if password is not None:
            return f"postgresql://{USER}:{quote(password, safe='')}@127.0.0.1:{self.port}/postgres?{query}"
        return f"postgresql://{USER}@/postgres?host={quote(str(self.home), safe='')}&port={self.port}&{query}"

    def sql(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """One statement, committed, of a connection of its own."""
        import psycopg

        with psycopg.connect(
            host=str(self.home), port=self.port, user=USER, dbname="postgres", autocommit=True
        ) as connection:
            done = connection.execute(statement, values or None)
            return done.fetchall() if done.description else []

    def connections(self, schema: str) -> int:
        """How many there are of those who came by its ``url``."""
        return self.sql("SELECT count(*) FROM pg_stat_activity WHERE application_name = %s", schema)[0][0]

    @contextmanager
    def schema(self) -> Iterator[str]:
        """A new one; afterwards it is gone, and nobody is connected to it any more."""
        name = f"t_{uuid.uuid4().hex[:12]}"
        self.sql(f"CREATE SCHEMA {name}")
        yield name
        try:
            until(lambda: not self.connections(name))
        finally:
            self.sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s", name
            )
            self.sql(f"DROP SCHEMA {name} CASCADE")

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.home)


def find_programs() -> Path:
    """Skips with the reason where there are none; `.ci/run` installs them, so there it fails."""
    why = os.environ.get("MANDRAKE_TEST_NO_POSTGRES")
    if not why:
        script = Path(__file__).parents[2] / "tools" / "postgres.sh"
        done = subprocess.run(["bash", str(script)], capture_output=True, text=True, check=False)
        said = done.stdout.strip().splitlines()
        if done.returncode == 0:
            return Path(said[-1])
        why = said[-1] if said else done.stderr
    if os.environ.get("CI"):
        pytest.fail(why)
    pytest.skip(why)


@contextmanager
def running() -> Iterator[Postgres]:
    """A cluster for the tests of one file; nothing of it is left afterwards."""
    postgres = Postgres(find_programs())
    try:
        postgres.start()
        yield postgres
    finally:
        postgres.remove()
