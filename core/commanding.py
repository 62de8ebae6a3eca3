"""How a shell runs magics, aliases and commands of the operating system.

A part of :class:`vivo.core.shell.Shell`. What the transformer writes, for instance
``get_ipython().run_line_magic(...)``, arrives here; variables are expanded in the caller's frame.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING, Any, cast

from .expansion import expand
from .frontend import FrontEnd
from .magics.registry import MagicCall, MagicRegistry, user_magic
from .safe import UNKNOWN, class_attribute, evaluate

if TYPE_CHECKING:
    from .shell import Shell


class Commanding:
    """The magics and commands of a shell."""

    namespace: dict[str, Any]
    magics: MagicRegistry
    aliases: dict[str, str]
    inherit_streams: bool
    front_end: FrontEnd

    def run_line_magic(self, name: str, line: str, _stack_depth: int = 1) -> Any:
        """Run ``%name line`` as if typed. Raises :class:`UsageError` for a wrong use."""
        frame = sys._getframe(_stack_depth)
        entry = self.magics.find(name)
        if entry is None and name in self.aliases:
            return self._run_alias(name, line, frame)
        return self._run_magic(name, "line", line, None, frame)

    def run_cell_magic(self, name: str, line: str, cell: str) -> Any:
        """Run ``%%name line`` over a cell. Raises :class:`UsageError` for a wrong use."""
        return self._run_magic(name, "cell", line, cell, sys._getframe(1))

    def _run_magic(
        self, name: str, kind: str, line: str, cell: str | None, frame: FrameType
    ) -> Any:
        entry = self.magics.get(name, kind)
        if entry.expands:
            line = self.expand(line, frame)
        call = MagicCall(cast("Shell", self), name, line, cell, frame=frame)
        return entry.function(self.magics.parse(entry, call))

    def run_magic(self, name: str, arguments: str = "", cell: str | None = None) -> Any:
        """Run a magic of either kind."""
        if cell is None:
            return self.run_line_magic(name, arguments, _stack_depth=2)
        return self._run_magic(name, "cell", arguments, cell, sys._getframe(1))

    magic = run_magic

    def register_magic_function(
        self,
        function: Callable[..., Any],
        magic_kind: str = "line",
        magic_name: str | None = None,
    ) -> None:
        """Register a plain function of ``line``, or of ``line, cell``, as a magic."""
        self.magics.add(user_magic(magic_name or function.__name__, function, magic_kind))

    def expand(self, text: str, frame: FrameType | None = None) -> str:
        """A text with ``$name`` and ``{expression}`` replaced by the caller's values."""
        local = None
        if frame is not None and frame.f_locals is not frame.f_globals:
            local = frame.f_locals if frame.f_globals is self.namespace else None
        return expand(text, self.namespace, local)

    def _run_alias(self, name: str, line: str, frame: FrameType) -> None:
        from .aliases import expand_alias

        self._system(self.expand(expand_alias(name, self.aliases[name], line), frame))

    def system(self, command: str) -> None:
        """Run a command of the operating system; its status becomes ``_exit_code``."""
        self._system(self.expand(command, sys._getframe(1)))

    def _system(self, command: str) -> None:
        from .system import run_command

        front_end = self.front_end

        def ask(prompt: str, password: bool) -> str:
            return front_end.read_input(prompt, password=password)

        has_terminal = getattr(front_end, "has_terminal", False)
        self.namespace["_exit_code"] = -signal.SIGINT.value  # unless it comes to its end
        self.namespace["_exit_code"] = run_command(
            command, ask=None if has_terminal else ask, inherit=self.inherit_streams
        )

    def getoutput(self, command: str) -> Any:
        """The lines that a command prints, as :class:`~vivo.core.system.CommandOutput`."""
        from .system import capture_command

        output, status = capture_command(self.expand(command, sys._getframe(1)))
        self.namespace["_exit_code"] = status
        return output

    def _is_magic(self, name: str) -> bool:
        return self.magics.find(name) is not None or name in self.aliases

    def _is_cell_magic(self, name: str) -> bool:
        return self.magics.find(name, "cell") is not None

    def _is_shadowed(self, name: str) -> bool:
        import builtins

        return name in self.namespace or hasattr(builtins, name)

    def _is_callable(self, name: str) -> bool:
        """Whether a dotted name stands for something that can be called, told without user code."""
        value = evaluate(name, self.namespace)
        return value is not UNKNOWN and class_attribute(type(value), "__call__") is not UNKNOWN
