"""Every route of the extension, relative to ``<base_url>mandrake/``; held equal to rest-api.yml by a test."""

from __future__ import annotations

from typing import Any

from . import (
    approvals,
    events,
    health,
    images,
    limits,
    mcp_config,
    mcp_health,
    mcp_offers,
    mcp_servers,
    messages,
    models,
    prompt,
    runs,
    search,
    sessions,
)

_ID = r"[\w-]+"
W = rf"workspaces/(?P<workspace>{_ID})"
S = rf"{W}/sessions/(?P<session>{_ID})"
R = rf"{S}/runs/(?P<run>{_ID})"
M = rf"{W}/mcp-servers/(?P<name>[\w.-]+)"

ROUTES: list[tuple[str, Any]] = [
    (r"health/live", health.LiveHandler),
    (r"health/ready", health.ReadyHandler),
    (r"health", health.HealthHandler),
    (r"metrics\.json", health.MetricsHandler),
    (r"events", events.EventsHandler),
    (r"limits", limits.LimitsHandler),
    (r"cleanup", limits.CleanupHandler),
    (r"workspaces", sessions.WorkspacesHandler),
    (W, sessions.WorkspaceHandler),
    (rf"{W}/release", limits.ReleaseWorkspaceHandler),
    (r"search", search.SearchHandler),
    (r"sessions", sessions.AllSessionsHandler),
    (rf"{W}/sessions", sessions.SessionsHandler),
    (S, sessions.SessionHandler),
    (rf"{S}/restore", sessions.RestoreHandler),
    (rf"{S}/copy", sessions.CopyHandler),
    (rf"{S}/release", limits.ReleaseSessionHandler),
    (rf"{S}/messages", runs.MessagesHandler),
    (rf"{S}/export", messages.ExportHandler),
    (rf"{S}/messages/(?P<message>{_ID})", messages.MessageHandler),
    (rf"{S}/messages/(?P<message>{_ID})/restore", messages.RestoreMessageHandler),
    (rf"{S}/images/(?P<image>{_ID})", images.ImageHandler),
    (R, runs.RunHandler),
    (rf"{R}/events", runs.RunEventsHandler),
    (rf"{R}/cancel", runs.CancelHandler),
    (rf"{R}/retry", runs.RetryHandler),
    (rf"{R}/approvals/(?P<call>{_ID})", runs.ApprovalHandler),
    (rf"{R}/questions/(?P<question>{_ID})", runs.QuestionHandler),
    (rf"{W}/audit", approvals.AuditHandler),
    (rf"{W}/grants", approvals.GrantsHandler),
    (rf"{W}/grants/(?P<grant>[0-9]{{1,15}})", approvals.GrantHandler),
    (rf"{W}/models", models.ModelsHandler),
    (rf"{W}/models/test", models.ModelTestHandler),
    (rf"{W}/models/demo/fetch", models.DemoFetchHandler),
    (r"settings/keys/(?P<name>[\w.-]+)", models.KeyHandler),
    (r"mcp-servers", mcp_servers.AllMCPServersHandler),
    (rf"{W}/mcp-servers", mcp_servers.MCPServersHandler),
    (rf"{W}/mcp-servers/parse", mcp_servers.MCPParseHandler),
    (rf"{W}/mcp-servers/config", mcp_config.MCPConfigHandler),
    (rf"{W}/mcp-servers/(?P<name>test)", mcp_health.MCPTestHandler),
    (M, mcp_servers.MCPServerHandler),
    (rf"{M}/(?P<action>start|stop|restart|pause|resume)", mcp_servers.MCPServerActionHandler),
    (rf"{M}/(?P<action>enable|disable)", mcp_config.MCPSwitchHandler),
    (rf"{M}/health", mcp_health.MCPHealthHandler),
    (rf"{M}/tools", mcp_servers.MCPToolsHandler),
    (rf"{M}/logs", mcp_offers.MCPLogsHandler),
    (rf"{M}/resources", mcp_offers.ResourcesHandler),
    (rf"{M}/resources/read", mcp_offers.ReadResourceHandler),
    (rf"{M}/prompts", mcp_offers.PromptsHandler),
    (rf"{M}/prompts/get", mcp_offers.GetPromptHandler),
    (rf"{M}/completions", mcp_offers.CompletionsHandler),
    (rf"{M}/call", mcp_servers.MCPCallHandler),
    (rf"{W}/trust", mcp_config.TrustHandler),
    (rf"{W}/prompt", prompt.PromptHandler),
]

#: Comes after all of them.
NO_ROUTE: tuple[str, Any] = (r".*", health.NoRouteHandler)
