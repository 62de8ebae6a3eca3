"""Magics of clusters: px, autopx, pxconfig, pxresult.

They are declared here, as every session has them; what they do is loaded with the first call.
Source: the paper, "Interactive parallel computing".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...core.magics.registry import MagicCall, Option, magic

if TYPE_CHECKING:
    from ..cluster.px import ParallelCells

SUBJECT = "Engines of a cluster"

_GROUP = Option(
    "-g",
    "group",
    "the order of outputs: live (as they come), engine, order or type",
    "ORDER",
    long="--group-outputs",
)
_WHERE = (
    Option(
        "-t",
        "targets",
        "which engines: all, 0, -1, 0,2, 1:, ::2 or the name of a host",
        "ENGINES",
        long="--targets",
    ),
    Option("-b", "block", "wait until all have ended, and show what comes", long="--block"),
    Option("-a", "no_block", "go on at once; %pxresult shows what came", long="--noblock"),
    _GROUP,
    Option("-c", "cluster", "which cluster, if there are several", "NAME", long="--cluster"),
)


def _cells() -> ParallelCells:
    from ..cluster.px import cells

    return cells


@magic(
    "px",
    kinds=("line", "cell"),
    expands=False,
    arguments="STATEMENT",
    cell_arguments="",
    options=(
        *_WHERE,
        Option("-o", "save", "keep the result under a name", "NAME", long="--save"),
        Option("-l", "local", "run it here too", long="--local"),
    ),
)
def px(call: MagicCall) -> Any:
    """Run a statement, or a cell, on the engines of a cluster.

    The cluster is the last that the session has used, or the only one that runs. What the engines
    print, show and ask is printed, shown and asked here; their errors come together, each remote
    traceback once, and ``%debug ENGINE`` looks at one where it was raised.
    """
    code = call.arguments if call.cell is None else call.cell
    return _cells().run(call.shell, code, call.options)


@magic("autopx")
def autopx(call: MagicCall) -> None:
    """Run every cell on the engines from now on; a second time ends it."""
    _cells().toggle(call.shell)


@magic("pxconfig", options=_WHERE)
def pxconfig(call: MagicCall) -> None:
    """Set what %px does where its options say nothing; without options tell what holds.

    ``--cluster any`` takes the last one again.
    """
    _cells().configure(call.options)


@magic("pxresult", options=(_GROUP,))
def pxresult(call: MagicCall) -> None:
    """Show what the last %px gave, engine by engine; waits if it has not ended."""
    _cells().show_last(call.options.group)
