"""Magics about figures and windows: which backend matplotlib uses, which event loop runs."""

from __future__ import annotations

from .options import Option
from .registry import MagicCall, magic


@magic("gui", arguments="[TOOLKIT]")
def gui(call: MagicCall) -> None:
    """Let a toolkit's windows live while the session waits.

    It takes tk, qt, qt6, qt5, gtk3, gtk4, wx, asyncio and off; without a name it is off.
    """
    call.shell.enable_gui(call.arguments)


@magic(
    "matplotlib",
    arguments="[BACKEND]",
    options=(Option("-l", "listed", "list the backends that can be chosen", long="--list"),),
)
def matplotlib(call: MagicCall) -> None:
    """Choose matplotlib's backend: inline, a toolkit's windows, or files alone (agg).

    Windows open without blocking, and follow what later cells change. Without a name, or with
    ``auto``, it is a toolkit of this machine, and ``inline`` where there is no display.
    """
    from .. import figures

    if call.options.listed:
        print(", ".join(figures.names()))
        return
    chosen = figures.choose(call.shell, call.arguments.strip())
    if call.arguments.strip() in ("", "auto"):
        print(f"matplotlib's backend: {chosen}")


@magic(
    "pylab",
    arguments="[BACKEND]",
    options=(
        Option("-n", "plain", "import the modules alone, not their names", long="--no-import-all"),
    ),
)
def pylab(call: MagicCall) -> None:
    """Import numpy and matplotlib as an interactive workspace.

    It gives np, plt, numpy, matplotlib, pylab, mlab, figsize and getfigs, and every name of
    pylab. Variables of yours that have such a name are replaced, and named.
    """
    from .. import figures

    chosen, replaced = figures.enter_pylab(
        call.shell, call.arguments.strip(), everything=not call.options.plain
    )
    print(f"numpy and matplotlib are at hand; matplotlib's backend: {chosen}")
    if replaced:
        print(f"These names were yours and are replaced: {', '.join(replaced)}")
