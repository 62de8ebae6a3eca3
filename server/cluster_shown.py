"""A cluster that is shown live: its controller is asked what has changed, and an engine in full.

Rules:

1. Its controller alone is connected to, however many engines there are; and of these the one whose
   output somebody reads.
2. It is asked again when it has answered, which it does once a second: nothing piles up.
3. A controller that was killed is looked for until it is there again, or the cluster is gone.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from ..core.errors import VivoError
from ..parallel.cluster.attached import AttachedCluster
from ..parallel.cluster.places import has_ended
from ..parallel.errors import SessionError
from ..parallel.merging import EventMerger, merged
from ..parallel.transcripts import TranscriptEntry, entry_of
from ..parallel.wire import Message
from .cluster_engines import EngineClient
from .transcript_text import text_of

_log = logging.getLogger(__name__)
_ENGINE_SECONDS = 3.0
_PATIENCE = 4.0  # seconds: it answers every second, unless it is gone
_AGAIN = 1.0  # seconds until a controller that did not answer is asked again
_AT_FIRST, _AT_ONCE = 400, 1000  # events of an engine
LONGEST_OUTPUT = 200_000
"""Characters of an engine's output that are told at once."""
MOST_PICTURES = 20
LARGEST_PICTURES = 8 * 2**20
"""Characters of all pictures that are told at once."""
_PICTURES = ("image/png", "image/jpeg")

Blocking = Callable[..., Awaitable[Any]]
Told = Callable[[str, dict[str, Any] | None], None]
"""Is given the cluster's state, and a ``vivo_monitor_reply`` while there is one."""


class ShownCluster:
    """A cluster that somebody looks at."""

    def __init__(self, name: str, blocking: Blocking) -> None:
        """``blocking`` has a function called in a thread."""
        self.name = name
        self._blocking = blocking
        self._held: AttachedCluster | None = None
        self._task: asyncio.Task[None] | None = None
        self._epoch, self._revision = "", 0

    async def begin(self, tell: Told) -> dict[str, Any]:
        """All there is to tell; ``tell`` is given what changes. Raises :class:`ClusterError`."""
        try:
            told = await self._ask(wait=False)
        except VivoError:
            await self.close()
            raise
        self._task = asyncio.get_running_loop().create_task(self._follow(tell))
        return told

    async def close(self) -> None:
        """Look no longer; the cluster goes on."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await self._let_go()

    async def _let_go(self) -> None:
        held, self._held = self._held, None
        if held is not None:
            await self._blocking(held.close)

    async def _connected(self) -> AttachedCluster:
        if self._held is None:
            self._held = await self._blocking(AttachedCluster.connect, self.name)
        return self._held

    async def _ask(self, *, wait: bool) -> dict[str, Any]:
        held = await self._connected()
        wanted = {"epoch": self._epoch, "after": self._revision, "wait": wait}
        told = await held.ask("vivo_monitor", wanted)
        self._epoch, self._revision = told["epoch"], told["revision"]
        return told

    async def _follow(self, tell: Told) -> None:
        while True:
            try:
                async with asyncio.timeout(_PATIENCE):
                    told = await self._ask(wait=True)
                tell("running", told)
                continue
            except (VivoError, TimeoutError) as error:
                _log.info("The cluster %s does not tell what it does: %s", self.name, error)
            how = has_ended(self._held.entry) if self._held is not None else "killed"
            if how is not None:
                await self._let_go()
                tell("killed" if how == "killed" else "none", None)
            if how == "stopped":
                return
            await asyncio.sleep(_AGAIN)

    # --- What is asked of it -------------------------------------------------------------------

    async def interrupt(self, engines: list[int] | None) -> list[int]:
        """Interrupt what engines run; which were told. Raises :class:`ClusterError`."""
        held = await self._connected()
        told = await held.ask("vivo_interrupt_engines", {"engines": engines})
        return list(told["numbers"])

    async def scale(self, add: int, remove: list[int]) -> dict[str, Any]:
        """Have more engines, or fewer; the cluster's status. Raises :class:`ClusterError`."""
        held = await self._connected()
        if add:
            await held.add(add)
        if remove:
            await held.remove(remove)
        return await held.status()

    async def stop(self) -> None:
        """End the engines and the controller. Raises :class:`ClusterError`."""
        held = await self._connected()
        await self._blocking(held.stop)

    async def engine(self, number: int, after: int | None) -> dict[str, Any]:
        """An engine in full, and its output after an event. Raises :class:`ClusterError`."""
        held = await self._connected()
        told = await held.ask("vivo_engine", {"number": number})
        view: dict[str, Any] = {
            "running": None, "waiting": 0, "output": "", "pictures": [], "last": after or 0,
            "is_whole": after is None, "problem": "",
        }  # fmt: skip
        try:
            link = held.links({"engines": [told["engine"]]}).get(number)
            if link is not None:
                view |= await _output(EngineClient(held, link), after)
            elif after is None:
                view |= await self._blocking(_left_by, told["engine"]["id"])
        except (VivoError, KeyError) as error:
            why = str(error) if isinstance(error, VivoError) else "it does not tell how"
            view["problem"] = f"Engine {number} cannot be read: {why}"
        return {**told, **view}


async def _output(client: EngineClient, after: int | None) -> dict[str, Any]:
    """What an engine's session runs, and what it printed. Raises :class:`ClusterError`."""
    session = await client.session(timeout=_ENGINE_SECONDS)
    last = int(session["last"])
    is_whole = after is None or not last - _AT_ONCE <= after <= last
    start = max(0, last - _AT_FIRST) if after is None or is_whole else after
    merger: EventMerger[Message] = EventMerger(start)
    output = _Output()
    if start < last:
        wanted = {"after": start, "limit": _AT_ONCE}
        reply = await client.request(
            "control", "vivo_replay_request", wanted, timeout=_ENGINE_SECONDS
        )
        for event in merged(merger, reply.content, reply.buffers, Message):
            output.add(_entry(event))
    running = None
    if session["running"] is not None:
        records = await client.runs(ids=[session["running"]])
        running = records[0].source if records else None
    return {
        "running": running,
        "waiting": len(session["queue"]),
        **output.told(),
        "last": merger.last,
        "is_whole": is_whole,
    }


class _Output:
    """What an engine has shown: text, and pictures in it; the end of it, where it is long."""

    def __init__(self) -> None:
        self._text: list[str] = []
        self._length = 0
        self._pictures: list[dict[str, Any]] = []

    def add(self, entry: TranscriptEntry | None) -> None:
        """The next entry of its transcript."""
        if entry is None:
            return
        text = text_of(entry, colour=True)
        self._text.append(text)
        self._length += len(text)
        data = entry.content["data"] if entry.kind in ("value", "display") else {}
        mime = next((each for each in _PICTURES if each in data), None)
        if mime is not None:
            picture = {"at": self._length, "mime": mime, "data": "".join(str(data[mime]).split())}
            self._pictures.append(picture)

    def told(self) -> dict[str, Any]:
        """As a view has it."""
        left_out, size = max(0, self._length - LONGEST_OUTPUT), 0
        pictures: list[dict[str, Any]] = []
        for each in reversed(self._pictures[-MOST_PICTURES:]):
            size += len(each["data"])
            if each["at"] < left_out or size > LARGEST_PICTURES:
                break
            pictures.insert(0, {**each, "at": each["at"] - left_out})
        return {"output": "".join(self._text)[left_out:], "pictures": pictures}


def _entry(event: Message) -> TranscriptEntry | None:
    try:
        return entry_of(int(event.metadata["vivo"]["seq"]), event)
    except (KeyError, msgspec.ValidationError):
        return None  # it is another program's event


def _left_by(session: str) -> dict[str, Any]:
    """What a session has left of its transcript on this host, its end."""
    from ..parallel.transcripts import find_journal, transcript

    output = _Output()
    with contextlib.suppress(SessionError):
        for entry in transcript(find_journal(session)):
            output.add(entry)
    return output.told()
