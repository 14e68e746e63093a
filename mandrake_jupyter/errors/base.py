"""The root of the tree and its general branches: one class a kind of refusal, whatever it is about."""

from __future__ import annotations

from typing import Any, ClassVar

#: Action ids as they travel on the wire; the panel gives them their labels.
ACTIONS = (
    "try_again", "try_now", "connect_model", "change_key", "choose_model", "continue", "start_over", "edit_mcp_server",
    "open_log", "wait_longer", "open_mcp_servers", "review_trust", "fetch_demo_model", "enter_value", "open_copy",
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


class ToolDenied(Forbidden):
    """By the project's folder. Fields: `name`, `tool`, `file`."""

    code = "tool_denied"
    sentence = (
        'The tool "{tool}" of the MCP server "{name}" is denied in this project, by {file}. It was not run.'
    )
    then_sentence = "Whoever keeps the project can change that file."


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


class MessageNotFound(NotFound):
    code = "message_not_found"
    sentence = "No message with the id {id!r} in this chat."


class CallNotFound(NotFound):
    code = "call_not_found"
    sentence = "No tool call with the id {call!r} waits for a decision in this run."


class QuestionNotFound(NotFound):
    code = "question_not_found"
    sentence = "No MCP server asked a question with the id {question!r} in this run."


class GrantNotFound(NotFound):
    """It was revoked before, or is another project's. Fields: `grant`."""

    code = "grant_not_found"
    sentence = (
        "There is no permission with the id {grant} in this project. It may have been taken back before."
    )


class ImageNotFound(NotFound):
    code = "image_not_found"
    sentence = "No image with the id {image!r} in this chat."


class MCPServerNotFound(NotFound):
    code = "mcp_server_not_found"
    sentence = "No MCP server named {name!r}; known: {known}."


class ToolNotFound(NotFound):
    code = "tool_not_found"
    sentence = "The MCP server {name!r} has no tool {tool!r}; it has: {known}."


class ResourceNotFound(NotFound):
    code = "resource_not_found"
    sentence = "The MCP server {name!r} has no resource {uri!r}."


class PromptNotFound(NotFound):
    code = "prompt_not_found"
    sentence = "The MCP server {name!r} has no prompt {prompt!r}; it has: {known}."


class NotOffered(NotFound):
    """Fields: `name`, `what`."""

    code = "mcp_not_offered"
    sentence = "The MCP server {name!r} offers no {what}."


class Conflict(MandrakeError):
    status, code = 409, "conflict"


class AlreadyDecided(Conflict):
    code = "already_decided"
    sentence = "This tool call was already decided: {decision}, by {by}."


class AlreadyAnswered(Conflict):
    """Fields: `action`, `by`."""

    code = "already_answered"
    sentence = "This question is over: {action}, by {by}."


class AlreadyReplaced(Conflict):
    code = "already_replaced"
    sentence = "This message was edited or asked again meanwhile."
    then_sentence = "Nothing was changed. Look at the chat as it is now."


class RunningElsewhere(Conflict):
    code = "running_elsewhere"
    sentence = "This chat is at work in another Jupyter. You can read it here."
    then_sentence = "To go on here, open a copy of it."
    actions = ("open_copy",)


class NotTrusted(Conflict):
    code = "mcp_not_trusted"
    sentence = 'The MCP server "{name}" came with this folder and is not trusted yet. It was not started.'
    then_sentence = "Review what it would run, then trust it."
    actions = ("review_trust",)


class Busy(Conflict):
    """A release that was not forced. Fields: `what`."""

    code = "busy"
    sentence = "{what} is in use."
    then_sentence = "Nothing was ended. Wait until it is done, or force it."


class Gone(MandrakeError):
    status, code = 410, "gone"


class PreconditionFailed(MandrakeError):
    """What was to be replaced is another one now."""

    status, code = 412, "precondition_failed"


class PreconditionRequired(MandrakeError):
    status, code = 428, "precondition_required"


class TooMany(MandrakeError):
    status, code, retryable = 429, "too_many", True


class Unavailable(MandrakeError):
    status, code, retryable = 503, "unavailable", True


class ReleaseTimeout(Unavailable):
    """An end that took longer than it may; it was given up, or goes on by force. Fields: `what`, `seconds`."""

    code = "release_timeout"
    sentence = "{what} did not end within {seconds} s."
