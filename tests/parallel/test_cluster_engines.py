"""The engines of a cluster as its controller knows them."""

from __future__ import annotations

from typing import Any

from vivo.parallel.controller.engines import Engines


def hello(number: int) -> dict[str, Any]:
    return {"number": number, "state": "idle", "engine_pid": 1, "keeper_pid": 2, "reason": ""}


def test_an_engine_that_was_there_is_not_said_not_to_have_started() -> None:
    """One that ends right after its hello, before its launcher knew of it, is dead and no more."""
    engines = Engines()
    assert engines.free_numbers(2) == [0, 1]
    engines.hello("first", hello(0), 0.0, 0.0)
    assert engines.not_coming([0, 1], "the launcher failed")
    assert engines.unstarted == {1: "the launcher failed"}
    engines.hello("second", hello(1), 0.0, 0.0)
    assert not engines.not_coming([0, 1], "the launcher failed")
