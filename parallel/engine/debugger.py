"""The debugger that a client drives by ``debug_request`` (Jupyter's debugger protocol, JEP 47).

Requests and the tracer's messages come into one queue, and one thread of ours takes them in
turn; it never waits for the tracer, so that a stopped or long evaluation keeps nothing back.

Rules:

1. Every request is answered once, with a response of the Debug Adapter Protocol.
2. The frames of vivo's own code are none of the user's: no stop, no step, no stack shows them.
3. A debugger ends no session: what would end the process only detaches.
4. Once it is detached, cells run as if there had never been one.
"""

from __future__ import annotations

import sys
import threading
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ...core.compiler import names_of
from ...core.errors import UsageError
from ...core.tracebacks import message_of
from .cell_files import SUFFIX, CellFiles
from .debug_link import DebugLink, unmarked
from .debug_requests import HANDLERS, ignore_response
from .debug_variables import Explorer

if TYPE_CHECKING:
    from ...core.shell import Shell

Message = dict[str, Any]


class Debugger(threading.Thread):
    """The debugger of an engine, from its first request on."""

    def __init__(
        self,
        shell: Shell,
        *,
        reply: Callable[[int, Message], None],
        tell: Callable[[Message], None],
    ) -> None:
        """``reply`` sends a response to the request of that number, ``tell`` sends an event."""
        super().__init__(name="vivo-debugger", daemon=True)
        unmarked(self)
        self.shell, self.reply, self.tell = shell, reply, tell
        self.files = CellFiles()
        self.link: DebugLink | None = None
        self.is_attached = False
        self.breakpoints: dict[str, list[Message]] = {}
        self.stopped: dict[int, None] = {}
        """The threads that are stopped, in the order they were."""
        self.explorer: Explorer | None = None
        self._queue: deque[tuple[int | None, Message]] = deque()
        self._filled = threading.Semaphore(0)
        self._is_releasing = False
        self._earlier: dict[str, str] = {}
        self._files_of: dict[str, str] = {}
        self._awaited: dict[int, Callable[[Message], None]] = {}

    # --- Beside cells ----------------------------------------------------------------------

    def begin_cell(self, source: str, filename: str | None) -> str | None:
        """The name to compile a cell under, which is traced from here on."""
        if self.link is None or not self.is_attached:
            return filename
        self._is_releasing = False
        sys.breakpointhook = self._breakpoint
        self.link.trace_caller()
        return filename or self.files.name_of(source)

    def end_cell(self) -> None:
        """Trace no more: a step does not go on in the next cell."""
        if sys.breakpointhook == self._breakpoint:
            sys.breakpointhook = sys.__breakpointhook__
        if self.link is not None:
            self.link.leave_caller()

    def release_caller(self) -> bool:
        """Let an interrupted cell go on from its stop, and stop no more; whether that was done.

        Called in the signal handler, on main. Where the interpreter's monitoring stops threads
        (Python 3.12 and up) an interrupt raised at a stop is swallowed there: it is to be sent
        again, when the user's code runs; the cell's end raises it otherwise. Elsewhere it can be
        raised at once.
        """
        link = self.link
        if link is None or not link.uses_monitoring:
            return False
        if not link.is_caller_stopped:
            self._is_releasing = False
            return False
        if self._is_releasing:
            return False  # an evaluation keeps it there
        self._is_releasing = True
        link.untrace_caller()
        self.submit(None, {"type": "release"})
        return True

    def raise_if_released(self) -> None:
        """Raise the interrupt of a stopped cell that came to its end before it was sent again."""
        if self._is_releasing and threading.current_thread() is threading.main_thread():
            self._is_releasing = False
            raise KeyboardInterrupt

    def _breakpoint(self, *arguments: Any, **options: Any) -> None:
        if self.link is not None and self.is_attached:
            self.link.stop_at(sys._getframe(1))

    # --- The thread ------------------------------------------------------------------------

    def submit(self, number: int | None, message: Message) -> None:
        """Put a client's request, or without a number a message of the tracer's, into the queue."""
        self._queue.append((number, message))
        self._filled.release()

    def run(self) -> None:
        """Take what comes, in turn."""
        while True:
            self._filled.acquire()
            number, message = self._queue.popleft()
            if number is None:
                self._from_tracer(message)
                continue
            try:
                self._from_client(number, message)
            except Exception as error:  # noqa: BLE001 - rule 1, whatever it is
                self.refuse(number, message, message_of(error))

    def _from_client(self, number: int, message: Message) -> None:
        command = message.get("command")
        if not isinstance(command, str):
            raise UsageError("A debug_request wants a command, a text.")
        if not isinstance(message.setdefault("arguments", {}), dict):
            raise UsageError(f"The arguments of {command} are no object.")
        handler = HANDLERS.get(command)
        if handler is not None:
            handler(self, number, message)
        elif self.link is None:
            raise UsageError(f"{command} comes before initialize: nothing is debugged yet.")
        else:
            self.forward(number, message)

    def _from_tracer(self, message: Message) -> None:
        if message["type"] == "response":
            answer = self._awaited.pop(message["request_seq"], None)
            if answer is not None:
                answer(message)
        elif message["type"] == "event":
            self._note(message["event"], message.get("body") or {})
            self.tell(message)
        elif message["type"] == "release" and self.stopped:
            arguments = {"threadId": next(iter(self.stopped))}
            self.ask({"command": "continue", "arguments": arguments}, ignore_response)

    def _note(self, event: str, body: Message) -> None:
        thread = body.get("threadId")
        if event == "stopped" and isinstance(thread, int):
            self.stopped[thread] = None
        elif event == "continued" and body.get("allThreadsContinued", True):
            self.stopped.clear()
        elif event == "continued" or (event == "thread" and body.get("reason") == "exited"):
            self.stopped.pop(thread, None)  # type: ignore[arg-type]

    def stand_ins(self, path: str) -> list[str]:
        """The files that stand for runs of a cell from before it was debugged.

        Those were compiled under another name than the cell's file, ``<cell 3>``.
        """
        text = self.files.texts.get(path)
        for name in names_of(text) if text is not None else ():
            if name != path and name not in self._earlier:
                stand_in = f"{self.files.prefix}earlier{len(self._earlier)}{SUFFIX}"
                self._earlier[name], self._files_of[stand_in] = stand_in, path
                whole = {
                    "line": 1,
                    "endLine": text.count("\n") + 1 if text else 1,
                    "runtimeLine": 1,
                }
                maps = [{**whole, "runtimeSource": {"path": name}}]
                arguments = {"source": {"path": stand_in}, "pydevdSourceMaps": maps}
                self.ask({"command": "setPydevdSourceMap", "arguments": arguments}, ignore_response)
        return [stand_in for stand_in, file in self._files_of.items() if file == path]

    def name_files(self, frames: list[Message]) -> None:
        """Let the frames of such runs name the file that the front end knows."""
        for frame in frames:
            source = frame.get("source") or {}
            path = source.get("path")
            if path in self._files_of:
                source["path"], source["sourceReference"] = self._files_of[path], 0

    # --- Answers ---------------------------------------------------------------------------

    def answer(self, number: int, request: Message, body: Message, **more: Any) -> None:
        """Answer a request with success."""
        self.reply(number, {**_response(request), "success": True, "body": body, **more})

    def refuse(self, number: int, request: Message, sentence: str) -> None:
        """Answer a request with a failure."""
        self.reply(
            number, {**_response(request), "success": False, "message": sentence, "body": {}}
        )

    def ask(self, request: Message, then: Callable[[Message], None]) -> None:
        """Ask the tracer; ``then`` is called with its response."""
        if self.link is None:
            raise UsageError("Nothing is debugged yet: initialize comes first.")
        self._awaited[self.link.send(request)] = then

    def forward(
        self,
        number: int,
        request: Message,
        change: Callable[[Message], None] = lambda response: None,
        **asked: Any,
    ) -> None:
        """Let the tracer answer; ``change`` sees a response that succeeded before the client.

        ``asked`` are fields of the request that the tracer is to see otherwise.
        """

        def then(response: Message) -> None:
            try:
                if response.get("success"):
                    change(response)
            except Exception as error:  # noqa: BLE001 - rule 1, whatever it is
                self.refuse(number, request, message_of(error))
            else:
                self.reply(number, {**response, **_response(request)})

        self.ask({**request, **asked}, then)


def _response(request: Message) -> Message:
    return {
        "type": "response",
        "seq": request.get("seq", 0),
        "request_seq": request.get("seq", 0),
        "command": request.get("command", ""),
    }
