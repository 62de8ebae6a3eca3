"""Options of magics by ``argparse``, declared with decorators.

``@magic_arguments()`` stands outermost and makes the parser of what the decorators below it
declare; ``parse_argstring(function, line)`` uses it.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any, NoReturn

from ..errors import UsageError
from .utilities import arg_split

_NOTES = "__vivo_arguments__"
MagicHelpFormatter = argparse.RawDescriptionHelpFormatter
Step = Callable[[Any, Any], Any]
"""What a decorator adds: (parser, the group that is open) → the group that is open then."""


class MagicArgumentParser(argparse.ArgumentParser):
    """A parser whose errors are sentences to the user and not the end of the program."""

    def __init__(self, prog: str | None = None, **options: Any) -> None:
        options.setdefault("add_help", False)
        options.setdefault("formatter_class", MagicHelpFormatter)
        super().__init__(prog, **options)

    def error(self, message: str) -> NoReturn:
        """Raise :class:`UsageError`."""
        raise UsageError(f"%{self.prog}: {message}. See %{self.prog}?")

    def parse_argstring(self, argstring: str, *, partial: bool = False) -> Any:
        """The options of a line; with ``partial``, also the words that are none."""
        words = arg_split(argstring, strict=not partial)
        return self.parse_known_args(words) if partial else self.parse_args(words)


def real_name(magic_func: Any) -> str:
    """The name of a magic by its function."""
    name = str(magic_func.__name__).removeprefix("magic_")
    return str(getattr(magic_func, "argcmd_name", name))


def construct_parser(magic_func: Any) -> MagicArgumentParser:
    """The parser of a magic; the function's documentation becomes its help."""
    options = dict(getattr(magic_func, "argcmd_kwds", {}))
    options.setdefault("description", magic_func.__doc__)
    parser = MagicArgumentParser(real_name(magic_func), **options)
    group = None
    for step in reversed(getattr(magic_func, _NOTES, [])):
        group = step(parser, group)
    magic_func.__doc__ = parser.format_help()
    return parser


def parse_argstring(magic_func: Any, argstring: str, *, partial: bool = False) -> Any:
    """The options of a magic's line. Raises :class:`UsageError`."""
    return magic_func.parser.parse_argstring(argstring, partial=partial)


def _noting(step: Step) -> Callable[[Any], Any]:
    def decorate(function: Any) -> Any:
        setattr(function, _NOTES, [*getattr(function, _NOTES, []), step])
        function.has_arguments = True
        return function

    return decorate


def magic_arguments(name: str | None = None) -> Callable[[Any], Any]:
    """Make the parser of a magic; the outermost of these decorators."""

    def decorate(function: Any) -> Any:
        if name is not None:
            function.argcmd_name = name
        function.parser = construct_parser(function)
        function.has_arguments = True
        return function

    return decorate


def argument(*flags: str, **options: Any) -> Callable[[Any], Any]:
    """Declare an argument, as ``ArgumentParser.add_argument`` does."""

    def step(parser: Any, group: Any) -> Any:
        (parser if group is None else group).add_argument(*flags, **options)
        return group

    return _noting(step)


def defaults(**values: Any) -> Callable[[Any], Any]:
    """Declare defaults, as ``ArgumentParser.set_defaults`` does."""

    def step(parser: Any, group: Any) -> Any:
        parser.set_defaults(**values)
        return group

    return _noting(step)


def argument_group(*words: Any, **options: Any) -> Callable[[Any], Any]:
    """Open a group of arguments: those that are declared below it belong there."""
    return _noting(lambda parser, group: parser.add_argument_group(*words, **options))


def kwds(**options: Any) -> Callable[[Any], Any]:
    """Give the parser further options."""

    def decorate(function: Any) -> Any:
        function.argcmd_kwds = options
        return function

    return decorate
