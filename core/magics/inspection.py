"""Magics that tell about objects: pinfo and its kin, psearch."""

from __future__ import annotations

import fnmatch
from typing import TYPE_CHECKING

from ..errors import UsageError, nearest
from .options import Option
from .registry import MagicCall, magic

if TYPE_CHECKING:
    from ..inspector import Inspection

_PLACES = ("user", "builtin", "alias", "magic")


def _place(word: str) -> str:
    if word not in _PLACES:
        raise ValueError(f"it is one of {', '.join(_PLACES)}")
    return word


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
    """Show an object's docstring, and that of a class's ``__init__``."""
    told = found(call)
    parts = [part for part in (told.docstring, told.init_docstring) if part]
    page(call, "\n\n".join(parts) or f"{told.name} has no docstring.")


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
    arguments="PATTERN [TYPE]",
    expands=False,
    options=(
        Option("-i", "ignore_case", "let upper and lower case match"),
        Option("-c", "keep_case", "tell upper from lower case, as it does if nothing is said"),
        Option("-a", "private", "find names that begin with an underscore too"),
        Option("-e", "left_out", "leave out: user, builtin, alias, magic", "WHERE", None, _place,
               repeated=True),
        Option("-s", "searched", "search also in: alias, magic", "WHERE", None, _place,
               repeated=True),
        Option("-l", "list_kinds", "list the types that TYPE may name"),
    ),
)  # fmt: skip
def psearch(call: MagicCall) -> None:
    """List the names that match a pattern with wildcards: ``*err*?``.

    ``*`` stands for any letters, ``?`` for one; ``a.*b*`` looks into ``a``. With a TYPE only names
    of such values are listed: a type's name, or class, module, function.
    """
    from ..wildcards import kinds_of, matching_names

    options, shell = call.options, call.shell
    if options.list_kinds:
        page(call, "\n".join(kinds_of(shell.namespace)))
        return
    pattern, _, kind = call.arguments.strip().partition(" ")
    if not pattern:
        raise UsageError("%psearch wants a pattern, for instance %psearch *err*.")
    left_out = options.left_out or []
    names = matching_names(
        pattern,
        {} if "user" in left_out else shell.namespace,
        ignore_case=options.ignore_case and not options.keep_case,
        is_private_wanted=options.private,
        kind=kind.strip() or None,
        with_builtins="builtin" not in left_out,
    )
    if not kind:
        further = {"alias": shell.aliases, "magic": shell.magics.names()}
        for where in options.searched or []:
            if where not in left_out:
                names += fnmatch.filter(further.get(where, ()), pattern)
    page(call, "\n".join(names) or f"No name matches {call.arguments}.")
