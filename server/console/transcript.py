"""A session's events as a terminal's text. Pure.

Rules:

1. What this console sent stands on the screen already; what others sent is shown with their name.
2. When the output changes from one cell's to another's, that is said.
3. Without colour no escape code comes out, whatever the cell printed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ...parallel.wire import Message
from .source_colours import Painter, paint_sources

_STYLES = {"dim": "2", "in": "34", "out": "31", "error": "31"}
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")

Picture = Callable[[dict[str, Any]], str | None]


@dataclass
class Shown:
    """What an event leads to."""

    text: str = ""
    ended: str | None = None
    """The run that ended with this event."""
    payload: list[dict[str, Any]] = field(default_factory=list)
    """Of that run: pages, the next input."""


class Transcript:
    """Gives the text of each event; ``picture`` shows a MIME bundle's image, if it has one;
    ``paint_source`` the sources in tracebacks."""

    def __init__(
        self,
        *,
        colour: bool,
        picture: Picture = lambda data: None,
        paint_source: Painter | None = None,
    ) -> None:
        self.colour = colour
        self.paint_source = paint_source
        self.picture = picture
        self.mine: set[str] = set()
        """The runs that this console sent."""
        self.running: dict[str, Any] | None = None
        """The record of the run that runs now."""
        self.execution_count = 0
        self._records: dict[str, tuple[int | None, str]] = {}
        self._last: str | None = None
        self._open = False
        """Whether a line of a stream has not ended."""

    @property
    def runs_mine(self) -> bool:
        """Whether what runs was sent from here."""
        return self.running is not None and self.running["id"] in self.mine

    def feed(self, event: Message) -> Shown:
        """An event: what it shows."""
        method = getattr(self, f"_{event.type}", None)
        if method is None:
            return Shown()
        shown: Shown = method(event)
        if not self.colour:
            shown.text = plain(shown.text)
        return shown

    def joined(self, run: dict[str, Any]) -> None:
        """What runs as the console comes: its output needs no word on whose it is."""
        count, client = run.get("execution_count"), str(run.get("client") or "another client")
        self.running = {**run, "client": client}
        self._records[run["id"]] = (count, client)
        self._last = run["id"]

    def paint(self, style: str, text: str) -> str:
        """A text in a style, where there is colour."""
        return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if self.colour else text

    def notice(self, text: str) -> str:
        """A line of the console's own."""
        return self._closed() + self.paint("dim", f"[{text}]") + "\n"

    def answered(self) -> None:
        """The user has answered a question: its line has ended on the screen."""
        self._open = False

    # --- One method for each type of message -----------------------------------------------

    def _execute_input(self, event: Message) -> Shown:
        record = event.vivo.get("record") or {}
        run, client = event.parent_id or "", str(record.get("client") or "another client")
        count = event.content.get("execution_count")
        self.running = {"id": run, "client": client, "execution_count": count, **record}
        self.running["client"] = client
        self.execution_count = count or 0
        self._records[run] = (count, client)
        if run in self.mine:
            self._last = run
            return Shown()
        before = self._closed()
        prompt = f"In [{count}] ({client}): "
        first, *rest = str(event.content.get("code", "")).rstrip("\n").split("\n")
        more = "...: ".rjust(len(prompt))
        lines = [self.paint("in", prompt) + first, *(self.paint("in", more) + x for x in rest)]
        self._last = run
        return Shown(before + "\n".join(lines) + "\n")

    def _status(self, event: Message) -> Shown:
        if event.content.get("execution_state") in ("starting", "restarting"):
            self.running, self.execution_count = None, 0
        if event.content.get("execution_state") != "idle" or "record" not in event.vivo:
            return Shown()
        run = event.parent_id or ""
        if self.running is not None and self.running["id"] == run:
            self.running = None
        text = self._closed()
        if event.vivo["record"].get("status") == "aborted" and run in self.mine:
            text += self.paint("dim", "[not run: it was taken out of the queue]") + "\n"
        self._records.pop(run, None)
        return Shown(text, ended=run, payload=list(event.vivo.get("payload") or ()))

    def _stream(self, event: Message) -> Shown:
        text = str(event.content.get("text", ""))
        if not text:
            return Shown()
        before = self._owner(event)
        self._open = not text.endswith("\n")
        return Shown(before + text)

    def _execute_result(self, event: Message) -> Shown:
        count = event.content.get("execution_count")
        data = event.content.get("data") or {}
        text = self._rendered(data)
        head = self.paint("out", f"Out[{count}]:")
        return Shown(self._owner(event) + self._closed() + f"{head}{_after(text)}\n")

    def _display_data(self, event: Message) -> Shown:
        text = self._rendered(event.content.get("data") or {})
        return Shown(self._owner(event) + self._closed() + text + "\n")

    def _update_display_data(self, event: Message) -> Shown:
        text = self._rendered(event.content.get("data") or {})
        if "\n" in text:
            return Shown(self._owner(event) + self._closed() + text + "\n")
        before = self._owner(event)
        self._open = True  # the next update takes its place
        return Shown(f"{before}\r{text}")

    def _clear_output(self, event: Message) -> Shown:
        return Shown("\r" if self._open else "")

    def _error(self, event: Message) -> Shown:
        lines = event.content.get("traceback") or []
        if not lines:
            lines = [f"{event.content.get('ename')}: {event.content.get('evalue')}"]
        lines = list(map(str, lines))
        if self.paint_source is not None:
            lines = paint_sources(lines, self.paint_source)
        return Shown(self._owner(event) + self._closed() + "\n".join(lines) + "\n")

    # --- Parts -----------------------------------------------------------------------------

    def _owner(self, event: Message) -> str:
        """The line that says whose output comes, if it is another cell's than before."""
        run = event.vivo.get("run") or event.parent_id
        if run == self._last or run is None:
            return ""
        self._last = run
        count, client = self._records.get(run, (None, ""))
        whose = f"In [{count}]" if count is not None else "an earlier cell"
        if client and run not in self.mine:
            whose += f" ({client})"
        return self._closed() + self.paint("dim", f"[output of {whose}]") + "\n"

    def _closed(self) -> str:
        was_open, self._open = self._open, False
        return "\n" if was_open else ""

    def _rendered(self, data: dict[str, Any]) -> str:
        picture = self.picture(data)
        if picture is not None:
            return picture
        for mime in ("text/plain", "text/markdown", "text/latex"):
            if mime in data:
                return str(data[mime])
        return f"[{', '.join(data) or 'nothing'}: this terminal cannot show it, an editor can]"


def _after(text: str) -> str:
    """A value behind its prompt; below it if it has several lines."""
    return f"\n{text}" if "\n" in text else f" {text}"


def plain(text: str) -> str:
    """A text without escape codes."""
    return _ESCAPES.sub("", text)


class Ladder:
    """What each press of Ctrl-C means, by the run it meets; see design of interrupts."""

    def __init__(self) -> None:
        self._run: str | None = None
        self._presses = 0

    def press(self, run: str, *, mine: bool) -> str:
        """``ask``, ``interrupt``, ``stack`` (shows what it does) or ``restart`` (offers to end it).

        Another client's cell is not interrupted at the first press.
        """
        if run != self._run:
            self._run, self._presses = run, 0 if mine else -1
        self._presses += 1
        return {0: "ask", 1: "interrupt", 2: "stack"}.get(self._presses, "restart")
