"""Magics that tell about objects: pinfo and its kin, psearch."""

from __future__ import annotations

from ..errors import UsageError, nearest
from ..inspector import Inspection, matching_names
from .options import Option
from .registry import MagicCall, magic


def found(call: MagicCall, detail_level: int = 0) -> Inspection:
    """What is known of the magic's argument. Raises :class:`UsageError` with near names."""
    name = call.arguments.strip()
    if not name:
        raise UsageError(f"%{call.name} wants the name of an object.")
    told = call.shell.inspect(name, detail_level, safe=False)
    if told is None:
        near = nearest(name, call.shell.user_names(), count=3)
        hint = f" Did you mean {', '.join(near)}?" if near else ""
        raise UsageError(f"Nothing is called {name} here.{hint}")
    return told


def page(call: MagicCall, text: str) -> None:
    """Show a text through the front end's pager."""
    call.shell.front_end.page({"text/plain": text})


@magic("pinfo", arguments="OBJECT", expands=False)
def pinfo(call: MagicCall) -> None:
    """Tell what is known of an object: ``obj?``."""
    page(call, found(call).text())


@magic("pinfo2", arguments="OBJECT", expands=False)
def pinfo2(call: MagicCall) -> None:
    """Tell what is known of an object, with its source: ``obj??``."""
    page(call, found(call, 1).text())


@magic("pdoc", arguments="OBJECT", expands=False)
def pdoc(call: MagicCall) -> None:
    """Show an object's docstring."""
    told = found(call)
    page(call, told.docstring or f"{told.name} has no docstring.")


@magic("pdef", arguments="OBJECT", expands=False)
def pdef(call: MagicCall) -> None:
    """Show how a function or class is called."""
    told = found(call)
    page(call, told.signature or f"{told.name} cannot be called, or does not tell how.")


@magic("psource", arguments="OBJECT", expands=False)
def psource(call: MagicCall) -> None:
    """Show an object's source."""
    told = found(call, 1)
    page(call, told.source or f"The source of {told.name} is not known; it may be written in C.")


@magic("pfile", arguments="OBJECT", expands=False)
def pfile(call: MagicCall) -> None:
    """Show the file in which an object is defined."""
    told = found(call)
    if told.file is None:
        raise UsageError(f"No file is known for {told.name}; it may be built in.")
    import linecache

    page(call, f"{told.file}\n" + "".join(linecache.getlines(told.file)))


@magic(
    "psearch",
    arguments="PATTERN",
    expands=False,
    options=(Option("-i", "ignore_case", "let upper and lower case match"),),
)
def psearch(call: MagicCall) -> None:
    """List the names that match a pattern with wildcards: ``*err*?``."""
    names = matching_names(
        call.arguments, call.shell.namespace, ignore_case=call.options.ignore_case
    )
    page(call, "\n".join(names) or f"No name matches {call.arguments}.")
