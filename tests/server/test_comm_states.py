"""The states of comms as they are folded, and what ``Output`` widgets capture; pure."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from vivo.server.captured_outputs import MAXIMUM_OUTPUTS, MAXIMUM_TEXT, CapturedOutputs
from vivo.server.comm_states import WIDGETS, CommStates, states_of


def opened(states: CommStates, comm: str, buffers: tuple[bytes, ...] = (), **state: Any) -> None:
    paths = [["picture"]] * len(buffers)
    states.opened(comm, WIDGETS, {"state": state, "buffer_paths": paths}, {}, buffers)


def changed(states: CommStates, comm: str, buffers: tuple[bytes, ...] = (), **state: Any) -> None:
    data = {"method": "update", "state": state, "buffer_paths": [["picture"]] * len(buffers)}
    states.message(comm, data, buffers)


def test_a_state_is_its_opening_and_what_changed_since() -> None:
    """Binary values too: the newer one replaces the older, and a plain one replaces either."""
    states = CommStates()
    opened(states, "one", (b"old",), value=1, name="a")
    changed(states, "one", value=2)
    changed(states, "one", (b"new",))
    states.message("one", {"method": "custom", "content": {"value": 9}})
    known = states.get("one")
    assert known is not None
    assert known.data == {"state": {"value": 2, "name": "a"}, "buffer_paths": [["picture"]]}
    assert list(known.buffers.values()) == [b"new"]
    changed(states, "one", picture=None)
    assert known.data["state"]["picture"] is None
    assert known.buffers == {}
    states.closed("one")
    assert states.get("one") is None


def test_what_is_known_partly_is_not_told() -> None:
    """A change without its opening; the whole, told later, takes its place."""
    states = CommStates()
    changed(states, "one", value=2)
    assert states.whole() == {}
    answer = {
        "states": {"one": {"state": {"value": 2, "name": "a"}}, "two": {"state": {}}},
        "buffer_paths": [["two", "picture"]],
    }
    for comm, (data, buffers) in states_of(answer, [b"raw"]).items():
        states.opened(comm, WIDGETS, data, {}, buffers)
    whole = states.whole()
    assert whole["one"].state == {"value": 2, "name": "a"}
    assert whole["two"].buffers == {("picture",): b"raw"}


def test_states_are_bounded_in_number_and_in_bytes() -> None:
    """The oldest go first; the newest stays, however large."""
    states = CommStates(comms=3, size=10_000)
    for number in range(5):
        opened(states, str(number), value=number)
    assert list(states.whole()) == ["2", "3", "4"]
    changed(states, "3", (b"x" * 9_900,))
    assert list(states.whole()) == ["4"] or list(states.whole()) == ["3", "4"]
    opened(states, "large", (b"x" * 50_000,))
    assert list(states.whole()) == ["large"]
    states.clear()
    assert states.whole() == {}


def stream(text: str, name: str = "stdout") -> dict[str, Any]:
    return {"name": name, "text": text}


def test_text_is_joined_and_clearing_may_wait() -> None:
    """As in a notebook's cell: with ``wait`` the old goes when the new comes."""
    captured = CapturedOutputs()
    outputs: list[dict[str, Any]] = []
    for text in ("a", "b"):
        outputs = captured.taken("one", outputs, "stream", stream(text))
    outputs = captured.taken("one", outputs, "stream", stream("c", "stderr"))
    assert [each["text"] for each in outputs] == ["ab", "c"]
    outputs = captured.taken("one", outputs, "clear_output", {"wait": True})
    assert len(outputs) == 2
    outputs = captured.taken("one", outputs, "stream", stream("d"))
    assert outputs == [{"output_type": "stream", "name": "stdout", "text": "d"}]
    assert captured.taken("one", outputs, "clear_output", {"wait": False}) == []


def test_a_display_is_updated_where_it_stands() -> None:
    """By its id, which the outputs themselves do not have."""
    captured = CapturedOutputs()
    shown = {"data": {"text/plain": "1"}, "metadata": {}, "transient": {"display_id": "d"}}
    outputs = captured.taken("one", [], "stream", stream("first"))
    outputs = captured.taken("one", outputs, "display_data", shown)
    newer = {**shown, "data": {"text/plain": "2"}}
    outputs = captured.taken("one", outputs, "update_display_data", newer)
    assert outputs[1] == {
        "output_type": "display_data",
        "data": {"text/plain": "2"},
        "metadata": {},
    }


def test_captured_outputs_are_bounded() -> None:
    """The newest stay; of a long text its end."""
    captured = CapturedOutputs()
    outputs: list[dict[str, Any]] = []
    for number in range(MAXIMUM_OUTPUTS + 3):
        content = {"data": {"text/plain": str(number)}, "metadata": {}}
        outputs = captured.taken("one", outputs, "display_data", content)
    assert len(outputs) == MAXIMUM_OUTPUTS
    assert outputs[-1]["data"]["text/plain"] == str(MAXIMUM_OUTPUTS + 2)
    for _ in range(3):
        outputs = captured.taken("one", outputs, "stream", stream("x" * MAXIMUM_TEXT))
    assert len(outputs[-1]["text"]) == MAXIMUM_TEXT


def test_the_last_that_began_captures() -> None:
    """Until it ends; then the one before it goes on."""
    captured = CapturedOutputs()
    captured.named("outer", "run")
    captured.named("inner", "run")
    assert captured.captor_of("stream", "run") == "inner"
    assert captured.captor_of("stream", "other") is None
    assert captured.captor_of("status", "run") is None
    captured.named("inner", "")
    assert captured.captor_of("stream", "run") == "outer"
    captured.forget("outer")
    assert captured.captor_of("stream", "run") is None


COMMS = st.sampled_from("abc")
NAMINGS = st.lists(st.tuples(COMMS, st.sampled_from(["", "run", "other"])), max_size=30)


@given(NAMINGS)
def test_each_output_has_one_captor_or_none(namings: list[tuple[str, str]]) -> None:
    """Whatever the order of beginnings and ends: the last widget whose name is that message."""
    captured, named = CapturedOutputs(), dict[str, str]()
    for comm, message in namings:
        captured.named(comm, message)
        named.pop(comm, None)
        if message:
            named[comm] = message
    for message in ("run", "other"):
        expected = [comm for comm, each in named.items() if each == message]
        assert captured.captor_of("stream", message) == (expected[-1] if expected else None)
