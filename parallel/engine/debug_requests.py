"""The requests of Jupyter's debugger protocol that differ from the tracer's, a function each.

They are found by name in a table; what stands in none is forwarded as it is.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...core.errors import UsageError
from ...core.post_mortem import is_shown
from .cell_files import SEED, SUFFIX, source_of
from .debug_link import DebugLink
from .debug_variables import Explorer, rich, rich_expression, rich_of
from .post_mortem_requests import answered

if TYPE_CHECKING:
    from .debugger import Debugger

Message = dict[str, Any]
Handler = Callable[["Debugger", int, Message], None]

_PACKAGE = Path(__file__).resolve().parent.parent.parent
_RULES = [
    {"path": str(_PACKAGE / part / "**"), "include": False}
    for part in ("core", "parallel", "server")
]
_RULES.append({"path": "<*>", "include": True})  # cells that ran before there was a debugger


def ignore_response(response: Message) -> None:
    """An answer that nobody waits for."""


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
        debugger.ask(
            {**request, "arguments": {**arguments, "source": {"path": name}}}, ignore_response
        )
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


def _post_mortem(debugger: Debugger, number: int, request: Message) -> None:
    inner = request["arguments"].get("request")
    if not isinstance(inner, dict):
        raise UsageError("postMortem wants a request, an object.")
    debugger.answer(number, request, answered(debugger.shell, inner))


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
    "postMortem": _post_mortem,
}
