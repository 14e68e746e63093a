"""Trouble between us and an MCP server, as its owner reads it."""

from __future__ import annotations

from typing import ClassVar

from .base import MandrakeError


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


class StopTimeout(MCPError):
    code, retryable = "mcp_stop_timeout", True
    sentence = 'The MCP server "{name}" did not end within {seconds} s.'
    then_sentence = "It was told to end by force. It can't start again before it is gone."
    actions = ("try_again", "open_log")


class OutcomeUnknown(MCPError):
    """A call was sent, and what became of it can't be told."""

    then_sentence = "It is not known whether the call finished. It was not run again."


class CallTimeout(OutcomeUnknown):
    code = "mcp_call_timeout"
    sentence = 'The tool "{tool}" of the MCP server "{name}" did not answer within {seconds} s.'
    then_sentence = "It is not known whether it finished. It was not run again."


class ServerGone(OutcomeUnknown):
    """Field `sent`: False where it is certain that it never saw the call."""

    code = "mcp_gone"
    sentence = 'The MCP server "{name}" ended while it was at work.'


class RequestTimeout(MCPError):
    """A question that changes nothing. Fields: `name`, `what`, `seconds`."""

    code, retryable = "mcp_request_timeout", True
    sentence = 'The MCP server "{name}" did not answer within {seconds} s when asked for {what}.'


class RequestRefused(MCPError):
    """Fields: `name`, `what`, `why` (its own words), `rpc_code`."""

    code = "mcp_request_refused"
    sentence = 'The MCP server "{name}" refused {what}: {why}'


class ToolFailed(MCPError):
    code = "tool_failed"
    sentence = 'The tool "{tool}" of the MCP server "{name}" failed: {why}'


class VariableMissing(MCPError):
    code = "mcp_variable_missing"
    sentence = 'The MCP server "{name}" needs the environment variable {variable}, which is not set.'
    then_sentence = "Set it before Jupyter starts, or give it a default: ${{{variable}:-default}}."
    actions = ("edit_mcp_server", "try_again")


class SecretMissing(MCPError):
    """Fields: `name`, `what` (``the secret "x"``)."""

    code = "mcp_secret_missing"
    sentence = 'The MCP server "{name}" needs {what}, which has no value yet.'
    then_sentence = "Enter it: it is kept in your keyring or a file only you can read, never in the project."
    actions = ("enter_value", "edit_mcp_server", "try_again")


class EnvFileUnusable(MCPError):
    """Fields: `name`, `file`, `why`."""

    code = "mcp_env_file"
    sentence = 'The MCP server "{name}" can\'t use its "envFile": {why}'
    then_sentence = (
        "It was not started. Write lines like NAME=value into {file}, or take it out of the entry."
    )
    actions = ("edit_mcp_server", "try_again")


class EngineOff(MCPError):
    code, retryable = "docker_off", True
    sentence = "Docker is not running."
    then_sentence = (
        'The MCP server "{name}" runs in a container. Start Docker, then try again. '
        "Your other MCP servers are not affected."
    )
    actions = ("try_again", "open_mcp_servers")


class EngineRefused(MCPError):
    """Fields: `name`, `what` it was asked for, `why` (its own words), `engine_status`."""

    code = "docker_refused"
    sentence = 'Docker did not {what} of the MCP server "{name}": {why}'
    actions = ("try_again", "edit_mcp_server", "open_log")


class ImageMissing(MCPError):
    """Fields: `name`, `image`, `remedy`."""

    code = "docker_image_missing"
    sentence = 'The image "{image}" is not on your Docker engine.'
    then_sentence = 'The MCP server "{name}" runs from it. {remedy}'
    actions = ("try_again", "edit_mcp_server")


class Refused(MCPError):
    """An HTTP answer that is none of the protocol: nothing was run. Fields: `name`, `where`, `status`."""

    code = "mcp_http_refused"
    sentence = 'The MCP server "{name}" refused us: {where} answers HTTP {status}.'
    then_sentence = "Nothing was run."
    actions: ClassVar[tuple[str, ...]] = ("try_again", "edit_mcp_server", "open_log")


class KeyWanted(Refused):
    code = "mcp_key_wanted"
    sentence = 'The MCP server "{name}" did not let us in: {where} answers HTTP {status}.'
    then_sentence = (
        'It wants a key. Put it into "headers" of its entry, like {{"Authorization": "Bearer ${{NAME}}"}}.'
    )
    actions = ("edit_mcp_server", "try_again")


class NothingThere(Refused):
    code = "mcp_nothing_there"
    sentence = 'The MCP server "{name}" is not at its address: {where} answers HTTP {status}.'
    then_sentence = 'Check "url" in its entry: most end in /mcp or /sse.'
    actions = ("edit_mcp_server", "try_again")


class LeadsElsewhere(Refused):
    """`where` is the address it redirects to."""

    code = "mcp_leads_elsewhere"
    sentence = 'The address of the MCP server "{name}" leads elsewhere: to {where}.'
    then_sentence = 'Nothing was sent there. If you trust that address, write it into "url" of its entry.'
    actions = ("edit_mcp_server", "try_again")


class NotReached(Refused):
    code, retryable = "mcp_not_reached", True
    sentence = 'The MCP server "{name}" can\'t be reached: there is no connection to {where}.'
    then_sentence = "Nothing was sent. Check its address, the network or the proxy, then try again."
    actions = ("try_again", "edit_mcp_server")


class AnsweredTrouble(OutcomeUnknown):
    """HTTP 5xx. Fields as of `Refused`."""

    code, retryable = "mcp_http_trouble", True
    sentence = 'The MCP server "{name}" has a problem at the moment: {where} answers HTTP {status}.'
