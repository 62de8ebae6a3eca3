"""What a shell can tell of its objects: completion, inspection, the user's names.

A part of :class:`vivo.core.shell.Shell`. Rule: ``complete``, ``inspect`` and ``is_complete`` run no
user code and may be called from another thread while a cell runs.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .cell_marks import CellMark
from .compiler import SourceRegistry
from .execution import call_user_code
from .formatters import DisplayFormatters
from .magics.registry import MagicRegistry
from .safe import UNKNOWN
from .settings import Settings
from .transform import Transformer

if TYPE_CHECKING:
    from .completer import Completer, CompletionResult
    from .inspector import Inspection
    from .variables import VariableList

_making = threading.Lock()


class Knowing:
    """The knowledge of a shell."""

    namespace: dict[str, Any]
    magics: MagicRegistry
    aliases: dict[str, str]
    transformer: Transformer
    sources: SourceRegistry
    is_running: bool
    interrupt_pending: bool
    interrupt_next: bool
    formatters: DisplayFormatters
    settings: Settings
    _reserved: dict[str, Any]
    _completer: Completer | None = None
    _variables: VariableList | None = None
    _cell_mark = CellMark()

    @property
    def variables(self) -> VariableList:
        """The list of the user's variables, for one other thread (rule 4 there)."""
        if self._variables is None:
            from .variables import VariableList

            self._variables = VariableList(
                self.namespace,
                self._reserved,
                lambda: self._cell_mark,
                lambda: self.is_running,
            )
        return self._variables

    def mark_cell(self, source: str) -> None:
        """Note that a cell begins: what changes from here on is its work."""
        self._cell_mark = self._cell_mark.next(source, self.namespace)

    @property
    def completer(self) -> Completer:
        """What completes; made when it is first asked, on whichever thread that is."""
        with _making:
            if self._completer is None:
                from .completer import Completer
                from .words_of_magics import words_of_shell

                made = Completer(self.namespace, self.magics)
                made.registered.is_busy = lambda: self.is_running
                made.has_comment_magics = lambda: self.settings.comment_magics
                assert made.commands is not None
                made.commands.aliases = lambda: tuple(self.aliases)
                made.commands.words = words_of_shell(self.settings, self.aliases, self.namespace)
                self._completer = made
        return self._completer

    def is_complete(self, source: str) -> tuple[str, str]:
        """``complete``, ``incomplete`` or ``invalid``, and the indentation of the next line."""
        from .transform.completeness import completeness

        return completeness(source, self.transformer.transform(source))

    def complete(self, text: str, cursor: int | None = None) -> CompletionResult:
        """The completions at ``cursor``, in characters (rule 4)."""
        return self.completer.complete(text, cursor)

    def inspect(self, name: str, detail_level: int = 0, *, safe: bool = True) -> Inspection | None:
        """What is known of a name, a dotted name, or a magic; None if there is none (rule 4).

        Without ``safe``, on the main thread alone, what a cell would get by such a name is found
        as well, by the user's code.
        """
        from . import inspector
        from .definitions import code_of

        stripped = name.strip().lstrip("%").rstrip("?")
        if not name.startswith("%"):
            value, where = inspector.find(stripped, self.namespace, safe=safe)
            if value is not UNKNOWN:
                told = inspector.inspect_value(
                    stripped, value, where, detail_level=detail_level, safe=safe
                )
                if (code := code_of(value)) is not None:
                    told.run = self.sources.run_of(code)
                return told
        return self._inspect_magic(stripped, detail_level)

    def _inspect_magic(self, name: str, detail_level: int) -> Inspection | None:
        from .inspector import Inspection, inspect_value

        if name in self.aliases:
            return Inspection(name, "alias", self.aliases[name], namespace="Aliases")
        entry = self.magics.find(name) or self.magics.find(name, "cell")
        if entry is None:
            return None
        told = inspect_value(name, entry.function, "Magics", detail_level=detail_level, safe=True)
        told.type, told.signature, told.docstring = "magic", None, entry.help()
        told.string_form = None
        return told

    def user_expressions(self, expressions: Mapping[str, str]) -> dict[str, Any]:
        """Each expression's rendering or error, as Jupyter's ``user_expressions`` has it.

        An interrupt ends the one that is evaluated, and those behind it are not.
        """
        shown: dict[str, Any] = {}
        self.is_running, self.interrupt_pending = True, self.interrupt_next
        self.interrupt_next = is_interrupted = False
        try:
            for key, expression in expressions.items():
                shown[key] = self._user_expression(expression, is_interrupted)
                is_interrupted |= shown[key].get("ename") == "KeyboardInterrupt"
        finally:
            self.is_running = self.interrupt_pending = False
        return shown

    def _user_expression(self, expression: str, is_interrupted: bool) -> dict[str, Any]:
        from .tracebacks import report_of

        try:
            if is_interrupted or self.interrupt_pending:
                self.interrupt_pending = False
                raise KeyboardInterrupt
            code = compile(expression, "<user expression>", "eval")
            data, metadata = self.formatters.format(call_user_code(eval, code, self.namespace))
        except BaseException as error:  # noqa: BLE001 - whatever the user's expression raises
            report = report_of(error, secret_words=self.settings.secret_words)
            return {
                "status": "error",
                "ename": report.name,
                "evalue": report.message,
                "traceback": report.lines("Plain"),
            }
        return {"status": "ok", "data": data, "metadata": metadata}

    def user_names(self) -> dict[str, Any]:
        """The user's own variables: no private names, nothing of the shell's."""
        held = tuple(self.namespace.items())
        skipped = {"In", "Out", *self._reserved}
        return {
            name: value
            for name, value in held
            if type(name) is str and not name.startswith("_") and not (
                name in skipped and (name in ("In", "Out") or value is self._reserved.get(name))
            )
        }  # fmt: skip
