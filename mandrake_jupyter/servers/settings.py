"""What can be set for all MCP servers: how long they may take, and how much. Light: read before anything is used."""

from __future__ import annotations

from traitlets import Int
from traitlets.config import LoggingConfigurable

from ..lifecycle.seconds import Seconds
from ..values import ResourceLimits
from .seams import Timeouts


class MCPServerSettings(LoggingConfigurable):
    """Read when a workspace is opened; what an entry says of itself comes first."""

    start_timeout = Seconds(
        30.0,
        min=0.1,
        config=True,
        help="Seconds an MCP server may take to start and list its tools. An entry may set its own.",
    )
    call_timeout = Seconds(
        60.0,
        min=0.1,
        config=True,
        help="Seconds a tool may take to answer. An entry may set its own.",
    )
    stop_grace = Seconds(
        2.0,
        min=0.0,
        config=True,
        help="Seconds an MCP server may take to end after its input was closed, before it "
        "and all it started are sent SIGTERM and, one second later, SIGKILL. 0 gives it none.",
    )
    learn_timeout = Seconds(
        15.0,
        min=0.0,
        config=True,
        help="Seconds a chat waits for the tools of MCP servers that never ran. Their start goes on; their "
        "tools are there for the next message. 0 waits for none.",
    )
    pull_timeout = Seconds(
        600.0,
        min=1.0,
        config=True,
        help="Seconds the image of a container may take to be fetched, before its MCP server starts: they don't count as its "
        "start.",
    )
    max_concurrent_starts = Int(
        4,
        min=1,
        config=True,
        help="How many MCP servers of one project start at the same time; the others wait for their turn.",
    )
    memory_limit = Int(
        0,
        min=0,
        config=True,
        help="MiB of memory that each process of an MCP server may take (RLIMIT_DATA: private, writable memory, "
        "not what it shares or only reserves). Beyond it gets no more, and most programs end. 0 is no limit. "
        'An entry may set its own: "limits": {"memory_mb": 2048}. Linux.',
    )
    open_files_limit = Int(
        0,
        min=0,
        config=True,
        help="Files, sockets and pipes that each process of an MCP server may have open (RLIMIT_NOFILE). 0 leaves the "
        'limit that Jupyter runs with. An entry may set its own: "limits": {"open_files": 1024}.',
    )
    processes_limit = Int(
        0,
        min=0,
        config=True,
        help="Processes that an MCP server may be and have, all it started included; counted twice a second. With "
        'more it is ended as a whole. 0 is no limit. An entry may set its own: "limits": {"processes": 64}. Linux.',
    )

    @property
    def timeouts(self) -> Timeouts:
        return Timeouts(self.start_timeout, self.call_timeout, self.stop_grace, self.pull_timeout)

    @property
    def limits(self) -> ResourceLimits:
        return ResourceLimits(self.memory_limit, self.open_files_limit, self.processes_limit)
