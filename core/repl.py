"""A plain read-and-run loop in a terminal, and :func:`embed`: a shell inside a running program.

Source: the paper, "The core as a library" (programs that embed the shell).
"""

from __future__ import annotations

import sys
from types import FrameType, ModuleType
from typing import Any

from .shell import Shell

_LEAVING = frozenset({"exit", "quit", "exit()", "quit()"})


class Repl:
    """Reads cells from the terminal and runs them until the user leaves."""

    def __init__(self, shell: Shell) -> None:
        self.shell = shell

    def run(self) -> None:
        """Read and run until the end of input, ``exit`` or ``quit``."""
        before, self.shell.can_exit = self.shell.can_exit, True
        self.shell.exit_requested = False
        try:
            self._run()
        finally:
            self.shell.can_exit, self.shell.exit_requested = before, False

    def _run(self) -> None:
        while not self.shell.exit_requested:
            try:
                source = self._read()
            except EOFError:
                sys.stdout.write("\n")
                return
            except KeyboardInterrupt:
                sys.stdout.write("\nKeyboardInterrupt\n")
                continue
            if source.strip() in _LEAVING:
                return
            if source.strip():
                self.shell.run_cell(source)

    def _read(self) -> str:
        """A complete cell."""
        number = self.shell.execution_count
        prompt = f"In [{number}]: "
        lines = [input(prompt)]
        more = f"{'...: ':>{len(prompt)}}"
        while True:
            source = "\n".join(lines)
            status, _ = self.shell.is_complete(source)
            if status != "incomplete" or source.strip() in _LEAVING:
                return source
            lines.append(input(more))


def embed(
    *,
    banner: str | None = None,
    namespace: dict[str, Any] | None = None,
    shell: Shell | None = None,
) -> None:
    """Stop a program here and let its user look around; go on when the user leaves.

    The shell sees the caller's names, or those of ``namespace``. In a module new names stay in it;
    in a function the caller's own variables cannot be changed, as Python has it, but what they
    hold can. ``shell`` is one that the program has made itself: it is given the names, and stays.
    """
    caller = sys._getframe(1)
    if shell is None:
        made = Shell(module=_module_of(caller, namespace))
    else:
        made = shell
        given = vars(_module_of(caller, namespace))
        made.namespace.update({name: given[name] for name in given if not name.startswith("__")})
    filename, line = caller.f_code.co_filename, caller.f_lineno
    told = banner if banner is not None else f"vivo in {filename}, line {line}; exit goes on."
    if told:
        sys.stdout.write(told + "\n")
    try:
        Repl(made).run()
    finally:
        if shell is None:
            made.close()
            made.forget_own_names()


def _module_of(caller: FrameType, namespace: dict[str, Any] | None) -> ModuleType:
    """The module whose names the shell sees."""
    own = sys.modules.get(caller.f_globals.get("__name__", ""))
    at_top = caller.f_locals is caller.f_globals
    if namespace is None and at_top and own is not None and vars(own) is caller.f_globals:
        return own
    module = ModuleType(caller.f_globals.get("__name__", "__main__"))
    if namespace is not None:
        vars(module).update(namespace)
    else:
        vars(module).update(caller.f_globals)
        vars(module).update(caller.f_locals)
    return module
