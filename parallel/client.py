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
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
import zmq
import zmq.asyncio

from .connection import ConnectionInfo, read_connection
from .errors import SessionError, WireError
from .messages import RunOrigin, RunRecord, VariablesReply
from .stream import EventMerger
from .wire import Codec, Message

_log = logging.getLogger(__name__)

InputHandler = Callable[[str, bool, str | None], Awaitable[str | None]]
DEFAULT_TIMEOUT = 10.0
_SILENCE = 2.0  # seconds after which a client looks whether it has missed events
_HELD_EVENTS = 5000  # that wait for a slow listener
# Requests that may come twice.
_REPEATABLE = {
    *("kernel_info", "complete", "inspect", "is_complete", "history", "comm_info"),
    *("vivo_session", "vivo_runs", "vivo_replay", "vivo_stack", "vivo_interrupt"),
}
_RENEWED = Message({"msg_id": "", "msg_type": "renewed"})
"""To those who read events: some may be missing."""


class Execution:
    """A cell that was sent."""

    def __init__(self, run: str) -> None:
        loop = asyncio.get_running_loop()
        self.id = run
        self.sent: list[bytes] = []
        self._reply: asyncio.Future[Message] = loop.create_future()
        self._record: asyncio.Future[RunRecord] = loop.create_future()

    async def reply(self) -> Message:
        """The ``execute_reply``."""
        return await asyncio.shield(self._reply)

    async def finished(self) -> RunRecord:
        """The run's final record, once every output has come."""
        return await asyncio.shield(self._record)

    def _resolve(self, message: Message) -> None:
        if not self._reply.done():
            self._reply.set_result(message)

    def _finish(self, record: RunRecord) -> None:
        if not self._record.done():
            self._record.set_result(record)

    def _fail(self, error: SessionError) -> None:
        for future in (self._reply, self._record):
            if not future.done():
                future.set_exception(error)
                future.exception()  # nobody may be waiting, and that is no fault


class SessionClient:
    """A connection to a session; see :meth:`connect`."""

    lacks: tuple[str, ...] = ()
    """What the session cannot do: sentences. Other kernels lack some; see :mod:`.foreign`."""

    def __init__(self, connection: ConnectionInfo, name: str) -> None:
        self.connection = connection
        self.name = name
        self.codec = Codec(connection.key.encode())
        self.kernel_info: dict[str, Any] = {}
        """The content of the ``kernel_info_reply``."""
        self.on_input: InputHandler | None = None
        self.welcomed = False
        """Whether the session greets subscribers: then no event was missed since."""
        self._context = zmq.asyncio.Context()
        self._sockets: dict[str, zmq.asyncio.Socket] = {}
        self._waiting: dict[str, asyncio.Future[Message]] = {}
        self._repeatable: dict[str, tuple[str, list[bytes]]] = {}
        self._executions: dict[str, Execution] = {}
        self._listeners: list[asyncio.Queue[Message | None]] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._answering: set[asyncio.Task[None]] = set()
        self._greeted = asyncio.Event()
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
            if cls is SessionClient and told.content.get("implementation") != "vivo":
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
        identity = self.codec.session.encode()
        for channel, kind in (
            ("shell", zmq.DEALER),
            ("control", zmq.DEALER),
            ("stdin", zmq.DEALER),
            ("iopub", zmq.SUB),
        ):
            socket = self._context.socket(kind)
            socket.linger = 0
            if channel == "iopub":
                socket.setsockopt(zmq.RCVHWM, _HELD_EVENTS)
                socket.setsockopt(zmq.SUBSCRIBE, b"")
            else:
                socket.setsockopt(zmq.IDENTITY, identity)
            socket.connect(self.connection.address(channel))
            self._sockets[channel] = socket
            task = asyncio.create_task(self._read(channel), name=f"vivo-{channel}")
            self._tasks.append(task)

    async def _read(self, channel: str) -> None:
        socket = self._sockets[channel]
        while True:
            frames = await socket.recv_multipart()
            try:
                message = self.codec.decode(frames)
            except WireError as error:
                _log.warning("A message on %s is refused: %s.", channel, error)
                continue
            if channel == "iopub":
                self._event(message)
            elif channel == "stdin":
                self._asked(message)
            else:
                self._replied(message)

    def _replied(self, message: Message) -> None:
        parent = message.parent_id
        if parent is None:
            return
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
            self._welcomed(message.metadata.get("vivo") or {})
            return
        vivo = message.metadata.get("vivo") or {}
        is_idle = message.content.get("execution_state") == "idle"
        if message.type == "status" and is_idle and message.parent_id in self._executions:
            self._end_by_status(message, vivo)
        for queue in self._listeners:
            if queue.qsize() < _HELD_EVENTS:  # whoever is slower asks for what it missed
                queue.put_nowait(message)

    def _end_by_status(self, message: Message, vivo: dict[str, Any]) -> None:
        run = message.parent_id
        assert run is not None
        if "record" in vivo:
            self._end(run, msgspec.convert(vivo["record"], RunRecord))
        else:  # a foreign kernel tells no record
            self._end(run, RunRecord(id=run, source="", status="ok"))

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
        elif before != self._keeper:
            self._begin(self._renew())
        else:
            for queue in self._listeners:
                queue.put_nowait(_RENEWED)

    async def _renew(self) -> None:
        """Send again what may not have arrived, and look for what has ended meanwhile (rule 4)."""
        for channel, frames in tuple(self._repeatable.values()):
            await self._sockets[channel].send_multipart(frames)
        for queue in self._listeners:
            queue.put_nowait(_RENEWED)
        try:
            runs = {record.id: record for record in await self.runs()}
        except SessionError as error:
            _log.warning("The session greets, and then does not answer: %s", error)
            return
        for run, execution in tuple(self._executions.items()):
            record = runs.get(run)
            if record is None:
                if not execution._reply.done():
                    await self._sockets["shell"].send_multipart(execution.sent)
            elif record.finished is not None:
                self._end(run, record)
                self._reply_by_record(execution, record)

    def _reply_by_record(self, execution: Execution, record: RunRecord) -> None:
        """The reply of a run that ended while nobody could be told."""
        content: dict[str, Any] = {"status": record.status, "payload": [], "user_expressions": {}}
        content["execution_count"] = record.execution_count
        if record.error is not None:
            content |= {"ename": record.error.name, "evalue": record.error.message, "traceback": []}
        execution._resolve(Message({"msg_id": "", "msg_type": "execute_reply"}, content=content))
        self._executions.pop(record.id, None)

    def _asked(self, message: Message) -> None:
        self._begin(self._answer_input(message))

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._answering.add(task)
        task.add_done_callback(self._answering.discard)

    async def _answer_input(self, message: Message) -> None:
        value = None
        if self.on_input is not None:
            content = message.content
            value = await self.on_input(
                str(content.get("prompt", "")), bool(content.get("password")), message.parent_id
            )
        await self._send("stdin", "input_reply", {"value": value}, parent=message.raw_header)

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
        try:
            frames = await self._send(channel, kind, content, message_id=message_id)
            if kind.removesuffix("_request") in _REPEATABLE:
                self._repeatable[message_id] = channel, frames
            return await asyncio.wait_for(future, timeout)
        except asyncio.TimeoutError:
            raise SessionError(
                f"The session did not answer {kind} within {timeout:g} s: it may have ended; "
                "`vivo sessions` tells."
            ) from None
        finally:
            self._waiting.pop(message_id, None)
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

    async def runs(self, uri: str | None = None) -> list[RunRecord]:
        """The records of the session's runs, of one document or all."""
        content = {} if uri is None else {"uri": uri}
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

    async def interrupt(self, run: str | None = None) -> str:
        """Interrupt a run, or what runs; the outcome by name."""
        content = {} if run is None else {"run": run}
        reply = await self._control("vivo_interrupt", content, DEFAULT_TIMEOUT)
        return str(reply.content["outcome"])

    async def restart(self) -> dict[str, Any]:
        """Start a fresh engine in the session; gives the session when that is ready."""
        return (await self._control("vivo_restart", {}, 60.0)).content

    async def take_input(self) -> bool:
        """Have the question of a waiting cell asked of this client; whether there is one.

        For a client that reattached: ``on_input`` is called next.
        """
        reply = await self._control("vivo_take_input", {}, DEFAULT_TIMEOUT)
        return bool(reply.content["asking"])

    async def stack(self) -> str:
        """The stacks of the engine's threads."""
        return str((await self._control("vivo_stack", {}, DEFAULT_TIMEOUT)).content["text"])

    async def shutdown(self) -> None:
        """End the session."""
        await self.request("control", "shutdown_request", {"restart": False})

    async def _control(self, name: str, content: dict[str, Any], timeout: float) -> Message:
        reply = await self.request("control", f"{name}_request", content, timeout=timeout)
        if reply.content.get("status") == "error":
            raise SessionError(reply.content["evalue"])
        return reply

    # --- Events ----------------------------------------------------------------------------

    async def events(self, after: int | None = None) -> AsyncIterator[Message]:
        """The session's events: all after number ``after``, or only those to come."""
        queue: asyncio.Queue[Message | None] = asyncio.Queue()
        self._listeners.append(queue)
        try:
            if after is None:
                after = (await self.session())["last"]
            merger: EventMerger[Message] = EventMerger(after)
            async for event in self._replayed(merger):
                yield event
            while (message := await self._next(queue)) is not None:
                if message is _RENEWED:
                    try:
                        async for event in self._replayed(merger):
                            yield event
                    except SessionError as error:
                        _log.info("Whether events are missing is asked again: %s", error)
                    continue
                seq = (message.metadata.get("vivo") or {}).get("seq")
                if seq is None:
                    continue
                for event in merger.feed(seq, message):
                    yield event
                if merger.missing_after is not None:
                    async for event in self._replayed(merger):
                        yield event
        finally:
            self._listeners.remove(queue)

    async def _next(self, queue: asyncio.Queue[Message | None]) -> Message | None:
        """The next live event. After a silence the journal is asked: whoever was too slow for the
        session's socket, or for this queue, may have missed the last events of all."""
        while True:
            try:
                async with asyncio.timeout(_SILENCE):
                    return await queue.get()
            except TimeoutError:
                if not self._is_closed:
                    return _RENEWED

    async def _replayed(self, merger: EventMerger[Message]) -> AsyncIterator[Message]:
        """The events that the session's journal has beyond what the merger has given."""
        while True:
            content = {"after": merger.last, "limit": 1000}
            reply = await self._control("vivo_replay", content, DEFAULT_TIMEOUT)
            before = merger.last
            buffers = iter(reply.buffers)
            for entry in reply.content["events"]:
                if "gap" in entry:
                    last = entry["gap"]["last"] or reply.content["last"]
                    for held in merger.skip_to(last):
                        yield held
                    continue
                event = Message(
                    entry["header"],
                    entry["parent_header"],
                    entry["metadata"],
                    entry["content"],
                    list(islice(buffers, entry["buffers"])),
                )
                for ready in merger.feed(event.metadata["vivo"]["seq"], event):
                    yield ready
            if merger.last >= reply.content["last"] or merger.last == before:
                return

    async def close(self) -> None:
        """Let go of the session, which goes on."""
        if self._is_closed:
            return
        self._is_closed = True
        for queue in self._listeners:
            queue.put_nowait(None)
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
        for socket in self._sockets.values():
            socket.close()
        self._context.term()
