"""Magics that make edits of modules take effect: autoreload, aimport."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from ..errors import UsageError
from .options import Option
from .registry import MagicCall, magic

if TYPE_CHECKING:
    from ..reloading import Reload
    from ..shell import Shell

_MODES = {
    "0": "off",
    "off": "off",
    "1": "explicit",
    "explicit": "explicit",
    "2": "all",
    "all": "all",
    "3": "complete",
    "complete": "complete",
}


class AutoReload:
    """When a shell reloads, and how it tells."""

    def __init__(self, shell: Shell) -> None:
        from ..reloading import ModuleReloader

        self.reloader = ModuleReloader(shell.namespace)
        self.mode = "off"
        self.prints = self.logs = False
        self._warn = shell.warn
        shell.events.register("pre_run_cell", self._before_cell)
        shell.events.register("post_run_cell", self._after_cell)

    def _before_cell(self, _: Any) -> None:
        if self.mode != "off":
            self.tell(self.reloader.reload_changed(only_explicit=self.mode == "explicit"))

    def _after_cell(self, _: Any) -> None:
        self.reloader.notice_imports()

    def tell(self, reloads: list[Reload]) -> None:
        """Say what was reloaded, if that was asked for, and always what was not."""
        for reload in reloads:
            if reload.error is not None:
                self._warn(reload.error)
            for note in reload.notes:
                self._warn(note)
            if reload.error is None and self.prints:
                print(f"Reloaded {reload.name}.")
            if reload.error is None and self.logs:
                logging.getLogger("autoreload").info("Reloaded %s.", reload.name)


def autoreload_of(shell: Shell) -> AutoReload:
    """A shell's state, made at first use: a session that never reloads pays nothing."""
    if shell.auto_reload is None:
        shell.auto_reload = AutoReload(shell)
    return shell.auto_reload


@magic(
    "autoreload",
    options=(
        Option("-p", "prints", "print what is reloaded", long="--print"),
        Option("-l", "logs", "log what is reloaded, at level INFO", long="--log"),
    ),
)
def autoreload(call: MagicCall) -> None:
    """Make edits of modules take effect: %autoreload [now|0|1|2|3|off|explicit|all|complete]."""
    state = autoreload_of(call.shell)
    word = call.arguments.strip().lower() or "now"
    if word != "now" and word not in _MODES:
        raise UsageError(
            f"%autoreload takes now, off (0), explicit (1), all (2) or complete (3), not {word}."
        )
    state.prints, state.logs = call.options.prints, call.options.logs
    if word == "now":
        state.tell(state.reloader.reload_changed())
    else:
        state.mode = _MODES[word]
