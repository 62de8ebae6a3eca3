"""An interrupt that is sent once more: only while it is wanted."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from vivo.core import interrupts


@pytest.fixture
def came() -> Iterator[list[float]]:
    """When signals have come."""
    found: list[float] = []
    before = signal.signal(signal.SIGINT, lambda *_: found.append(time.perf_counter()))
    yield found
    signal.signal(signal.SIGINT, before)


def test_it_comes_while_it_is_wanted(came: list[float]) -> None:
    """Once."""
    asked = threading.Event()

    def is_wanted() -> bool:
        asked.set()
        return True

    interrupts.send_again(is_wanted)
    assert asked.wait(5)
    end = time.perf_counter() + 5
    while not came and time.perf_counter() < end:
        time.sleep(0.001)
    assert len(came) == 1


def test_nothing_takes_its_time_between_the_look_and_the_signal(
    came: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was wanted as it was looked at is over a moment later: the next cell runs then."""
    steps: list[str] = []
    main_thread = threading.main_thread

    def told(step: str, function: Any) -> Any:
        def call(*arguments: Any) -> Any:
            steps.append(step)
            return function(*arguments)

        return call

    looked = threading.Event()
    monkeypatch.setattr(threading, "main_thread", told("who", main_thread))
    monkeypatch.setattr(signal, "pthread_kill", told("send", lambda *_: looked.set()))
    interrupts.send_again(told("look", lambda: True))
    assert looked.wait(5)
    assert steps[-2:] == ["look", "send"]
    assert came == []
