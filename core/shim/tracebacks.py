"""``IPython.core.ultratb``: what programs set as ``sys.excepthook`` to have readable tracebacks."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any

from ..tracebacks import report_of


class AutoFormattedTB:
    """Writes an error to ``ostream`` (stderr), in a mode of ``%xmode``; called as an excepthook."""

    def __init__(
        self,
        mode: str = "Plain",
        color_scheme: str = "",
        call_pdb: bool = False,
        ostream: Any = None,
        **_: Any,
    ) -> None:
        self.mode = mode
        self.call_pdb = call_pdb
        self.ostream = ostream

    def set_mode(self, mode: str | None = None) -> None:
        """Choose Plain, Context, Verbose or Minimal."""
        self.mode = mode or "Context"

    def structured_traceback(
        self,
        etype: Any = None,
        evalue: BaseException | None = None,
        etb: TracebackType | None = None,
        tb_offset: int | None = None,
        context: int = 5,
    ) -> list[str]:
        """The lines of an error."""
        error = evalue if evalue is not None else sys.exc_info()[1]
        if error is None:
            return []
        if etb is not None and error.__traceback__ is not etb:
            error = error.with_traceback(etb)
        return report_of(error).lines(self.mode)

    def text(
        self, etype: Any, value: Any, tb: Any, tb_offset: int | None = None, context: int = 5
    ) -> str:
        """The text of an error."""
        return "\n".join(self.structured_traceback(etype, value, tb))

    def stb2text(self, stb: list[str]) -> str:
        """Lines as a text."""
        return "\n".join(stb)

    def __call__(self, etype: Any = None, evalue: Any = None, etb: Any = None, **_: Any) -> None:
        stream = self.ostream or sys.stderr
        stream.write(self.text(etype, evalue, etb) + "\n")
        if self.call_pdb and evalue is not None:
            import pdb

            pdb.post_mortem(etb)


class FormattedTB(AutoFormattedTB):
    """The same."""


class VerboseTB(AutoFormattedTB):
    """With the values of variables."""

    def __init__(self, color_scheme: str = "", call_pdb: bool = False, **options: Any) -> None:
        super().__init__("Verbose", color_scheme, call_pdb, **options)


class ColorTB(AutoFormattedTB):
    """With the lines around."""

    def __init__(self, color_scheme: str = "", call_pdb: bool = False, **options: Any) -> None:
        super().__init__("Context", color_scheme, call_pdb, **options)


ListTB = SyntaxTB = AutoFormattedTB
