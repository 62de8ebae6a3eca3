"""Magics that bring inputs and values back: macro, store, edit."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ..errors import AlreadyReportedError, UsageError
from ..macro import Macro
from .history import chosen
from .options import Option
from .registry import MagicCall, magic


@magic(
    "macro",
    arguments="NAME RANGE …",
    expands=False,
    options=(
        Option("-r", "raw", "as typed; otherwise the Python that ran"),
        Option("-q", "quiet", "print nothing"),
    ),
)
def macro(call: MagicCall) -> None:
    """Name inputs, to run them again by that name."""
    name, _, ranges = call.arguments.partition(" ")
    if not name.isidentifier():
        raise UsageError("%macro wants a name and inputs, for instance %macro setup 4-6.")
    text = text_of(call, ranges, raw=call.options.raw)
    call.shell.namespace[name] = Macro(text)
    if not call.options.quiet:
        print(f"Macro `{name}` created. To execute, type its name (without quotes).")
        print("=== Macro contents: ===\n" + text.rstrip())


def text_of(call: MagicCall, wanted: str, *, raw: bool = True) -> str:
    """The text that ranges, a file, a macro or a name stand for. Raises :class:`UsageError`."""
    shell = call.shell
    held = shell.namespace.get(wanted.strip())
    if isinstance(held, (Macro, str)):
        return str(held)
    path = Path(wanted.strip()).expanduser()
    if wanted.strip() and path.is_file():
        return path.read_text("utf-8")
    entries = chosen(call, wanted)
    if not entries:
        raise UsageError(f"No inputs are numbered {wanted}; %history -n shows the numbers.")
    texts = [entry.source if raw else entry.transformed or entry.source for entry in entries]
    return "\n".join(texts) + "\n"


@magic(
    "store",
    arguments="[NAME … | NAME > FILE]",
    options=(
        Option("-r", "restored", "bring values back; all if none is named"),
        Option("-d", "deleted", "remove a value"),
        Option("-z", "emptied", "remove all values"),
    ),
)
def store(call: MagicCall) -> None:
    """Keep variables and aliases for later sessions; -r brings them back.

    Without names the stored values are listed; ``%store NAME > FILE`` writes its text to a file.
    """
    kept, options, words = call.shell.store, call.options, call.words
    if options.emptied:
        for name in kept.names():
            kept.remove(name)
    elif options.deleted:
        for name in words or [""]:
            kept.remove(name)
    elif options.restored:
        _restore(call, words or kept.names())
    elif not words:
        _list(call)
    elif len(words) == 3 and words[1] in (">", ">>"):
        _write_text(call, *words)
    else:
        for name in words:
            _keep(call, name)


def _keep(call: MagicCall, name: str) -> None:
    namespace = call.shell.namespace
    if name in namespace:
        value = namespace[name]
    elif name in call.shell.aliases:
        value = StoredAlias(call.shell.aliases[name])
    else:
        raise UsageError(f"No variable or alias is called {name}.")
    size = call.shell.store.put(name, value)
    print(f"Stored '{name}' ({type(value).__name__}, {size:,} bytes)")


class StoredAlias(str):
    """The command of a stored alias; comes back as an alias."""

    __slots__ = ()


def _restore(call: MagicCall, names: list[str]) -> None:
    for name in names:
        value = call.shell.store.get(name)
        if isinstance(value, StoredAlias):
            call.shell.aliases[name] = str(value)
        else:
            call.shell.namespace[name] = value


def _list(call: MagicCall) -> None:
    names = call.shell.store.names()
    if not names:
        print("Nothing is stored yet; %store NAME stores a variable.")
        return
    print("Stored values (bring them back with %store -r NAME):")
    for name in names:
        size = (call.shell.store.folder / f"{name}.pickle").stat().st_size
        print(f"  {name:<20} {size:,} bytes")


def _write_text(call: MagicCall, name: str, how: str, file: str) -> None:
    if name not in call.shell.namespace:
        raise UsageError(f"No variable is called {name}.")
    value = call.shell.namespace[name]
    text = value if isinstance(value, str) else call.shell.formatters.plain(value)
    with Path(file).expanduser().open("a" if how == ">>" else "w", encoding="utf-8") as stream:
        stream.write(text + "\n")
    print(f"Wrote '{name}' to {file}.")


@magic(
    "edit",
    also=("ed",),
    arguments="[FILE|RANGES|NAME]",
    expands=False,
    options=(
        Option("-x", "not_run", "do not run it afterwards"),
        Option("-r", "raw", "inputs as typed; otherwise the Python that ran"),
        Option("-n", "line", "open at this line", "LINE", None, int),
        Option("-p", "previous", "open what was edited last"),
    ),
)
def edit(call: MagicCall) -> None:
    """Open a file, inputs, a macro or an object's source in the editor.

    In a terminal the text runs when the editor is left; in an editor it is opened there.
    """
    if call.options.previous:
        edited = call.shell.last_edited
        if edited is None:
            raise UsageError("%edit -p: nothing has been edited in this session.")
        path, line, name = edited
    else:
        path, line, name = call.shell.last_edited = _to_edit(call)
    front_end = call.shell.front_end
    opened = getattr(front_end, "edit", None)
    if opened is None:
        raise UsageError(f"This front end has no editor; the text is in {path}.")
    waited = opened(path, call.options.line or line)
    if not waited or call.options.not_run:
        return
    try:
        text = Path(path).read_text("utf-8")
    except FileNotFoundError:
        raise UsageError(f"The editor was left without saving {path}: nothing is run.") from None
    if name is not None and isinstance(call.shell.namespace.get(name), Macro):
        call.shell.namespace[name] = Macro(text)
        return
    result = call.shell.run_cell(text, filename=str(path), store_history=False)
    if result.error is not None:
        raise AlreadyReportedError


def _to_edit(call: MagicCall) -> tuple[str, int, str | None]:
    """The file to open, the line, and the name of the macro it comes from."""
    wanted = call.arguments.strip()
    if wanted and Path(wanted).expanduser().is_file():
        return str(Path(wanted).expanduser().resolve()), 1, None
    value: Any = call.shell.namespace.get(wanted)
    source = ""
    if not isinstance(value, (Macro, str)) and all(map(str.isidentifier, wanted.split("."))):
        told = call.shell.inspect(wanted, 1)
        if told is not None and told.file and Path(told.file).is_file():
            return told.file, told.line or 1, None
        source = f"{told.source.rstrip()}\n" if told is not None and told.source else ""
    if wanted.endswith(".py"):
        return str(Path(wanted).expanduser().resolve()), 1, None  # a new file
    text = source or (text_of(call, wanted, raw=call.options.raw) if wanted else "")
    import tempfile

    descriptor, path = tempfile.mkstemp(prefix="vivo-edit-", suffix=".py")
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
    return path, 1, wanted if isinstance(value, Macro) else None
