"""How a shell shows things and asks for input, whatever stands in front of it.

Rules:

1. A shell never writes to a terminal of its own accord: what it shows goes through a
   :class:`FrontEnd`, or through ``sys.stdout`` when user code prints.
2. Methods are called on the thread that runs the cell, in the order of what they show.
3. A MIME bundle maps a MIME type to its content: ``str`` for text, ``bytes`` for binary
   types (a front end that needs base64 encodes them), plain data for JSON types.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, Protocol

from .errors import UsageError
from .settings import Settings

if TYPE_CHECKING:
    from .tracebacks import TracebackReport

MimeBundle = dict[str, Any]


class FrontEnd(Protocol):
    """What a shell needs of its surroundings."""

    def display(
        self,
        data: MimeBundle,
        metadata: dict[str, Any],
        *,
        display_id: str | None = None,
        update: bool = False,
    ) -> None:
        """Show a rendering; with ``update``, replace those shown under ``display_id``."""

    def result(self, execution_count: int, data: MimeBundle, metadata: dict[str, Any]) -> None:
        """Show the value of a cell."""

    def error(self, report: TracebackReport) -> None:
        """Show an error that ended a cell."""

    def clear_output(self, *, wait: bool) -> None:
        """Clear what the cell has shown so far; with ``wait``, when the next output comes."""

    def page(self, data: MimeBundle) -> None:
        """Show a text that the user asked for and may want to leave again (``obj?``)."""

    def read_input(self, prompt: str, *, password: bool) -> str:
        """Ask the user for a line. Raises ``EOFError`` where nobody can answer."""

    def set_next_input(self, text: str, *, replace: bool) -> None:
        """Offer ``text`` as the next input; with ``replace``, in place of the cell that ran."""


class TerminalFrontEnd:
    """Shows everything as plain text on the process's own streams.

    ``settings`` are the shell's: how tracebacks are written, and whether in colours.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        self._settings = settings or Settings()

    @property
    def has_terminal(self) -> bool:
        """Whether this process stands in a terminal, which a command may then use itself."""
        try:
            return os.isatty(0) and os.isatty(1) and sys.stdout.fileno() == 1
        except (OSError, ValueError, AttributeError):
            return False  # the streams were replaced by what has no descriptor

    def display(
        self,
        data: MimeBundle,
        metadata: dict[str, Any],
        *,
        display_id: str | None = None,
        update: bool = False,
    ) -> None:
        """Write the plain text of the bundle."""
        if "text/plain" in data:
            self._write(data["text/plain"] + "\n")

    def result(self, execution_count: int, data: MimeBundle, metadata: dict[str, Any]) -> None:
        """Write ``Out[n]:`` and the plain text of the value."""
        text = data.get("text/plain", "")
        separator = "\n" if "\n" in text else " "
        self._write(f"Out[{execution_count}]:{separator}{text}\n")

    def error(self, report: TracebackReport) -> None:
        """Write the report to the error stream."""
        is_terminal = getattr(sys.stderr, "isatty", bool)  # what replaced it may have none
        colour = self._settings.colours and is_terminal()
        sys.stderr.write(report.text(self._settings.xmode, colour=colour) + "\n")
        sys.stderr.flush()

    def clear_output(self, *, wait: bool) -> None:
        """Nothing: what a plain stream has shown stays."""

    def page(self, data: MimeBundle) -> None:
        """Write the plain text of the bundle."""
        self._write(data.get("text/plain", "") + "\n")

    def read_input(self, prompt: str, *, password: bool) -> str:
        """Read a line from the terminal, without echo for a password."""
        if password:
            import getpass

            return getpass.getpass(prompt)
        return input(prompt)

    def set_next_input(self, text: str, *, replace: bool) -> None:
        """Write the text, so that the user can copy it."""
        self._write(text + "\n")

    def edit(self, path: str, line: int) -> bool:
        """Open a file in the user's editor and wait; whether there was one to wait for.

        Raises :class:`UsageError` if the editor cannot be run.
        """
        import shlex
        import subprocess

        editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
        # Not every editor takes +LINE, and the first line is where all begin.
        place = [f"+{line}"] if line > 1 else []
        try:
            subprocess.run([*shlex.split(editor), *place, path], check=False)
        except OSError as error:
            raise UsageError(
                f"The editor {editor} cannot be run ({error.strerror}): set EDITOR to one."
            ) from None
        return True

    def _write(self, text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()
