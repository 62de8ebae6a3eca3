"""What the session's state machine tells the loop to do. Data, no behaviour."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Reply:
    """Send a message to one client."""

    channel: str
    identities: list[bytes]
    kind: str
    parent: bytes
    content: Any
    buffers: list[bytes] = field(default_factory=list)
    metadata: dict[str, Any] | None = None


@dataclass(frozen=True)
class Publish:
    """Append an event to the journal, then publish it; ``seq`` is its number."""

    seq: int
    kind: str
    parent: bytes
    content: Any
    metadata: dict[str, Any]
    buffers: list[bytes] = field(default_factory=list)


@dataclass(frozen=True)
class Announce:
    """Publish a message that belongs to no run and is not kept: busy and idle around a request."""

    kind: str
    parent: bytes
    content: Any
    metadata: dict[str, Any] | None = None


@dataclass(frozen=True)
class Spill:
    """Append text to a cell's spill file, made with the first."""

    path: str
    text: str


@dataclass(frozen=True)
class EndSpill:
    """Close a cell's spill file; remove it if all of it was shown."""

    path: str
    is_kept: bool


@dataclass(frozen=True)
class StartRun:
    """Give the engine a cell, with fresh pipes for its output."""

    run: str
    header: dict[str, Any]


@dataclass(frozen=True)
class ToMain:
    """Send a frame to the engine's main thread."""

    header: dict[str, Any]
    buffers: list[bytes] = field(default_factory=list)


@dataclass(frozen=True)
class ToLane:
    """Send a frame to the engine's lane."""

    header: dict[str, Any]
    buffers: list[bytes] = field(default_factory=list)


@dataclass(frozen=True)
class Interrupt:
    """Send SIGINT to the engine and its children."""


@dataclass(frozen=True)
class Respawn:
    """End the engine and start a fresh one."""


@dataclass(frozen=True)
class Replay:
    """Answer a client with events of the journal."""

    reply: Reply
    after: int
    limit: int


@dataclass(frozen=True)
class Measure:
    """Answer a client with what the session uses of its machine; ``pid`` is the engine's."""

    reply: Reply
    pid: int | None


@dataclass(frozen=True)
class Stop:
    """End the session: the engine, the sockets, the keeper."""


Instruction = (
    Reply
    | Publish
    | Announce
    | Spill
    | EndSpill
    | StartRun
    | ToMain
    | ToLane
    | Interrupt
    | Respawn
    | Replay
    | Measure
    | Stop
)
