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
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...core.compiler import names_of
from ...core.errors import UsageError
from ...core.tracebacks import message_of
from .cell_files import SEED, SUFFIX, CellFiles, source_of
from .debug_link import DebugLink, unmarked
from .debug_variables import Explorer, is_shown, rich, rich_expression, rich_of

if TYPE_CHECKING:
    from ...core.shell import Shell

Message = dict[str, Any]
Handler = Callable[["Debugger", int, Message], None]

_PACKAGE = Path(__file__).resolve().parent.parent.parent
_RULES = [
    {"path": str(_PACKAGE / part / "**"), "include": False}
    for part in ("core", "parallel", "server")
]
_RULES.append({"path": "<*>", "include": True})  # cells that ran before there was a debugger


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
            self.ask({"command": "continue", "arguments": arguments}, _ignore)

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
                self.ask({"command": "setPydevdSourceMap", "arguments": arguments}, _ignore)
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


def _ignore(response: Message) -> None:
    """An answer that nobody waits for."""


def _response(request: Message) -> Message:
    return {
        "type": "response",
        "seq": request.get("seq", 0),
        "request_seq": request.get("seq", 0),
        "command": request.get("command", ""),
    }


# --- The requests, a function each -----------------------------------------------------------


def _initialize(debugger: Debugger, number: int, request: Message) -> None:
    if debugger.link is None:
        debugger.link = DebugLink(lambda message: debugger.submit(None, message))
        debugger.link.untrace_all()
    debugger.forward(number, request)


def _attach(debugger: Debugger, number: int, request: Message) -> None:
    arguments = request["arguments"]
    arguments.setdefault("justMyCode", True)
    arguments["rules"] = [*_RULES, *arguments.get("rules", ())]
    arguments["subProcess"] = False
    arguments["redirectOutput"] = False  # output is in the cell already

    def attached(response: Message) -> None:
        debugger.is_attached = True
        if debugger.link is not None:
            debugger.link.trace_all()

    debugger.forward(number, request, attached)


def _disconnect(debugger: Debugger, number: int, request: Message) -> None:
    if debugger.link is None:
        debugger.answer(number, request, {})
        return
    debugger.is_attached = False

    def detached(response: Message) -> None:
        debugger.breakpoints.clear()
        debugger.stopped.clear()
        debugger.explorer = None
        if debugger.link is not None:
            debugger.link.untrace_all()

    leaving = {"terminateDebuggee": False}
    debugger.forward(number, request, detached, command="disconnect", arguments=leaving)


def _debug_info(debugger: Debugger, number: int, request: Message) -> None:
    breakpoints = [
        {"source": source, "breakpoints": found} for source, found in debugger.breakpoints.items()
    ]
    debugger.answer(
        number,
        request,
        {
            "isStarted": debugger.link is not None and debugger.is_attached,
            "hashMethod": "Murmur2",
            "hashSeed": SEED,
            "tmpFilePrefix": debugger.files.prefix,
            "tmpFileSuffix": SUFFIX,
            "breakpoints": breakpoints,
            "stoppedThreads": list(debugger.stopped),
            "richRendering": True,
            "exceptionPaths": ["Python Exceptions"],
            "copyToGlobals": True,
        },
    )


def _dump_cell(debugger: Debugger, number: int, request: Message) -> None:
    code = request["arguments"].get("code")
    if not isinstance(code, str):
        raise UsageError("dumpCell wants code, a text.")
    debugger.answer(number, request, {"sourcePath": debugger.files.write(code)})


def _set_breakpoints(debugger: Debugger, number: int, request: Message) -> None:
    arguments = request["arguments"]
    source = (arguments.get("source") or {}).get("path")
    wanted = arguments.get("breakpoints") or []
    if not isinstance(source, str):
        raise UsageError("setBreakpoints wants the path of a source.")

    def keep(response: Message) -> None:
        made = response["body"]["breakpoints"]
        kept = [
            {**asked, "line": found.get("line", asked.get("line"))}
            for asked, found in zip(wanted, made, strict=False)
        ]
        if kept:
            debugger.breakpoints[source] = kept
        else:
            debugger.breakpoints.pop(source, None)

    if wanted and debugger.link is not None:
        debugger.link.include(source)
    for name in debugger.stand_ins(source):
        debugger.ask({**request, "arguments": {**arguments, "source": {"path": name}}}, _ignore)
    debugger.forward(number, request, keep)


def _stack_trace(debugger: Debugger, number: int, request: Message) -> None:
    def name(response: Message) -> None:
        debugger.name_files(response["body"]["stackFrames"])

    debugger.forward(number, request, name)


def _exception_info(debugger: Debugger, number: int, request: Message) -> None:
    def shorten(response: Message) -> None:
        # The tracer adds a remark of some blanks and a parenthesis to the name.
        body = response["body"]
        body["exceptionId"] = body["exceptionId"].partition(" ")[0]
        details = body.get("details") or {}
        if "typeName" in details:
            details["typeName"] = details["typeName"].partition(" ")[0]

    debugger.forward(number, request, shorten)


def _set_exception_breakpoints(debugger: Debugger, number: int, request: Message) -> None:
    # An error that ends a cell is caught, by us: for the user it is uncaught all the same.
    filters = request["arguments"].get("filters") or []
    if "uncaught" in filters and "userUnhandled" not in filters:
        request["arguments"]["filters"] = [*filters, "userUnhandled"]
    debugger.forward(number, request)


def _source(debugger: Debugger, number: int, request: Message) -> None:
    source = request["arguments"].get("source") or {}
    content = source_of(source.get("path"))
    if content is not None:
        debugger.answer(number, request, {"content": content})
    elif debugger.link is not None and request["arguments"].get("sourceReference"):
        debugger.forward(number, request)
    else:
        debugger.refuse(number, request, f"There is no source of {source.get('path')!r}.")


def _variables(debugger: Debugger, number: int, request: Message) -> None:
    arguments = request["arguments"]
    if not debugger.stopped:
        if debugger.explorer is None:
            raise UsageError("Nothing is stopped, and inspectVariables was not asked yet.")
        found = debugger.explorer.children(arguments.get("variablesReference"))
        debugger.answer(number, request, {"variables": found})
        return

    def choose(response: Message) -> None:
        body = response["body"]
        body["variables"] = [each for each in body["variables"] if is_shown(each["name"])]

    debugger.forward(number, request, choose)


def _inspect_variables(debugger: Debugger, number: int, request: Message) -> None:
    if debugger.link is None:
        raise UsageError("inspectVariables comes before initialize: nothing is debugged yet.")
    debugger.explorer = Explorer(debugger.shell.namespace)
    debugger.answer(number, request, {"variables": debugger.explorer.children(None)})


def _rich_inspect_variables(debugger: Debugger, number: int, request: Message) -> None:
    arguments = request["arguments"]
    name, frame = arguments.get("variableName"), arguments.get("frameId")
    if not isinstance(name, str) or not name.isidentifier():
        # the groups that a debugger makes of variables have names with blanks
        debugger.answer(number, request, {"data": {}, "metadata": {}})
    elif frame is None or not debugger.stopped:
        if name not in debugger.shell.namespace:
            raise UsageError(f"There is no variable {name} in the session.")
        debugger.answer(number, request, rich(debugger.shell, debugger.shell.namespace[name]))
    else:
        evaluation = {"expression": rich_expression(name), "frameId": frame, "context": "clipboard"}

        def show(response: Message) -> None:
            response["body"] = rich_of(response["body"]["result"])

        debugger.forward(number, request, show, command="evaluate", arguments=evaluation)


def _copy_to_globals(debugger: Debugger, number: int, request: Message) -> None:
    arguments = request["arguments"]
    source, target = arguments.get("srcVariableName"), arguments.get("dstVariableName")
    for name in (source, target):
        if not isinstance(name, str) or not name.isidentifier():
            raise UsageError(f"{name!r} is no name of a variable.")
    # By the session's namespace: the globals of the frame may be another module's.
    expression = f"__import__('sys').modules['__main__'].__dict__.__setitem__({target!r}, {source})"
    evaluation = {
        "expression": expression,
        "frameId": arguments.get("srcFrameId"),
        "context": "repl",
    }

    def copied(response: Message) -> None:
        response["body"] = {}

    debugger.forward(number, request, copied, command="evaluate", arguments=evaluation)


def _modules(debugger: Debugger, number: int, request: Message) -> None:
    arguments = request["arguments"]
    start, count = arguments.get("startModule", 0), arguments.get("moduleCount", 0)
    found = []
    for position, (name, module) in enumerate(list(sys.modules.items())):
        path = getattr(getattr(module, "__spec__", None), "origin", None)
        if isinstance(path, str) and path.endswith(".py"):
            found.append({"id": position, "name": name, "path": path})
    shown = found[start : start + count if count else None]
    debugger.answer(number, request, {"modules": shown, "totalModules": len(found)})


HANDLERS: dict[str, Handler] = {
    "initialize": _initialize,
    "attach": _attach,
    "disconnect": _disconnect,
    "terminate": _disconnect,
    "debugInfo": _debug_info,
    "dumpCell": _dump_cell,
    "setBreakpoints": _set_breakpoints,
    "stackTrace": _stack_trace,
    "exceptionInfo": _exception_info,
    "setExceptionBreakpoints": _set_exception_breakpoints,
    "source": _source,
    "variables": _variables,
    "inspectVariables": _inspect_variables,
    "richInspectVariables": _rich_inspect_variables,
    "copyToGlobals": _copy_to_globals,
    "modules": _modules,
}
