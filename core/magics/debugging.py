"""Magics of errors and the debugger: debug, pdb, tb."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from ..errors import UsageError
from ..traceback_text import MODES
from .code import place_of
from .options import Option
from .registry import MagicCall, magic


def place_of_breakpoint(magic_name: str, text: str, default: Path | None) -> tuple[str, int]:
    """The file and line that ``-b`` names. Raises :class:`UsageError` for what it cannot read."""
    match = re.fullmatch(r"(?:(?P<file>.+):)?(?P<line>\d+)", text.strip())
    if match is None or (match["file"] is None and default is None):
        raise UsageError(f"%{magic_name} -b wants FILE:LINE or LINE, not {text}.")
    path = Path(match["file"]).expanduser() if match["file"] else default
    assert path is not None
    return str(path.resolve()), int(match["line"])


@magic(
    "debug",
    arguments="[STATEMENT|ENGINE]",
    cell_arguments="",
    kinds=("line", "cell"),
    expands=False,
    options=(
        Option(
            "-b", "breakpoint", "run to this line first", "FILE:LINE", None, long="--breakpoint"
        ),
    ),
)
def debug(call: MagicCall) -> None:
    """Look at the last error where it was raised, or run a statement or a cell in the debugger.

    Without a statement: a post-mortem of the last error (``u`` and ``d`` walk the stack, ``p x``
    prints, ``q`` leaves). After an error on engines of a cluster, the number of one enters its
    post-mortem there.
    """
    shell = call.shell
    text = call.arguments if call.cell is None else f"{call.cell}"
    if call.cell is None and shell.debugging.is_elsewhere(text.strip()):
        return
    if not text.strip():
        shell.debugging.post_mortem()
        return
    filename, line = place_of(call)
    tree = shell.compiler.parse(shell.transform_cell(text), filename, line)
    code = shell.compiler.compile(tree, filename)
    wanted = call.options.breakpoint
    place = place_of_breakpoint("debug", wanted, Path(filename)) if wanted else None
    local: Any = shell.namespace
    if call.frame is not None and call.frame.f_globals is shell.namespace:
        local = call.frame.f_locals
    shell.debugging.run_code(code, shell.namespace, local, place)


@magic("pdb", arguments="[on|off]")
def pdb(call: MagicCall) -> None:
    """Enter the debugger at every error, or not; without a word the other way."""
    words = {"on": True, "1": True, "off": False, "0": False, "": not call.shell.settings.pdb}
    word = call.arguments.strip().lower()
    if word not in words:
        raise UsageError(f"%pdb takes on or off, not {word}.")
    call.shell.settings.set("pdb", words[word])
    print(f"Automatic post-mortem is {'on' if words[word] else 'off'}.")


@magic(
    "tb",
    arguments="[Plain|Context|Verbose|Minimal]",
    options=(Option("-s", "switch", "keep the mode for later errors"),),
)
def tb(call: MagicCall) -> None:
    """Show the last traceback again, in the mode that is named."""
    shell = call.shell
    if shell.last_report is None:
        raise UsageError("No cell has failed yet: there is no traceback to show.")
    names = {name.lower(): name for name in MODES}
    word = call.arguments.strip().lower()
    if word and word not in names:
        raise UsageError(f"%tb takes {', '.join(MODES)}, not {call.arguments}.")
    mode = names.get(word, shell.settings.xmode)
    if call.options.switch:
        shell.settings.set("xmode", mode)
    print(shell.last_report.text(mode))
