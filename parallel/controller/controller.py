"""The controller's process: sockets and timers, under asyncio. It decides nothing about tasks.

Messages of clients are answered by :mod:`.serving`, tasks are in :mod:`.farm` with the pure
scheduler beneath it, engines in :mod:`.engines`. Rules:

1. One thread, one loop: nothing here waits for a disk or a peer.
2. Whatever a peer sends, the loop goes on: what cannot be read is refused, and logged in few lines.
3. Nothing is unpickled here: functions, arguments and results pass through as bytes.
4. Messages between a client and an engine that cannot reach each other pass unread: see
   :mod:`.relaying`.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import time
from collections import deque
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import zmq

from ..cluster_messages import CallNames, CallResults, EngineDied, EngineHello, Heartbeat
from ..errors import WireError
from ..keeper.sockets import receive_frames, send_frames
from ..processes import process_started, this_host
from ..refusals import Refusals
from ..relays import is_relayed
from ..wire import Codec, Message
from . import files, serving, sockets
from .acted import Acted
from .engines import Engine, Engines
from .farm import Farm
from .farming.policy import Policy
from .gates import Gate
from .launchers import Carrier, Launcher
from .launching import Launching
from .monitoring import Monitoring
from .relaying import Relays

_log = logging.getLogger(__name__)
_AT_ONCE = 100  # messages of one socket, before the others have their turn
_READABLE = int(zmq.POLLIN)
_LOOK_AROUND = 0.5  # seconds between looks at who is silent: one more than SILENCE is too long
_LAST_SECONDS = 5.0
_RESTART_WINDOW, _MOST_RESTARTS = 60.0, 10
_REUNION = 3.0  # seconds: a sign of life comes each second, a link is made again within one

CLIENTS, ENGINES = "clients", "engines"
_REFUSED = "refused by "  # and one of these: the socket that tells of connections to it
_OF_ENGINES: dict[str, type] = {
    "vivo_engine_hello": EngineHello,
    "vivo_heartbeat": Heartbeat,
    "vivo_call_results": CallResults,
    "vivo_revoked": CallNames,
    "vivo_engine_died": EngineDied,
}


class Owed(msgspec.Struct, frozen=True):
    """What an engine must hear."""

    process: int | None
    """The engine's process then."""
    kind: str
    content: Any

    def is_done(self, process: int | None) -> bool:
        """Whether an engine that has this process by now has heard it."""
        return self.kind == "vivo_restart_request" and process not in (None, self.process)


class Controller:
    """One cluster's controller."""

    def __init__(
        self,
        entry: files.ClusterEntry,
        launcher: Launcher,
        policy: Policy,
        *,
        is_resumed: bool = False,
    ) -> None:
        """``is_resumed``: there may be engines that have not said hello to this process yet."""
        self.entry = entry
        self.launcher = launcher
        self.engines = Engines()
        self.started = time.time()
        self._reunited = time.monotonic() + _REUNION if is_resumed else 0.0
        self._failure: BaseException | None = None
        self.problems: deque[str] = deque(maxlen=5)
        """What could not be done lately, for the status."""
        self._codec = Codec(entry.key.encode(), is_asked=True)
        self._refusals = Refusals()
        self._unfinished = Refusals("connection")
        self._context = zmq.Context()
        self._sockets: dict[str, zmq.Socket[bytes]] = {}
        self._routes: dict[str, bytes] = {}  # under which name each engine's keeper is connected
        self._relays = Relays(
            partial(self._send_frames, CLIENTS),
            partial(self._send_frames, ENGINES),
            self._routes,
            self.engines.lives,
        )
        self._owed: dict[str, Owed] = {}
        self._touched: set[str] = set()
        self._gates: dict[str, Gate] = {}
        self._stopped = asyncio.Event()
        self._emptied = asyncio.Event()  # once it is stopping, and no engine is left
        self._ends: dict[str, int] = {}  # process descriptors of keepers on this host
        self._unheard: set[str] = (
            set()
        )  # engines elsewhere that were told to end, and have not said
        self._tasks: set[asyncio.Task[None]] = set()
        self.launching = Launching(self)
        self._is_stopping = self._is_entered = False
        self._owner = -1  # the descriptor of the process that it ends with
        self._restarted: dict[str, list[float]] = {}  # when engines were, by id
        self._host = this_host()[0]
        self._watching: list[Message] = []  # status requests that wait for a change
        self.carrier: Carrier | None = getattr(launcher, "carrier", None)
        """What gives engines their tasks, if that is not this process."""
        if hasattr(launcher, "attach"):
            launcher.attach(self)
        self.monitoring = Monitoring(self)
        self.farm = Farm(self, entry.state, policy)
        self.acted = Acted(Path(entry.state) / "acted.jsonl")

    # --- Its life --------------------------------------------------------------------------

    async def run(self, ready: Any) -> None:
        """Serve until the cluster is stopped; ``ready`` is called when clients may come."""
        loop = asyncio.get_running_loop()
        try:
            self.farm.open()
            self.entry.clients = await self._serve(CLIENTS, self.entry.clients)
            self.entry.engines = await self._serve(ENGINES, self.entry.engines)
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, self.stop)
            files.enter(self.entry)
            self._is_entered = True
            self._watch_owner()
            ready()
            self.farm.start()
            if self._reunited and hasattr(self.launcher, "resumed"):
                self.spawn(self.launching.resume())
            self.spawn(self._look_around(), is_vital=True)
            self.spawn(self.monitoring.run(), is_vital=True)
            await self._stopped.wait()
            if self._failure is not None:
                raise self._failure
        finally:
            await self._close()

    def _watch_owner(self) -> None:
        """End with the process that started the cluster, however that ends."""
        pid = self.entry.owner_pid
        if not pid or not hasattr(os, "pidfd_open"):
            return
        try:
            self._owner = os.pidfd_open(pid)
        except OSError:
            self.stop()  # it has ended already
            return
        if process_started(pid) != self.entry.owner_started:
            self.stop()  # another has its number by now
        asyncio.get_running_loop().add_reader(self._owner, self._owner_ended)

    def _owner_ended(self) -> None:
        _log.info("The process that started the cluster has ended.")
        self.detach()
        self.stop()

    def detach(self) -> None:
        """Outlive the process that started the cluster."""
        self.entry.owner_pid = 0
        if self._owner >= 0:
            asyncio.get_running_loop().remove_reader(self._owner)
            os.close(self._owner)
            self._owner = -1
            files.enter(self.entry)

    def start_engines(self, count: int) -> list[int]:
        """Have engines started; they say by themselves when they are there. Gives their numbers."""
        return self.launching.start(count)

    def number_for_one_more(self) -> int:
        """A number for an engine that nobody has ordered: that of a dead one, or a free one."""
        awaited = self.engines.awaited_numbers
        for each in self.engines:
            if each.state == "dead" and each.number not in awaited:
                self.engines.expect(each.number)
                return each.number
        return self.engines.free_numbers(1)[0]

    def reached_again(self, number: int) -> None:
        """What carries tasks reaches an engine that it may not have reached before."""
        for each in self.engines:
            if each.number == number and each.state == "up":
                self.tell_engine(each.id, "vivo_hello_request", {})  # it joins anew

    def answer_later(self, request: Message) -> None:
        """Answer a status request with the next change of the engines, or in a second."""
        self._watching.append(request)

    def changed(self) -> None:
        """Something of what the status tells has changed."""
        self._engines_changed()

    def _engines_changed(self) -> None:
        watching, self._watching = self._watching, []
        for each in watching:
            serving.tell_status(self, each)

    def spawn(self, coroutine: Any, *, is_vital: bool = False) -> asyncio.Task[None]:
        """Run a coroutine beside, until the controller ends; or it with a vital one that fails."""
        task: asyncio.Task[None] = asyncio.ensure_future(coroutine)
        self._tasks.add(task)
        task.add_done_callback(partial(self._ended, is_vital))
        return task

    def _ended(self, is_vital: bool, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("A task of the controller failed.", exc_info=error)
            if is_vital:  # the cluster can be taken up again; one that stores nothing helps nobody
                self._failure = error
                self._stopped.set()

    @property
    def is_stopped(self) -> bool:
        """Whether the cluster ends with this process: it was stopped, and is not to be resumed."""
        return self._is_stopping

    @property
    def knows_engines(self) -> bool:
        """Whether all engines that there are have had time to say hello."""
        return time.monotonic() >= self._reunited

    async def until_engines_known(self) -> None:
        """Wait until all engines that there are have had time to say hello."""
        await asyncio.sleep(max(0.0, self._reunited - time.monotonic()))

    def stop(self) -> None:
        """End all engines, also those that are on their way, and then this process."""
        if not self._is_stopping:
            self._is_stopping = True
            self.spawn(self._end_engines())

    async def _end_engines(self) -> None:
        for engine in self.engines:
            self._end(engine.id)
        await self.launching.end()
        await self.until_engines_known()  # they are ended as they say hello
        self._note_ends()
        try:
            await asyncio.wait_for(self._emptied.wait(), _LAST_SECONDS)
        except asyncio.TimeoutError:
            _log.warning("Some engines have not ended yet; they have been told to.")
        self._stopped.set()

    def _note_ends(self) -> None:
        is_told = not self._ends and not self._unheard
        if self._is_stopping and is_told and not self.engines.awaited:
            self._emptied.set()

    def _end(self, engine: str) -> None:
        is_told = self.tell_engine(engine, "shutdown_request", {"restart": False})
        if is_told and engine not in self._ends:
            self._unheard.add(engine)

    async def _close(self) -> None:
        loop = asyncio.get_running_loop()
        for each in tuple(self._tasks - {asyncio.current_task()}):
            each.cancel()
        if self._owner >= 0:
            loop.remove_reader(self._owner)
            os.close(self._owner)
        for descriptor in self._ends.values():
            loop.remove_reader(descriptor)
            os.close(descriptor)
        self.farm.close()
        self.monitoring.close()
        if self._is_stopping:  # else the engines go on, and the cluster is to be resumed
            try:
                await self.launcher.stop()
            except Exception:  # noqa: BLE001 - a launcher of others: the rest is to be let go of
                _log.exception("The launcher failed to stop.")
        for gate in self._gates.values():
            await gate.close()
        for bound in self._sockets.values():
            loop.remove_reader(bound.FD)
            bound.close(linger=500)
        self._context.term()
        if self._is_entered and self._is_stopping:  # else it is another's, or to be resumed
            files.leave(self.entry)

    # --- Sockets ---------------------------------------------------------------------------

    async def _serve(self, name: str, address: str) -> str:
        """Serve at an address, also an encrypted one; gives it as it is then."""
        if not address.startswith("tls://"):
            return self._bind(name, address)
        inside = files.inside_of(self.entry.name, name[0])
        self._bind(name, f"ipc://{inside}")
        gate = self._gates[name] = Gate(name, str(inside))
        return await gate.open(address)

    @property
    def refused(self) -> str:
        """Why a connection to the port for engines was refused last, if one was."""
        return self._gates[ENGINES].last_refusal if ENGINES in self._gates else ""

    def _bind(self, name: str, address: str) -> str:
        """Serve at an address; gives it as it is then. Raises :class:`SessionError`."""
        made, refused, address = sockets.bind(self._context, address)
        for key, each in ((name, made), (_REFUSED + name, refused)):
            self._sockets[key] = each
            asyncio.get_running_loop().add_reader(each.FD, self._drain, key)
            self._touch(key)
        return address

    def _touch(self, name: str) -> None:
        """Look at a socket again soon: its descriptor tells of each change once alone."""
        if name not in self._touched:
            self._touched.add(name)
            asyncio.get_running_loop().call_soon(self._drain, name)

    def _drain(self, name: str) -> None:
        self._touched.discard(name)
        source = self._sockets[name]
        if source.closed:
            return
        for _ in range(_AT_ONCE):
            frames = receive_frames(source)
            if frames is None:
                break
            if name.startswith(_REFUSED):
                self._unfinished.note(name.removeprefix(_REFUSED), sockets.refusal(frames))
            else:
                self._received(name, frames)
        else:
            self._touch(name)
        self.farm.settle()

    def _received(self, name: str, frames: list[bytes]) -> None:
        try:
            if is_relayed(frames[1:]):
                self._relay(name, frames[0], frames[1:])
                return
            message = self._codec.decode(frames)
        except WireError as error:
            self._refusals.note(name, error)
            return
        self._decoded(name, message)

    async def handle_when_known(self, message: Message) -> None:
        """Handle a client's message once the engines that there are had time to say hello."""
        await self.until_engines_known()
        self._decoded(CLIENTS, message)
        self.farm.settle()

    def _decoded(self, name: str, message: Message) -> None:
        try:
            if name == CLIENTS:
                self._relays.authenticated(message.identities[0])
                serving.handle(self, message)
            else:
                self._engine_message(message)
        except msgspec.ValidationError as error:
            self._refusals.note(name, error)
            if name == CLIENTS:
                sentence = f"{message.type} does not fit: {error}."
                self.answer(message, {"status": "error", "ename": "UsageError", "evalue": sentence})

    def _relay(self, name: str, route: bytes, frames: list[bytes]) -> None:
        carry = self._relays.from_client if name == CLIENTS else self._relays.from_engine
        carry(route, frames)

    def send(
        self,
        name: str,
        identity: bytes,
        kind: str,
        content: Any,
        buffers: list[bytes] | None = None,
        parent: bytes = b"{}",
    ) -> bool:
        """Send a message; whether whom it is for is connected."""
        frames = self._codec.encode(
            kind, content, buffers=buffers or [], parent=parent, identities=[identity]
        )
        return self._send_frames(name, frames)

    def _send_frames(self, name: str, frames: Sequence[bytes | bytearray | memoryview]) -> bool:
        try:
            send_frames(self._sockets[name], frames)
        except zmq.ZMQError as error:
            if error.errno != zmq.EHOSTUNREACH:
                raise
            return False
        finally:
            self._touch(name)
        return True

    def tell_engine(
        self, engine: str, kind: str, content: Any, buffers: list[bytes] | None = None
    ) -> bool:
        """Send an engine's keeper a message; whether it is connected."""
        route = self._routes.get(engine)
        return route is not None and self.send(ENGINES, route, kind, content, buffers)

    def order(self, engine: Engine, kind: str, content: Any) -> None:
        """Tell an engine what it must hear: it is told again when its keeper is linked anew."""
        self._owed[engine.id] = Owed(engine.told.get("engine_pid"), kind, content)
        self.tell_engine(engine.id, kind, content)

    def answer(self, request: Message, content: Any, buffers: list[bytes] | None = None) -> None:
        """Answer a client."""
        kind = request.type.removesuffix("_request") + "_reply"
        self.send(CLIENTS, request.identities[0], kind, content, buffers, request.raw_header)

    # --- Engines ---------------------------------------------------------------------------

    def _engine_message(self, message: Message) -> None:
        engine, route = message.session, message.identities[0]
        if message.type == "shutdown_reply":
            self._unheard.discard(engine)
            self._note_ends()
        declared = _OF_ENGINES.get(message.type)
        if declared is None:
            return
        told: Any = msgspec.convert(message.content, declared)
        if isinstance(told, EngineHello):
            self._routes[engine] = route
            self._hello(engine, message.content)
            return
        if route != self._routes.get(engine):
            # What it has to say comes with its hello; what an earlier link brings is too late.
            self.send(ENGINES, route, "vivo_hello_request", {})
            return
        if isinstance(told, Heartbeat):
            self._beat(engine, told, message.content)
        elif isinstance(told, CallResults):
            self.farm.results(engine, message.content["results"], message.buffers)
        elif isinstance(told, CallNames):
            self.farm.revoked(engine, told.calls)
        elif isinstance(told, EngineDied):
            self._note_death(engine, told.reason)
            self.lose(engine, "dead", told.reason, told.ran, told.waiting)
            if told.is_dead and self.entry.restarts:
                self._restart(engine)

    def _beat(self, engine: str, beat: Heartbeat, told: dict[str, Any]) -> None:
        if self.engines.beat(engine, told, time.time(), time.monotonic()) is None:
            self.tell_engine(engine, "vivo_hello_request", {})
        elif beat.asks:
            self.tell_engine(engine, "vivo_heard", {})

    def _hello(self, engine: str, told: dict[str, Any]) -> None:
        if told["state"] == "starting":
            return  # it says hello again when it is ready
        owed = self._owed.get(engine)
        if owed is not None and not owed.is_done(told["engine_pid"]):
            self.tell_engine(engine, owed.kind, owed.content)
            return
        self._owed.pop(engine, None)
        before = self.engines.get(engine)
        pid = told["engine_pid"]
        if before is not None and pid not in (None, before.told["engine_pid"]):
            self.lose(engine, "dead", "its process is another by now", None, None)
        if before is None:
            self._replace(int(told["number"]))
        survived = before is not None and before.state == "silent"
        known = self.engines.hello(engine, told, time.time(), time.monotonic())
        self._watch_keeper(known)
        if self._is_stopping:
            self._end(engine)
            return
        if known.state == "up":
            self.farm.engine_up(known, told["calls"], survived=survived)
        else:  # its process has ended while nobody could tell of it
            self.lose(engine, "dead", known.reason, None, None)
            if self.entry.restarts:
                self._restart(engine)
        self._engines_changed()
        self.monitoring.changed()

    def _replace(self, number: int) -> None:
        """An engine of a number has come: one that had it before was started anew elsewhere."""
        for each in tuple(self.engines):
            if each.number == number:
                self.lose(each.id, "dead", "another has its number by now", None, None)
                self.order(each, "shutdown_request", {"restart": False})
                self.engines.gone(each.id)

    def _watch_keeper(self, engine: Engine) -> None:
        """Notice at once when a keeper of this host ends; of others silence tells."""
        pid = engine.keeper_pid
        is_here = engine.told.get("host") == self._host and not engine.told.get("is_apart")
        if not is_here or not hasattr(os, "pidfd_open"):
            return
        loop = asyncio.get_running_loop()
        if (old := self._ends.pop(engine.id, None)) is not None:
            loop.remove_reader(old)
            os.close(old)
        try:
            descriptor = os.pidfd_open(pid)
        except OSError:
            return  # it has ended already: silence tells
        self._ends[engine.id] = descriptor
        loop.add_reader(descriptor, self._keeper_ended, engine.id)

    def _keeper_ended(self, engine: str) -> None:
        descriptor = self._ends.pop(engine)
        self._note_ends()
        asyncio.get_running_loop().remove_reader(descriptor)
        os.close(descriptor)
        # Its engine may go on with another keeper, and says hello then: a moment is given for it.
        asyncio.get_running_loop().call_later(1.0, self._look_at, engine, time.monotonic())

    def _look_at(self, engine: str, ended: float) -> None:
        known = self.engines.get(engine)
        if known is None or known.sign > ended or known.state == "silent":
            return
        pid = known.told.get("engine_pid")
        if pid and process_started(pid) is not None:
            return  # it is on its way: silence tells if not
        reason = "its keeper and its process have ended"
        self._note_death(engine, reason)
        self.lose(engine, "silent", reason, None, None)

    def _note_death(self, engine: str, reason: str) -> None:
        known = self.engines.get(engine)
        if known is not None and not self._is_stopping:
            self.monitoring.lost(known.number, reason)

    def lose(
        self,
        engine: str,
        state: str,
        reason: str,
        ran: str | None,
        waiting: list[str] | None,
    ) -> None:
        """An engine is not up any more; ``ran`` and ``waiting`` are its calls, if that is known."""
        if meaning := getattr(self.launcher, "meaning_of_loss", ""):
            reason = f"{reason}. {meaning}"
        if self.engines.lost(engine, state, reason) is not None:
            self.farm.engine_lost(engine, reason, ran, waiting)
            self._engines_changed()
            self.monitoring.changed()

    def _restart(self, engine: str) -> None:
        """Give an engine that has died a fresh process, unless it dies again and again."""
        now = time.time()
        recent = [each for each in self._restarted.get(engine, []) if now - each < _RESTART_WINDOW]
        if len(recent) >= _MOST_RESTARTS:
            self.problems.append(
                f"An engine has died {len(recent)} times in a minute; it stays so."
            )
            return
        self._restarted[engine] = [*recent, now]
        self.tell_engine(engine, "vivo_restart_request", {})

    async def _look_around(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_AROUND)
            self._engines_changed()
            for each in self.engines.silent(time.monotonic()):
                self._note_death(each.id, "nothing was heard of it")
                self.lose(each.id, "silent", "nothing was heard of it", None, None)
