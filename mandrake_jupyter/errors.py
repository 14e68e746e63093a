"""Every error a user can meet: one tree, each with its HTTP status, wire code, sentences and actions.

    MandrakeError
    ├── BadRequest 400 (BrokenFile) ├── NotFound 404 (Workspace-, Session-, Run-, MCPServer-, Tool-, CallNotFound)
    ├── Forbidden 403           ├── Conflict 409 (AlreadyDecided, RunningElsewhere, NotTrusted)
    ├── Gone 410                ├── TooMany 429
    ├── Unavailable 503         ├── Interrupted (a run cut off by a stop or a crash)
    ├── ProviderError: DemoModelMissing · KeyMissing · KeyRefused · RateLimited · ProviderTrouble · Unreachable
    │                  StreamBroken · ModelNotAvailable · ProviderTimeout · ProviderRejected
    └── MCPError: CommandNotFound · ExitedAtStart · StartTimeout · CallTimeout · ServerGone · ToolFailed · EngineOff
                  VariableMissing

``str(error)`` is the sentence a user reads; ``then`` says what is kept or unaffected; ``actions`` are the ways out, by
the ids in :data:`ACTIONS`, the primary one first. Services raise these and never know HTTP; only
``handlers/base.py`` reads ``status``.
"""

from __future__ import annotations

from typing import Any, ClassVar

#: Action ids as they travel on the wire; the panel gives them their labels.
ACTIONS = (
    "try_again", "try_now", "connect_model", "change_key", "choose_model", "continue", "start_over", "edit_mcp_server",
    "open_log", "wait_longer", "open_mcp_servers", "review_trust", "fetch_demo_model",
)  # fmt: skip


class MandrakeError(Exception):
    """Base of the tree. `status` and `code` are facts of the class; keyword fields fill `sentence` and `then_sentence`."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal"
    retryable: ClassVar[bool] = False
    sentence: ClassVar[str] = "Something went wrong in the Jupyter server."
    then_sentence: ClassVar[str] = ""
    actions: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self,
        message: str = "",
        *,
        then: str = "",
        reason: str = "",
        retry_after: float | None = None,
        **fields: Any,
    ):
        self.fields = fields
        self.reason = reason or None
        self.retry_after = retry_after
        self.then = then or self.then_sentence.format_map(_Blank(fields))
        super().__init__(message or self.sentence.format_map(_Blank(fields)))

    def as_json(self) -> dict[str, Any]:
        """``{message, reason, code, then, actions, retryable, retry_after}``: the body of an HTTP error."""
        return {
            "message": str(self),
            "reason": self.reason,
            "code": self.code,
            "then": self.then,
            "actions": list(self.actions),
            "retryable": self.retryable,
            "retry_after": self.retry_after,
        }


class _Blank(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "?"


class BadRequest(MandrakeError):
    status, code = 400, "bad_request"


class BrokenFile(BadRequest):
    """A configuration file that can't be understood. Fields: `file`, `line` and `column` (from 1), `why`."""

    code = "broken_file"
    sentence = "{file}, line {line}: {why}"
    then_sentence = "The file was left as it is."


class Forbidden(MandrakeError):
    status, code = 403, "forbidden"


class NotFound(MandrakeError):
    status, code = 404, "not_found"


class WorkspaceNotFound(NotFound):
    code = "workspace_not_found"
    sentence = "No project with the id {workspace!r}."


class SessionNotFound(NotFound):
    code = "session_not_found"
    sentence = "No chat with the id {session!r} in this project."


class RunNotFound(NotFound):
    code = "run_not_found"
    sentence = "No run with the id {run!r} in this chat."


class CallNotFound(NotFound):
    code = "call_not_found"
    sentence = "No tool call with the id {call!r} waits for a decision in this run."


class MCPServerNotFound(NotFound):
    code = "mcp_server_not_found"
    sentence = "No MCP server named {name!r}; known: {known}."


class ToolNotFound(NotFound):
    code = "tool_not_found"
    sentence = "The MCP server {name!r} has no tool {tool!r}; it has: {known}."


class Conflict(MandrakeError):
    status, code = 409, "conflict"


class AlreadyDecided(Conflict):
    code = "already_decided"
    sentence = "This tool call was already decided: {decision}, by {by}."


class RunningElsewhere(Conflict):
    code = "running_elsewhere"
    sentence = "This chat is at work in another Jupyter. You can read it here."


class NotTrusted(Conflict):
    code = "mcp_not_trusted"
    sentence = 'The MCP server "{name}" came with this folder and is not trusted yet. It was not started.'
    then_sentence = "Review what it would run, then trust it."
    actions = ("review_trust",)


class Gone(MandrakeError):
    status, code = 410, "gone"


class TooMany(MandrakeError):
    status, code, retryable = 429, "too_many", True


class Unavailable(MandrakeError):
    status, code, retryable = 503, "unavailable", True


class StoreUnavailable(Unavailable):
    code = "store_unavailable"
    sentence = "The chat database can't be used: {why}."


class Interrupted(MandrakeError):
    status, code, retryable = 503, "interrupted", True
    sentence = "The answer was interrupted because the Jupyter server stopped."
    then_sentence = "What arrived is kept above."
    actions = ("continue", "start_over")


class ProviderError(MandrakeError):
    """Trouble between us and a model."""

    status, code = 502, "provider_error"
    actions: ClassVar[tuple[str, ...]] = ("try_again", "choose_model")


class DemoModelMissing(ProviderError):
    code, retryable = "demo_model_missing", True
    sentence = "The demo model could not be fetched."
    then_sentence = "Everything else works. You can connect your own model."
    actions: ClassVar[tuple[str, ...]] = ("try_again", "connect_model")


class KeyMissing(ProviderError):
    code = "model_key_missing"
    sentence = "No key for {provider} is known."
    then_sentence = "Your message is kept. Enter a key, or go on with another model."
    actions = ("change_key", "choose_model")


class KeyRefused(ProviderError):
    code = "model_key_refused"
    sentence = "{provider} did not accept your key."
    then_sentence = "Your message is kept. Enter a new key, or go on with another model."
    actions = ("change_key", "choose_model")


class RateLimited(ProviderError):
    code, retryable = "model_rate_limited", True
    sentence = "{provider} asks you to slow down."
    then_sentence = "Your message is kept. Try again in {seconds} s."
    actions = ("try_now", "choose_model")


class ProviderTrouble(ProviderError):
    code, retryable = "model_overloaded", True
    sentence = "{provider} has a problem at the moment."
    then_sentence = "Your message is kept. This usually passes within minutes."


class Unreachable(ProviderError):
    code, retryable = "model_unreachable", True
    sentence = "{host} can't be reached."
    then_sentence = "Your message is kept. Check the network or the proxy, then try again."


class ProviderTimeout(ProviderError):
    code, retryable = "model_timeout", True
    sentence = "{provider} did not answer within {seconds} s."
    then_sentence = "Your message is kept. What arrived is kept above."


class StreamBroken(ProviderError):
    code, retryable = "model_stream_broken", True
    sentence = "The answer broke off."
    then_sentence = "What arrived is kept above."
    actions = ("continue", "start_over")


class ModelNotAvailable(ProviderError):
    code = "model_not_available"
    sentence = 'The model "{model}" is not available with your key.'
    then_sentence = "Your message is kept."
    actions = ("choose_model", "change_key")


class ProviderRejected(ProviderError):
    code = "model_rejected"
    sentence = "{provider} did not accept the request: {why}"
    then_sentence = "Your message is kept."
    actions = ("choose_model", "try_again")


class MCPError(MandrakeError):
    """Trouble between us and an MCP server."""

    status, code = 502, "mcp_error"
    actions: ClassVar[tuple[str, ...]] = ("try_again", "open_log")


class CommandNotFound(MCPError):
    code = "mcp_command_not_found"
    sentence = '"{command}" was not found on your Jupyter server.'
    then_sentence = 'The MCP server "{name}" needs it. {remedy}'
    actions = ("try_again", "edit_mcp_server")


class ExitedAtStart(MCPError):
    code = "mcp_exited_at_start"
    sentence = 'The MCP server "{name}" stopped right after its start.'
    then_sentence = "It ended with code {exit_code}. Its last 5 lines: {tail}"
    actions = ("try_again", "edit_mcp_server", "open_log")


class StartTimeout(MCPError):
    code, retryable = "mcp_start_timeout", True
    sentence = 'The MCP server "{name}" did not answer within {seconds} s.'
    then_sentence = "It was stopped. The first start may take longer while it downloads."
    actions = ("wait_longer", "open_log")


class CallTimeout(MCPError):
    code = "mcp_call_timeout"
    sentence = 'The tool "{tool}" of the MCP server "{name}" did not answer within {seconds} s.'
    then_sentence = "It is not known whether it finished. It was not run again."


class ServerGone(MCPError):
    code = "mcp_gone"
    sentence = 'The MCP server "{name}" ended while it was at work.'
    then_sentence = "It is not known whether the call finished. It was not run again."


class ToolFailed(MCPError):
    code = "tool_failed"
    sentence = 'The tool "{tool}" of the MCP server "{name}" failed: {why}'


class VariableMissing(MCPError):
    code = "mcp_variable_missing"
    sentence = 'The MCP server "{name}" needs the environment variable {variable}, which is not set.'
    then_sentence = "Set it before Jupyter starts, or give it a default: ${{{variable}:-default}}."
    actions = ("edit_mcp_server", "try_again")


class EngineOff(MCPError):
    code, retryable = "docker_off", True
    sentence = "Docker is not running."
    then_sentence = (
        'The MCP server "{name}" runs in a container. Start Docker, then try again. '
        "Your other MCP servers are not affected."
    )
    actions = ("try_again", "open_mcp_servers")
