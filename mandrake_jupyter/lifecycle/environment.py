"""The environment a child process gets: the user's own, without the keys to Jupyter and the Hub."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

_SECRET = re.compile(
    r"^(JPY_|JUPYTERHUB_|MANDRAKE_|CONFIGPROXY_AUTH_TOKEN$|JUPYTER_(.*_)?(TOKEN|PASSWORD|SECRET|COOKIE)$)",
)


def clean_environment(
    extra: Mapping[str, str] | None = None, environ: Mapping[str, str] | None = None
) -> dict[str, str]:
    """This process's environment, or `environ`, without Jupyter's and the Hub's tokens, and `extra` over it (as
    given, never filtered).
    """
    given = os.environ if environ is None else environ
    kept = {name: value for name, value in given.items() if not _SECRET.match(name)}
    return kept | dict(extra or {})
