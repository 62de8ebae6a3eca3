"""Magics that change how input is read and values are written."""

from __future__ import annotations

import ast
from typing import Any

from ..errors import UsageError
from .options import Option
from .registry import Magic, MagicCall, magic

_WORDS = {"on": True, "1": True, "true": True, "off": False, "0": False, "false": False}


def switched(call: MagicCall, current: bool) -> bool:
    """What on, off or nothing (the other way) means. Raises :class:`UsageError` for else."""
    word = call.arguments.strip().lower()
    if word and word not in _WORDS:
        raise UsageError(f"%{call.name} takes on or off, not {word}.")
    return _WORDS.get(word, not current)


@magic("automagic", arguments="[on|off]")
def automagic(call: MagicCall) -> None:
    """Turn automagic on or off; without a word the other way.

    With it ``ls`` runs as ``%ls`` where nothing is called so.
    """
    registry = call.shell.magics
    registry.automagic = switched(call, registry.automagic)
    print(f"Automagic is {'on' if registry.automagic else 'off'}.")


@magic("autoawait", arguments="[on|off|asyncio]")
def autoawait(call: MagicCall) -> None:
    """Let cells await at their top level, or not; without a word tell which."""
    settings = call.shell.settings
    word = call.arguments.strip().lower()
    if word in ("trio", "curio"):
        raise UsageError(f"%autoawait {word}: a session's loop is asyncio's; there is no other.")
    if word not in ("", "asyncio"):
        settings.set("autoawait", switched(call, settings.autoawait))
    elif word == "asyncio":
        settings.set("autoawait", True)
    print(f"Top-level await is {'on, in asyncio' if settings.autoawait else 'off'}.")


@magic("autocall", arguments="[0|1|2]")
def autocall(call: MagicCall) -> None:
    """Let ``f x`` mean ``f(x)``: 0 never, 1 with arguments, 2 also without."""
    settings = call.shell.settings
    word = call.arguments.strip()
    if word and word not in ("0", "1", "2"):
        raise UsageError(f"%autocall takes 0, 1 or 2, not {word}.")
    settings.set("autocall", int(word) if word else 0 if settings.autocall else 1)
    print("Automatic calling is: " + ("OFF", "Smart", "Full")[settings.autocall])


@magic("pprint", arguments="[on|off]")
def pprint(call: MagicCall) -> None:
    """Lay values out over lines, or show their repr as it is; without a word the other way."""
    formatters = call.shell.formatters
    formatters.lays_out = switched(call, formatters.lays_out)
    print(f"Pretty printing has been turned {'ON' if formatters.lays_out else 'OFF'}")


@magic("colors", arguments="on|off")
def colors(call: MagicCall) -> None:
    """Say whether tracebacks are coloured.

    The names of colour schemes are taken too: NoColor is off, Neutral, Linux and LightBG are on.
    """
    word = call.arguments.strip().lower()
    names = {"nocolor": False, "linux": True, "lightbg": True, "neutral": True, **_WORDS}
    if word not in names:
        raise UsageError(
            "%colors takes on, off, NoColor, Neutral, Linux or LightBG; the colours themselves "
            "are the front end's."
        )
    call.shell.settings.set("colours", names[word])


@magic("doctest_mode")
def doctest_mode(call: MagicCall) -> None:
    """Show values and errors as doctest has them, or again as before."""
    shell = call.shell
    before = shell.before_doctest_mode
    if before is None:
        shell.before_doctest_mode = (shell.settings.xmode, shell.formatters.lays_out)
        shell.settings.set("xmode", "Plain")
        shell.formatters.lays_out = False
    else:
        shell.before_doctest_mode = None
        shell.settings.set("xmode", before[0])
        shell.formatters.lays_out = before[1]
    print(f"Doctest mode is: {'ON' if before is None else 'OFF'}")


@magic(
    "alias_magic",
    arguments="NAME MAGIC",
    options=(
        Option("-l", "line", "a line magic", long="--line"),
        Option("-c", "cell", "a cell magic", long="--cell"),
        Option("-p", "parameters", "what stands before what is typed", "TEXT", long="--params"),
    ),
    interspersed=True,
)
def alias_magic(call: MagicCall) -> None:
    """Give a magic another name, with parameters of its own if wanted."""
    words = call.words
    if len(words) != 2:
        raise UsageError("%alias_magic wants the new name and the magic.")
    name, target = (word.lstrip("%") for word in words)
    registry, options = call.shell.magics, call.options
    wanted = [kind for kind in ("line", "cell") if getattr(options, kind)] or ["line", "cell"]
    known = [kind for kind in wanted if registry.find(target, kind)]
    if not known:
        registry.get(target, wanted[0])  # raises the sentence with near names
    parameters = f"{options.parameters} " if options.parameters else ""
    for kind in known:
        registry.add(_renamed(name, registry.get(target, kind), kind, parameters))
        print(f"Created `{'%%' if kind == 'cell' else '%'}{name}` as an alias for `%{target}`.")


def _renamed(name: str, entry: Magic, kind: str, parameters: str) -> Magic:
    def run(call: MagicCall) -> Any:
        line = parameters + call.line
        inner = MagicCall(call.shell, entry.name, line, call.cell, frame=call.frame)
        return entry.function(call.shell.magics.parse(entry, inner))

    run.__doc__ = f"The same as %{entry.name} {parameters}".rstrip() + ".\n\n" + entry.help()
    return Magic(name, run, (kind,), (), entry.expands)


class CodeWrapper(ast.NodeTransformer):
    """Puts a cell into a template: ``__code__`` becomes its statements, ``__ret__`` its value."""

    def __init__(self, name: str, template: str) -> None:
        self.name = name
        self.template = template
        self._body: list[ast.stmt] = []

    def visit(self, node: ast.AST) -> Any:
        """The wrapped tree of a cell; within it, the template's marks are replaced."""
        if not isinstance(node, ast.Module):
            return super().visit(node)
        self._body = list(node.body)
        if self._body and isinstance(self._body[-1], ast.Expr):
            last = self._body[-1]
            assign = ast.Assign([ast.Name("__ret__", ast.Store())], last.value)
            self._body[-1] = ast.copy_location(assign, last)
        else:
            place = self._body[-1] if self._body else None
            nothing = ast.Assign([ast.Name("__ret__", ast.Store())], ast.Constant(None))
            self._body.append(ast.copy_location(nothing, place) if place else nothing)
        template = ast.parse(self.template)
        line = node.body[0].lineno if node.body else 1
        for part in ast.walk(template):  # the template's own lines are not the file's
            if hasattr(part, "lineno"):
                part.lineno = part.end_lineno = line  # type: ignore[attr-defined]
        wrapped = self.generic_visit(template)
        return ast.fix_missing_locations(wrapped)

    def visit_Expr(self, node: ast.Expr) -> Any:
        """The cell's statements in place of ``__code__``."""
        if isinstance(node.value, ast.Name) and node.value.id == "__code__":
            return self._body
        return node


@magic(
    "code_wrap",
    arguments="[NAME]",
    cell_arguments="NAME",
    kinds=("line", "cell"),
    expands=False,
    options=(
        Option("-l", "listed", "list the wrappers", long="--list"),
        Option("-r", "removed", "remove the wrapper", long="--remove"),
    ),
)
def code_wrap(call: MagicCall) -> None:
    """Wrap every later cell in this one: ``__code__`` stands for it, ``__ret__`` for its value.

    %%code_wrap NAME defines a wrapper, %code_wrap --remove NAME takes it out again.
    """
    wrappers = call.shell.tree_transformers
    ours = {entry.name: entry for entry in wrappers if isinstance(entry, CodeWrapper)}
    name = call.arguments.strip()
    if call.options.listed or (call.cell is None and not name):
        print(
            "\n".join(f"{key}:\n{entry.template}" for key, entry in ours.items()) or "No wrapper."
        )
        return
    if call.options.removed:
        if name not in ours:
            raise UsageError(f"No wrapper is called {name}; %code_wrap --list shows them.")
        wrappers.remove(ours[name])
        return
    if call.cell is None or not name:
        raise UsageError("%%code_wrap wants a name, and the template as the cell.")
    try:
        template = ast.parse(call.cell)
    except SyntaxError as error:
        raise UsageError(f"The wrapper {name} is no Python: {error}.") from None
    marks = [node.id for node in ast.walk(template) if isinstance(node, ast.Name)]
    if "__code__" not in marks:
        raise UsageError(f"The wrapper {name} has no line __code__ for the cell to stand at.")
    if name in ours:
        wrappers.remove(ours[name])
    wrappers.append(CodeWrapper(name, call.cell))


@magic("subshell")
def subshell(call: MagicCall) -> None:
    """Tell where this cell runs: the main shell, or a subshell of the Jupyter protocol."""
    import os
    import threading

    thread = threading.current_thread()
    where = "the main shell" if thread is threading.main_thread() else f"a subshell ({thread.name})"
    print(f"This cell runs in {where} of process {os.getpid()}, thread {thread.native_id}.")
    print("Completion, inspection, history and interrupts are answered beside it.")
