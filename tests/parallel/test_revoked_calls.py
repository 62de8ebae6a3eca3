"""Calls that are taken back while the engine comes to them."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

from vivo.parallel.engine.calls import Calls


class Channel:
    """What is told to the keeper; while it is told of calls that were taken back, the main thread
    comes to one of them."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.calls: Calls
        self.main = threading.Thread(target=self._come_to_it)

    def send(self, header: dict[str, Any], buffers: tuple[bytes, ...] = ()) -> None:
        if header["type"] == "revoked":
            assert header["serials"] == ["1-1"]
            self.main.start()
            while not self.calls._lock.locked() and self.main.is_alive():
                pass  # it goes on at once where it is not kept from it
        self.told.append(header["type"])

    def _come_to_it(self) -> None:
        self.calls.handle({"type": "call", "run": "c", "serial": "1-1", "function": "f"}, [])


def test_that_a_call_was_taken_back_is_told_before_its_end() -> None:
    """Else the controller would take it for one that somebody has cancelled."""
    channel = Channel()
    output: Any = SimpleNamespace(channel=channel)
    front_end: Any = SimpleNamespace(limit=None)
    shell: Any = SimpleNamespace()
    channel.calls = Calls(output, shell, front_end, "s")
    channel.calls.revoke({"serials": ["1-1"], "asked": True})
    channel.main.join()
    assert channel.told == ["revoked", "call_done"]
