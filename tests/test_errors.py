"""The sentences of the most likely errors, as a user reads them."""

from __future__ import annotations

import pytest

from mandrake_jupyter import errors

FIRST_DAY = [
    (
        errors.DemoModelMissing(),
        "The demo model could not be fetched.",
        "Everything else works. You can connect your own model.",
        ["try_again", "connect_model"],
    ),
    (
        errors.KeyMissing(provider="OpenAI"),
        "No key for OpenAI is known.",
        "Your message is kept. Enter a key, or go on with another model.",
        ["change_key", "choose_model"],
    ),
    (
        errors.KeyRefused(provider="OpenAI"),
        "OpenAI did not accept your key.",
        "Your message is kept. Enter a new key, or go on with another model.",
        ["change_key", "choose_model"],
    ),
    (
        errors.RateLimited(provider="OpenAI", seconds=12),
        "OpenAI asks you to slow down.",
        "Your message is kept. Try again in 12 s.",
        ["try_now", "choose_model"],
    ),
    (
        errors.ProviderTrouble(provider="OpenAI"),
        "OpenAI has a problem at the moment.",
        "Your message is kept. This usually passes within minutes.",
        ["try_again", "choose_model"],
    ),
    (
        errors.Unreachable(host="api.openai.com"),
        "api.openai.com can't be reached.",
        "Your message is kept. Check the network or the proxy, then try again.",
        ["try_again", "choose_model"],
    ),
    (
        errors.StreamBroken(),
        "The answer broke off.",
        "What arrived is kept above.",
        ["continue", "start_over"],
    ),
    (
        errors.ModelNotAvailable(model="gpt-9"),
        'The model "gpt-9" is not available with your key.',
        "Your message is kept.",
        ["choose_model", "change_key"],
    ),
    (
        errors.CommandNotFound(command="uvx", name="git", remedy="Install it with `pip install uv`."),
        '"uvx" was not found on your Jupyter server.',
        'The MCP server "git" needs it. Install it with `pip install uv`.',
        ["try_again", "edit_mcp_server"],
    ),
    (
        errors.ExitedAtStart(name="git", exit_code=2, tail="no such repository"),
        'The MCP server "git" stopped right after its start.',
        "It ended with code 2. Its last 5 lines: no such repository",
        ["try_again", "edit_mcp_server", "open_log"],
    ),
    (
        errors.StartTimeout(name="git", seconds=30),
        'The MCP server "git" did not answer within 30 s.',
        "It was stopped. The first start may take longer while it downloads.",
        ["wait_longer", "open_log"],
    ),
    (
        errors.StopTimeout(name="git", seconds=21),
        'The MCP server "git" did not end within 21 s.',
        "It was told to end by force. It can't start again before it is gone.",
        ["try_again", "open_log"],
    ),
    (
        errors.RunTimeout(limit="1 hour"),
        "The answer was stopped, because it was at work for 1 hour.",
        "What arrived is kept above.",
        ["continue", "start_over"],
    ),
    (
        errors.ApprovalTimeout(tool="commit", limit="7 days"),
        'Nobody decided on the tool "commit" within 7 days.',
        "It was not run. What arrived is kept above.",
        ["continue", "start_over"],
    ),
    (
        errors.NotTrusted(name="git"),
        'The MCP server "git" came with this folder and is not trusted yet. It was not started.',
        "Review what it would run, then trust it.",
        ["review_trust"],
    ),
]


@pytest.mark.parametrize(
    ("error", "sentence", "then", "actions"), FIRST_DAY, ids=lambda v: getattr(v, "code", None)
)
def test_a_first_day_error_says_what_happened_what_is_kept_and_the_ways_out(
    error: errors.MandrakeError, sentence: str, then: str, actions: list[str]
) -> None:
    body = error.as_json()
    assert (body["message"], body["then"], body["actions"]) == (sentence, then, actions)


def test_a_forgotten_field_never_breaks_an_error() -> None:
    assert str(errors.KeyRefused()) == "? did not accept your key."
