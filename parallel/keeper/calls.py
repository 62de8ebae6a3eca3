"""Calls: functions that clients and the controller send to the engine. Pure.

Theory of operation: a call goes on to the engine at once, where it waits its turn in the socket; a
cell or a comm's message that comes waits until the calls before it are over, and calls that come
then wait for it. Rules:

1. Every call ends exactly once, and whoever sent it is told once for each time that it asked.
2. A call that is sent again under its id is not run again: its result is given, or waited for.
3. A result is kept until whoever wanted it says that it has it; those of clients within bounds.
4. What a call prints and shows is published as any output, and goes along with its result.
5. When the engine ends, the first call that was given is the one that ran; no other had begun.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import msgspec

from ..wire import Message, to_json
from .controlled import CHANNEL
from .instructions import Discard, Interrupt, Reply, ToLane, ToMain
from .parts import Waiting
from .uploads import name_of

if TYPE_CHECKING:
    from .state import SessionState

_HELD_RESULTS = 1000  # of clients that have not said that they have them
_HELD_BYTES = 64 * 2**20
_TEXT_LIMIT = 2**20  # characters of a call's text that go along with its result
_OUTPUT_LIMIT = 16 * 2**20
_TOLD_BYTES = 2**20  # results that large are let go of at once, others with the next call
_TOLD_CALLS = 100
_ENVELOPE = ("type", "run", "serial", "is_task")  # what is not for whoever asked

Sent = tuple[int, str, int]
"""Of a buffer that came in parts: its index, the upload's name, its bytes."""


class Call(msgspec.Struct):
    """A call that waits or runs."""

    id: str
    parent: bytes
    """The header that its outputs carry as their parent."""
    function: str = ""
    has_function: bool = False
    buffers: list[bytes] = msgspec.field(default_factory=list)
    shared: list[Any] = msgspec.field(default_factory=list)
    """Those of its buffers that are in shared memory."""
    sent: list[str] = msgspec.field(default_factory=list)
    """Of these, the names of those that came in parts."""
    asked: list[Waiting] = msgspec.field(default_factory=list)
    """The clients that wait for it; none where the controller does."""
    of_controller: bool = False
    is_adopted: bool = False
    """Whether a keeper before has given it: who waits for it is still to ask again."""
    text: dict[str, list[str]] = msgspec.field(default_factory=dict)
    outputs: list[dict[str, Any]] = msgspec.field(default_factory=list)
    size: int = 0
    """Of its text and outputs, about."""
    serial: str = ""
    """Of this giving: a call that was taken back may be given again, under its id."""


class Result(msgspec.Struct):
    """The end of a call, kept until it has arrived."""

    content: dict[str, Any]
    buffers: list[bytes]
    shared: list[Any]
    """Those of its buffers that are in shared memory; the engine keeps them there."""
    of_controller: bool
    is_handed_over: bool = False
    """Whether a client that takes shared buffers itself was told of them: it removes them then."""

    @property
    def size(self) -> int:
        """Bytes that its buffers take."""
        shared: int = sum(each[2] for each in self.shared)
        return sum(map(len, self.buffers)) + shared

    @property
    def held(self) -> int:
        """Bytes that are kept for a client that may ask again."""
        return sum(map(len, self.buffers)) if self.is_handed_over else self.size


class Calls:
    """The calls of a session."""

    def __init__(self, state: SessionState) -> None:
        self._state = state
        self.given: OrderedDict[str, Call] = OrderedDict()
        """Those that the engine has, in the order it runs them."""
        self._waiting: OrderedDict[str, Call] = OrderedDict()
        self.results: OrderedDict[str, Result] = OrderedDict()
        self._stored: list[str] = []
        """Results that the engine may let go of, and has not been told yet."""
        self._of_clients: OrderedDict[str, None] = OrderedDict()  # those of the results
        self._client_bytes = 0
        self._serial = 0

    # --- What comes ------------------------------------------------------------------------

    def arrived(self, channel: str, message: Message, now: float) -> None:
        """A client's ``vivo_call_request``. Raises ``msgspec.ValidationError``."""
        content = message.content
        call_id, function = content.get("call"), content.get("function")
        if not isinstance(call_id, str) or not isinstance(function, str) or not call_id:
            raise msgspec.ValidationError("call and function are texts")
        taken = content.get("taken") or []
        if isinstance(taken, list):
            self.confirmed([each for each in taken if isinstance(each, str)])
        asked = Waiting(channel, message)
        if (known := self.results.get(call_id)) is not None:
            self._answer(asked, known)
        elif (call := self._find(call_id)) is not None:
            call.asked.append(asked)
        else:
            has_function = bool(content.get("has_function"))
            shared = content.get("shared") or []
            if not isinstance(shared, list):
                raise msgspec.ValidationError("shared is a list")
            call = Call(
                call_id, message.raw_header, function, has_function, message.buffers, shared
            )
            for at, upload, size in msgspec.convert(content.get("sent") or [], list[Sent]):
                call.sent.append(name_of(self._state.session, upload))
                call.shared.append([at, call.sent[-1], size])
            call.asked.append(asked)
            self.give([call])

    def give(self, calls: list[Call]) -> None:
        """Take calls in; those of the controller that are known are passed by."""
        new = [each for each in calls if self._find(each.id) is None]
        if self._state.engine == "dead":
            for each in new:
                self._end(
                    each, {"status": "lost", "error": _lost("it had ended before", False)}, []
                )
            return
        self._waiting.update((each.id, each) for each in new)
        self.start()

    def start(self) -> bool:
        """Give the engine what waits, if nothing else is before it; whether it has any."""
        state = self._state
        is_free = state.running is None and state.engine == "idle" and not state.queue
        if self._waiting and is_free and state.comms.handled is None:
            while self._waiting:
                self._give(self._waiting.popitem(last=False)[1])
        return bool(self.given)

    def _give(self, call: Call) -> None:
        self._serial += 1
        call.serial = f"{self._state.keeper_pid}-{self._serial}"
        self.given[call.id] = call
        header: dict[str, Any] = {
            "type": "call",
            "run": call.id,
            "serial": call.serial,
            "function": call.function,
        }
        if call.has_function:
            header["has_function"] = True
        if call.shared:
            header["shared"] = call.shared
        if call.of_controller:
            header["is_task"] = True
        if self._stored:
            header["stored"], self._stored = self._stored, []
        self._state.tell(ToMain(header, call.buffers))
        call.buffers = []

    def _find(self, call_id: str) -> Call | None:
        return self.given.get(call_id) or self._waiting.get(call_id)

    # --- While it runs ---------------------------------------------------------------------

    def parent_of(self, call_id: str) -> bytes | None:
        """The header that a call's outputs answer."""
        call = self.given.get(call_id)
        return call.parent if call else None

    def printed(self, call_id: str | None, name: str, text: str) -> None:
        """Note text of a call, for its result."""
        call = self.given.get(call_id) if call_id is not None else None
        if call is None:
            return
        kept = call.text.setdefault(name, [])
        left = _TEXT_LIMIT - call.size
        if left > 0:
            kept.append(text if len(text) <= left else f"{text[:left]}\n[the rest is cut]\n")
            call.size += len(text)

    def shown(self, call_id: str | None, kind: str, content: dict[str, Any]) -> None:
        """Note a display of a call, for its result."""
        call = self.given.get(call_id) if call_id is not None else None
        if call is None:
            return
        size = len(to_json(content))
        if call.size + size <= _OUTPUT_LIMIT:
            call.size += size
            call.outputs.append({"kind": kind, "content": content})

    # --- Interrupts ------------------------------------------------------------------------

    @property
    def current(self) -> str | None:
        """The call that the engine runs, as far as the keeper can know."""
        return next(iter(self.given), None)

    def interrupt_all(self) -> bool:
        """Interrupt the call that runs; whether there is one."""
        if self.current is None:
            return False
        if self._state.guest_of:
            self.interrupt(self.current)  # no signal reaches its thread
        else:
            self._state.tell(Interrupt(None))
        return True

    def interrupt(self, call_id: str) -> str | None:
        """Interrupt or take back a call; the outcome, None of one that is not known."""
        waiting = self._waiting.pop(call_id, None)
        if waiting is not None:
            self._end(waiting, {"status": "aborted"}, [])
            self._not_begun([call_id])
            return "removed_from_queue"
        if call_id not in self.given:
            return None
        serial = self.given[call_id].serial
        self._state.tell(ToLane({"type": "revoke", "serials": [serial], "interrupt": True}))
        return "interrupted" if call_id == self.current else "removed_from_queue"

    def revoke(self, call_ids: list[str]) -> None:
        """Take back those that have not begun; the controller is told which."""
        here = [each for each in call_ids if self._waiting.pop(each, None) is not None]
        if here:
            self._tell_controller("vivo_revoked", {"calls": here})
            self._not_begun(here)
        given = [self.given[each].serial for each in call_ids if each in self.given]
        if given:
            self._state.tell(ToLane({"type": "revoke", "serials": given, "asked": True}))

    def revoked(self, serials: list[str]) -> None:
        """These never begin: the controller may give them to another engine, or to this again."""
        calls = [each.id for each in self.given.values() if each.serial in serials]
        for each in calls:
            del self.given[each]
        self._tell_controller("vivo_revoked", {"calls": calls})

    # --- Guests ----------------------------------------------------------------------------

    def carried(self, header: dict[str, Any]) -> None:
        """A task of the controller's has come to a guest by its host's own ways."""
        call = _adopted({"run": header["call"], "is_task": True})
        call.function, call.has_function = header["function"], header["has_function"]
        call.buffers, call.is_adopted = header.pop("buffers", []), False
        self.give([call])

    def _not_begun(self, call_ids: list[str]) -> None:
        """Tell a guest, whose host may wait for the end of these."""
        if self._state.guest_of:
            self._state.tell(ToLane({"type": "not_begun", "calls": call_ids}))

    # --- Ends ------------------------------------------------------------------------------

    def done(self, header: dict[str, Any], now: float) -> None:
        """The engine has ended a call, or tells of it again."""
        call_id, serial = header["run"], header.get("serial")
        call = self.given.get(call_id)
        if call is not None and call.serial != serial:
            return  # of an earlier giving, which was taken back
        self.given.pop(call_id, None)
        if call is None:
            if call_id in self.results or header["status"] == "aborted":
                return
            # An engine that changed keepers had it in hand: who sent it knows whether it is new.
            call = _adopted(header)
        buffers, shared = header.pop("buffers", []), header.pop("shared", [])
        content = {key: value for key, value in header.items() if key not in _ENVELOPE}
        self._end(call, content, buffers, shared)
        state = self._state
        state.floods.settle(call_id)
        if not self.given:
            state._next(now)

    def _end(
        self,
        call: Call,
        content: dict[str, Any],
        buffers: list[bytes],
        shared: list[Any] | None = None,
    ) -> None:
        content["call"] = call.id
        if call.sent and content["status"] != "ok":  # perhaps nobody has taken them
            self._state.tell(Discard(call.sent))
        for name, pieces in call.text.items():
            content[name] = "".join(pieces)
        if call.outputs:
            content["outputs"] = call.outputs
        result = Result(content, buffers, shared or [], call.of_controller)
        result.is_handed_over = any(e.request.content.get("accepts_shared") for e in call.asked)
        for each in call.asked:
            self._answer(each, result)
        if call.of_controller:
            self.results[call.id] = result
            self._send_result(result)
        elif call.asked or call.is_adopted:
            self.results[call.id] = result
            self._of_clients[call.id] = None
            self._client_bytes += result.held
            self._bound()
        else:
            self._let_go(call.id, result)

    def _tell_controller(
        self, kind: str, content: dict[str, Any], result: Result | None = None
    ) -> None:
        if self._state.controlled is None:
            return
        if result is None:
            self._state.tell(Reply(CHANNEL, [], kind, b"{}", content))
        else:
            shared = result.shared
            self._state.tell(
                Reply(CHANNEL, [], kind, b"{}", content, result.buffers, shared=shared)
            )

    def _answer(self, asked: Waiting, result: Result) -> None:
        request, content, shared = asked.request, result.content, result.shared
        if shared and request.content.get("accepts_shared"):
            content, shared = {**content, "shared": shared}, []
        self._state.tell(
            Reply(
                asked.channel,
                request.identities,
                "vivo_call_reply",
                request.raw_header,
                content,
                result.buffers,
                shared=shared,
            )
        )

    def confirmed(self, call_ids: list[str]) -> None:
        """Whoever wanted these results has them."""
        for each in call_ids:
            result = self.results.pop(each, None)
            if result is not None:
                if not result.of_controller:
                    del self._of_clients[each]
                    self._client_bytes -= result.held
                self._let_go(each, result)

    def _bound(self) -> None:
        """Keep no more results for clients than rule 3 has it; the controller bounds its own."""
        while self._client_bytes > _HELD_BYTES or len(self._of_clients) > _HELD_RESULTS:
            self.confirmed([next(iter(self._of_clients))])

    def _let_go(self, call_id: str, result: Result) -> None:
        self._stored.append(call_id)
        if result.size >= _TOLD_BYTES or len(self._stored) >= _TOLD_CALLS:
            self._state.tell(ToLane({"type": "calls_stored", "calls": self._stored}))
            self._stored = []

    def of_controller(self) -> dict[str, list[str]]:
        """What the session has of the controller's: calls in the engine's order, and results."""
        calls = [*self.given.values(), *self._waiting.values()]
        results = [key for key, kept in self.results.items() if kept.of_controller]
        return {"given": [each.id for each in calls if each.of_controller], "results": results}

    def send_results(self) -> None:
        """Send the controller again what it has not stored."""
        for kept in self.results.values():
            if kept.of_controller:
                self._send_result(kept)

    def _send_result(self, result: Result) -> None:
        told = {**result.content, "buffers": len(result.buffers)}
        self._tell_controller("vivo_call_results", {"results": [told]}, result)

    # --- Engines that end, keepers that take over --------------------------------------------

    def reset(self, reason: str) -> None:
        """The engine is gone (rule 5)."""
        ran = self.current
        calls = [*self.given.values(), *self._waiting.values()]
        self.given.clear()
        self._waiting.clear()
        self._stored.clear()
        of_controller = [each for each in calls if each.of_controller]
        for each in calls:
            each.of_controller = False
            self._end(each, {"status": "lost", "error": _lost(reason, each.id == ran)}, [])
        told = {
            "reason": reason,
            "ran": ran if ran in [each.id for each in of_controller] else None,
            "waiting": [each.id for each in of_controller if each.id != ran],
            "is_dead": self._state.engine == "dead",
        }
        if self._state.controlled is not None:
            self._state.controlled.reason = reason
        self._tell_controller("vivo_engine_died", told)

    def adopted(self, told: list[dict[str, Any]]) -> None:
        """Take over the calls that the engine has; their clients ask for them again."""
        for each in told:
            call = _adopted({**each, "run": each["call"]})
            if (early := self._waiting.pop(call.id, None)) is not None:
                call.asked = early.asked
            self.given[call.id] = call
        if told:
            self._state.tell(ToLane({"type": "calls_again"}))

    def validate(self) -> None:
        """Assert the rules of the module's head."""
        assert not set(self._waiting) & set(self.given), "a call waits and runs"
        assert self._client_bytes >= 0
        held = {key for key, kept in self.results.items() if not kept.of_controller}
        assert set(self._of_clients) == held
        if self.given:
            assert self._state.running is None, "calls run beside a cell"
        if self._waiting and self._state.engine == "idle":
            state = self._state
            assert state.running or state.queue or state.comms.handled or self.given, (
                "calls wait for nothing"
            )


def _adopted(told: dict[str, Any]) -> Call:
    """A call that the engine was given by a keeper before."""
    parent = to_json({"msg_id": told["run"], "msg_type": "vivo_call_request"})
    return Call(
        told["run"],
        parent,
        serial=told.get("serial", ""),
        of_controller=told.get("is_task", False),
        is_adopted=True,
    )


def _lost(reason: str, ran: bool) -> dict[str, Any]:
    """The error of a call that the engine's end has ended."""
    what = (
        "It ran as the engine's process ended"
        if ran
        else "It had not begun when the engine's process ended"
    )
    sentence = f"{what}: {reason}."
    return {"ename": "EngineDied", "evalue": sentence, "traceback": [sentence]}
