"""The lane: a thread that answers while the main thread runs a cell.

Rules:

1. It runs no user code; what it asks of the shell is lane-safe.
2. It answers every request; one that fails is answered with an error.
3. When the keeper has ended it ends the engine, whatever the main thread is doing; one that died
   gets a successor (:mod:`.succession`).
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from . import debugging
from .channel import Channel, KeeperGone
from .front_end import plain_bundle

if TYPE_CHECKING:
    from ...core.shell import Shell
    from .subshells import Subshells

# Below the default of 5 ms, so that a busy main thread hands over the interpreter soon: an answer
# waits for it several times. No cost was seen on pure-Python threads, one or four.
SWITCH_INTERVAL = 0.0001
_CORNER = ("row", "rows", "column", "columns")
_NO_DEBUGGER = (
    "The engine is a guest in another program's process, whose own threads the debugger would "
    "stop: use breakpoint() or %debug there."
)
INSPECTION_MIME = "application/vnd.vivo.inspection+json"


class Lane(threading.Thread):
    """Answers the keeper's questions about the shell."""

    def __init__(
        self,
        channel: Channel,
        shell: Shell,
        subshells: Subshells,
        succeed: Callable[[], bool] = lambda: False,
        end: Callable[[], None] = lambda: None,
        leave: Callable[[], None] = lambda: None,
    ) -> None:
        """``succeed`` starts a new keeper and says whether it could; ``end``: none will come;
        ``leave`` ends the engine, whatever its main thread is doing.
        """
        super().__init__(name="vivo-lane", daemon=True)
        self.channel = channel
        self.shell = shell
        self.subshells = subshells
        self._succeed, self._end, self._leave = succeed, end, leave
        self.orders: dict[str, Callable[[dict[str, Any]], None]] = {
            "save": lambda header: shell.write_history()
        }
        """What frames that want no answer lead to, by type."""
        self.can_debug = True
        """Whether the debugger's protocol is served: it would stop a host's own threads too."""
        # debuggers leave threads alone that say so
        self.pydev_do_not_trace = True
        self.is_pydev_daemon_thread = True

    def run(self) -> None:
        """Answer until the keeper is gone, and has no successor."""
        while True:
            try:
                self._serve()
                break
            except KeeperGone:
                if not self._succeed():
                    break
        self.shell.write_history()
        # An idle main thread ends in order; a busy one could go on for ever.
        self._end()
        debugging.close()
        self._leave()

    def _serve(self) -> None:
        """Answer until the keeper ends in order. Raises :class:`KeeperGone` when it dies."""
        while True:
            header, buffers = self.channel.receive()
            if header["type"] == "end":
                return
            if header["type"] == "subshell":
                self.subshells.give(header["subshell"], header["frame"], buffers)
            elif (order := self.orders.get(header["type"])) is not None:
                order(header)
            elif header["type"] == "debug_request" and not self.can_debug:
                content = {"status": "error", "ename": "GuestEngine", "evalue": _NO_DEBUGGER}
                self.channel.send({"type": "reply", "id": header["id"], "content": content})
            elif header["type"] == "debug_request":
                debugging.submit(self.channel, self.shell, header["id"], header["content"])
            else:
                self._answer_one(header)

    def _answer_one(self, header: dict[str, Any]) -> None:
        try:
            content = self.answer(header["type"], header.get("content") or {})
        except BaseException as error:  # noqa: BLE001 - rule 2, whatever it is
            from ...core.tracebacks import message_of

            content = {
                "status": "error",
                "ename": type(error).__name__,
                "evalue": message_of(error),
                "traceback": [],
            }
        self.channel.send({"type": "reply", "id": header["id"], "content": content})

    def answer(self, kind: str, content: dict[str, Any]) -> dict[str, Any]:
        """The content of the reply to a request."""
        handler = getattr(self, f"_{kind}", None)
        if handler is None:
            raise ValueError(f"the lane knows no {kind}")
        return {"status": "ok", **handler(content)}

    def _complete_request(self, content: dict[str, Any]) -> dict[str, Any]:
        code = content.get("code", "")
        result = self.shell.complete(code, content.get("cursor_pos", len(code)))
        details = [
            {
                "start": result.start,
                "end": result.end,
                "text": item.text,
                "type": item.type,
                "signature": item.detail,
            }
            for item in result.items
        ]
        return {
            "matches": [item.text for item in result.items],
            "cursor_start": result.start,
            "cursor_end": result.end,
            "metadata": {"_jupyter_types_experimental": details},
        }

    def _inspect_request(self, content: dict[str, Any]) -> dict[str, Any]:
        code = content.get("code", "")
        name = name_at(code, content.get("cursor_pos", len(code)))
        told = self.shell.inspect(name, content.get("detail_level", 0), safe=True) if name else None
        if told is None:
            return {"found": False, "data": {}, "metadata": {}}
        data = {"text/plain": told.text(colour=True), INSPECTION_MIME: told.data()}
        return {"found": True, "data": plain_bundle(data), "metadata": {}}

    def _vivo_variables_request(self, content: dict[str, Any]) -> dict[str, Any]:
        variables, path = self.shell.variables, content["path"]
        if path:
            found = variables.children(path, content["start"], content["count"])
            rows, total = found or ([], 0)
            return {"variables": rows, "total": total, "found": found is not None}
        options = {key: content[key] for key in ("filter", "sort", "descending")}
        rows, total = variables.page(content["start"], content["count"], **options)
        return {"variables": rows, "total": total}

    def _vivo_table_request(self, content: dict[str, Any]) -> dict[str, Any]:
        row, rows, column, columns = (content[key] for key in _CORNER)
        arranged = {
            "at": tuple(content["at"]),
            "sort": content["sort"],
            "descending": content["descending"],
            "filters": tuple((each["column"], each["condition"]) for each in content["filters"]),
        }
        found = self.shell.variables.corner(content["path"], row, rows, column, columns, arranged)
        return {"found": False} if found is None else {"found": True, **found}

    def _is_complete_request(self, content: dict[str, Any]) -> dict[str, Any]:
        status, indent = self.shell.is_complete(content.get("code", ""))
        return {"status": status, "indent": indent}

    def _history_request(self, content: dict[str, Any]) -> dict[str, Any]:
        history = self.shell.history
        output = bool(content.get("output"))
        kind = content.get("hist_access_type", "tail")
        if kind == "range":
            entries = history.range(
                content.get("session", 0),
                content.get("start", 1),
                content.get("stop"),
                output=output,
            )
        elif kind == "search":
            entries = history.search(
                content.get("pattern", "*"),
                count=content.get("n"),
                unique=bool(content.get("unique")),
                output=output,
            )
        else:
            entries = history.tail(content.get("n") or 10, output=output)
        raw = bool(content.get("raw", True))
        found = []
        for entry in entries:
            text = entry.source if raw else entry.transformed or entry.source
            found.append([entry.session, entry.line, [text, entry.output] if output else text])
        return {"history": found}

    def _stack(self, content: dict[str, Any]) -> dict[str, Any]:
        import traceback

        names = {thread.ident: thread.name for thread in threading.enumerate()}
        parts = []
        for ident, frame in sys._current_frames().items():
            if ident != threading.get_ident():
                stack = "".join(traceback.format_stack(frame))
                parts.append(f"Thread {names.get(ident, ident)}:\n{stack}")
        return {"text": "\n".join(parts)}


def name_at(code: str, cursor: int) -> str:
    """The name, with its dots and constant look-ups, that stands at or before the cursor."""
    import re

    cursor = max(0, min(cursor, len(code)))
    pattern = re.compile(r"%{0,2}[^\W\d]\w*(?:\.[^\W\d]\w*|\[(?:-?\d+|'[^']*'|\"[^\"]*\")\])*")
    line_start = code.rfind("\n", 0, cursor) + 1
    line_end = code.find("\n", cursor)
    line = code[line_start : line_end if line_end >= 0 else len(code)]
    offset = cursor - line_start
    best = ""
    for match in pattern.finditer(line):
        if match.start() <= offset <= match.end():
            rest = line[offset:]
            inside = re.match(r"\w*", rest)
            end = offset + (inside.end() if inside else 0)
            return line[match.start() : max(end, match.start() + 1)]
        if match.end() <= offset and line[match.end() : offset].strip(" (") == "":
            best = match[0]
    return best
