"""Magics that make edits of modules take effect: autoreload, aimport."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

from ..errors import UsageError
from .options import Option
from .registry import MagicCall, magic

if TYPE_CHECKING:
    from ..reloading import Reload
    from ..shell import Shell

_MODES = ("off", "explicit", "all", "complete")


class AutoReload:
    """When a shell reloads, and how it tells."""

    def __init__(self, shell: Shell) -> None:
        from ..reloading import ModuleReloader

        self.reloader = ModuleReloader(shell.namespace, shell.results.inputs)
        self.watcher = self.reloader.watcher
        self.mode = "off"
        self.prints = self.logs = False
        self._warn = shell.warn
        shell.events.register("pre_run_cell", self._before_cell)
        shell.events.register("post_run_cell", self._after_cell)

    def _before_cell(self, _: Any) -> None:
        if self.mode != "off":
            self.reload(only_explicit=self.mode == "explicit")

    def _after_cell(self, _: Any) -> None:
        self.watcher.notice_imports()

    def reload(self, *, only_explicit: bool = False) -> None:
        """Reload what has changed; say what was, if asked for, and always what was not."""
        add_new = self.mode == "complete"
        for each in self.reloader.reload_changed(only_explicit=only_explicit, add_new=add_new):
            self._tell(each)

    def _tell(self, reload: Reload) -> None:
        for sentence in filter(None, (reload.error, *reload.notes)):
            self._warn(sentence)
        if reload.error is None and self.prints:
            print(f"Reloaded {reload.name}.")
        if reload.error is None and self.logs:
            import logging

            logging.getLogger("autoreload").info("Reloaded %s.", reload.name)


def autoreload_of(shell: Shell) -> AutoReload:
    """A shell's state, made at first use: a session that never reloads pays nothing."""
    if shell.auto_reload is None:
        shell.auto_reload = AutoReload(shell)
    return shell.auto_reload


@magic(
    "autoreload",
    arguments="[off|explicit|all|complete|now]",
    interspersed=True,
    options=(
        Option("-p", "prints", "print what is reloaded", long="--print"),
        Option("-l", "logs", "log what is reloaded, at level INFO", long="--log"),
    ),
)
def autoreload(call: MagicCall) -> None:
    """Make edits of modules take effect before a cell runs.

    off (0): not. explicit (1): those that %aimport named. all (2): all but those that
    %aimport excluded; libraries are left out. complete (3): the same, and new names appear where
    ``from module import *`` was run. now, or nothing: all at once, this time only.
    """
    state = autoreload_of(call.shell)
    word = call.arguments.strip().lower() or "now"
    if word != "now" and word not in (*_MODES, *map(str, range(len(_MODES)))):
        raise UsageError(
            f"%autoreload takes now, off (0), explicit (1), all (2) or complete (3), not {word}."
        )
    state.prints, state.logs = call.options.prints, call.options.logs
    if word == "now":
        state.reload()
    else:
        state.mode = _MODES[int(word)] if word.isdigit() else word


@magic("aimport", arguments="[MODULE …] [-MODULE …]")
def aimport(call: MagicCall) -> None:
    """Import modules and have them reloaded, or exclude them from it.

    ``%aimport foo, -bar``; alone it lists what was named.
    """
    watcher = autoreload_of(call.shell).watcher
    names = call.arguments.replace(",", " ").split()
    for name in names:
        if name.startswith("-"):
            watcher.excluded.add(name[1:])
            watcher.explicit.discard(name[1:])
        else:
            _import(call, name)
            watcher.name(name)
    if not names:
        print("Modules to reload: " + (" ".join(sorted(watcher.explicit)) or "all of the user's"))
        print("Modules to leave:  " + (" ".join(sorted(watcher.excluded)) or "none"))


def _import(call: MagicCall, name: str) -> None:
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise
        raise UsageError(f"%aimport: there is no module {error.name} to import.") from None
    top = name.partition(".")[0]
    call.shell.namespace[top] = sys.modules[top]
