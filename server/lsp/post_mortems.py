"""Post-mortems in an editor's own debugger: its requests, relayed to the session's last error.

Rules:

1. Stack and variables are answered beside whatever runs. What runs the user's code, an
   evaluation, is a silent cell: it waits its turn on the session's main thread, and is
   interrupted as any other.
2. What an evaluation prints is an event of the debugger's, and no output of any cell.
"""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ...core.post_mortem import EVALUATION_MIME
from ...parallel.errors import SessionError
from ...parallel.messages import RunOrigin
from ..live import LiveSession
from ..protocol.debugging import DebugEvent, DebugResult
from .debugged_sources import DebuggedSources

if TYPE_CHECKING:
    from .server import VivoServer

_FAREWELL = 1.0  # seconds
_PLAIN_NAME = re.compile(r"\s*[^\W\d]\w*\s*")
_MODULE = "__import__('sys').modules['vivo.core.post_mortem']"
# A cell that names sys.last_value looks at the last error, and leaves it as it is.
_EVALUATE = f"{_MODULE}.evaluate({{frame!r}}, {{expression!r}})  # sys.last_value"
_TOLD = f"{_MODULE}.evaluation()"


class PostMortems:
    """The post-mortems that the client has open, one of a session."""

    def __init__(self, server: VivoServer, sources: DebuggedSources) -> None:
        self._server, self._sources = server, sources
        self._open: dict[str, int] = {}
        """By session, which engine of it."""
        self._sequence = 0

    async def look(self, session: LiveSession) -> str:
        """The title of the error that there is. Raises :class:`SessionError` if there is none."""
        answer = await self._ask(session, {"command": "look", "seq": 0})
        message = answer["message"]
        if not message["success"]:
            raise SessionError(message["message"])
        return str(message["body"]["title"])

    async def relay(self, session: LiveSession, request: dict[str, Any]) -> DebugResult:
        """The answer to a request of the client's."""
        command, arguments = request.get("command"), request.get("arguments") or {}
        expression = str(arguments.get("expression", ""))
        if command == "evaluate" and not _PLAIN_NAME.fullmatch(expression):
            return await self._evaluate(session, request, arguments)
        answer = await self._ask(session, request)
        message = answer["message"]
        if command == "evaluate" and not message["success"]:
            return await self._evaluate(session, request, arguments)  # a name of the builtins'
        if command == "attach" and message["success"]:
            self._open[session.id] = session.engine_starts
        elif command in ("disconnect", "terminate"):
            self._open.pop(session.id, None)
        return DebugResult(self._sources.to_client(message), session.id, answer["events"])

    async def _ask(self, session: LiveSession, request: dict[str, Any]) -> dict[str, Any]:
        client = await session.ready()
        self._sequence += 1
        wrapped = {
            "type": "request",
            "seq": self._sequence,
            "command": "postMortem",
            "arguments": {"request": request},
        }
        response = await client.debug(wrapped)
        body = response.get("body") or {}
        if not response.get("success") or "message" not in body:
            told = response.get("message") or "its kernel is not vivo's"
            raise SessionError(f"The session has no post-mortem: {told}.")
        return dict(body)

    async def _evaluate(
        self, session: LiveSession, request: dict[str, Any], arguments: dict[str, Any]
    ) -> DebugResult:
        client = await session.ready()
        frame = arguments.get("frameId")
        code = _EVALUATE.format(
            frame=int(frame) if frame is not None else None,
            expression=str(arguments.get("expression", "")),
        )
        execution = await client.execute(
            code,
            origin=RunOrigin(client=self._server.client_name),
            silent=True,
            store_history=False,
            stop_on_error=False,
            user_expressions={"told": _TOLD},
        )
        reply = (await execution.reply()).content
        told = _told(reply)
        response: dict[str, Any] = {
            "type": "response",
            "seq": 0,
            "request_seq": request.get("seq", 0),
            "command": "evaluate",
            "success": told["ok"],
        }
        if told["ok"]:
            response["body"] = {
                "result": told["text"],
                "type": told["type"],
                "variablesReference": told["reference"],
            }
        else:
            response["message"] = told["text"]
        events = []
        if told.get("printed"):
            body = {"category": "stdout", "output": told["printed"]}
            events.append({"type": "event", "seq": 0, "event": "output", "body": body})
        return DebugResult(response, session.id, events)

    def state_changed(self, session: LiveSession) -> None:
        """The frames went with their engine."""
        began = self._open.get(session.id)
        if began is not None and began != session.engine_starts:
            del self._open[session.id]
            ended = {"type": "event", "seq": 0, "event": "terminated", "body": {}}
            self._server.tell("vivo/debugEvent", DebugEvent(session.id, ended, post_mortem=True))

    async def close(self) -> None:
        """Let go of what is looked at: the client is gone."""
        ids, self._open = list(self._open), {}
        sessions = [each for each in self._server.every_session() if each.id in ids]
        asked = (self._ask(each, {"command": "disconnect", "seq": 0}) for each in sessions)
        told = asyncio.gather(*asked, return_exceptions=True)
        with suppress(asyncio.TimeoutError):  # one that is held up in C keeps no editor open
            await asyncio.wait_for(told, _FAREWELL)


def _told(reply: dict[str, Any]) -> dict[str, Any]:
    """What an evaluation came to; of one that never ran, why."""
    shown = (reply.get("user_expressions") or {}).get("told") or {}
    data = shown.get("data") or {}
    if EVALUATION_MIME in data:
        return dict(data[EVALUATION_MIME])
    text = shown.get("evalue") or reply.get("evalue") or "It was interrupted before it began."
    return {"ok": False, "text": str(text)}
