"""The client of another Jupyter kernel, as ipykernel, with the face of a session's client.

What a session's keeper does, this client does as far as one client can: it numbers the events as
they come, makes the records of runs from them, and keeps the last ones. What such a kernel lacks it
says (:attr:`ForeignClient.lacks`), and refuses what cannot be with one sentence. Rules:

1. A number is this client's own: another client of the same kernel counts differently.
2. An event that came before this client was connected, or while its link was cut, is not known.
3. Every run that is seen is in the table, whoever sent it; its origin only if this client did.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec

from .client import DEFAULT_TIMEOUT, SessionClient
from .connection import ConnectionInfo
from .errors import SessionError
from .execution import Execution
from .merging import EventMerger
from .messages import PresenceRequest, RunOrigin, RunRecord, SessionReply
from .observed import conclude, observe
from .runs import RunTable, new_record
from .wire import Message

_KEPT_EVENTS = 10_000


class ForeignClient(SessionClient):
    """A connection to a kernel that is none of vivo's."""

    lacks = (
        "It answers completion, inspection and history only when no cell runs.",
        "What happens while no client is connected is lost: there is no journal.",
        "Runs from before this connection are not known, and a run's values have no lines of their "
        "own: they stand at the end of their cell.",
        "A cell that waits cannot be taken out of the queue, and an interrupt has no ladder.",
        "There are no stack dumps; a restart is its launcher's work.",
    )

    def __init__(self, connection: ConnectionInfo, name: str) -> None:
        super().__init__(connection, name)
        self._seq = 0
        self._runs = RunTable()
        self._kept: deque[Message] = deque(maxlen=_KEPT_EVENTS)
        self._running: str | None = None

    # --- What a keeper would do --------------------------------------------------------------

    def _event(self, message: Message) -> None:
        self._number(message, time.time())
        super()._event(message)

    def _number(self, message: Message, now: float) -> None:
        """Give an event of a run its number, and the run's record where it has one."""
        run = message.parent_id
        if message.type == "execute_input" and run is not None and self._runs.get(run) is None:
            self._runs.put(new_record(run, str(message.content.get("code", "")), {}, now))
        record = self._runs.get(run) if run is not None else None
        if record is None:
            return  # of no run: busy and idle around a completion, the kernel's start
        content = message.content
        self._seq += 1
        vivo: dict[str, Any] = {"seq": self._seq, "run": run}
        observe(record, message.type, content, now)
        if message.type == "execute_input":
            self._running = run
        elif content.get("execution_state") == "idle":
            conclude(record, now)
            self._running = None if self._running == run else self._running
        if message.type == "execute_input" or record.finished is not None:
            vivo["record"] = msgspec.to_builtins(record)
        message.metadata["vivo"] = vivo
        self._kept.append(message)

    async def _replayed(self, merger: EventMerger[Message]) -> AsyncIterator[Message]:
        kept = [event for event in self._kept if event.vivo["seq"] > merger.last]
        found = merger.skip_to(kept[0].vivo["seq"] - 1) if kept else []
        for event in kept:
            found += merger.feed(event.vivo["seq"], event)
        for event in found:
            yield event

    # --- What is asked -----------------------------------------------------------------------

    async def execute(
        self,
        code: str,
        *,
        origin: RunOrigin | None = None,
        silent: bool = False,
        run: str | None = None,
        **options: Any,
    ) -> Execution:
        """Send a cell; see :meth:`SessionClient.execute`."""
        run = run or self.codec.new_id()
        origin = origin or RunOrigin()
        origin.client = origin.client or self.name
        if not silent:
            vivo = {"vivo": msgspec.to_builtins(origin)}
            self._runs.put(new_record(run, code, vivo, time.time()))
        return await super().execute(code, origin=origin, silent=silent, run=run, **options)

    async def session(self, *, timeout: float = DEFAULT_TIMEOUT) -> dict[str, Any]:
        """What the kernel is and does, as far as this client has seen."""
        language = self.kernel_info.get("language_info") or {}
        waiting = [each.id for each in self._runs.all() if each.status == "queued"]
        reply = SessionReply(
            id=str(self.kernel_info.get("implementation", "")),
            state="busy" if self._running else "idle",
            python="",
            python_version=str(language.get("version", "")),
            cwd="",
            engine_pid=None,
            keeper_pid=0,
            running=self._running,
            queue=waiting,
            last=self._seq,
        )
        told: dict[str, Any] = msgspec.to_builtins(reply)
        return {"status": "ok", **told}

    async def runs(
        self, uri: str | None = None, *, ids: list[str] | None = None
    ) -> list[RunRecord]:
        """The records of the runs that this client has seen."""
        return self._runs.all(uri, ids)

    async def interrupt(self, run: str | None = None, *, force: bool = False) -> str:
        """Interrupt what runs; the outcome by name. What waits cannot be taken out of the queue.

        Raises :class:`SessionError` with ``force``: the process is not ours to end.
        """
        if force:
            raise SessionError(
                f"{self._name_of_kernel} cannot be ended from here: let what started it do so."
            )
        if self._running is None:
            return "idle"
        if run not in (None, self._running):
            return "mismatch"
        await self.request("control", "interrupt_request", {})
        return "interrupted"

    async def restart(self) -> dict[str, Any]:
        """Raises :class:`SessionError`."""
        raise SessionError(
            f"{self._name_of_kernel} cannot be restarted from here: let what started it do so."
        )

    def present(self, said: PresenceRequest, changed: Callable[[], None] = lambda: None) -> None:
        """Nothing: a kernel knows nobody's name."""

    async def stack(self) -> str:
        """Raises :class:`SessionError`."""
        raise SessionError(f"{self._name_of_kernel} does not tell its stacks: interrupt the cell.")

    @property
    def _name_of_kernel(self) -> str:
        return f"This kernel ({self.kernel_info.get('implementation', 'of an unknown kind')})"
