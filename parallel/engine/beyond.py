"""The cells that are beyond their limit, and the thread that shows what is held of them.

Rules:

1. What is held of a cell is shown at its pace while it goes on, and all of it at its end.
2. Whatever is sent here is shielded: an interrupt waits until nothing is half done.
3. The thread lives as long as something is held, and a little longer.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ...core.interrupts import shielded
from .channel import KeeperGone
from .last_state import Key, LastState

if TYPE_CHECKING:
    from .output import Output

_REST = 5.0  # seconds without anything held, after which the thread ends


class Beyond:
    """The last states of all runs, and the thread that shows them while their cells go on."""

    def __init__(
        self, parent: str, limit: int, output: Output, is_open: Callable[[str | None], bool]
    ) -> None:
        self._parent, self._limit = parent, limit
        self._output, self._is_open = output, is_open
        self._states: dict[str | None, LastState] = {}
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._is_resting = False

    @shielded
    def display(self, header: dict[str, Any], size: int, shown: int) -> None:
        """Take in a display that is over the limit; ``shown``: bytes that its run has shown."""
        run = header["run"]
        with self._changed:
            state = self._of(run)
            state.display(header, size)
            files = state.files
            where = files.failure or f"the rest has files in {files.folder}"
            self._say_once(
                run,
                "displays",
                f"[vivo: this cell has displayed {shown:,} bytes, and the next display has "
                f"{size:,}. Of what is over {self._limit:,} the last is shown, from time to time "
                f"or at the end; {where}]\n",
            )
            self._wake()

    @shielded
    def message(
        self, header: dict[str, Any], buffers: tuple[bytes, ...], size: int, sent: int
    ) -> None:
        """Take in a message to a widget that is over the limit; ``sent``: bytes before it."""
        run = header["run"]
        with self._changed:
            self._of(run).message(header, buffers, size)
            self._say_once(
                run,
                "messages",
                f"[vivo: this cell has sent {sent:,} bytes to its widgets. From here on their last "
                "state is sent, from time to time and at the cell's end]\n",
            )
            self._wake()

    @shielded
    def superseded(self, header: dict[str, Any]) -> None:
        """A display, an update or a value is shown as it came."""
        if header["type"] == "update":
            with self._changed:
                for state in self._states.values():
                    state.superseded(str(header["display_id"]))

    @shielded
    def closed(self, comm: str) -> None:
        """A comm is closed."""
        with self._changed:
            for state in self._states.values():
                state.closed(comm)

    @shielded
    def cleared(self, run: str | None) -> None:
        """A run clears its output."""
        with self._changed:
            if (state := self._states.get(run)) is not None:
                state.cleared()

    @shielded
    def ended(self, run: str | None) -> None:
        """A run ends: show all that is held."""
        with self._changed:
            state = self._states.pop(run, None)
            if state is None:
                return
            for text in state.summary():
                self._say(run, text)
            self._show(state, list(state.held))
            state.files.close()

    def _of(self, run: str | None) -> LastState:
        state = self._states.get(run)
        if state is None:
            state = self._states[run] = LastState(self._parent, self._limit)
        return state

    def _show(self, state: LastState, keys: list[Key]) -> None:
        for each in state.take(keys):
            self._output.put(each.header, each.buffers)

    def _say_once(self, run: str | None, what: str, text: str) -> None:
        said = self._of(run).said
        if what not in said:
            said.add(what)
            self._say(run, text)

    def _say(self, run: str | None, text: str) -> None:
        self._output.put({"type": "stream", "run": run, "name": "stderr", "text": text})

    # --- While cells go on -----------------------------------------------------------------

    def _wake(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._serve, name="vivo-display", daemon=True)
            # debuggers leave threads alone that say so
            self._thread.pydev_do_not_trace = True  # type: ignore[attr-defined]
            self._thread.is_pydev_daemon_thread = True  # type: ignore[attr-defined]
            self._thread.start()
        elif self._is_resting:
            self._changed.notify()

    def _serve(self) -> None:
        try:
            with self._changed:
                while (wait := self._show_due()) is not None or not self._rests():
                    if wait:
                        self._changed.wait(wait)
                self._thread = None
        except KeeperGone:
            pass  # the lane ends the engine

    def _rests(self) -> bool:
        """Wait until something is held; whether nothing came for long."""
        self._is_resting = True
        is_woken = self._changed.wait(_REST)
        self._is_resting = False
        return not is_woken

    def _show_due(self) -> float | None:
        """Show what is due; seconds until the next is, None if nothing is held."""
        now, waits = time.monotonic(), []
        for run, state in tuple(self._states.items()):
            keys = state.shown_now(is_open=self._is_open(run))
            if not keys:
                continue
            wait = state.pace.wait(sum(state.held[key].size for key in keys), now)
            if wait == 0:
                state.pace.shown(now)
                self._show(state, keys)
            else:
                waits.append(wait)
        return min(waits, default=None)
