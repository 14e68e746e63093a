"""Every error a user can meet: one tree, each with its HTTP status, wire code, sentences and actions.

    MandrakeError
    ├── BadRequest 400 (BrokenFile) ├── NotFound 404 (Workspace-, Session-, Run-, MCPServer-, Tool-, CallNotFound,
    │                             QuestionNotFound, ResourceNotFound, PromptNotFound, NotOffered)
    ├── Forbidden 403           ├── Conflict 409 (AlreadyDecided, AlreadyAnswered, Busy, RunningElsewhere, NotTrusted)
    ├── Gone 410                ├── PreconditionFailed 412, PreconditionRequired 428 ├── TooMany 429
    ├── Unavailable 503 (ReleaseTimeout, StoreUnavailable: StoreNewer, StoreReadOnly, StoreFull, StoreLocked)
    ├── Interrupted 503 · RunTimeout, ApprovalTimeout 504
    ├── ProviderError: DemoModelMissing · KeyMissing · KeyRefused · RateLimited · ProviderTrouble · Unreachable
    │                  StreamBroken · ModelNotAvailable · ProviderTimeout · ProviderStalled · ProviderRejected
    └── MCPError: CommandNotFound · ExitedAtStart · StartTimeout · StopTimeout · CallTimeout · ServerGone · ToolFailed
                  RequestTimeout · RequestRefused · VariableMissing · AnsweredTrouble · EngineOff · EngineRefused
                  SecretMissing · EnvFileUnusable · Refused (KeyWanted, NothingThere, LeadsElsewhere, NotReached)
                  ImageMissing

``str(error)`` is the sentence a user reads; ``then`` says what is kept or unaffected; ``actions`` are the ways out, by
the ids in :data:`ACTIONS`, the primary one first. Services raise these and never know HTTP; only
``handlers/base.py`` reads ``status``.
"""

from __future__ import annotations

from .base import (
    ACTIONS,
    AlreadyAnswered,
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
    QuestionNotFound,
    ReleaseTimeout,
    ResourceNotFound,
    RunningElsewhere,
    RunNotFound,
    SessionNotFound,
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
    EngineRefused,
    EnvFileUnusable,
    ExitedAtStart,
    ImageMissing,
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
from .store import StoreFull, StoreLocked, StoreNewer, StoreReadOnly, StoreUnavailable

__all__ = [
    "ACTIONS",
    "AlreadyAnswered",
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
    "EngineRefused",
    "EnvFileUnusable",
    "ExitedAtStart",
    "Forbidden",
    "Gone",
    "ImageMissing",
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
    "QuestionNotFound",
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
    "StoreFull",
    "StoreLocked",
    "StoreNewer",
    "StoreReadOnly",
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
