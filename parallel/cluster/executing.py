"""What the caller of a cell on engines sees while it runs, and is asked.

The event loop puts what comes into a queue; the thread that waits takes it out and shows it, so
that output and questions are where the caller is.
"""

from __future__ import annotations

import builtins
import getpass
import queue
import sys
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from .calls import Outcome
from .grouping import grouped

if TYPE_CHECKING:
    from .results import AsyncResult, CellResult

_TICK = 0.2  # seconds between looks at whether all have ended


class Console:
    """Shows the outputs of engines."""

    def __init__(self, is_single: bool, group: str = "live") -> None:
        """``is_single``: outputs have no engine's name; ``group`` is one of the ``GROUPS``."""
        self._is_single, self._group = is_single, group
        self._came: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._speaker: int | None = None
        self._is_within_line = False

    def for_engine(self, number: int) -> dict[str, Any]:
        """What a cell is to call on the loop: see :class:`Cell`."""

        def shown(kind: str, content: dict[str, Any]) -> None:
            if self._group == "live":
                self._came.put(partial(self._show, number, kind, content))

        def asked(prompt: str, password: bool, answer: Callable[[str | None], None]) -> None:
            self._came.put(partial(self._ask, number, prompt, password, answer))

        return {"on_output": shown, "on_question": asked}

    def attend(self, result: CellResult) -> None:
        """Show what comes, and ask what is asked, until all have ended."""
        for each in result.futures:
            each.add_done_callback(lambda _: self._came.put(_nothing))
        try:
            while not result.done() or not self._came.empty():
                try:
                    self._came.get(timeout=_TICK)()
                except queue.Empty:
                    continue
        except KeyboardInterrupt:
            result.interrupted()
            while not self._came.empty():
                self._came.get()()
            raise
        finally:
            if self._group != "live":
                self.show_all(result)

    def _show(self, number: int, kind: str, content: dict[str, Any]) -> None:
        if kind == "stream":
            self._write(number, content.get("name", "stdout"), content.get("text", ""))
        elif kind in ("display_data", "execute_result"):
            self._display(number, content)
        # An error is raised when all have ended.

    def _write(self, number: int, name: str, text: str) -> None:
        if not text:
            return
        self._name(number)
        stream = sys.stderr if name == "stderr" else sys.stdout
        stream.write(text)
        stream.flush()
        self._is_within_line = not text.endswith("\n")

    def _name(self, number: int) -> None:
        """Say whose output comes, if it is another engine's than the last."""
        if self._is_single or self._speaker == number:
            return
        if self._is_within_line:
            sys.stdout.write("\n")
            self._is_within_line = False
        self._speaker = number
        sys.stdout.write(f"[engine {number}]\n")
        sys.stdout.flush()

    def _display(self, number: int, content: dict[str, Any]) -> None:
        """Show a value as the engine rendered it: by the session, where there is one."""
        data = content.get("data", {})
        publish = _publisher()
        if publish is not None:
            self._name(number)
            publish(data, content.get("metadata", {}))
            self._is_within_line = False
        else:
            self._write(number, "stdout", f"{data.get('text/plain', '')}\n")

    def _ask(
        self, number: int, prompt: str, password: bool, answer: Callable[[str | None], None]
    ) -> None:
        text = prompt if self._is_single else f"[engine {number}] {prompt}"
        try:
            answer(getpass.getpass(text) if password else builtins.input(text))
        except EOFError:
            answer(None)

    def show_all(self, result: AsyncResult) -> None:
        """Show what those that have ended have printed and shown."""
        ended = [
            (number, _outputs_of(future.result()))
            for number, future in zip(result.engines, result.futures, strict=True)
            if future.done()
        ]
        for number, each in grouped(ended, self._group):
            self._show(number, each["kind"], each["content"])


def _outputs_of(outcome: Outcome) -> list[dict[str, Any]]:
    """All outputs in order; of a call, whose text comes apart from them, the text first."""
    if any(each["kind"] == "stream" for each in outcome.outputs):
        return outcome.outputs
    texts = (("stdout", outcome.stdout), ("stderr", outcome.stderr))
    told = [{"kind": "stream", "content": {"name": n, "text": text}} for n, text in texts if text]
    return told + outcome.outputs


def _publisher() -> Callable[[Any, Any], None] | None:
    """How the session that this runs in shows a bundle; None outside of one."""
    shell = getattr(builtins, "get_ipython", lambda: None)()
    front_end = getattr(shell, "front_end", None)
    return getattr(front_end, "display", None)


def _nothing() -> None:
    pass
