"""What the session's state machine tells the loop to do. Data, no behaviour."""

from __future__ import annotations

from typing import Any

import msgspec


class Reply(msgspec.Struct, frozen=True):
    """Send a message to one client."""

    channel: str
    identities: list[bytes]
    kind: str
    parent: bytes
    content: Any
    buffers: list[bytes] = msgspec.field(default_factory=list)
    metadata: dict[str, Any] | None = None
    shared: list[Any] = msgspec.field(default_factory=list)
    """Buffers that are in shared memory, and are sent from there."""


class Publish(msgspec.Struct, frozen=True):
    """Append an event to the journal, then publish it; ``seq`` is its number."""

    seq: int
    kind: str
    parent: bytes
    content: Any
    metadata: dict[str, Any]
    buffers: list[bytes] = msgspec.field(default_factory=list)


class Announce(msgspec.Struct, frozen=True):
    """Publish a message that belongs to no run and is not kept: busy and idle around a request."""

    kind: str
    parent: bytes
    content: Any
    metadata: dict[str, Any] | None = None
    buffers: list[bytes] = msgspec.field(default_factory=list)


class Remember(msgspec.Struct, frozen=True):
    """Put the input of a cell that its engine took along into the history, if it is not there."""

    line: int
    source: str
    since: float
    """When its cell began, in seconds since the epoch."""


class Spill(msgspec.Struct, frozen=True):
    """Append text to a cell's spill file, made with the first."""

    path: str
    text: str


class EndSpill(msgspec.Struct, frozen=True):
    """Close a cell's spill file; remove it if all of it was shown."""

    path: str
    is_kept: bool


class StartRun(msgspec.Struct, frozen=True):
    """Give the engine a cell, with fresh pipes for its output."""

    run: str
    header: dict[str, Any]


class ToMain(msgspec.Struct, frozen=True):
    """Send a frame to the engine's main thread."""

    header: dict[str, Any]
    buffers: list[bytes] = msgspec.field(default_factory=list)


class ToLane(msgspec.Struct, frozen=True):
    """Send a frame to the engine's lane."""

    header: dict[str, Any]
    buffers: list[bytes] = msgspec.field(default_factory=list)


class Interrupt(msgspec.Struct, frozen=True):
    """Send SIGINT to the engine and its children, after a frame that names the run it is for."""

    run: str | None = None


class DumpStacks(msgspec.Struct, frozen=True):
    """Send the engine the signal whose handler in C writes its stacks."""

    signal: int


class EndEngine(msgspec.Struct, frozen=True):
    """Send a signal that ends the engine, and the children of its process group."""

    signal: int


class Respawn(msgspec.Struct, frozen=True):
    """End the engine and start a fresh one."""


class Replay(msgspec.Struct, frozen=True):
    """Answer a client with events of the journal."""

    reply: Reply
    after: int
    limit: int


class Measure(msgspec.Struct, frozen=True):
    """Answer a client with what the session uses of its machine; ``pid`` is the engine's."""

    reply: Reply
    pid: int | None


class Store(msgspec.Struct, frozen=True):
    """Put a part of a large buffer into shared memory, and answer its client."""

    reply: Reply
    upload: str
    size: int
    """Bytes of the whole."""
    offset: int
    data: bytes
    is_given_up: bool = False
    """Whether the rest does not come: what has is of no use."""


class Discard(msgspec.Struct, frozen=True):
    """Give back what came in parts for a call, if its engine has not taken it."""

    names: list[str]


class Beat(msgspec.Struct, frozen=True):
    """Tell the controller that the session lives, and what its engine takes of the machine."""

    pid: int | None
    asks: bool = False
    """Whether the controller is to answer."""


class Relink(msgspec.Struct, frozen=True):
    """Make the connection to the controller anew."""


class Stop(msgspec.Struct, frozen=True):
    """End the session: the engine, the sockets, the keeper."""


Instruction = (
    Reply
    | Publish
    | Announce
    | Remember
    | Spill
    | EndSpill
    | StartRun
    | ToMain
    | ToLane
    | Interrupt
    | DumpStacks
    | EndEngine
    | Respawn
    | Replay
    | Measure
    | Store
    | Discard
    | Beat
    | Relink
    | Stop
)
