"""Every error a user can meet: one tree, each with its HTTP status, wire code, sentences and actions.

    MandrakeError
    ├── BadRequest 400 (BrokenFile) ├── NotFound 404 (Workspace-, Session-, Run-, MCPServer-, Tool-, CallNotFound,
    │                             ResourceNotFound, PromptNotFound, NotOffered)
    ├── Forbidden 403           ├── Conflict 409 (AlreadyDecided, Busy, RunningElsewhere, NotTrusted)
    ├── Gone 410                ├── PreconditionFailed 412, PreconditionRequired 428 ├── TooMany 429
    ├── Unavailable 503 (ReleaseTimeout, StoreUnavailable) ├── Interrupted 503 · RunTimeout, ApprovalTimeout 504
    ├── ProviderError: DemoModelMissing · KeyMissing · KeyRefused · RateLimited · ProviderTrouble · Unreachable
    │                  StreamBroken · ModelNotAvailable · ProviderTimeout · ProviderStalled · ProviderRejected
    └── MCPError: CommandNotFound · ExitedAtStart · StartTimeout · StopTimeout · CallTimeout · ServerGone · ToolFailed
                  RequestTimeout · RequestRefused · EngineOff · VariableMissing · AnsweredTrouble
                  SecretMissing · EnvFileUnusable · Refused (KeyWanted, NothingThere, LeadsElsewhere, NotReached)

``str(error)`` is the sentence a user reads; ``then`` says what is kept or unaffected; ``actions`` are the ways out, by
the ids in :data:`ACTIONS`, the primary one first. Services raise these and never know HTTP; only
``handlers/base.py`` reads ``status``.
"""

from __future__ import annotations

from .base import (
    ACTIONS,
    AlreadyDecided,
    BadRequest,
    BrokenFile,
    Busy,
    CallNotFound,
    Conflict,
    Forbidden,
    Gone,
    MandrakeError,
    MCPServerNotFound,
    NotFound,
    NotOffered,
    NotTrusted,
    PreconditionFailed,
    PreconditionRequired,
    PromptNotFound,
    ReleaseTimeout,
    ResourceNotFound,
    RunningElsewhere,
    RunNotFound,
    SessionNotFound,
    StoreUnavailable,
    ToolNotFound,
    TooMany,
    Unavailable,
    WorkspaceNotFound,
)
from .mcp import (
    AnsweredTrouble,
    CallTimeout,
    CommandNotFound,
    EngineOff,
    EnvFileUnusable,
    ExitedAtStart,
    KeyWanted,
    LeadsElsewhere,
    MCPError,
    NothingThere,
    NotReached,
    OutcomeUnknown,
    Refused,
    RequestRefused,
    RequestTimeout,
    SecretMissing,
    ServerGone,
    StartTimeout,
    StopTimeout,
    ToolFailed,
    VariableMissing,
)
from .models import (
    DemoModelMissing,
    KeyMissing,
    KeyRefused,
    ModelNotAvailable,
    ProviderError,
    ProviderRejected,
    ProviderStalled,
    ProviderTimeout,
    ProviderTrouble,
    RateLimited,
    StreamBroken,
    Unreachable,
)
from .runs import ApprovalTimeout, Interrupted, RunTimeout

__all__ = [
    "ACTIONS",
    "AlreadyDecided",
    "AnsweredTrouble",
    "ApprovalTimeout",
    "BadRequest",
    "BrokenFile",
    "Busy",
    "CallNotFound",
    "CallTimeout",
    "CommandNotFound",
    "Conflict",
    "DemoModelMissing",
    "EngineOff",
    "EnvFileUnusable",
    "ExitedAtStart",
    "Forbidden",
    "Gone",
    "Interrupted",
    "KeyMissing",
    "KeyRefused",
    "KeyWanted",
    "LeadsElsewhere",
    "MCPError",
    "MCPServerNotFound",
    "MandrakeError",
    "ModelNotAvailable",
    "NotFound",
    "NotOffered",
    "NotReached",
    "NotTrusted",
    "NothingThere",
    "OutcomeUnknown",
    "PreconditionFailed",
    "PreconditionRequired",
    "PromptNotFound",
    "ProviderError",
    "ProviderRejected",
    "ProviderStalled",
    "ProviderTimeout",
    "ProviderTrouble",
    "RateLimited",
    "Refused",
    "ReleaseTimeout",
    "RequestRefused",
    "RequestTimeout",
    "ResourceNotFound",
    "RunNotFound",
    "RunTimeout",
    "RunningElsewhere",
    "SecretMissing",
    "ServerGone",
    "SessionNotFound",
    "StartTimeout",
    "StopTimeout",
    "StoreUnavailable",
    "StreamBroken",
    "TooMany",
    "ToolFailed",
    "ToolNotFound",
    "Unavailable",
    "Unreachable",
    "VariableMissing",
    "WorkspaceNotFound",
]
