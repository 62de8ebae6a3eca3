"""A link to a session or a controller: its channels, what was asked on them, and what is cut.

Everything here runs on the cluster's event loop. Theory of operation: a channel is opened with the
first message for it. When it is cut it is opened again, and what was asked and may be asked twice
is sent again, under a new message id; after :data:`GIVE_UP` seconds without success all that waits
fails with one sentence. Rules:

1. Whatever was asked ends once: with its reply, or with an error. Nothing waits for ever for a
   peer that is gone, and nothing is given up because its work takes long.
2. While something waits, a peer that sent nothing is asked for a sign of life, which its machinery
   gives whatever its program does; :data:`SILENCE` seconds without one mean that it is lost. Time
   in which this process was stopped itself does not count.
3. What is no authentic message is passed over, and logged in few lines.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from ..relays import is_relayed
from .errors import ClusterError, EngineLostError, RefusedError, WireError
from .signing import Message, Signer
from .transport import Transport, transport_to
from .zmtp import Frame, SocketType

_log = logging.getLogger(__name__)
GIVE_UP = 5.0
"""Seconds for which a link that was cut is tried again."""
SILENCE = 4.0
"""Seconds without a sign of life after which a peer counts as lost."""
_PROBE = 1.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.02, 0.5

Done = Callable[[Message | ClusterError], None]
Connect = Callable[[str, SocketType, bytes], Transport]
"""Makes a transport to an address, of a socket type, under an identity."""


@dataclass
class Request:
    """Something that was asked, and waits for its reply."""

    channel: str
    kind: str
    content: dict[str, Any]
    done: Done
    """Called once, with the reply or the error."""
    buffers: Sequence[Frame] = ()
    metadata: dict[str, Any] | None = None
    is_repeatable: bool = True
    frames: list[Frame] | None = None
    """Its message, until it is sent."""
    ids: list[str] = field(default_factory=list)


class Channel:
    """One connection of a link."""

    def __init__(self, name: str, address: str, socket_type: SocketType) -> None:
        self.name, self.address, self.socket_type = name, address, socket_type
        self.transport: Transport | None = None
        """None while it is not open."""
        self.opening: asyncio.Task[None] | None = None
        self.was_open = False
        self.waiting: list[Request] = []
        """What is sent once it is open."""
        self.probed: float | None = None
        """When it was first asked for a sign of life that has not come, by the loop's clock."""


class Link:
    """The channels to one peer."""

    def __init__(
        self,
        peer: str,
        key: bytes,
        channels: dict[str, tuple[str, SocketType]],
        *,
        on_message: Callable[[str, Message], None] | None = None,
        on_open: Callable[[str], None] | None = None,
        give_up: float = GIVE_UP,
        is_gone: Callable[[], str | None] = lambda: None,
        waits: Callable[[], bool] = lambda: False,
        connect: Connect = transport_to,
        on_relayed: Callable[[Sequence[Frame]], None] | None = None,
    ) -> None:
        """``peer`` names it in errors; ``on_message`` gets what answers no request; ``on_open`` is
        told of each channel that was opened, before what waited for it is sent. ``give_up`` is the
        seconds for which a peer that cannot be reached is tried; ``is_gone`` says why that is of
        no use, if it is. ``waits`` tells whether more is to come on the channels that are kept
        open than answers to requests. ``on_relayed`` gets what is carried for others.
        """
        self.is_gone = is_gone
        self._waits, self._connect, self._on_relayed = waits, connect, on_relayed
        self._give_up = give_up
        self.peer = peer
        self.signer = Signer(key)
        self.identity = self.signer.session.encode()
        self._channels = {
            name: Channel(name, address, kind) for name, (address, kind) in channels.items()
        }
        self._on_message, self._on_open = on_message, on_open
        self._requests: dict[str, Request] = {}
        self._watch: asyncio.TimerHandle | None = None
        self._look_due = 0.0
        self._refused = 0
        self.kept_open: set[str] = set()
        """Channels that are opened again whenever they are cut."""
        self.is_closed = False

    # --- Asking ----------------------------------------------------------------------------

    def request(self, request: Request, message_id: str | None = None) -> None:
        """Ask; ``request.done`` is called with what comes of it. ``message_id`` is that of its
        ``frames``, if they are made already."""
        if self.is_closed:
            sentence = f"The connection to {self.peer} is closed here: Cluster.connect(name) makes "
            request.done(ClusterError(sentence + "another, if the cluster still runs."))
            return
        message_id = message_id or self.signer.new_id()
        request.ids.append(message_id)
        self._requests[message_id] = request
        channel = self._channels[request.channel]
        if channel.transport is not None:
            self._send(channel, request)
        else:
            channel.waiting.append(request)
            self.open(request.channel)
        self._keep_watch()

    async def ask(
        self, channel: str, kind: str, content: dict[str, Any], *, timeout: float | None = None
    ) -> Message:
        """Ask and wait. Raises :class:`ClusterError` for an error, or none in ``timeout`` s."""
        future: asyncio.Future[Message] = asyncio.get_running_loop().create_future()

        def done(answer: Message | ClusterError) -> None:
            if future.done():
                return
            if isinstance(answer, ClusterError):
                future.set_exception(answer)
            elif answer.content.get("status") == "error":
                future.set_exception(ClusterError(str(answer.content.get("evalue"))))
            else:
                future.set_result(answer)

        request = Request(channel, kind, content, done)
        self.request(request)
        try:
            return await asyncio.wait_for(future, timeout)
        except asyncio.TimeoutError:
            raise ClusterError(
                f"{self.peer} has not answered {kind} in {timeout:g} s: it may be busy or stopped."
            ) from None
        finally:
            self.forget(request)

    def tell(self, channel: str, kind: str, content: dict[str, Any], **more: Any) -> None:
        """Send what nothing answers; it is dropped if the channel is not open."""
        transport = self._channels[channel].transport
        if transport is not None:
            transport.send(self.signer.encode(kind, content, **more))

    def requests(self, kind: str) -> list[Request]:
        """Those of a kind that wait."""
        found = {id(each): each for each in self._requests.values() if each.kind == kind}
        return list(found.values())

    def forget(self, request: Request) -> None:
        """Nobody waits for this any more."""
        for each in request.ids:
            self._requests.pop(each, None)
        channel = self._channels[request.channel]
        if request in channel.waiting:
            channel.waiting.remove(request)

    def _send(self, channel: Channel, request: Request) -> None:
        frames, request.frames = request.frames, None
        if frames is None:
            frames = self.signer.encode(
                request.kind,
                request.content,
                buffers=request.buffers,
                metadata=request.metadata,
                message_id=request.ids[-1],
            )
        assert channel.transport is not None
        channel.transport.send(frames)

    # --- Channels --------------------------------------------------------------------------

    def open(self, name: str) -> None:
        """Have a channel open, now or soon."""
        channel = self._channels[name]
        if channel.transport is None and channel.opening is None and not self.is_closed:
            channel.opening = asyncio.ensure_future(self._open(channel))
            self._keep_watch()

    def send_raw(self, name: str, frames: Sequence[Frame]) -> None:
        """Send frames that are no signed message: a subscription."""
        transport = self._channels[name].transport
        if transport is not None:
            transport.send(frames)

    async def _open(self, channel: Channel) -> None:
        loop = asyncio.get_running_loop()
        until, pause = loop.time() + self._give_up, _FIRST_PAUSE
        while True:
            transport = self._connect(channel.address, channel.socket_type, self.identity)
            early: list[str] = []  # why it has ended before it was the channel's
            try:
                await transport.open(
                    partial(self._received, channel.name),
                    partial(self._closed, channel, transport, early),
                )
                if not early:
                    break
                raise ConnectionResetError(early[0])
            except (OSError, ClusterError, asyncio.TimeoutError) as error:
                if (reason := self.is_gone()) is not None:
                    channel.opening = None
                    self.lose(reason)
                    return
                # Whoever was there once comes back: another in its place may be on the way only.
                is_final = isinstance(error, RefusedError) and not channel.was_open
                if is_final or loop.time() > until:
                    channel.opening = None
                    self.lose(f"it cannot be reached ({error})")
                    return
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
        channel.transport, channel.opening, channel.was_open = transport, None, True
        if self._on_open is not None:
            self._on_open(channel.name)
        waiting, channel.waiting = channel.waiting, []
        for each in waiting:
            self._send(channel, each)

    def _closed(
        self, channel: Channel, transport: Transport, early: list[str], reason: str
    ) -> None:
        early.append(reason)
        self._cut(channel, transport, reason)

    def _cut(self, channel: Channel, transport: Transport, reason: str) -> None:
        """A channel has ended: ask again what may be asked again, once it is open."""
        if channel.transport is not transport:
            return
        _log.info("The %s channel to %s was cut: %s", channel.name, self.peer, reason)
        channel.transport = channel.probed = None
        cut = {id(r): r for r in self._requests.values() if r.channel == channel.name}
        for each in cut.values():
            if each.is_repeatable:
                again = self.signer.new_id()
                each.ids.append(again)
                self._requests[again] = each
                channel.waiting.append(each)
        if channel.waiting or channel.name in self.kept_open:
            self.open(channel.name)

    def lose(self, reason: str) -> None:
        """The peer is gone: all that waits fails (rule 1). A later request tries anew."""
        error = EngineLostError(f"{self.peer} is lost: {reason.rstrip('.')}.")
        requests = {id(each): each for each in self._requests.values()}
        self._requests.clear()
        for channel in self._channels.values():
            channel.waiting.clear()
            if channel.transport is not None:
                channel.transport.close()
                channel.transport = None
        for each in requests.values():
            each.done(error)
        self.lost(error)

    def lost(self, error: EngineLostError) -> None:
        """For those that know of more that waits."""

    def close(self) -> None:
        """Let go of the peer; what waits fails."""
        if self.is_closed:
            return
        self.is_closed = True
        for channel in self._channels.values():
            if channel.opening is not None:
                channel.opening.cancel()
        if self._watch is not None:
            self._watch.cancel()
        self.lose("this side has closed the connection")

    # --- What comes ------------------------------------------------------------------------

    def _received(self, channel: str, frames: list[Frame]) -> None:
        try:
            if self._on_relayed is not None and is_relayed(frames):
                self._on_relayed(frames)
                return
            message = self.signer.decode(frames)
        except WireError as error:
            self._refused += 1
            if self._refused.bit_count() == 1:  # the first, the second, the fourth …
                _log.warning(
                    "Refused from %s on %s (%d so far): %s",
                    self.peer,
                    channel,
                    self._refused,
                    error,
                )
            return
        parent = message.parent_id
        request = self._requests.get(parent) if parent is not None else None
        if request is not None and request.channel == channel and message.type.endswith("_reply"):
            for each in request.ids:
                self._requests.pop(each, None)
            request.done(message)
        elif self._on_message is not None:
            self._on_message(channel, message)

    def _look(self) -> None:
        """See whether those that something waits for still live (rule 2)."""
        self._watch = None
        now = asyncio.get_running_loop().time()
        if now - self._look_due > _PROBE:  # this process was stopped: nobody had a chance
            for channel in self._channels.values():
                channel.probed = None
        asked = {each.channel for each in self._requests.values()}
        for name in asked | self.kept_open if self._waits() else asked:
            channel = self._channels[name]
            transport = channel.transport
            if transport is None:
                continue
            if channel.probed is not None and transport.heard >= channel.probed:
                channel.probed = None
            if channel.probed is not None and now - channel.probed > SILENCE - _PROBE:
                if self._give_up > GIVE_UP or name not in asked:
                    # One that comes back, or is there on other channels: what waits is kept.
                    transport.close()
                    self._cut(channel, transport, "it gives no sign of life")
                    continue
                self.lose(f"it gives no sign of life for {SILENCE:g} s, stopped or cut off")
                return
            if now - transport.heard >= _PROBE:
                # One that had nothing to say for long is not silent: it was not asked.
                channel.probed = now if channel.probed is None else channel.probed
                transport.probe()
        self._keep_watch()

    def _keep_watch(self) -> None:
        if self._watch is None and (self._requests or self._waits()):
            loop = asyncio.get_running_loop()
            self._look_due = loop.time() + _PROBE
            self._watch = loop.call_at(self._look_due, self._look)
