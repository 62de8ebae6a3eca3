"""``Magics`` and the decorators with which extensions declare magics in classes.

Rules:

1. A decorator notes on a method what it is; ``@magics_class`` collects the notes of a class; an
   instance binds them. :meth:`~vivo.core.compatibility.Compatible.register_magics` registers them.
2. A class may also inherit from ``traitlets.Configurable``: arguments are passed on.
"""

from __future__ import annotations

import getopt
from collections.abc import Callable
from typing import Any, TypeVar

from ..errors import UsageError
from ..magics.options import split_words
from .utilities import Struct, arg_split

F = TypeVar("F", bound=Callable[..., Any])

_NOTE = "__vivo_magic__"
magic_kinds = ("line", "cell")
magic_spec = ("line", "cell", "line_cell")
magic_escapes = {"line": "%", "cell": "%%"}
MAGIC_NO_VAR_EXPAND_ATTR = "_ipython_magic_no_var_expand"
MAGIC_LOCAL_SCOPE_ATTR = "needs_local_scope"


class Magics:
    """Base of classes whose methods are magics; ``self.shell`` is the shell."""

    options_table: dict[str, str]
    magics: Any = None
    registered = False
    shell: Any = None

    def __init__(self, shell: Any = None, **options: Any) -> None:
        if not self.__class__.registered:
            raise ValueError(f"{type(self).__name__} lacks the decorator @magics_class")
        bound = {
            kind: {name: getattr(self, method) for name, method in table.items()}
            for kind, table in type(self).magics.items()
        }
        parents = [base for base in type(self).__mro__ if base not in (type(self), Magics, object)]
        if any("traits" in vars(base) for base in parents):  # a Configurable wants its parent
            super().__init__(**options)
        self.shell = shell
        self.options_table = {}
        self.magics = bound

    def parse_options(
        self,
        arg_str: str,
        opt_str: str,
        *long_opts: str,
        mode: str = "string",
        list_all: bool = False,
        posix: bool = True,
        strict: bool = True,
        preserve_non_opts: bool = False,
        **_: Any,
    ) -> tuple[Struct, Any]:
        """The options of a line as ``getopt`` knows them, and the text after them.

        With ``list_all`` every option that takes a value has a list of them; ``mode="list"`` gives
        the rest as words. Raises :class:`UsageError` for an option that is not in ``opt_str``.
        """
        if mode not in ("string", "list"):
            raise ValueError(f"mode is string or list, not {mode}")
        found: Struct = Struct()
        words = arg_split(arg_str, posix, strict)
        try:
            pairs, rest = getopt.getopt(words, opt_str, list(long_opts))
        except getopt.GetoptError as error:
            allowed = " ".join(
                [f"-{c}" for c in opt_str if c != ":"] + [f"--{o}" for o in long_opts]
            )
            raise UsageError(f"{error.msg}; there are {allowed}.") from None
        for flag, value in pairs:
            name = flag.lstrip("-")
            if name not in found:
                found[name] = [value] if list_all else value
            elif list_all:
                found[name].append(value)
            else:
                held = found[name] if isinstance(found[name], list) else [found[name]]
                found[name] = [*held, value]
        if mode == "list":
            return found, rest
        if preserve_non_opts:
            return found, _text_after(arg_str, len(words) - len(rest))
        return found, " ".join(rest)

    def default_option(self, fn: str, optstr: str) -> None:
        """Options that a magic takes by itself."""
        self.options_table[fn] = optstr

    def arg_err(self, func: Callable[..., Any]) -> None:
        """Say how a magic is used."""
        print(f"Error in arguments:\n{func.__doc__ or ''}")  # noqa: T201 - what the user asked for

    def format_latex(self, strng: str) -> str:
        """A text with LaTeX's special characters escaped."""
        for character in "\\%$#&_{}":
            strng = strng.replace(character, "\\" + character)
        return strng


def _text_after(line: str, count: int) -> str:
    """What a line has after its first ``count`` words, as it was typed."""
    for _ in range(count):
        stripped = line.lstrip()
        word = split_words(stripped)[0] if stripped else ""
        end = stripped.find(" ", len(word))
        line = "" if end < 0 else stripped[end:]
    return line.lstrip()


def magics_class(cls: type[Any]) -> type[Any]:
    """Collect the magics that a class declares."""
    tables: dict[str, dict[str, str]] = {kind: {} for kind in magic_kinds}
    for base in reversed(cls.__mro__):
        for method, value in vars(base).items():
            for kind, name in getattr(value, _NOTE, ()):
                for each in magic_kinds if kind == "line_cell" else (kind,):
                    tables[each][name] = method
    cls.registered = True
    cls.magics = tables
    return cls


def _method_marker(kind: str, described: str) -> Any:
    """``@line_magic`` and its kin, with or without a name: ``@line_magic("name")``."""

    def mark(given: Any = None) -> Any:
        if callable(given):
            return _note(given, kind, given.__name__)
        return lambda function: _note(function, kind, given or function.__name__)

    mark.__doc__ = f"Declare a method as a {described} magic."
    return mark


def _note(function: F, kind: str, name: str) -> F:
    notes = [*getattr(function, _NOTE, ()), (kind, name)]
    setattr(function, _NOTE, notes)
    return function


line_magic = _method_marker("line", "line")
cell_magic = _method_marker("cell", "cell")
line_cell_magic = _method_marker("line_cell", "line and cell")


def _function_marker(kind: str, described: str) -> Any:
    """``@register_line_magic`` and its kin: a plain function becomes a magic at once."""

    def mark(given: Any = None) -> Any:
        def register(function: Callable[..., Any], name: str) -> Callable[..., Any]:
            from .interactive import InteractiveShell

            InteractiveShell.instance().register_magic_function(function, kind, name)
            return function

        if callable(given):
            return register(given, given.__name__)
        return lambda function: register(function, given or function.__name__)

    mark.__doc__ = f"Register a function as a {described} magic of the running shell."
    return mark


register_line_magic = _function_marker("line", "line")
register_cell_magic = _function_marker("cell", "cell")
register_line_cell_magic = _function_marker("line_cell", "line and cell")


def needs_local_scope(function: F) -> F:
    """Let a magic have the variables of the frame that calls it, as ``local_ns``."""
    setattr(function, MAGIC_LOCAL_SCOPE_ATTR, True)
    return function


def no_var_expand(function: F) -> F:
    """Let a magic have its line as typed: ``$name`` and ``{expression}`` stay."""
    setattr(function, MAGIC_NO_VAR_EXPAND_ATTR, True)
    return function


def output_can_be_silenced(function: F) -> F:
    """Nothing to do: a semicolon hides a magic's value anyway."""
    return function


def on_off(tag: Any) -> str:
    """A truth as a word."""
    return "ON" if tag else "OFF"


def compress_dhist(dh: list[Any]) -> list[Any]:
    """A list of folders without repeats, the last ten as they are."""
    head, tail = dh[:-10], dh[-10:]
    return list(dict.fromkeys(head)) + tail


class MagicsManager:
    """A shell's magics as extensions look at them."""

    def __init__(self, shell: Any) -> None:
        self.shell = shell
        self.registry: dict[str, Any] = {}
        """The instances of classes of magics, by the class's name."""

    @property
    def magics(self) -> dict[str, dict[str, Any]]:
        """The magics of each kind: name → function."""
        registry = self.shell.magics
        return {
            kind: {name: self.shell.find_magic(name, kind) for name in registry.names(kind)}
            for kind in magic_kinds
        }

    def lsmagic(self) -> dict[str, dict[str, Any]]:
        """The magics of each kind."""
        return self.magics

    def register(self, *magic_objects: Any) -> None:
        """Register classes of magics, or their instances."""
        self.shell.register_magics(*magic_objects)

    def register_function(
        self, func: Callable[..., Any], magic_kind: str = "line", magic_name: str | None = None
    ) -> None:
        """Register a function as a magic."""
        self.shell.register_magic_function(func, magic_kind, magic_name)

    def register_alias(
        self, alias_name: str, magic_name: str, magic_kind: str = "line", magic_params: Any = None
    ) -> None:
        """Give a magic another name, perhaps with parameters that come first."""
        shell, before = self.shell, f"{magic_params} " if magic_params else ""

        def call(line: str, cell: str | None = None) -> Any:
            return shell.run_magic(magic_name, before + line, cell)

        call.__doc__ = f"Another name of {magic_escapes[magic_kind]}{magic_name}."
        shell.register_magic_function(call, magic_kind, alias_name)
