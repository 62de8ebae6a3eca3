"""Magics about the shell itself: what there is, how it behaves, extensions."""

from __future__ import annotations

import sys
from typing import Any

from ..errors import UsageError
from ..extensions import BUILT_IN
from .registry import MagicCall, magic


@magic("lsmagic")
def lsmagic(call: MagicCall) -> None:
    """List the magics and aliases there are."""
    registry = call.shell.magics
    for title, prefix, kind in (("Line magics", "%", "line"), ("Cell magics", "%%", "cell")):
        names = "  ".join(prefix + name for name in registry.names(kind))
        print(f"{title}:\n{names}\n")
    print(f"Aliases:\n{'  '.join(sorted(call.shell.aliases))}\n")
    state = "on" if registry.automagic else "off"
    print(f"Automagic is {state}; %name? tells what a magic does.")


@magic("quickref")
def quickref(call: MagicCall) -> None:
    """Show the shell's syntax on one page."""
    rows = (
        ("obj?, ?obj", "what is known of an object"),
        ("obj??", "the same, with its source"),
        ("*err*?", "names that match"),
        ("%name?", "what a magic does, and its options"),
        ("%name -x arg", "a line magic; %lsmagic lists them"),
        ("x = %name -x arg", "its value in a variable"),
        ("%%name", "a cell magic, on a cell's first line"),
        ("!command", "a command of the operating system; its status is _exit_code"),
        ("!!command", "its output, as a list of lines"),
        ("x = !command", "the same in a variable"),
        ("$name, {expression}", "values of Python in commands and magics"),
        ("_, __, _7, Out[7]", "earlier values"),
        ("_i, _ii, _i7, In[7]", "earlier inputs"),
        ("value;", "hide a value"),
        (",f a b", "f('a', 'b')"),
        (";f a b", "f('a b')"),
        ("/f a b", "f(a, b)"),
        ("await something", "at a cell's top level"),
        ("%history -g pattern", "inputs of every session that match"),
        ("%run FILE", "a program as if typed; -d in the debugger, -p under the profiler"),
        ("%debug", "look at the last error where it was raised"),
    )
    call.shell.front_end.page({"text/plain": "\n".join(f"{a:<20} {b}" for a, b in rows)})


@magic("magic")
def about_magics(call: MagicCall) -> None:
    """Show every magic with its help."""
    pages = [entry.help() for entry in call.shell.magics]
    call.shell.front_end.page({"text/plain": "\n\n".join(pages)})


@magic("alias", arguments="[NAME [COMMAND]]", expands=False)
def alias(call: MagicCall) -> list[tuple[str, str]] | None:
    """Name a command of the operating system; without arguments list the names.

    In the command ``%s`` stands for a word of the call and ``%l`` for its whole line; without
    either, what is typed is appended. ``%alias NAME`` shows one.
    """
    name, _, command = call.arguments.partition(" ")
    if not name:
        return sorted(call.shell.aliases.items())
    if not command.strip():
        known = call.shell.aliases.get(name)
        if known is None:
            raise UsageError(f"There is no alias {name}; %alias {name} command makes one.")
        return [(name, known)]
    if not name.isidentifier() or call.shell.magics.find(name) is not None:
        raise UsageError(f"An alias cannot be called {name}: it is a magic or no name.")
    call.shell.aliases[name] = command.strip()
    return None


@magic("unalias", arguments="NAME")
def unalias(call: MagicCall) -> None:
    """Remove an alias."""
    if call.shell.aliases.pop(call.arguments, None) is None:
        raise UsageError(f"There is no alias {call.arguments}; %alias lists them.")


@magic("xmode", arguments="[Plain|Context|Verbose|Minimal]")
def xmode(call: MagicCall) -> None:
    """Say how tracebacks are written; without a word, in the next of these ways.

    Plain: as Python has it. Context: with the lines around. Verbose: with the values of variables
    too. Minimal: the error alone.
    """
    modes = ("Plain", "Context", "Verbose", "Minimal")
    names = {name.lower(): name for name in modes}
    now = modes.index(call.shell.settings.xmode)
    word = call.arguments.strip().lower() or modes[(now + 1) % len(modes)].lower()
    if word not in names:
        raise UsageError(f"%xmode takes Plain, Context, Verbose or Minimal, not {call.arguments}.")
    call.shell.settings.set("xmode", names[word])
    print(f"Tracebacks: {names[word]}")


@magic("precision", arguments="[DIGITS|FORMAT]")
def precision(call: MagicCall) -> str:
    """Say how floats are shown: with so many digits, by a format, or again as Python does.

    ``%precision 3`` and ``%precision %.4e``; numpy's arrays follow.
    """
    text = call.arguments.strip()
    form: str | None = None
    if text.isdigit():
        form = f"%.{text}f"
    elif text:
        try:
            text % 3.14159
        except (ValueError, TypeError):
            raise UsageError(
                f"%precision takes a number of digits or a %-format such as %.4e, not {text}."
            ) from None
        form = text
    call.shell.formatters.float_format = form
    _numpy_precision(call.shell, int(text) if text.isdigit() else 8)
    return form or "%r"


def _numpy_precision(shell: Any, digits: int) -> None:
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        numpy.set_printoptions(precision=digits)


@magic("load_ext", arguments="MODULE")
def load_ext(call: MagicCall) -> None:
    """Load an extension: a module with ``load_ipython_extension(shell)``."""
    name = _extension(call)
    if not call.shell.extensions.load(name) and name not in BUILT_IN:
        print(f"The extension {name} is loaded already; %reload_ext {name} runs its file again.")


@magic("unload_ext", arguments="MODULE")
def unload_ext(call: MagicCall) -> None:
    """Unload an extension, if it can be: it needs ``unload_ipython_extension``."""
    call.shell.extensions.unload(_extension(call))


@magic("reload_ext", arguments="MODULE")
def reload_ext(call: MagicCall) -> None:
    """Load an extension again, from its changed source."""
    call.shell.extensions.reload(_extension(call))


def _extension(call: MagicCall) -> str:
    name = call.arguments.strip()
    if not name:
        raise UsageError(f"%{call.name} wants the name of a module.")
    return name
