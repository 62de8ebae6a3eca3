"""The smaller objects that hang on ``get_ipython()``: hooks, extensions, inputs, configuration."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from ..errors import UsageError
from .interactive import TryNext

if TYPE_CHECKING:
    from ..shell import Shell

HOOKS = (
    "editor",
    "synchronize_with_editor",
    "shutdown_hook",
    "late_startup_hook",
    "show_in_pager",
    "pre_prompt_hook",
    "pre_run_code_hook",
    "clipboard_get",
)


class Hooks:
    """What extensions put in place of the shell's own ways, each an attribute that is called."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._functions: dict[str, list[tuple[int, Callable[..., Any]]]] = {
            name: [] for name in HOOKS
        }
        self._functions["show_in_pager"].append((100, self._page))
        self._functions["synchronize_with_editor"].append((100, lambda *_: None))

    def set(
        self,
        name: str,
        hook: Callable[..., Any],
        priority: int,
        *,
        str_key: str | None,
        re_key: str | None,
    ) -> None:
        """Have a function called; see :meth:`~vivo.core.compatibility.Compatible.set_hook`."""
        if name == "complete_command":
            self._complete(hook, str_key, re_key)
            return
        if name not in self._functions:
            raise UsageError(
                f"There is no hook {name}; there are complete_command, {', '.join(HOOKS)}."
            )
        self._functions[name].append((priority, hook))
        self._functions[name].sort(key=lambda entry: entry[0])

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in self._functions:
            raise AttributeError(f"there is no hook {name}")
        return lambda *words, **named: self._call(name, *words, **named)

    def _call(self, name: str, *words: Any, **named: Any) -> Any:
        for _, function in tuple(self._functions[name]):
            try:
                if function == self._page:
                    return function(*words, **named)
                return function(self._shell, *words, **named)
            except TryNext:
                continue
        raise TryNext(f"no function of the hook {name} took it")

    def _page(self, data: Any, start: int = 0, screen_lines: int = 0, **_: Any) -> None:
        from .interactive import page

        page(data, start)

    def _complete(self, hook: Callable[..., Any], str_key: str | None, re_key: str | None) -> None:
        """Complete a command by ``hook(shell, event)``; the event says what is typed."""
        if str_key is None:
            raise UsageError(
                "The hook complete_command wants str_key, the name of a command; patterns "
                f"such as {re_key!r} are not completed by."
            )
        shell, command = self._shell, str_key

        def ask(word: str, line: str) -> list[str]:
            typed = f"{command} {line}"
            event = SimpleNamespace(
                command=command, symbol=word, line=typed, text_until_cursor=typed
            )
            return list(hook(shell, event) or ())

        shell.completer.registered.add_command(command.lstrip("%"), ask)


class ExtensionManager:
    """Loads and unloads extensions, as ``%load_ext`` does."""

    def __init__(self, shell: Shell) -> None:
        self.shell = shell

    @property
    def loaded(self) -> set[str]:
        """The extensions that are loaded."""
        return self.shell.extensions.loaded

    def load_extension(self, module_str: str) -> str | None:
        """Load an extension; a word where it was not."""
        try:
            return None if self.shell.extensions.load(module_str) else "already loaded"
        except UsageError:
            if module_str not in sys.modules:
                raise
            return "no load function"

    def unload_extension(self, module_str: str) -> str | None:
        """Unload an extension; a word where it was not."""
        if module_str not in self.loaded:
            return "not loaded"
        try:
            self.shell.extensions.unload(module_str)
        except UsageError:
            return "no unload function"
        return None

    def reload_extension(self, module_str: str) -> str | None:
        """Load an extension again, from its changed source."""
        try:
            self.shell.extensions.reload(module_str)
        except UsageError:
            return "no load function"
        return None


class TransformerManager:
    """What makes Python of cells."""

    def __init__(self, shell: Shell | None = None) -> None:
        self._shell = shell

    def transform_cell(self, cell: str) -> str:
        """The Python of a cell."""
        if self._shell is not None:
            return self._shell.transform_cell(cell)
        from ..transform import Transformer

        return Transformer().transform(cell)

    def check_complete(self, cell: str) -> tuple[str, int | None]:
        """``complete``, ``incomplete`` or ``invalid``, and how far the next line is indented."""
        from ..transform import Transformer
        from ..transform.completeness import completeness

        status, indent = completeness(cell, Transformer().transform(cell))
        return status, len(indent) if status == "incomplete" else None


class HistoryManager:
    """The inputs and results of a session."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell

    @property
    def session_number(self) -> int:
        """This session's number."""
        return self._shell.history.session

    @property
    def input_hist_raw(self) -> list[str]:
        """The inputs as typed, by their number."""
        return self._shell.results.inputs

    @property
    def input_hist_parsed(self) -> list[str]:
        """The Python of the inputs, by their number."""
        entries = self._shell.history.range(0)
        held = [""] * (max((entry.line for entry in entries), default=0) + 1)
        for entry in entries:
            held[entry.line] = entry.transformed or entry.source
        return held

    @property
    def output_hist(self) -> dict[int, Any]:
        """The values, by their number."""
        return self._shell.results.outputs

    def get_range(
        self,
        session: int = 0,
        start: int = 1,
        stop: int | None = None,
        raw: bool = True,
        output: bool = False,
    ) -> Iterator[tuple[int, int, Any]]:
        """Inputs of a session: session, line, text (or text and output)."""
        return self._told(
            self._shell.history.range(session, start, stop, output=output), raw, output
        )

    def get_tail(
        self, n: int = 10, raw: bool = True, output: bool = False, include_latest: bool = False
    ) -> Iterator[tuple[int, int, Any]]:
        """The last inputs of all sessions."""
        return self._told(self._shell.history.tail(n, output=output), raw, output)

    def search(
        self,
        pattern: str = "*",
        raw: bool = True,
        output: bool = False,
        n: int | None = None,
        unique: bool = False,
    ) -> Iterator[tuple[int, int, Any]]:
        """Inputs that match a pattern with ``*`` and ``?``."""
        found = self._shell.history.search(pattern, count=n, unique=unique, output=output)
        return self._told(found, raw, output)

    @staticmethod
    def _told(entries: Any, raw: bool, output: bool) -> Iterator[tuple[int, int, Any]]:
        for entry in entries:
            text = entry.source if raw else entry.transformed or entry.source
            yield entry.session, entry.line, (text, entry.output) if output else text


class Configuration(dict[str, Any]):
    """A configuration that has every section: ``config.Class.option = value``."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name[:1].isupper():
            return self.setdefault(name, Configuration())
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"nothing is configured as {name}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def merge(self, other: dict[str, Any]) -> None:
        """Take over another configuration."""
        for name, value in other.items():
            held = self.get(name)
            if isinstance(held, Configuration) and isinstance(value, dict):
                held.merge(value)
            else:
                self[name] = value


def configuration(held: Any) -> Any:
    """A configuration with what ``held`` has, of the kind that extensions want.

    That is traitlets' own where traitlets is in use, else one of ours.
    """
    loader: Any = sys.modules.get("traitlets.config")
    kind = loader.Config if loader is not None else Configuration
    return held if type(held) is kind else kind(held or {})
