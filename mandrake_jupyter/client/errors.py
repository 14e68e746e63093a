"""What can go wrong between a program and the REST API, as one error a program can read and a person can
understand.
"""

from __future__ import annotations

from typing import Any


class MandrakeClientError(Exception):
    """The server said no, or could not be asked.

    ``str(error)`` is a sentence for people. `status` is the HTTP status, 0 where no answer came. `code` is
    stable (``docs/reference/wire.md``; ``unreachable``, ``connection_lost``, ``not_mandrake`` and
    ``no_jupyter_server`` are the client's own). `then` says what is kept or what to do; `actions` are the
    ids of the ways out, primary first. `retry_after` is in seconds.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 0,
        code: str = "unknown",
        then: str = "",
        actions: tuple[str, ...] = (),
        retryable: bool = False,
        retry_after: float | None = None,
    ):
        super().__init__(message)
        self.message = message
        self.status = status
        self.code = code
        self.then = then
        self.actions = actions
        self.retryable = retryable
        self.retry_after = retry_after

    @classmethod
    def from_body(cls, status: int, body: Any) -> MandrakeClientError:
        """From the error body of wire.md, or from whatever else a server or proxy answered with `status`."""
        if not isinstance(body, dict):
            body = {}
        return cls(
            str(body.get("message") or f"The Jupyter server answered with status {status}."),
            status=status,
            code=str(body.get("code") or f"http_{status}"),
            then=str(body.get("then") or ""),
            actions=tuple(str(action) for action in body.get("actions") or ()),
            retryable=bool(body.get("retryable", status in (429, 502, 503, 504))),
            retry_after=body.get("retry_after"),
        )


class ConnectionLost(MandrakeClientError):
    """No answer came, or it broke off. `refused` when nobody listens at all."""

    def __init__(self, message: str, *, refused: bool = False):
        super().__init__(
            message,
            code="unreachable" if refused else "connection_lost",
            then="Look whether Jupyter is still running, then try again.",
            retryable=True,
        )
        self.refused = refused


class ServerNotFound(MandrakeClientError):
    """No running Jupyter server was found from here."""

    def __init__(self, looked: str):
        super().__init__(
            f"No running Jupyter server was found ({looked}).",
            code="no_jupyter_server",
            then="Set MANDRAKE_URL and MANDRAKE_TOKEN to its address and token, or open the notebook in JupyterLab.",
        )
