"""Small pieces of text told together: nothing lost, doubled or moved, whoever has had some."""

from __future__ import annotations

from typing import Any

from hypothesis import given as drawn
from hypothesis import strategies as st
from vivo.parallel.gathering import MOST, PAUSE, Gathered, Gathering
from vivo.parallel.merging import EventMerger
from vivo.parallel.stream import given
from vivo.parallel.wire import Message


def piece(seq: int, text: str = "x", run: str = "r", name: str = "stdout", **vivo: Any) -> Message:
    """A piece of text of a run."""
    header = {"msg_id": str(seq), "msg_type": "stream"}
    parent = {"msg_id": run}
    told = {"vivo": {"seq": seq, "run": run, **vivo}}
    return Message(header, parent, told, {"name": name, "text": text})


def other(seq: int) -> Message:
    """An event that is no text."""
    header = {"msg_id": str(seq), "msg_type": "display_data"}
    return Message(header, {}, {"vivo": {"seq": seq, "run": "r"}}, {"data": {}})


def told_by(gathering: Gathering, message: Message, now: float) -> list[Message]:
    """What is told as a message comes."""
    found = [each for each, _ in gathering.take(message, 10, now)]
    gathering.validate()
    return found


def parts_of(messages: list[Message]) -> list[int]:
    """The numbers of all pieces, in the order in which they are told."""
    return [
        part.vivo["seq"]
        for each in messages
        for part in (each.parts if isinstance(each, Gathered) else [each])
    ]


def test_the_first_is_told_at_once_and_the_next_ones_together() -> None:
    """A line that is printed alone waits for nothing."""
    gathering = Gathering()
    assert parts_of(told_by(gathering, piece(1), 10.0)) == [1]
    assert gathering.due is None
    assert not [
        *told_by(gathering, piece(2, "a"), 10.01),
        *told_by(gathering, piece(3, "b"), 10.02),
    ]
    assert gathering.due == 10.0 + PAUSE
    ((whole, size),) = gathering.flush(10.0 + PAUSE)
    assert isinstance(whole, Gathered)
    assert (whole.content, size) == ({"name": "stdout", "text": "ab"}, 20)
    assert (whole.vivo["seq"], whole.parent_id) == (3, "r")
    assert gathering.due is None
    assert parts_of(told_by(gathering, piece(4), 10.0 + 3 * PAUSE)) == [4]


def test_nothing_overtakes_and_nothing_is_mixed() -> None:
    """A figure between lines stays there; other streams, runs and gaps are told apart."""
    gathering = Gathering()
    told = told_by(gathering, piece(1), 0.0)
    for message in (
        piece(2), piece(3), other(4), piece(5), piece(6, name="stderr"), piece(7, run="s"),
        piece(8, run="s", gap=True), piece(9, run="s"), piece(11, run="s"),
    ):  # fmt: skip
        told += told_by(gathering, message, 0.01)
    told += [each for each, _ in gathering.flush(1.0)]
    assert parts_of(told) == [1, 2, 3, 4, 5, 6, 7, 8, 9, 11]
    assert [parts_of([each]) for each in told if isinstance(each, Gathered)] == [[2, 3]]


def test_what_waits_is_bounded() -> None:
    """Large pieces wait no longer than there is room."""
    gathering = Gathering()
    told = told_by(gathering, piece(1), 0.0)
    for seq in range(2, 12):
        told += told_by(gathering, piece(seq, "x" * (MOST // 4)), 0.001)
    assert len(told) >= 3


@drawn(
    st.lists(
        st.tuples(
            st.sampled_from(["text", "text", "text", "other", "run", "lost"]), st.integers(0, 60)
        ),
        max_size=40,
    ),
    st.integers(0, 40),
)
def test_whoever_has_some_is_given_the_others(steps: list[tuple[str, int]], had: int) -> None:
    """A client that has had the events up to a number is given each later one once, in order.

    What was lost on the way it is replayed as soon as it misses something.
    """
    journal: dict[int, Message] = {}
    gathering, merger = Gathering(), EventMerger[Message](had)
    now, given_so_far = 0.0, list[Message]()

    def hear(messages: list[Message]) -> None:
        for message in messages:
            given_so_far.extend(given(merger, message))
            if merger.missing_after is not None:
                for seq in sorted(journal):
                    given_so_far.extend(merger.feed(seq, journal[seq]))

    for seq, (kind, pause) in enumerate(steps, 1):
        now += pause / 1000
        if gathering.due is not None and gathering.due <= now:
            hear([each for each, _ in gathering.flush(gathering.due)])
        run = "s" if kind == "run" else "r"
        journal[seq] = message = other(seq) if kind == "other" else piece(seq, f"{seq} ", run)
        if kind != "lost":
            hear(told_by(gathering, message, now))
    hear([each for each, _ in gathering.flush(now)])
    for seq in sorted(journal):  # what a client asks for after a silence
        given_so_far.extend(merger.feed(seq, journal[seq]))
    assert parts_of(given_so_far) == list(range(had + 1, len(steps) + 1))
    texts = "".join(each.content.get("text", "") for each in given_so_far)
    assert texts.split() == [
        str(seq) for seq in range(had + 1, len(steps) + 1) if journal[seq].type == "stream"
    ]
