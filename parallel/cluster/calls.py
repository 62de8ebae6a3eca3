"""Calls of functions on one engine: what is sent, and what becomes of it.

A call is made ready in the caller's thread, where its arguments are pickled, shared and signed;
from then on it belongs to the event loop. Rules:

1. A call ends once, with an :class:`Outcome`. Sent again after a cut it is not run again: the
   engine knows it by its id.
2. A function is sent along when this engine is not known to have it, and again if it says that it
   has not.
3. Large buffers go by shared memory within a host. To other hosts they are sent in parts, before
   their call: each is signed, sent, checked and stored while others are. Where either fails, they
   are sent with their call.
4. What is sent later must not change meanwhile: a call that nobody waits for owns its arguments.
"""

from __future__ import annotations

import os
import uuid
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from ...core.errors import UsageError
from .. import sharing
from .errors import ClusterError
from .link import Request
from .signing import Message
from .zmtp import Frame

if TYPE_CHECKING:
    from .link import Link

_LARGEST_SENT = 2**30
_LARGE, _PART = 2**23, 2**21
"""Bytes from which on a buffer is sent in parts, and of each part."""

Post = Callable[..., None]
"""Has a function called on the event loop, soon, after those before."""


@dataclass
class Outcome:
    """How a call or a cell ended on one engine."""

    engine: int
    status: str
    """``ok``, ``error``, ``aborted`` (it never began) or ``lost`` (its engine was)."""
    content: dict[str, Any] = field(default_factory=dict)
    """The reply's."""
    buffers: list[Any] = field(default_factory=list)
    """The value pickled, or the exception."""
    outputs: list[dict[str, Any]] = field(default_factory=list)
    """What was printed and shown: ``kind`` and ``content`` of each, in order."""

    @property
    def stdout(self) -> str:
        """What was printed."""
        return str(self.content.get("stdout", ""))

    @property
    def stderr(self) -> str:
        """What went to the standard error stream."""
        return str(self.content.get("stderr", ""))


@dataclass
class Call:
    """A call that is ready to be sent."""

    function: str
    """The function's digest, or the name of one of vivo's."""
    pickled: bytes | None
    """The function; None of one of vivo's."""
    arguments: Sequence[Frame]
    content: dict[str, Any]
    buffers: list[Frame]
    message_id: str
    frames: list[Frame] | None
    done: Future[Outcome] = field(default_factory=Future)
    is_cancelled: bool = False
    """Whether it is to end: it is not sent anew."""

    @property
    def id(self) -> str:
        """The id by which the engine knows it."""
        return str(self.content["call"])


class Calls:
    """The calls of one engine."""

    def __init__(self, link: Link, engine: int, session: str, *, is_here: bool) -> None:
        """``session`` is the engine's; ``is_here``: it is on this host."""
        self._link, self._engine, self._session = link, engine, session
        self._is_here = is_here and sharing.folder() is not None
        self._takes_parts = True
        self._known: set[str] = set()  # functions that the engine has
        self._taken: deque[str] = deque()  # results that have arrived
        self.pending: dict[str, Call] = {}
        """By id, those that have not ended."""

    def prepare(
        self,
        function: str,
        pickled: bytes | None,
        arguments: Sequence[Frame],
        *,
        is_waited_for: bool,
        post: Post | None = None,
    ) -> Call:
        """Make a call ready, in the caller's thread; ``post`` is for parts, which are sent at once.

        Raises :class:`UsageError`.
        """
        call = Call(function, pickled, arguments, {}, [], "", None)
        if not is_waited_for:  # rule 4; what is shared is written before this returns
            call.arguments = [
                each if self._is_here and len(each) >= sharing.SMALLEST else bytes(each)
                for each in arguments
            ]
        with_function = function not in self._known
        self._fill(call, share=self._is_here, with_function=with_function, post=post)
        call.message_id = self._link.signer.new_id()
        call.frames = self._link.signer.encode(
            "vivo_call_request", call.content, buffers=call.buffers, message_id=call.message_id
        )
        return call

    def _fill(
        self, call: Call, *, share: bool, with_function: bool, post: Post | None = None
    ) -> None:
        content: dict[str, Any] = {"call": uuid.uuid4().hex, "function": call.function}
        buffers = list(call.arguments)
        if call.pickled is not None and with_function:
            content["has_function"] = True
            buffers.insert(0, call.pickled)
        if share:
            content["accepts_shared"] = True
            buffers, shared = sharing.share(buffers, self._session)
            if shared:
                content["shared"] = shared
        elif post is not None and self._takes_parts:
            sent = [
                (index, self._send_parts(each, post), len(each))
                for index, each in enumerate(buffers)
                if len(each) >= _LARGE
            ]
            if sent:
                content["sent"] = sent
                for index, _, _ in sent:
                    buffers[index] = b""
        if any(len(each) > _LARGEST_SENT for each in buffers):
            raise UsageError(
                "An argument has more than 1 GiB in one piece, which an engine on another host "
                "takes from no client: send it in parts (`scatter`), or let the engine read it."
            )
        if self._taken:
            content["taken"] = [self._taken.popleft() for _ in range(min(len(self._taken), 1000))]
        call.content, call.buffers = content, buffers

    def _send_parts(self, buffer: Frame, post: Post) -> str:
        """Send a buffer in parts, signed here while the loop sends those before; its upload."""
        upload, view = os.urandom(16).hex(), memoryview(buffer)
        content: dict[str, Any] = {"upload": upload, "size": len(view), "offset": 0}
        signer, kind = self._link.signer, "vivo_part_request"
        try:
            for offset in range(0, len(view), _PART):
                told, part = {**content, "offset": offset}, [view[offset : offset + _PART]]
                message_id = signer.new_id()
                request = Request("shell", kind, told, self._stored, part)
                request.frames = signer.encode(kind, told, buffers=part, message_id=message_id)
                post(self._link.request, request, message_id)
        except BaseException:  # an interrupt: the rest does not come
            told = {**content, "is_given_up": True}
            post(self._link.request, Request("shell", kind, told, self._stored, [b""]))
            raise
        return upload

    # --- On the loop -----------------------------------------------------------------------

    def send(self, call: Call) -> None:
        """Send a call."""
        self.pending[call.id] = call
        if call.content.get("has_function"):
            self._known.add(call.function)
        done = partial(self._ended, call)
        request = Request("shell", "vivo_call_request", call.content, done, call.buffers)
        request.frames, call.frames = call.frames, None
        self._link.request(request, call.message_id or None)

    def _stored(self, answer: Message | ClusterError) -> None:
        """A part has arrived; whether its engine has it is told with the call."""

    def _again(self, call: Call, *, share: bool, with_function: bool) -> None:
        """Send a call anew, under another id: what was sent before has ended."""
        if call.is_cancelled:
            call.done.set_result(Outcome(self._engine, "aborted", {"status": "aborted"}))
            return
        try:
            self._fill(call, share=share, with_function=with_function)
        except UsageError as error:
            told = {"ename": "UsageError", "evalue": str(error), "traceback": []}
            call.done.set_result(Outcome(self._engine, "error", {"error": told}))
            return
        call.message_id = ""
        self.send(call)

    def _ended(self, call: Call, answer: Message | ClusterError) -> None:
        self.pending.pop(call.id, None)
        if isinstance(answer, ClusterError):
            self._known.clear()
            error = {"ename": type(answer).__name__, "evalue": str(answer), "traceback": []}
            sharing.drop(call.content.get("shared", ()))
            call.done.set_result(Outcome(self._engine, "lost", {"error": error}))
            return
        content = answer.content
        self._taken.append(call.id)
        status = content.get("status", "error")
        error = content.get("error") or {}
        if status != "ok":
            sharing.drop(call.content.get("shared", ()))  # perhaps nobody has taken them
        if status == "unknown_function" and call.pickled is not None:
            self._known.discard(call.function)
            if not call.content.get("has_function"):
                self._again(call, share=self._is_here, with_function=True)
                return
        is_shared, is_sent = call.content.get("accepts_shared"), call.content.get("sent")
        if error.get("ename") == "SharingError" and (is_shared or is_sent):  # rule 3
            if is_shared:
                self._is_here = False
            else:
                self._takes_parts = False
            self._again(call, share=False, with_function=True)
            return
        if status == "lost":
            self._known.clear()
        buffers: list[Any] = answer.buffers
        if content.get("shared"):
            try:
                buffers = sharing.take(buffers, content["shared"])
            except sharing.SharingError as failure:
                status, sentence = "lost", f"The result is lost: {failure}."
                content["error"] = {"ename": "SharingError", "evalue": sentence, "traceback": []}
        outputs = content.get("outputs", [])
        call.buffers, call.arguments = [], ()
        call.done.set_result(Outcome(self._engine, status, content, buffers, outputs))
