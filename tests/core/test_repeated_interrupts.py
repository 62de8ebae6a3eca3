"""An interrupt that is sent once more: only while it is wanted."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from queue import SimpleQueue
from typing import Any

import pytest
from vivo.core import interrupts


@pytest.fixture
def came() -> Iterator[SimpleQueue[int]]:
    """The signals that have come."""
    found: SimpleQueue[int] = SimpleQueue()
    before = signal.signal(signal.SIGINT, lambda number, _: found.put(number))
    yield found
    signal.signal(signal.SIGINT, before)


def test_it_comes_if_it_is_wanted(came: SimpleQueue[int]) -> None:
    """Once; and what is not wanted when it is looked at does not come."""
    looked = threading.Event()
    interrupts.send_again(looked.set)  # which gives None
    assert looked.wait(5)
    interrupts.send_again(lambda: True)
    assert came.get(timeout=5) == signal.SIGINT
    assert came.empty()


def test_nothing_takes_its_time_between_the_look_and_the_signal(
    came: SimpleQueue[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was wanted as it was looked at is over a moment later: the next cell runs then."""
    steps: list[str] = []
    main_thread = threading.main_thread

    def told(step: str, function: Any) -> Any:
        def call(*arguments: Any) -> Any:
            steps.append(step)
            return function(*arguments)

        return call

    sent = threading.Event()
    monkeypatch.setattr(threading, "main_thread", told("who", main_thread))
    monkeypatch.setattr(signal, "pthread_kill", told("send", lambda *_: sent.set()))
    interrupts.send_again(told("look", lambda: True))
    assert sent.wait(5)
    assert steps[-2:] == ["look", "send"]
    assert came.empty()
