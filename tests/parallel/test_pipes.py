"""The keeper's ends of a cell's pipes, as the cell ends."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice

import pytest
import zmq
from vivo.parallel.keeper.pipes import OutputPipes


@pytest.fixture
def ends() -> Iterator[dict[str, int]]:
    """The ends of two pipes, by name: what is written into ``out`` is read from ``from_out``."""
    from_out, out = os.pipe()
    from_other, other = os.pipe()
    yield {"from_out": from_out, "out": out, "from_other": from_other, "other": other}
    for each in (from_out, out, from_other, other):
        os.close(each)


def test_who_goes_on_writing_is_not_waited_for(
    ends: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the pipe holds as the end comes is read; it may be full again at once, for ever."""
    pipes = OutputPipes(zmq.Poller(), b"magic")
    pipes.watch(ends["from_out"], "run", "stdout")
    pipes.watch(ends["from_other"], "another run", "stdout")
    read = os.read

    def read_from_one_that_is_full_again(descriptor: int, size: int) -> bytes:
        data = read(descriptor, size)
        os.write(ends["out"], b"later")
        return data

    os.write(ends["out"], b"before")
    os.write(ends["other"], b"of another")
    monkeypatch.setattr(os, "read", read_from_one_that_is_full_again)
    assert list(islice(pipes.read_present("run"), 9)) == [("run", "stdout", b"before")]


def test_pipes_that_hold_nothing_give_nothing(ends: dict[str, int]) -> None:
    """They are empty, or their run has none."""
    pipes = OutputPipes(zmq.Poller(), b"magic")
    pipes.watch(ends["from_out"], "run", "stdout")
    assert list(pipes.read_present("run")) == []
    assert list(pipes.read_present("another run")) == []
