"""Magics of files and the pager: writefile, pycat, page, load, notebook."""

from __future__ import annotations

from pathlib import Path

from ..errors import UsageError
from .history import chosen
from .macros import text_of
from .options import Option
from .registry import MagicCall, magic


@magic(
    "writefile",
    also=("file",),
    kinds=("cell",),
    arguments="FILE",
    options=(Option("-a", "append", "append to the file", long="--append"),),
    interspersed=True,
)
def writefile(call: MagicCall) -> None:
    """Write the cell to a file, without running it."""
    if not call.arguments:
        raise UsageError(f"%%{call.name} wants a file.")
    path = Path(call.words[0]).expanduser()
    verb = "Appending to" if call.options.append else "Overwriting" if path.exists() else "Writing"
    try:
        with path.open("a" if call.options.append else "w", encoding="utf-8") as stream:
            stream.write(call.cell or "")
    except OSError as error:
        raise UsageError(f"%%{call.name} cannot write {path}: {error.strerror}.") from None
    print(f"{verb} {path}")


@magic("pycat", also=("less", "more"), arguments="FILE|RANGES|NAME")
def pycat(call: MagicCall) -> None:
    """Show a file, inputs or a macro in the pager."""
    if not call.arguments:
        raise UsageError(f"%{call.name} wants a file, a macro or the numbers of inputs.")
    call.shell.front_end.page({"text/plain": text_of(call, call.arguments)})


@magic(
    "page",
    arguments="[EXPRESSION]",
    expands=False,
    options=(Option("-r", "raw", "as str() gives it, not laid out"),),
)
def page(call: MagicCall) -> None:
    """Show an object in the pager; without a name the last value."""
    shell = call.shell
    expression = call.arguments or "_"
    try:
        value = eval(expression, shell.namespace)
    except NameError:
        raise UsageError(f"Nothing is called {expression} here.") from None
    text = str(value) if call.options.raw else shell.formatters.plain(value)
    shell.front_end.page({"text/plain": text})


@magic(
    "load",
    also=("loadpy",),
    arguments="FILE|ADDRESS|RANGES|NAME",
    expands=False,
    options=(
        Option("-r", "lines", "these lines alone, for instance 5-10,20", "LINES"),
        Option("-s", "symbols", "these functions and classes alone", "NAMES"),
        Option("-y", "sure", "taken for what the peers ask; nothing is asked here"),
    ),
)
def load(call: MagicCall) -> None:
    """Offer a file's text, a page's, inputs or a macro as the next input."""
    wanted = call.arguments.strip()
    if not wanted:
        raise UsageError("%load wants a file, an address, a macro or the numbers of inputs.")
    text = _fetched(wanted) if wanted.startswith(("http://", "https://")) else text_of(call, wanted)
    if call.options.lines:
        text = _lines(text, call.options.lines)
    if call.options.symbols:
        text = _symbols(text, call.options.symbols)
    call.shell.front_end.set_next_input(text.rstrip("\n"), replace=True)


def _fetched(address: str) -> str:
    from urllib.error import URLError
    from urllib.request import urlopen

    try:
        with urlopen(address, timeout=20) as answer:
            return str(answer.read().decode("utf-8", "replace"))
    except (URLError, OSError, ValueError) as error:
        raise UsageError(f"%load cannot read {address}: {error}.") from None


def _lines(text: str, wanted: str) -> str:
    lines = text.split("\n")
    kept: list[str] = []
    for part in wanted.split(","):
        first, dash, last = part.partition("-")
        try:
            start = int(first or 1)
            end = int(last or len(lines)) if dash else start
        except ValueError:
            raise UsageError(f"%load -r wants lines such as 5-10,20; not {wanted}.") from None
        kept += lines[start - 1 : end]
    return "\n".join(kept)


def _symbols(text: str, wanted: str) -> str:
    import ast

    names = [name.strip() for name in wanted.split(",")]
    lines = text.split("\n")
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        raise UsageError(f"%load -s cannot read the text as Python: {error}.") from None
    found = {node.name: node for node in tree.body if isinstance(node, kinds)}
    missing = [name for name in names if name not in found]
    if missing:
        raise UsageError(f"%load -s: nothing is called {', '.join(missing)} there.")
    parts = []
    for name in names:
        node = found[name]
        start = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
        parts.append("\n".join(lines[start - 1 : node.end_lineno]))
    return "\n\n\n".join(parts)


@magic(
    "notebook",
    arguments="FILE.ipynb",
    options=(Option("-e", "export", "taken for what the peers ask; it always exports"),),
)
def notebook(call: MagicCall) -> None:
    """Write this session's inputs, with the texts of their values, to a notebook file."""
    if not call.arguments:
        raise UsageError("%notebook wants a file, for instance %notebook work.ipynb.")
    path = Path(call.words[0]).expanduser()
    shell = call.shell
    cells = []
    for entry in chosen(call, ""):
        outputs = []
        if entry.line in shell.results.outputs:
            text = shell.formatters.plain(shell.results.outputs[entry.line])
            outputs.append(
                {
                    "output_type": "execute_result",
                    "execution_count": entry.line,
                    "data": {"text/plain": text},
                    "metadata": {},
                }
            )
        cells.append(
            {
                "cell_type": "code",
                "id": f"cell-{entry.line}",
                "execution_count": entry.line,
                "metadata": {},
                "source": entry.source,
                "outputs": outputs,
            }
        )
    from ..notebook_files import notebook_text

    held = {
        "cells": cells,
        "metadata": {"kernelspec": {"name": "vivo", "display_name": "vivo", "language": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    path.write_text(notebook_text(held), "utf-8")
    print(f"{len(cells)} inputs written to {path}")
