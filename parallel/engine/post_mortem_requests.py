"""The Debug Adapter Protocol over the frames of the last error: no tracer, and no cell that waits.

A request comes inside a ``postMortem`` request: a debugger that is attached beside it goes on. The
answer is ``{"message": response, "events": [...]}``; the events follow the response. What runs the
user's code is none of these requests: an ``evaluate`` that is no plain name is a silent cell.

Source: https://microsoft.github.io/debug-adapter-protocol/specification
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...core import post_mortem
from ...core.errors import UsageError
from ...core.post_mortem import FramePlace, PostMortem, Variable
from ...core.tracebacks import message_of, report_of
from .cell_files import source_of

if TYPE_CHECKING:
    from ...core.shell import Shell

Message = dict[str, Any]
Handler = Callable[["Shell", Message], Message]
_CAPABILITIES = {
    "supportsConfigurationDoneRequest": True,
    "supportsEvaluateForHovers": True,
    "supportsExceptionInfoRequest": True,
    "supportsDelayedStackTraceLoading": True,
    "supportsTerminateRequest": False,
    "supportTerminateDebuggee": False,
}
_GOES_ON = frozenset({"continue", "next", "stepIn", "stepOut", "disconnect", "terminate"})
_CHUNK = 100
_sources: dict[int, str] = {}


def answered(shell: Shell, request: Message) -> Message:
    """The response to a request, and the events that follow it. Never raises."""
    command = request.get("command")
    response = {
        "type": "response",
        "seq": 0,
        "request_seq": request.get("seq", 0),
        "command": command,
    }
    try:
        handler = _HANDLERS.get(str(command))
        if handler is None:
            raise UsageError(f"A post-mortem has no {command}: its frames are over.")
        body = handler(shell, request.get("arguments") or {})
    except Exception as error:  # noqa: BLE001 - every request is answered, whatever it is
        return {
            "message": {**response, "success": False, "message": message_of(error)},
            "events": [],
        }
    return {"message": {**response, "success": True, "body": body}, "events": _events(str(command))}


def _events(command: str) -> list[Message]:
    if command == "attach":
        return [_event("initialized")]
    if command == "configurationDone":
        looked_at = _looked_at()
        stopped = {
            "reason": "exception",
            "description": "Post-mortem",
            "text": looked_at.titles()[0],
            "threadId": 1,
            "allThreadsStopped": True,
        }
        return [_event("stopped", stopped)]
    return [_event("terminated")] if command in _GOES_ON else []


def _event(name: str, body: Message | None = None) -> Message:
    return {"type": "event", "seq": 0, "event": name, "body": body or {}}


def _looked_at() -> PostMortem:
    if post_mortem.current is None:
        raise UsageError("The post-mortem has ended: attach again after an error.")
    return post_mortem.current


def _look(shell: Shell, arguments: Message) -> Message:
    """Whether there is an error to look at, and which; nothing is kept."""
    error = shell.last_error
    if error is None:
        raise UsageError(
            "There is no error to look at: a post-mortem begins before the next cell runs."
        )
    return {"title": PostMortem(error).titles()[0]}


def _initialize(shell: Shell, arguments: Message) -> Message:
    return dict(_CAPABILITIES)


def _attach(shell: Shell, arguments: Message) -> Message:
    post_mortem.begin(shell)
    return {}


def _nothing(shell: Shell, arguments: Message) -> Message:
    return {}


def _set_breakpoints(shell: Shell, arguments: Message) -> Message:
    wanted = arguments.get("breakpoints") or ()
    why = "A post-mortem runs nothing."
    return {"breakpoints": [{"verified": False, "message": why} for _ in wanted]}


def _threads(shell: Shell, arguments: Message) -> Message:
    titles = enumerate(_looked_at().titles(), 1)
    return {"threads": [{"id": number, "name": title} for number, title in titles]}


def _stack_trace(shell: Shell, arguments: Message) -> Message:
    number = int(arguments.get("threadId", 1)) - 1
    start, levels = int(arguments.get("startFrame") or 0), int(arguments.get("levels") or 0)
    frames, total = _looked_at().stack(number, start, levels)
    return {"stackFrames": [_frame(each) for each in frames], "totalFrames": total}


def _frame(place: FramePlace) -> Message:
    shown: Message = {
        "id": place.id,
        "name": place.function,
        "line": place.line,
        "column": place.column,
        "source": {"name": place.path.rpartition("/")[2], "path": place.path},
    }
    if place.end_column:
        shown |= {"endLine": place.end_line, "endColumn": place.end_column}
    if not Path(place.path).exists():
        number = hash(place.path) & 0x3FFFFFFF or 1
        _sources[number] = place.path
        shown["source"]["sourceReference"] = number
    return shown


def _source(shell: Shell, arguments: Message) -> Message:
    source = arguments.get("source") or {}
    number = arguments.get("sourceReference") or source.get("sourceReference")
    path = _sources.get(number) if isinstance(number, int) and number else source.get("path")
    content = source_of(path)
    if content is None:
        raise UsageError(f"There is no source of {path!r}.")
    return {"content": content, "mimeType": "text/x-python"}


def _scopes(shell: Shell, arguments: Message) -> Message:
    found = _looked_at().scopes(int(arguments["frameId"]))
    return {
        "scopes": [
            {
                "name": name,
                "presentationHint": "locals" if name == "Locals" else "globals",
                "variablesReference": reference,
                "namedVariables": count,
                "expensive": name == "Globals" and len(found) > 1,
            }
            for name, reference, count in found
        ]
    }


def _variables(shell: Shell, arguments: Message) -> Message:
    start, count = int(arguments.get("start") or 0), int(arguments.get("count") or 0)
    found = _looked_at().variables(int(arguments["variablesReference"]), start, count)
    return {"variables": [_variable(each) for each in found]}


def _variable(shown: Variable) -> Message:
    told: Message = {
        "name": shown.name,
        "value": shown.text,
        "type": shown.type,
        "variablesReference": shown.reference,
    }
    if shown.children > _CHUNK:
        told["indexedVariables"] = shown.children  # a front end asks for so many by pages
    if shown.expression:
        told["evaluateName"] = shown.expression
    return told


def _evaluate(shell: Shell, arguments: Message) -> Message:
    expression, frame = str(arguments.get("expression", "")), arguments.get("frameId")
    found = _looked_at().looked_up(int(frame) if frame is not None else 1, expression)
    if found is None:
        raise UsageError(f"{expression} is not a name of this frame.")
    return {"result": found.text, "type": found.type, "variablesReference": found.reference}


def _exception_info(shell: Shell, arguments: Message) -> Message:
    looked_at = _looked_at()
    number = min(max(int(arguments.get("threadId", 1)) - 1, 0), len(looked_at.errors) - 1)
    report = report_of(looked_at.errors[number], secret_words=shell.settings.secret_words)
    return {
        "exceptionId": report.name,
        "description": report.message,
        "breakMode": "unhandled",
        "details": {
            "message": report.message,
            "typeName": report.name,
            "stackTrace": report.text("Plain"),
        },
    }


def _end(shell: Shell, arguments: Message) -> Message:
    post_mortem.end()
    _sources.clear()
    return {}


_HANDLERS: dict[str, Handler] = {
    "look": _look,
    "initialize": _initialize,
    "attach": _attach,
    "configurationDone": _nothing,
    "setBreakpoints": _set_breakpoints,
    "setFunctionBreakpoints": _set_breakpoints,
    "setExceptionBreakpoints": _nothing,
    "threads": _threads,
    "stackTrace": _stack_trace,
    "source": _source,
    "scopes": _scopes,
    "variables": _variables,
    "evaluate": _evaluate,
    "exceptionInfo": _exception_info,
    **dict.fromkeys(_GOES_ON, _end),
}
