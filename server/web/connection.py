"""One browser's connection: a language server of its own, spoken to through a WebSocket.

Rules:

1. Each connection has a server object of its own; nothing of one is told to another.
2. Each text frame is one message. What a visitor may not send is answered with a sentence, and
   reaches no server: see :mod:`.permitted`.
3. A browser that does not read is let go of, with what it has not taken; it comes back by itself
   and says what it has seen, so that it misses nothing. Nobody else waits for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections import deque
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.websockets import WebSocket, WebSocketDisconnect

from ...parallel.messages import PresenceRequest
from ..lsp.server import VivoServer, make_server
from .permitted import Gate
from .shared_bodies import SharedBodies

if TYPE_CHECKING:
    from .grants import Grant

_log = logging.getLogger(__name__)
MOST_WAITING = 32 * 2**20
"""Bytes that may wait for a browser."""
BEHIND = 4001
"""The code with which a browser is let go of that is too far behind."""
ENDED = 4003
"""The code when its grant has ended."""
NOBODY = "Your link has ended, or you have left: open another one."
_LONGEST_REASON = 123  # bytes, by RFC 6455


class Outbox:
    """What waits for one browser, bounded."""

    def __init__(self) -> None:
        self._waiting: deque[bytes] = deque()
        self._size = 0
        self._has_some = asyncio.Event()
        self.is_over = self._is_closed = False

    def write(self, body: bytes) -> None:
        """Take a message; once too much waits, none."""
        if self.is_over or self._is_closed:
            return
        self._waiting.append(body)
        self._size += len(body)
        if self._size > MOST_WAITING:
            self.is_over = True
            self._waiting.clear()
        self._has_some.set()

    def close(self) -> None:
        """Nothing more is taken."""
        self._is_closed = True
        self._has_some.set()

    async def next(self) -> bytes | None:
        """The next message; None when there will be none."""
        while not self._waiting:
            if self.is_over or self._is_closed:
                return None
            self._has_some.clear()
            await self._has_some.wait()
        body = self._waiting.popleft()
        self._size -= len(body)
        return body


class Connection:
    """A browser and its server."""

    def __init__(
        self, websocket: WebSocket, grant: Grant, folder: str, bodies: SharedBodies
    ) -> None:
        self._websocket = websocket
        self.grant = grant
        self.server: VivoServer = make_server()
        self.server.shared_bodies = bodies
        if grant.role != "owner":
            self.server.sessions.confined_to = grant.session
        self.server.sessions.who = PresenceRequest(kind="web", role=grant.role)
        self._gate = Gate(grant, folder, self._is_own)
        self._outbox = Outbox()
        self._ended = asyncio.Event()
        self._why = NOBODY
        # Each message goes as a frame, which needs no header.
        self.server.dispatching.set_writer(self._outbox, include_headers=False)

    def _is_own(self, run: str) -> bool:
        """Whether a run was sent by this visitor, from here or before the page was opened anew."""
        for session in self.server.sessions.all():
            record = session.runs.get(run)
            if run in session.own_runs or (record and record.client == self._gate.name):
                return True
        return False

    def end(self, why: str = NOBODY) -> None:
        """Let go of it: its grant has ended."""
        self._why = why
        self._ended.set()

    async def serve(self) -> None:
        """Until either end is gone."""
        tasks = [
            asyncio.create_task(step) for step in (self._read(), self._write(), self._ended.wait())
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                if not task.cancelled() and (error := task.exception()) is not None:
                    _log.warning("A browser's connection failed.", exc_info=error)
        finally:
            self._outbox.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            code = ENDED if self._ended.is_set() else BEHIND if self._outbox.is_over else 1000
            with contextlib.suppress(Exception):  # it may be gone, in as many ways as there are
                reason = self._why if code == ENDED else ""
                await self._websocket.close(code, reason.encode()[:_LONGEST_REASON].decode())
            await self.server.close()
            self.server.shutdown()  # type: ignore[no-untyped-call]

    async def _read(self) -> None:
        protocol = self.server.dispatching
        while protocol.exit_status is None:
            try:
                text = await self._websocket.receive_text()
            except (WebSocketDisconnect, RuntimeError, KeyError):
                return  # it is gone, or sent what is no text
            try:
                data = msgspec.json.decode(text)
            except (msgspec.DecodeError, RecursionError):
                self._refuse(None, "A message is no JSON.")
                continue
            permitted = self._gate.judge(data)
            if permitted.message is None:
                self._refuse(permitted.answers, permitted.refusal or "")
            else:
                protocol.receive(permitted.message)
            await asyncio.sleep(0)  # a handler begins before the next message is taken

    def _refuse(self, number: Any, sentence: str) -> None:
        if number is None:
            _log.info("Refused: %s", sentence)
        answer = {"jsonrpc": "2.0", "id": number, "error": {"code": -32600, "message": sentence}}
        self._outbox.write(json.dumps(answer).encode())

    async def _write(self) -> None:
        while (body := await self._outbox.next()) is not None:
            try:
                await self._websocket.send_text(body.decode())
            except (WebSocketDisconnect, RuntimeError):
                return
