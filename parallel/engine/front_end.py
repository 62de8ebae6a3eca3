"""The shell's front end in an engine: what it shows becomes events to the keeper."""

from __future__ import annotations

import binascii
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from . import warned

if TYPE_CHECKING:
    from ...core.frontend import MimeBundle
    from ...core.settings import Settings
    from ...core.tracebacks import TracebackReport
    from .channel import Channel
    from .display_limit import DisplayLimit
    from .output import Output
    from .subshells import SubshellThread


def plain_bundle(data: MimeBundle) -> dict[str, Any]:
    """A MIME bundle as JSON can hold it: bytes in base64, other things as they are or as text."""
    return {str(mime): plain_data(content) for mime, content in data.items()}


def plain_data(content: Any) -> Any:
    """Data as JSON can hold it."""
    if type(content) is str:  # most are
        return content
    if isinstance(content, (bytes, bytearray, memoryview)):
        return binascii.b2a_base64(content, newline=False).decode("ascii")
    if isinstance(content, dict):
        return {str(key): plain_data(value) for key, value in content.items()}
    if isinstance(content, (list, tuple)):
        return [plain_data(value) for value in content]
    if content is None or isinstance(content, (str, int, float, bool)):
        return content
    return repr(content)


class EngineFrontEnd:
    """Sends what a shell shows, and asks the client that ran the cell."""

    def __init__(self, output: Output, channel: Channel, settings: Settings) -> None:
        self._output = output
        self._channel = channel
        self._settings = settings
        self.asked = 0
        """How many questions there have been."""
        self.questions: dict[int, dict[str, Any]] = {}
        """Those that wait for an answer: a new keeper asks them again."""
        self.subshells: dict[int, SubshellThread] = {}
        """The threads of subshells, by their ident: each asks for itself."""
        self.allow_stdin = False
        self.while_asking: Callable[[], None] = lambda: None
        """Called before the wait for an answer; may return when it is there, or at once."""
        self._payloads: dict[str | None, list[dict[str, Any]]] = {}
        self.limit: DisplayLimit | None = None
        self.warned: dict[str, list[dict[str, Any]]] = {}
        """By run, what it has warned of."""

    def begin(self, run: str) -> None:
        """Begin a cell: what it gives the pager and the next input is in its reply."""
        self._payloads[run] = []

    def end(self, run: str) -> list[dict[str, Any]]:
        """End a cell; gives its reply's payload."""
        if self.limit is not None:
            self.limit.ended(run)
        return self._payloads.pop(run, [])

    def warn(self, run: str | None, message: Any) -> None:
        """Note a warning of a cell that goes on."""
        if run is not None and self.goes_on(run):
            warned.note(self.warned.setdefault(run, []), message)

    def release(self) -> None:
        """Show what is held until the end of the cell."""
        self._output.release()

    @property
    def _payload(self) -> list[dict[str, Any]] | None:
        return self._payloads.get(self._output.run_of_caller)

    def display(
        self,
        data: MimeBundle,
        metadata: dict[str, Any],
        *,
        display_id: str | None = None,
        update: bool = False,
    ) -> None:
        """Show a rendering."""
        header = {
            "type": "update" if update else "display",
            "run": self._output.run_of_caller,
            "data": plain_bundle(data),
            "metadata": plain_data(metadata),
            "display_id": display_id,
        }
        if self._is_within_limit(header):
            self._output.event(header)

    def result(self, execution_count: int, data: MimeBundle, metadata: dict[str, Any]) -> None:
        """Show the value of a cell; one that ends its cell goes with the report of the end."""
        header = {
            "type": "result",
            "run": self._output.run_of_caller,
            "execution_count": execution_count,
            "data": plain_bundle(data),
            "metadata": plain_data(metadata),
        }
        if not self._is_within_limit(header):
            return
        shell = self._output.shell
        if shell is not None and shell.shows_last:
            self._output.hold(header)
        else:
            self._output.event(header)

    def _is_within_limit(self, header: dict[str, Any]) -> bool:
        """Whether a display or an error is to be sent now; the limit cares for what is not."""
        if self.limit is None or self.limit.display(header):
            return True
        self._output.raise_if_interrupted()
        return False

    def goes_on(self, run: str | None) -> bool:
        """Whether a cell has begun and not ended."""
        return run in self._payloads

    def error(self, report: TracebackReport) -> None:
        """Show an error."""
        header = {"type": "error", "run": self._output.run_of_caller, **self.described(report)}
        if self._is_within_limit(header):
            self._output.event(header)

    def described(self, report: TracebackReport) -> dict[str, Any]:
        """A report as Jupyter's error content, and whole."""
        lines = report.lines(self._settings.xmode, colour=self._settings.colours)
        return {
            "ename": report.name,
            "evalue": report.message,
            "traceback": [line for block in lines for line in block.split("\n")],
            "report": report.data(),
        }

    def clear_output(self, *, wait: bool) -> None:
        """Clear what the cell has shown."""
        run = self._output.run_of_caller
        if self.limit is not None:
            self.limit.cleared(run)
        self._output.event({"type": "clear", "run": run, "wait": wait})

    def page(self, data: MimeBundle) -> None:
        """Show a text in the front end's pager; outside a running cell, as any other output."""
        if self._payload is None:
            self.display(data, {})
        else:
            self._payload.append({"source": "page", "data": plain_bundle(data), "start": 0})

    def set_next_input(self, text: str, *, replace: bool) -> None:
        """Offer a text as the next input."""
        if self._payload is not None:
            entry = {"source": "set_next_input", "text": text, "replace": replace}
            self._payload.append(entry)

    def edit(self, path: str, line: int) -> bool:
        """Have the front end's editor open a file. Nobody waits for its end."""
        if self._payload is not None:
            entry = {"source": "edit_magic", "filename": path, "line_number": line}
            self._payload.append(entry)
        return False

    def read_input(self, prompt: str, *, password: bool) -> str:
        """Ask the client that ran the cell for a line. ``EOFError`` where it cannot answer."""
        if self._output.is_forked:
            raise EOFError("a forked child cannot ask: the session is its parent's")
        subshell = self.subshells.get(threading.get_ident())
        if not (self.allow_stdin if subshell is None else subshell.allow_stdin):
            raise EOFError("the client that ran this cell cannot answer input()")
        self.asked += 1
        asked = self.asked
        question = {
            "type": "input",
            "run": self._output.run_of_caller if subshell else self._output.run,
            "asked": asked,
            "prompt": str(prompt),
            "password": password,
        }
        self.questions[asked] = question
        try:
            self._output.event(dict(question))
            if subshell is not None:
                return _line_of(subshell.answer(asked))
            return self._answer(asked)
        finally:
            del self.questions[asked]

    def _answer(self, asked: int) -> str:
        while True:
            if not self._channel.has_frame:
                self.while_asking()
            header, _ = self._channel.receive(self._output.raise_if_interrupted)
            if header["type"] == "input_reply" and header["asked"] == asked:
                return _line_of(header["value"])


def _line_of(value: str | None) -> str:
    if value is None:
        raise EOFError("the user gave no input")
    return str(value)
