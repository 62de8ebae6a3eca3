"""The client of a session, on asyncio: used by the server, the console, scripts and tests.

Rules:

1. Requests have a deadline; a session that is gone is an error with one sentence, never a hang.
2. ``events(after=N)`` gives every event after N once and in order, replayed or live.
3. One reader task; every socket and task is gone after :meth:`SessionClient.close`.
4. A session that greets again has a new keeper, or the link was cut: what may not have arrived is
   sent again, and what was missed is asked for.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec
import zmq
import zmq.asyncio

from .connection import ConnectionInfo, read_connection
from .errors import SessionError, WireError
from .execution import Execution
from .merging import EventMerger, merged
from .messages import PresenceRequest, RunError, RunOrigin, RunRecord, TableReply, VariablesReply
from .presence import Presence
from .refusals import Refusals
from .renewing import REPEATABLE, Renewals
from .stream import RENEWED, Listener, given
from .wire import Codec, Message

if TYPE_CHECKING:
    from .subscriptions import Subscriptions

_log = logging.getLogger(__name__)

InputHandler = Callable[[str, bool, str | None], Awaitable[str | None]]
DEFAULT_TIMEOUT = 10.0
_SILENCE = 2.0  # seconds after which a client looks whether it has missed events
_HELD_EVENTS = 5000  # that wait for a slow listener
_BEAT = 5000  # milliseconds between signs of life over TCP: a link may be cut without a word
_DEAD = 3 * _BEAT


class SessionClient:
    """A connection to a session; see :meth:`connect`."""

    lacks: tuple[str, ...] = ()
    """What the session cannot do: sentences. Other kernels lack some; see :mod:`.foreign`."""

    subscriptions: ClassVar[Subscriptions | None] = None
    """Where a process has many clients of a session: what they are told comes once for all."""

    def __init__(self, connection: ConnectionInfo, name: str) -> None:
        self.connection = connection
        self.name = name
        self.codec = Codec(connection.key.encode())
        # By TCP everybody may read the sessions' names, and take an identity that he knows.
        is_open = connection.transport == "tcp"
        self._identity = (secrets.token_hex(16) if is_open else self.codec.session).encode()
        self._refusals = Refusals()
        self.kernel_info: dict[str, Any] = {}
        """The content of the ``kernel_info_reply``."""
        self.on_input: InputHandler | None = None
        """Asked for a line; cancelled if another client answers."""
        self.on_debug_event: Callable[[dict[str, Any]], None] | None = None
        """Told what the session's debugger tells; nobody can ask for that later."""
        self.presence: Presence | None = None
        """Who is here, once this client has said that it is: see :meth:`present`."""
        self.welcomed = False
        """Whether the session greets subscribers: then no event was missed since."""
        self._context = zmq.asyncio.Context()
        self._sockets: dict[str, zmq.asyncio.Socket] = {}
        self._waiting: dict[str, asyncio.Future[Message]] = {}
        self._repeatable: dict[str, tuple[list[str], str, str, Any]] = {}
        """Ids, channel, kind and content of requests that may be made again."""
        self._executions: dict[str, Execution] = {}
        self._listeners: list[Listener] = []
        self._size = 0  # bytes of the event that has come
        self._tasks: list[asyncio.Task[None]] = []
        self._answering: set[asyncio.Task[None]] = set()
        self._questions: dict[object, tuple[str | None, asyncio.Task[None]]] = {}
        """What ``on_input`` is asked, by name: a new keeper asks it again."""
        self._answers: dict[object, str | None] = {}
        """The answers that the session has not acknowledged."""
        self._latest: int | None = None  # the number of the last event that has come
        self._arrived = asyncio.Event()
        self._greeted = asyncio.Event()
        self._renewals = Renewals(self)
        self._keeper: int | None = None
        self._is_closed = False

    @classmethod
    async def connect(
        cls,
        connection: str | Path | ConnectionInfo,
        *,
        name: str = "vivo",
        timeout: float = DEFAULT_TIMEOUT,
    ) -> SessionClient:
        """Connect to a session by its connection file, or to another Jupyter kernel by its own.

        Raises :class:`ConnectionFileError` for a bad file, :class:`SessionError` if nobody answers.
        """
        if not isinstance(connection, ConnectionInfo):
            connection = read_connection(connection)
        client = cls(connection, name)
        try:
            client._open()
            told = await client.request("control", "kernel_info_request", {}, timeout=timeout)
            client.kernel_info = told.content
            is_ours = told.content.get("implementation") == "vivo"
            hosted = told.vivo.get("lacks")
            if hosted is not None:
                client.lacks = tuple(hosted)
            if cls is SessionClient and not is_ours and hosted is None:
                from .foreign import ForeignClient

                await client.close()
                return await ForeignClient.connect(connection, name=name, timeout=timeout)
            try:
                await asyncio.wait_for(client._greeted.wait(), 0.5)
                client.welcomed = True
            except asyncio.TimeoutError:
                _log.info("%s sends no iopub_welcome: a foreign kernel", connection.ip)
        except BaseException:
            await client.close()
            raise
        return client

    def _open(self) -> None:
        for channel in ("shell", "control", "stdin", "iopub"):
            if channel == "iopub" and self.subscriptions is not None:
                self.subscriptions.join(self)
                continue
            self._sockets[channel] = self.socket_of(channel, self._context)
            task = asyncio.create_task(self._read(channel), name=f"vivo-{channel}")
            self._tasks.append(task)

    def socket_of(self, channel: str, context: zmq.asyncio.Context) -> zmq.asyncio.Socket:
        """A socket of a channel, connected."""
        socket = context.socket(zmq.SUB if channel == "iopub" else zmq.DEALER)
        socket.linger = 0
        if self.connection.transport == "tcp":
            socket.setsockopt(zmq.HEARTBEAT_IVL, _BEAT)
            socket.setsockopt(zmq.HEARTBEAT_TIMEOUT, _DEAD)
        if channel == "iopub":
            socket.setsockopt(zmq.RCVHWM, _HELD_EVENTS)
            socket.setsockopt(zmq.SUBSCRIBE, b"")
        else:
            socket.setsockopt(zmq.IDENTITY, self._identity)
        socket.connect(self.connection.address(channel))
        return socket

    def heard(self, message: Message, size: int) -> None:
        """An event has come; ``size`` in bytes."""
        self._size = size
        self._event(message)

    async def _read(self, channel: str) -> None:
        socket = self._sockets[channel]
        while True:
            frames = await socket.recv_multipart()
            try:
                message = self.codec.decode(frames)
            except WireError as error:
                self._refusals.note(channel, error)
                continue
            if channel == "iopub":
                self.heard(message, sum(map(len, frames)))
            elif channel == "stdin":
                self._asked(message)
            else:
                self._replied(message)

    def _replied(self, message: Message) -> None:
        parent = message.parent_id
        if parent is None or not message.type.endswith("_reply"):
            return  # an event that somebody has put on another channel answers nothing
        future = self._waiting.pop(parent, None)
        if future is not None and not future.done():
            future.set_result(message)
        execution = self._executions.get(parent)
        if execution is not None:
            execution._resolve(message)
            if execution._record.done():
                del self._executions[parent]
            elif (record := (message.metadata.get("vivo") or {}).get("record")) is not None:
                # The idle status follows at once, unless this client was too slow for it.
                ended = msgspec.convert(record, RunRecord)
                asyncio.get_running_loop().call_later(_SILENCE, self._end, parent, ended)

    def _event(self, message: Message) -> None:
        if message.type == "iopub_welcome":
            self._welcomed(message.vivo)
            return
        if message.type == "vivo_presence":
            if self.presence is not None:
                self.presence.take(message.content)
            return
        vivo = message.metadata.get("vivo") or {}
        if "seq" in vivo:
            self._latest = vivo["seq"]
            self._arrived.set()
        is_idle = message.content.get("execution_state") == "idle"
        if message.type == "status" and is_idle and message.parent_id in self._executions:
            self._end_by_status(message, vivo)
        if (named := vivo.get("answered")) is not None:
            self._answers.pop(named, None)
            if (answered := self._questions.pop(named, None)) is not None:
                answered[1].cancel()  # another client was faster
        if message.type == "status" and is_idle:
            self._end_questions(message.parent_id)
        if message.type == "debug_event" and self.on_debug_event is not None:
            self.on_debug_event(message.content)
        for listener in self._listeners:
            listener.offer(message, self._size)

    def _end_by_status(self, message: Message, vivo: dict[str, Any]) -> None:
        run = message.parent_id
        assert run is not None
        if "record" in vivo:
            self._end(run, msgspec.convert(vivo["record"], RunRecord))
        else:  # a foreign kernel tells no record, and what is refused has none
            self._begin(self._end_by_reply(run, self._executions[run]))

    async def _end_by_reply(self, run: str, execution: Execution) -> None:
        """How a run ended of which its reply alone tells."""
        try:
            content = (await execution.reply()).content
        except SessionError:
            return  # the link is lost, which the execution knows
        error = None
        if content.get("status") == "error":
            error = RunError(str(content.get("ename")), str(content.get("evalue")))
        status: Any = content.get("status", "ok")
        execution._finish(RunRecord(id=run, source="", status=status, error=error))
        self._executions.pop(run, None)

    def _end(self, run: str, record: RunRecord) -> None:
        execution = self._executions.get(run)
        if execution is None:
            return
        execution._finish(record)
        if execution._reply.done():
            del self._executions[run]

    def _welcomed(self, vivo: dict[str, Any]) -> None:
        """A subscription has arrived: ours at first, then another client's, or ours again."""
        before, self._keeper = self._keeper, vivo.get("keeper")
        if not self._greeted.is_set():
            self._greeted.set()
            return
        if self.presence is not None and before != self._keeper:
            self.presence.hurry()
        for listener in self._listeners:
            listener.renewed()
        if self._executions or self._repeatable:
            self._renewals.greeted(is_new_keeper=before != self._keeper)

    def _asked(self, message: Message) -> None:
        if message.type != "input_request":
            return
        question = message.vivo.get("question")
        if question is None:
            self._begin(self._answer_input(message))
        elif question in self._answers:  # the answer got lost on its way
            answer = self._answers[question]
            self._begin(self._give_answer(message, question, answer))
        elif question not in self._questions:
            self._questions[question] = message.parent_id, self._begin(self._answer_input(message))

    def _end_questions(self, run: str | None) -> None:
        """A run has ended: nobody waits for an answer to what it has asked."""
        for question in [key for key, (asked_by, _) in self._questions.items() if asked_by == run]:
            self._questions.pop(question)[1].cancel()

    def _begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._answering.add(task)
        task.add_done_callback(self._answering.discard)
        return task

    async def _answer_input(self, message: Message) -> None:
        value, content = None, message.content
        question = message.vivo.get("question")
        try:
            if self.on_input is not None:
                await self._has_come(message.vivo.get("after"))
                value = await self.on_input(
                    str(content.get("prompt", "")), bool(content.get("password")), message.parent_id
                )
        finally:
            self._questions.pop(question, None)
        await self._give_answer(message, question, value)

    async def _has_come(self, seq: object) -> None:
        """Wait for what a question comes after, on another socket; not for what is lost."""
        until = asyncio.get_running_loop().time() + _SILENCE
        while isinstance(seq, int) and self._latest is not None and self._latest < seq:
            self._arrived.clear()
            left = until - asyncio.get_running_loop().time()
            try:
                await asyncio.wait_for(self._arrived.wait(), left)
            except asyncio.TimeoutError:
                return

    async def _give_answer(self, message: Message, question: object, value: str | None) -> None:
        metadata = {}
        if question is not None:
            self._answers[question] = value
            metadata = {"vivo": {"question": question}}
        await self._send(
            "stdin", "input_reply", {"value": value}, metadata=metadata, parent=message.raw_header
        )

    # --- Requests --------------------------------------------------------------------------

    async def _send(
        self,
        channel: str,
        kind: str,
        content: Any,
        *,
        metadata: dict[str, Any] | None = None,
        message_id: str | None = None,
        parent: bytes = b"{}",
    ) -> list[bytes]:
        if self._is_closed:
            raise SessionError("This connection to the session is closed: connect again.")
        frames = self.codec.encode(
            kind, content, metadata=metadata, message_id=message_id, parent=parent
        )
        await self._sockets[channel].send_multipart(frames)
        return frames

    async def request(
        self, channel: str, kind: str, content: Any, *, timeout: float = DEFAULT_TIMEOUT
    ) -> Message:
        """Send a request and wait for its reply.

        Raises :class:`SessionError` if there is none within ``timeout`` seconds.
        """
        message_id = self.codec.new_id()
        future: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._waiting[message_id] = future
        ids = [message_id]
        try:
            await self._send(channel, kind, content, message_id=message_id)
            if kind.removesuffix("_request") in REPEATABLE:
                self._repeatable[message_id] = ids, channel, kind, content
            return await asyncio.wait_for(future, timeout)
        except asyncio.TimeoutError:
            raise SessionError(
                f"The session did not answer {kind} within {timeout:g} s: it may have ended; "
                "`vivo sessions` tells."
            ) from None
        finally:
            for each in ids:
                self._waiting.pop(each, None)
            self._repeatable.pop(message_id, None)

    async def execute(
        self,
        code: str,
        *,
        origin: RunOrigin | None = None,
        silent: bool = False,
        store_history: bool = True,
        user_expressions: dict[str, str] | None = None,
        stop_on_error: bool = True,
        run: str | None = None,
    ) -> Execution:
        """Send a cell; what is given back at once has its id, which ``run`` may choose."""
        execution = Execution(run or self.codec.new_id())
        self._executions[execution.id] = execution
        origin = origin or RunOrigin()
        origin.client = origin.client or self.name
        content = {
            "code": code,
            "silent": silent,
            "store_history": store_history,
            "user_expressions": user_expressions or {},
            "allow_stdin": self.on_input is not None,
            "stop_on_error": stop_on_error,
        }
        metadata = {"vivo": msgspec.to_builtins(origin)}
        execution.sent = await self._send(
            "shell", "execute_request", content, metadata=metadata, message_id=execution.id
        )
        return execution

    async def complete(
        self, code: str, cursor: int | None = None, *, timeout: float = DEFAULT_TIMEOUT
    ) -> dict[str, Any]:
        """The content of a ``complete_reply``; the cursor in characters."""
        content = {"code": code, "cursor_pos": len(code) if cursor is None else cursor}
        return (await self.request("shell", "complete_request", content, timeout=timeout)).content

    async def inspect(
        self,
        code: str,
        cursor: int | None = None,
        *,
        detail_level: int = 0,
        timeout: float = DEFAULT_TIMEOUT,
    ) -> dict[str, Any]:
        """The content of an ``inspect_reply``."""
        position = len(code) if cursor is None else cursor
        content = {"code": code, "cursor_pos": position, "detail_level": detail_level}
        return (await self.request("shell", "inspect_request", content, timeout=timeout)).content

    async def is_complete(self, code: str) -> dict[str, Any]:
        """The content of an ``is_complete_reply``."""
        return (await self.request("shell", "is_complete_request", {"code": code})).content

    async def history(self, **content: Any) -> list[Any]:
        """The entries of a ``history_reply``."""
        wanted = {"output": False, "raw": True, "hist_access_type": "tail", "n": 100} | content
        reply = await self.request("shell", "history_request", wanted)
        entries: list[Any] = reply.content["history"]
        return entries

    async def session(self, *, timeout: float = DEFAULT_TIMEOUT) -> dict[str, Any]:
        """What the session is and does: a ``vivo_session_reply``."""
        return (await self._control("vivo_session", {}, timeout)).content

    async def runs(
        self, uri: str | None = None, *, ids: list[str] | None = None
    ) -> list[RunRecord]:
        """The records of the session's runs: of one document, of some ids, or all."""
        content = {"uri": uri, "ids": ids}
        reply = await self._control("vivo_runs", content, DEFAULT_TIMEOUT)
        return msgspec.convert(reply.content["runs"], list[RunRecord])

    async def variables(self, *, timeout: float = DEFAULT_TIMEOUT, **wanted: Any) -> VariablesReply:
        """A page of the user's variables, or of what one holds.

        ``wanted`` are the fields of a :class:`VariablesRequest`. Raises :class:`SessionError` for
        what does not fit, and for an engine that has ended.
        """
        return msgspec.convert(
            (await self._control("vivo_variables", wanted, timeout)).content, VariablesReply
        )

    async def table(
        self, path: list[str | int], *, timeout: float = DEFAULT_TIMEOUT, **wanted: Any
    ) -> TableReply:
        """Some rows and columns of a table; ``wanted`` are the fields of a :class:`TableRequest`.

        Raises :class:`SessionError` as :meth:`variables` does.
        """
        content = {"path": path, **wanted}
        return msgspec.convert(
            (await self._control("vivo_table", content, timeout)).content, TableReply
        )

    async def interrupt(self, run: str | None = None, *, force: bool = False) -> str:
        """Interrupt a run, or what runs; the outcome by name.

        ``force`` ends the engine if the run does not end: see :class:`InterruptRequest`.
        """
        content: dict[str, Any] = {} if run is None else {"run": run}
        if force:
            content["force"] = True
        reply = await self._control("vivo_interrupt", content, DEFAULT_TIMEOUT)
        return str(reply.content["outcome"])

    async def cancel_waiting(self, uri: str | None = None) -> list[str]:
        """Take what waits out of the queue, of one document or all; the runs that never ran."""
        reply = await self._control("vivo_cancel", {"uri": uri}, DEFAULT_TIMEOUT)
        return list(reply.content["runs"])

    async def restart(self) -> dict[str, Any]:
        """Start a fresh engine in the session; gives the session when that is ready."""
        return (await self._control("vivo_restart", {}, 60.0)).content

    async def debug(self, request: dict[str, Any]) -> dict[str, Any]:
        """The response of the session's debugger to a request of the Debug Adapter Protocol."""
        reply = await self.request("control", "debug_request", request, timeout=60.0)
        if reply.content.get("type") != "response":
            raise SessionError(reply.content.get("evalue") or "The session has no debugger.")
        return reply.content

    async def take_input(self) -> bool:
        """Have the question of a waiting cell asked of this client; whether there is one.

        For a client that reattached: ``on_input`` is called next.
        """
        reply = await self._control("vivo_take_input", {}, DEFAULT_TIMEOUT)
        return bool(reply.content["asking"])

    def present(self, said: PresenceRequest, changed: Callable[[], None] = lambda: None) -> None:
        """Say that somebody is here, until :meth:`close`; ``changed`` hears of all who are."""
        self.presence = Presence(self, said, changed)
        self._tasks.append(asyncio.create_task(self.presence.keep(), name="vivo-presence"))

    async def stack(self) -> str:
        """The stacks of the engine's threads."""
        return str((await self._control("vivo_stack", {}, DEFAULT_TIMEOUT)).content["text"])

    async def shutdown(self) -> None:
        """End the session."""
        await self.request("control", "shutdown_request", {"restart": False})
        self.presence = None  # there is nobody left to say good-bye to

    async def _control(self, name: str, content: dict[str, Any], timeout: float) -> Message:
        reply = await self.request("control", f"{name}_request", content, timeout=timeout)
        if reply.content.get("status") == "error":
            raise SessionError(reply.content["evalue"])
        return reply

    # --- Events ----------------------------------------------------------------------------

    async def events(self, after: int | None = None) -> AsyncIterator[Message]:
        """The session's events: all after number ``after``, or only those to come."""
        listener = Listener()
        self._listeners.append(listener)
        try:
            if after is None:
                after = (await self.session())["last"]
            merger: EventMerger[Message] = EventMerger(after)
            async for event in self._replayed(merger):
                yield event
            while (message := await self._next(listener)) is not None:
                if message is RENEWED:
                    async for event in self._missed(merger):
                        yield event
                    continue
                for event in given(merger, message):
                    yield event
                if merger.missing_after is not None:
                    async for event in self._missed(merger):
                        yield event
        finally:
            self._listeners.remove(listener)

    async def _missed(self, merger: EventMerger[Message]) -> AsyncIterator[Message]:
        """What was missed; nothing if the session cannot be reached: it is asked again soon."""
        try:
            async for event in self._replayed(merger):
                yield event
        except SessionError as error:
            _log.info("Whether events are missing is asked again: %s", error)

    async def _next(self, listener: Listener) -> Message | None:
        """The next live event. After a silence the journal is asked: whoever was too slow for the
        session's socket, or for this queue, may have missed the last events of all."""
        while True:
            try:
                async with asyncio.timeout(_SILENCE):
                    return await listener.get()
            except TimeoutError:
                if not self._is_closed:
                    return RENEWED

    async def _replayed(self, merger: EventMerger[Message]) -> AsyncIterator[Message]:
        """The events that the session's journal has beyond what the merger has given."""
        while True:
            content = {"after": merger.last, "limit": 1000}
            reply = await self._control("vivo_replay", content, DEFAULT_TIMEOUT)
            before = merger.last
            for ready in merged(merger, reply.content, reply.buffers, Message):
                yield ready
            if merger.last >= reply.content["last"] or merger.last == before:
                return

    async def close(self) -> None:
        """Let go of the session, which goes on."""
        if self._is_closed:
            return
        if (presence := self.presence) is not None:
            self.presence = None
            await presence.leave()
        self._is_closed = True
        for listener in self._listeners:
            listener.close()
        tasks = [*self._tasks, *self._answering]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        gone = SessionError("The connection to the session was closed.")
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(gone)
        for execution in self._executions.values():
            execution._fail(gone)
        if self.subscriptions is not None:
            await self.subscriptions.leave(self)
        for socket in self._sockets.values():
            socket.close()
        self._context.term()
