"""How a cell is edited: keys, completion, history, colours (prompt_toolkit)."""

from __future__ import annotations

import select
from collections.abc import AsyncGenerator, Callable, Iterable
from functools import cache
from typing import TYPE_CHECKING

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.enums import DEFAULT_BUFFER
from prompt_toolkit.filters import Condition, completion_is_selected, has_focus
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.keys import Keys
from prompt_toolkit.styles import Style
from pygments.lexers.python import PythonLexer
from pygments.token import _TokenType

from ...parallel.errors import SessionError

if TYPE_CHECKING:
    from .base import BaseConsole

# The terminal's own sixteen colours: they are readable on its background, whichever it is.
STYLE = Style.from_dict(
    {
        "number": "ansiblue bold",
        "continuation": "ansiblue",
        "bottom-toolbar": "noreverse ansibrightblack",
        "completion-menu.completion": "bg:ansibrightblack ansiwhite",
        "completion-menu.completion.current": "noreverse bg:ansiblue ansiwhite bold",
        "completion-menu.meta.completion": "bg:ansibrightblack ansigray",
        "completion-menu.meta.completion.current": "noreverse bg:ansiblue ansiwhite",
        "pygments.keyword": "ansimagenta",
        "pygments.operator.word": "ansimagenta",
        "pygments.literal.string": "ansigreen",
        "pygments.literal.number": "ansicyan",
        "pygments.comment": "ansibrightblack",
        "pygments.name.function": "ansiblue",
        "pygments.name.class": "ansiblue",
        "pygments.name.builtin": "ansicyan",
        "pygments.name.exception": "ansired",
        "pygments.name.decorator": "ansiyellow",
    }
)
# The same for text that is written: by the beginning of a token's name, the longest counts.
_CODES = {
    "Keyword": "35",
    "Operator.Word": "35",
    "Literal.String": "32",
    "Literal.Number": "36",
    "Comment": "90",
    "Name.Function": "34",
    "Name.Class": "34",
    "Name.Builtin": "36",
    "Name.Exception": "31",
    "Name.Decorator": "33",
}
_BURST = 0.01  # seconds between the parts of a paste
_DEADLINE = 1.5  # seconds after which a menu is given up
_TYPES = "_jupyter_types_experimental"


class SessionCompleter(Completer):
    """Completes from the live session, also while a cell runs there."""

    def __init__(self, console: BaseConsole) -> None:
        self.console = console

    def get_completions(
        self, document: Document, complete_event: CompleteEvent
    ) -> Iterable[Completion]:
        """Nothing: the session is asked asynchronously."""
        return ()

    async def get_completions_async(
        self, document: Document, complete_event: CompleteEvent
    ) -> AsyncGenerator[Completion, None]:
        """What the session offers at the cursor; nothing if it does not answer in time."""
        cursor = document.cursor_position
        try:
            client = self.console.link.client
            reply = await client.complete(document.text, cursor, timeout=_DEADLINE)
        except SessionError:
            return
        kinds = {
            item.get("text"): str(item.get("type") or "")
            for item in (reply.get("metadata") or {}).get(_TYPES, ())
        }
        start = int(reply.get("cursor_start", cursor)) - cursor
        for match in reply.get("matches", ()):
            yield Completion(match, start, display_meta=kinds.get(match, ""))


def bindings(
    console: BaseConsole, *, interrupt: Callable[[], None], accept: Callable[[], None]
) -> KeyBindings:
    """The keys of the prompt for cells."""
    keys = KeyBindings()
    editing = has_focus(DEFAULT_BUFFER)
    paste = _UnmarkedPaste()

    @Condition
    def at_indentation() -> bool:
        from prompt_toolkit.application import get_app

        before = get_app().current_buffer.document.current_line_before_cursor
        return not before.strip()

    @keys.add("enter", filter=editing & completion_is_selected)
    def _(event: KeyPressEvent) -> None:
        """Take the selected completion."""
        event.current_buffer.complete_state = None

    @keys.add("enter", filter=editing & ~completion_is_selected)
    def _(event: KeyPressEvent) -> None:
        """Run the cell if it is whole; else begin a line, indented."""
        buffer = event.current_buffer
        document = buffer.document
        after = document.text_after_cursor
        if paste.goes_on(event):
            buffer.insert_text("\n")
            return
        if after.strip() and "\n" in document.text:
            buffer.insert_text("\n" + _indent_of(document.current_line_before_cursor))
            return
        status, indent = console.is_complete(
            document.text.rstrip(" ") if not after else document.text
        )
        if status == "incomplete":
            buffer.insert_text("\n" + ("" if paste.begins(event) else indent))
        else:
            accept()
            buffer.validate_and_handle()

    @keys.add("escape", "enter", filter=editing)
    @keys.add("c-o", filter=editing)
    def _(event: KeyPressEvent) -> None:
        """Begin a line, whatever stands there."""
        line = event.current_buffer.document.current_line_before_cursor
        event.current_buffer.insert_text("\n" + _indent_of(line))

    @keys.add("tab", filter=editing & at_indentation)
    def _(event: KeyPressEvent) -> None:
        """Indent."""
        event.current_buffer.insert_text("    ")

    @keys.add("backspace", filter=editing & at_indentation)
    def _(event: KeyPressEvent) -> None:
        """Take back one step of indentation."""
        column = len(event.current_buffer.document.current_line_before_cursor)
        event.current_buffer.delete_before_cursor((column - 1) % 4 + 1 if column else 1)

    @keys.add("c-c")
    def _(event: KeyPressEvent) -> None:
        """End what runs; with nothing running, drop what is typed."""
        interrupt()

    return keys


class _UnmarkedPaste:
    """Tells a paste that the terminal does not mark from keys that somebody has typed ahead.

    A line that begins a block is followed at once by one with an indentation of its own: from
    there on all that comes is taken as it is.
    """

    def __init__(self) -> None:
        self._is_on = False

    def begins(self, event: KeyPressEvent) -> bool:
        """At the end of a line that asks for more: whether a paste goes on in its own words."""
        waiting = event.key_processor.input_queue
        self._is_on = bool(waiting) and waiting[0].key in (" ", Keys.Tab)
        return self._is_on

    def goes_on(self, event: KeyPressEvent) -> bool:
        """Whether this is the end of a line within a paste."""
        self._is_on = self._is_on and (bool(event.key_processor.input_queue) or _is_readable(event))
        return self._is_on


def _is_readable(event: KeyPressEvent) -> bool:
    """Whether more comes faster than anybody types."""
    try:
        return bool(select.select([event.app.input.fileno()], [], [], _BURST)[0])
    except (OSError, NotImplementedError):
        return False  # no terminal


def painted(source: str) -> str:
    """Python in the terminal's colours; each line has its own, so that lines can be taken apart."""
    pieces = []
    for kind, text in _LEXER.get_tokens(source):
        code = _code_of(kind)
        lines = text.split("\n")
        pieces.append("\n".join(f"\x1b[{code}m{x}\x1b[0m" if code and x else x for x in lines))
    return "".join(pieces)


@cache
def _code_of(kind: _TokenType) -> str | None:
    name = str(kind).removeprefix("Token.")
    return next((code for part, code in _CODES.items() if name.startswith(part)), None)


_LEXER = PythonLexer(stripnl=False, ensurenl=False)


def _indent_of(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]
