"""What is held beyond a cell's limit: bounded, the last of each, and when it is shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vivo.parallel.engine.last_state import LastState
from vivo.parallel.pacing import Pace

LIMIT = 64_000
WEEK = 7 * 24 * 3600.0


@pytest.fixture
def state(tmp_path: Path) -> LastState:
    """What one cell holds, whose displays may take 64,000 bytes."""
    return LastState(str(tmp_path), LIMIT)


def display(text: str, display_id: str | None = None, kind: str = "display") -> dict[str, Any]:
    """A display as the engine sends it."""
    return {"type": kind, "run": "run", "data": {"text/plain": text}, "display_id": display_id}


def message(comm: str, data: Any) -> dict[str, Any]:
    """A message to a widget."""
    content = {"comm_id": comm, "data": data}
    return {"type": "comm", "run": "run", "kind": "comm_msg", "content": content}


def taken(state: LastState, *, is_open: bool = False) -> list[Any]:
    """What is shown now: the texts of displays, the data of messages."""
    return [
        each.header["data"]["text/plain"] if "data" in each.header else each.header["content"]
        for each in state.take(state.shown_now(is_open=is_open))
    ]


def files(state: LastState) -> list[str]:
    """The texts in the files of displays that are not shown."""
    folder = Path(state.files.folder or "/nowhere")
    return [each.read_text() for each in sorted(folder.glob("*"))]


def test_the_last_displays_that_fit_are_held_and_the_rest_is_in_files(state: LastState) -> None:
    """Each is in one place, and in the end in its file or shown."""
    for number in range(10):
        state.display(display(str(number)), LIMIT // 64)
    assert taken(state, is_open=True) == []
    assert taken(state) == ["6", "7", "8", "9"]
    assert files(state) == ["0", "1", "2", "3", "4", "5"]
    assert state.left_out == 6


def test_a_display_that_is_large_is_held_by_itself_and_a_huge_one_never(state: LastState) -> None:
    """The huge one is in its file alone."""
    state.display(display("small"), 100)
    state.display(display("large"), LIMIT // 4)
    state.display(display("huge"), LIMIT)
    assert taken(state) == ["large"]
    assert files(state) == ["small", "huge"]


def test_what_is_cleared_is_let_go_of_and_then_shown_while_the_cell_goes_on(
    state: LastState,
) -> None:
    """No file is left of what a reader would not have seen either."""
    for number in range(3):
        state.display(display(str(number)), 100)
    state.cleared()
    state.display(display("after"), 100)
    assert taken(state, is_open=True) == ["after"]
    assert files(state) == []
    assert state.skipped == 3


def test_of_updates_the_last_one_is_held(state: LastState) -> None:
    """One that was shown as it came takes the place of an older one."""
    for number in range(5):
        state.display(display(str(number), "a", "update"), 100)
        state.display(display(str(number), "b", "update"), 100)
    state.superseded("b")
    assert taken(state, is_open=True) == ["4"]
    assert state.skipped == 9


def test_messages_of_a_closed_comm_are_let_go_of(state: LastState) -> None:
    """The others stay."""
    state.message(message("gone", {"method": "update", "state": {"a": 1}}), (), 100)
    state.message(message("here", "text"), (), 100)
    state.closed("gone")
    assert taken(state, is_open=True) == [{"comm_id": "here", "data": "text"}]


_values = st.dictionaries(st.sampled_from("abc"), st.integers() | st.binary(max_size=3))


@given(st.lists(_values, min_size=1, max_size=10))
def test_states_of_a_widget_together_are_what_each_by_itself_would_leave(
    steps: list[dict[str, int | bytes]],
) -> None:
    """Of each value the last, whether it is plain or a buffer."""
    state = LastState("/nowhere", LIMIT)
    wanted: dict[str, Any] = {}
    for step in steps:
        wanted |= step
        raw = {name: value for name, value in step.items() if isinstance(value, bytes)}
        plain = {name: value for name, value in step.items() if name not in raw}
        data = {"method": "update", "state": plain, "buffer_paths": [[name] for name in raw]}
        state.message(message("one", data), tuple(raw.values()), 100)
    (held,) = state.take(list(state.held))
    data = held.header["content"]["data"]
    buffers = dict(zip((path[0] for path in data["buffer_paths"]), held.buffers, strict=True))
    assert not buffers.keys() & data["state"].keys()
    assert data["state"] | buffers == wanted


@given(st.integers(100, LIMIT // 4), st.floats(0.001, 10))
def test_what_changes_all_week_stays_bounded(size: int, step: float) -> None:
    """However often, however large: at most half of the limit and what is largest; the first at
    once."""
    pace, now, shown = Pace(LIMIT), 0.0, 0
    assert pace.wait(size, now) == 0.0
    while now < WEEK:
        if wait := pace.wait(size, now):
            now += max(wait, step)
        else:
            pace.shown(now)
            shown += size
    assert shown <= LIMIT / 2 + 8 * size
