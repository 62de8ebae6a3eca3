"""The outputs of engines, in the order that was asked for."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from vivo.parallel.cluster.grouping import GROUPS, grouped
from vivo.parallel.cluster.px import key_of


def text(value: str, name: str = "stdout") -> dict[str, Any]:
    return {"kind": "stream", "content": {"name": name, "text": value}}


def shown(value: str) -> dict[str, Any]:
    return {"kind": "display_data", "content": {"data": {"text/plain": value}}}


def told(outputs: Any, how: str) -> list[tuple[int, str]]:
    return [
        (number, each["content"].get("text") or each["content"]["data"]["text/plain"])
        for number, each in grouped(outputs, how)
    ]


ENGINES = [
    (0, [text("a"), text("b\n"), shown("A"), text("late\n"), text("bad\n", "stderr")]),
    (3, [shown("B"), text("c\n")]),
]


def test_engine_by_engine() -> None:
    """Each with all it gave; texts that follow each other are one."""
    expected = [(0, "ab\n"), (0, "A"), (0, "late\n"), (0, "bad\n"), (3, "B"), (3, "c\n")]
    assert told(ENGINES, "engine") == expected


def test_the_first_of_each_then_the_second_of_each() -> None:
    """As it is read where all do the same."""
    expected = [(0, "ab\n"), (3, "B"), (0, "A"), (3, "c\n"), (0, "late\n"), (0, "bad\n")]
    assert told(ENGINES, "order") == expected


def test_by_what_it_is() -> None:
    """What was printed, the stream of errors, what was shown."""
    expected = [(0, "ab\nlate\n"), (3, "c\n"), (0, "bad\n"), (0, "A"), (3, "B")]
    assert told(ENGINES, "type") == expected


_outputs = st.lists(
    st.builds(text, st.text("ab\n", min_size=1), st.sampled_from(["stdout", "stderr"]))
    | st.builds(shown, st.text("xy", min_size=1))
)


@given(st.lists(_outputs, max_size=4), st.sampled_from(GROUPS))
def test_nothing_is_lost_in_any_order(engines: list[Any], how: str) -> None:
    """All texts and all that was shown, of each engine, in its own order."""
    outputs = list(enumerate(engines))
    made = grouped(outputs, how)
    for number, before in outputs:
        after = [each for which, each in made if which == number]
        for name in ("stdout", "stderr"):
            joined = [
                "".join(
                    each["content"]["text"]
                    for each in some
                    if each["kind"] == "stream" and each["content"]["name"] == name
                )
                for some in (before, after)
            ]
            assert joined[0] == joined[1]
        shows = [[each for each in some if each["kind"] != "stream"] for some in (before, after)]
        assert shows[0] == shows[1]


def test_targets_are_read_as_python_would() -> None:
    """Numbers, lists and slices; anything else is a host's name."""
    assert key_of("all") == slice(None)
    assert key_of("2") == 2
    assert key_of("-1") == -1
    assert key_of("0, 2") == key_of("[0,2]") == [0, 2]
    assert key_of("1:") == slice(1, None)
    assert key_of("::2") == slice(None, None, 2)
    assert key_of("node-7") == "node-7"
