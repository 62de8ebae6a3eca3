"""What a client does once its session greets it again: a new keeper, or a link that was cut.

What was on the way is lost, in either direction, and nobody says which. Rules:

1. A request that may come twice is made again, under a new id: the session takes no message twice.
2. A cell that never arrived is sent again as it was: one that did arrive is known by its id.
3. What ended meanwhile is told by its record; its reply may have been lost, and is made up for.
4. An answer to a question is given again until the session says that it has it; a question that
   never came is asked for.
5. Every client's coming greets all. However many come, this happens once at a time, and then once
   more for all that came meanwhile, after a pause.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Any

from .errors import SessionError
from .messages import RunRecord
from .wire import Message

if TYPE_CHECKING:
    from .client import SessionClient
    from .execution import Execution

_log = logging.getLogger(__name__)
# Requests that may come twice.
REPEATABLE = {
    *("kernel_info", "complete", "inspect", "is_complete", "history", "comm_info"),
    *("vivo_session", "vivo_runs", "vivo_replay", "vivo_stack", "vivo_interrupt"),
    *("vivo_variables", "vivo_take_input", "vivo_presence"),
}
_PAUSE = 0.5  # seconds
_ONCE_A_KEEPER = "vivo_interrupt"
"""A second one is another step of the ladder: it is made again only to one that has not had it."""


class Renewals:
    """The greetings of a client's session, made up for one after the other (rule 5)."""

    def __init__(self, client: SessionClient) -> None:
        self._client = client
        self._is_due = self._is_going_on = False
        self._hurry = asyncio.Event()
        """Set once a new keeper has greeted."""

    def greeted(self, *, is_new_keeper: bool) -> None:
        """The session has greeted somebody, perhaps this client."""
        self._is_due = True
        if is_new_keeper:
            self._hurry.set()
        if not self._is_going_on:
            self._is_going_on = True
            self._client._begin(self._go_on())

    async def _go_on(self) -> None:
        try:
            while self._is_due:
                is_new, self._is_due = self._hurry.is_set(), False
                self._hurry.clear()
                await renew(self._client, is_new_keeper=is_new)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_PAUSE):
                        await self._hurry.wait()
        finally:
            self._is_going_on = False


async def renew(client: SessionClient, *, is_new_keeper: bool) -> None:
    """Make up for what was on the way (rules 1 to 4)."""
    for ids, channel, kind, content in tuple(client._repeatable.values()):
        waiting = client._waiting.get(ids[0])
        if waiting is None:
            continue  # its answer has come, and only its asker has not seen it yet
        if is_new_keeper or not kind.startswith(_ONCE_A_KEEPER):
            again = client.codec.new_id()
            client._waiting[again] = waiting
            ids.append(again)
            await client._send(channel, kind, content, message_id=again)
    if not client._executions:
        return
    try:
        sent = list(client._executions)
        runs = {record.id: record for record in await client.runs(ids=sent)}
        for run in sent:
            if (execution := client._executions.get(run)) is not None:
                await _renew_execution(client, execution, runs.get(run))
        if client._executions and client.on_input is not None:
            await client.take_input()
    except SessionError as error:
        _log.warning("The session greets, and then does not answer: %s", error)


async def _renew_execution(
    client: SessionClient, execution: Execution, record: RunRecord | None
) -> None:
    if record is None:
        if not execution._reply.done():
            await client._sockets["shell"].send_multipart(execution.sent)
    elif record.finished is not None:
        execution._finish(record)
        execution._resolve(reply_by(record))
        client._executions.pop(record.id, None)


def reply_by(record: RunRecord) -> Message:
    """The reply of a run that ended while nobody could be told."""
    content: dict[str, Any] = {"status": record.status, "payload": [], "user_expressions": {}}
    content["execution_count"] = record.execution_count
    if record.error is not None:
        content |= {"ename": record.error.name, "evalue": record.error.message, "traceback": []}
    return Message({"msg_id": "", "msg_type": "execute_reply"}, content=content)
