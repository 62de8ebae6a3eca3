"""The analysis process: requests come in on stdin, answers go out on stdout.

Rules:

1. Three threads work: one for jedi, whose answers may take seconds, one for what parso tells of the
   structure of a document, and one for the names of modules; these must not wait behind it. jedi's
   says what it begins, so that the server knows what it hangs at.
2. A request that was taken back before its turn is not begun; a search looks whether it was.
   Warming comes last, import by import.
3. The process ends with its stdin, whatever it is doing, and starts no other.
4. A failure is an answer: it never ends the process.
"""

from __future__ import annotations

import itertools
import logging
import os
import queue
import sys
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

from . import framing

_log = logging.getLogger(__name__)
_LAST = 9  # the priority of what nobody waits for
_MAXIMUM_CANCELLED = 1000
Answer = Callable[[dict[str, Any], str], Any]


class Worker:
    """A thread that answers the requests of one kind."""

    def __init__(
        self,
        name: str,
        load: Callable[[], dict[str, Answer]],
        send: Any,
        *,
        is_telling: bool = False,
    ) -> None:
        self._load = load
        self._send = send
        self._is_telling = is_telling
        self._queue: queue.PriorityQueue[tuple[int, int, dict[str, Any], str]] = (
            queue.PriorityQueue()
        )
        self._order = itertools.count()
        self.cancelled: set[int] = set()
        threading.Thread(target=self._work, name=name, daemon=True).start()

    def put(self, asked: dict[str, Any], text: str, priority: int = 0) -> None:
        """Take a request."""
        self._queue.put((priority, next(self._order), asked, text))

    def cancel(self, number: int) -> None:
        """Take a request back, if its turn has not come."""
        if len(self.cancelled) >= _MAXIMUM_CANCELLED:
            self.cancelled.clear()
        self.cancelled.add(number)

    def _work(self) -> None:
        answers: dict[str, Answer] | None = None
        while True:
            priority, _, asked, text = self._queue.get()
            number = asked["id"]
            if number in self.cancelled:
                self.cancelled.discard(number)
                continue
            if self._is_telling and priority < _LAST:
                self._send({"begun": number})
            asked["is_cancelled"] = partial(self.cancelled.__contains__, number)
            try:
                if answers is None:
                    answers = self._load()
                told = answers[asked["method"]](asked, text)
                if isinstance(told, Follow):
                    for each in told.asked:
                        self.put({**asked, **each}, text, _LAST)
                    told = None
                self._send({"id": number, "told": told})
            except Exception as error:  # noqa: BLE001 - jedi may raise anything on broken text
                _log.info("%s failed", asked["method"], exc_info=True)
                self._send({"id": number, "failed": f"{type(error).__name__}: {error}"})


class Follow:
    """An answer that is nothing but further requests, for when nobody waits."""

    def __init__(self, asked: list[dict[str, Any]]) -> None:
        self.asked = asked


def _load_jedi() -> dict[str, Answer]:
    from .jedi_answers import JediAnswers

    return JediAnswers().answers


def _load_structure() -> dict[str, Answer]:
    from .structure import ANSWERS

    return ANSWERS


def _load_modules() -> dict[str, Answer]:
    from .modules import members

    return {"members": members}


_KINDS = dict.fromkeys(("symbols", "folding", "selections", "tokens"), "structure") | {
    "members": "modules"
}
"""By method, the thread that answers; jedi's for all others."""


def main() -> None:
    """Answer until stdin ends."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="analysis: %(message)s")
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints is no answer
    lock = threading.Lock()

    def send(message: Any) -> None:
        with lock:
            output.write(framing.packed(message))
            output.flush()

    workers = {
        "modules": Worker("modules", _load_modules, send),
        "jedi": Worker("jedi", _load_jedi, send, is_telling=True),
        "structure": Worker("structure", _load_structure, send),
    }
    texts: dict[str, str] = {}
    while (asked := framing.read(sys.stdin.buffer)) is not None:
        if "cancel" in asked:
            for worker in workers.values():
                worker.cancel(asked["cancel"])
        elif "close" in asked:
            texts.pop(asked["close"], None)
        else:
            uri = asked.get("uri", "")
            if "text" in asked:
                texts[uri] = asked.pop("text")
            kind = _KINDS.get(asked["method"], "jedi")
            priority = _LAST if asked["method"] == "warm" else 0
            workers[kind].put(asked, texts.get(uri, ""), priority)
    os._exit(0)  # a thread may be deep in a library


if __name__ == "__main__":
    main()
