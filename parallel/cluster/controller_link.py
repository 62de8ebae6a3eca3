"""The link to a cluster's controller: what is asked of it, and the tasks that it was given.

Rules:

1. A task ends once here, however often its result comes. The controller lets go of a result when
   it is told that it was read, or that nobody can ask for it: not as it arrives, since this process
   may end before its user has it.
2. Over a controller that was killed and taken up again nothing is lost: what was not answered is
   sent again, under the tasks' own ids, and results are asked for by them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from .calls import Outcome
from .errors import ClusterError, EngineLostError
from .link import Link, Request
from .relaying import Relays
from .signing import Message
from .zmtp import Frame

PATIENCE = 120.0
"""Seconds for which a controller that cannot be reached is waited for."""
_CHANNEL = "clients"
_MOMENT = 0.005  # seconds


@dataclass
class Batch:
    """Tasks that are sent in one message."""

    tasks: list[dict[str, Any]]
    functions: dict[str, bytes]
    """Those of the tasks, pickled, by their digests."""
    buffers: list[Frame]
    """The tasks' own, in order."""
    futures: dict[str, Future[Outcome]]
    """By task."""
    sent: Future[None] = field(default_factory=Future)
    """Done once the controller has the tasks on its disk, or refuses them."""


class ControllerLink:
    """The link to a controller. Methods are for the event loop, unless they say otherwise."""

    def __init__(
        self,
        name: str,
        address: str,
        key: str,
        is_gone: Callable[[], str | None] = lambda: None,
    ) -> None:
        """``is_gone``: why the controller does not come back, if it does not."""
        self._name = name
        self.relays = Relays(self._send_relayed, self._greet)
        """The ways to engines that only the controller reaches."""
        self.link = Link(
            f"The controller of the cluster {name}",
            key.encode(),
            {_CHANNEL: (address, "DEALER")},
            on_message=self._message,
            on_open=self._opened,
            give_up=PATIENCE,
            is_gone=is_gone,
            waits=lambda: bool(self.pending or self.relays.is_used),
            on_relayed=self.relays.received,
        )
        self.link.lost = self._lost  # type: ignore[method-assign]
        self.pending: dict[str, Future[Outcome]] = {}
        """The tasks that have not ended."""
        self._known: set[str] = set()  # functions that the controller has
        self._was_open = False
        self._held: set[str] = set()
        """Tasks whose results have arrived, and were not read."""
        self._dropped: set[str] = set()
        """Those that have not ended, and whose results nobody wants."""
        self._confirmed: list[str] = []
        self._timer: asyncio.TimerHandle | None = None
        self._doubtful: set[str] = set()
        """Tasks whose submission was cut: they may have been taken in then, and have ended."""
        self._unsent: dict[int, Batch] = {}

    async def ask(
        self, kind: str, content: dict[str, Any] | None = None, *, timeout: float = 20.0
    ) -> dict[str, Any]:
        """The content of the controller's answer. Raises :class:`ClusterError`."""
        self._confirm()  # what was read before this counts as that
        reply = await self.link.ask(_CHANNEL, f"{kind}_request", content or {}, timeout=timeout)
        return reply.content

    async def _greet(self) -> None:
        self.link.kept_open.add(_CHANNEL)
        await self.ask("vivo_status")

    def _send_relayed(self, frames: Sequence[Frame]) -> None:
        self.link.send_raw(_CHANNEL, frames)

    def close(self) -> None:
        """Let go of the controller, which goes on."""
        self._confirm()
        self.link.close()

    # --- Tasks -----------------------------------------------------------------------------

    def submit(self, batch: Batch) -> None:
        """Send tasks."""
        self.pending.update(batch.futures)
        self._unsent[id(batch)] = batch
        self.link.kept_open.add(_CHANNEL)
        self._send(batch)

    async def until_sent(self, timeout: float) -> None:
        """Wait, at most so many seconds, until the controller has what was submitted. On the loop,
        so that it comes after what was given to the loop before."""
        sent = [asyncio.wrap_future(each.sent) for each in self._unsent.values()]
        if sent:
            await asyncio.wait(sent, timeout=timeout)

    def _send(self, batch: Batch) -> None:
        functions, buffers = {}, list[Frame]()
        for digest, pickled in batch.functions.items():
            if digest not in self._known:
                functions[digest] = len(buffers)
                buffers.append(pickled)
        self._known.update(functions)
        content = {"tasks": batch.tasks, "functions": functions}
        done = partial(self._submitted, batch)
        buffers += batch.buffers
        self.link.request(Request(_CHANNEL, "vivo_submit_request", content, done, buffers))

    def _submitted(self, batch: Batch, answer: Message | ClusterError) -> None:
        if isinstance(answer, ClusterError):
            self._sent(batch)
            return  # _lost() tells
        content = answer.content
        unknown = content.get("unknown_functions") or []
        if content.get("status") == "error":
            for each in batch.tasks:
                self._finish(each["id"], _failed(content))
        elif unknown:
            self._known.difference_update(unknown)
            taken = set(content.get("accepted", ()))
            self._send(_without(batch, taken))
            return
        self._sent(batch)
        batch.buffers = []
        doubtful = {each["id"] for each in batch.tasks} & self._doubtful
        self._doubtful -= doubtful
        if wanted := doubtful & self.pending.keys():
            self._collect(list(wanted))

    def _sent(self, batch: Batch) -> None:
        if not batch.sent.done():
            batch.sent.set_result(None)
        self._unsent = {key: each for key, each in self._unsent.items() if not each.sent.done()}

    def collect(self, futures: dict[str, Future[Outcome]]) -> None:
        """Have results sent here: those of tasks that were submitted earlier, or elsewhere."""
        self.pending.update(futures)
        self.link.kept_open.add(_CHANNEL)
        self._collect(list(futures))

    def _collect(self, tasks: Sequence[str]) -> None:
        content = {"tasks": list(tasks)}
        done = partial(self._collecting, content)
        self.link.request(Request(_CHANNEL, "vivo_collect_request", content, done))

    def _collecting(self, asked: dict[str, Any], answer: Message | ClusterError) -> None:
        if isinstance(answer, ClusterError):
            return
        for each in answer.content.get("unknown", ()):
            if each in self._submitting():
                continue  # it has not arrived there yet
            sentence = (
                "The cluster has no such task: it was never submitted, or its result was collected."
            )
            self._finish(each, _failed({"ename": "UnknownTask", "evalue": sentence}))

    def _submitting(self) -> set[str]:
        """The tasks that the controller has not confirmed."""
        return {
            task["id"]
            for request in self.link.requests("vivo_submit_request")
            for task in request.content["tasks"]
        }

    def cancel(self, tasks: Sequence[str]) -> None:
        """End tasks; their results say that they were cancelled."""
        wanted = {"tasks": [each for each in tasks if each in self.pending]}
        if wanted["tasks"]:
            self.link.request(Request(_CHANNEL, "vivo_cancel_request", wanted, lambda answer: None))

    # --- What comes ------------------------------------------------------------------------

    def _opened(self, channel: str) -> None:
        if self._was_open:
            self.relays.cut()
        if self._was_open and self.pending:  # rule 2
            self._known.clear()
            asyncio.get_running_loop().call_soon(self._ask_again)
        self._was_open = True

    def _ask_again(self) -> None:
        submitting = self._submitting()
        self._doubtful |= submitting
        wanted = set(self.pending) - submitting
        if wanted:
            self._collect(list(wanted))

    def _message(self, channel: str, message: Message) -> None:
        if message.type != "vivo_results":
            return
        at = 0
        results = message.content["results"]
        for told in results:
            count = told.get("buffers", 0)
            buffers = message.buffers[at : at + count]
            at += count
            engine = told.get("engine")
            outcome = Outcome(
                -1 if engine is None else engine,
                told["status"],
                told,
                buffers,
                told.get("outputs") or [],
            )
            self._arrived(told["task"], outcome)
        if self._confirmed:
            self._confirm()

    def _arrived(self, task: str, outcome: Outcome) -> None:
        if task in self._held:
            return  # once more: it is still to be read
        if task in self.pending and task not in self._dropped:
            self._held.add(task)
        else:
            self._dropped.discard(task)
            self._confirmed.append(task)
        self._finish(task, outcome)

    def were_read(self, tasks: Sequence[str]) -> None:
        """The user has these results: the controller may let go of them."""
        read = [each for each in tasks if each in self._held]
        self._held.difference_update(read)
        self._confirmed += read
        if read and self._timer is None:  # one word for all that are read in a moment
            self._timer = asyncio.get_running_loop().call_later(_MOMENT, self._confirm)

    def were_dropped(self, tasks: Sequence[str]) -> None:
        """Nobody can ask for these results any more."""
        self._dropped.update(self.pending.keys() & tasks)
        self.were_read(tasks)

    def _confirm(self) -> None:
        """Tell the controller what was read: again over a new link, until it has it."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._confirmed and not self.link.is_closed:
            read, self._confirmed = {"tasks": self._confirmed}, []
            self.link.request(Request(_CHANNEL, "vivo_collected_request", read, _is_known))

    def _finish(self, task: str, outcome: Outcome) -> None:
        future = self.pending.pop(task, None)
        if future is not None:
            future.set_result(outcome)

    def _lost(self, error: EngineLostError) -> None:
        self.relays.cut()
        is_gone = self.link.is_gone() is not None
        sentence = (
            str(error)
            if is_gone
            else (
                f"{error} `vivo cluster resume {self._name}` takes the cluster up again with its "
                "tasks; cluster.collect(result.ids) has their results then."
            )
        )
        for each in tuple(self.pending):
            self._finish(each, _failed({"ename": "ClusterError", "evalue": sentence}))


def _is_known(answer: Message | ClusterError) -> None:
    """Nothing follows: it is a request so that it is sent again over a new link."""


def _failed(content: dict[str, Any]) -> Outcome:
    error: dict[str, Any] = {
        "ename": content.get("ename"),
        "evalue": content.get("evalue"),
        "traceback": [],
    }
    return Outcome(-1, "failed", {"error": error})


def _without(batch: Batch, taken: set[str]) -> Batch:
    """A batch without the tasks that were taken in."""
    tasks, buffers, at = [], list[Frame](), 0
    for each in batch.tasks:
        own = batch.buffers[at : at + each["buffers"]]
        at += each["buffers"]
        if each["id"] not in taken:
            tasks.append(each)
            buffers += own
    return Batch(tasks, batch.functions, buffers, batch.futures, batch.sent)
