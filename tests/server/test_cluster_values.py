"""What several engines made of a cell, as one: folded values, alike errors, states. Pure."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vivo.parallel.messages import RunError, RunOrigin, RunRecord, RunStatus, RunValue
from vivo.server.cluster_runs import ClusterRun, client_of, engines_of
from vivo.server.cluster_values import (
    LINE,
    bundle_of,
    error_of,
    folded,
    line_of,
    list_of,
    numbers_of,
    numbers_text,
    status_of,
    values_of,
)

numbers = st.lists(st.integers(0, 300), unique=True)


@given(numbers)
def test_engines_are_named_and_read_back(wanted: list[int]) -> None:
    """A name of engines says which they are, whichever they are."""
    assert list(numbers_of(numbers_text(wanted))) == sorted(wanted)


@pytest.mark.parametrize(
    ("wanted", "text"),
    [([], ""), ([3], "3"), ([0, 1], "0, 1"), ([0, 1, 2], "0–2"), ([5, 0, 2, 3, 4], "0, 2–5")],
)
def test_three_neighbours_are_a_range(wanted: list[int], text: str) -> None:
    """Two are not: it would be no shorter."""
    assert numbers_text(wanted) == text


def test_a_text_that_names_no_engines_has_none() -> None:
    """Whatever a client calls itself."""
    assert [numbers_of(text) for text in ("", "x", "1–", "–2", "1,,2")] == [()] * 5


@pytest.mark.parametrize(
    ("texts", "line"),
    [
        ({0: "3", 1: "5"}, "[0] 3 · [1] 5"),
        ({0: "3", 1: "3", 2: "3"}, "[all] 3"),
        ({0: "3", 1: "3", 2: "4"}, "[0, 1] 3 · [2] 4"),
        ({4: "3"}, "[4] 3"),
        ({0: "a\n  b", 1: "c"}, "[0] a b · [1] c"),
        ({n: f"value {n}" for n in range(9)}, "[0] value 0 · [1] value 1 · …"),
        ({0: "x" * 99}, "[0] " + "x" * 36 + "…"),
        ({0: "x" * 99, 1: "y"}, "[0] " + "x" * 32 + "… · …"),
    ],
)
def test_what_stands_beside_the_code(texts: dict[int, str], line: str) -> None:
    """Equal values are folded; whole ones as many as fit."""
    assert line_of(texts, list(texts)) == line


@given(
    st.dictionaries(st.integers(0, 40), st.text(max_size=60), min_size=1),
    st.integers(20, 120),
)
def test_a_line_is_never_wider_than_it_may_be(texts: dict[int, str], limit: int) -> None:
    """But for the names of engines alone, which may be longer than a narrow line."""
    line = line_of(texts, list(texts), limit)
    first = numbers_text(folded(texts)[0][0])
    assert len(line) <= max(limit, len(first) + 16)
    assert "\n" not in line


@given(st.dictionaries(st.integers(0, 9), st.sampled_from(["a", "b\nc", ""]), min_size=1))
def test_the_full_list_leaves_nobody_out(texts: dict[int, str]) -> None:
    """Each engine stands with exactly its value."""
    groups = folded(texts)
    assert {n: text for ns, text in groups for n in ns} == texts
    whole = list_of(texts, list(texts))
    assert all(text in whole for _, text in groups)


def test_a_bundle_has_the_line_the_list_and_the_markdown() -> None:
    """A short line of the engine's own is what stands beside the code; its table what is shown."""
    values = {
        0: {"text/plain": "   a\n0  1", LINE: "DataFrame 1 × 1", "text/markdown": "|a|\n|-|\n|1|"},
        1: {"text/plain": "```"},
    }
    bundle = bundle_of(values, [0, 1])
    assert bundle["text/plain"] == "[0]\n   a\n0  1\n[1] ```"
    assert bundle[LINE] == "[0] DataFrame 1 × 1 · [1] ```"
    assert bundle["text/markdown"] == (
        "**engine 0**\n\n|a|\n|-|\n|1|\n\n**engine 1**\n\n````text\n```\n````"
    )


def _record(status: RunStatus = "ok", **fields: object) -> RunRecord:
    return RunRecord(id="r", source="x\ny", status=status, **fields)  # type: ignore[arg-type]


def _value(line: int, text: str) -> RunValue:
    return RunValue(line, line, {"text/plain": text})


def test_values_are_told_by_statement() -> None:
    """Where an engine took another way it is left out there; two on one line stay two."""
    records = {
        0: _record(values=[_value(1, "a"), _value(2, "b"), _value(2, "c")]),
        1: _record(values=[_value(2, "b"), _value(2, "d")]),
    }
    found = [(v.first_line, v.data["text/plain"]) for v in values_of(records, [0, 1])]
    assert found == [(1, "[0] a"), (2, "[all] b"), (2, "[0] c\n[1] d")]


def _failed(name: str, message: str, line: int | None = 1) -> RunRecord:
    return _record("error", error=RunError(name, message, line))


def test_errors_alike_are_told_once_with_the_engines_numbers() -> None:
    """Of those that failed; without any there is none."""
    assert error_of({0: _record(), 1: _record()}) is None
    records = {n: _failed("ZeroDivisionError", "division by zero", 3) for n in (0, 2)}
    error = error_of({1: _record(), **records})
    assert error == RunError("ZeroDivisionError on engines 0, 2", "division by zero", 3)


def test_errors_that_differ_are_listed() -> None:
    """One error all the same, on the line of the first; other lines are said."""
    error = error_of({0: _failed("A", "x"), 1: _failed("B", "y\nz", 2), 3: _failed("A", "x")})
    assert error == RunError(
        "Errors on engines 0, 1, 3", "\nA on engines 0, 3: x\nB on engine 1 (line 2): y", 1
    )
    many = error_of({n: _failed("A", str(n)) for n in range(12)})
    assert many is not None
    assert many.name == "A on engines 0–11"
    assert many.message.endswith("\nA on engine 7: 7\nand 4 more")


@pytest.mark.parametrize(
    ("states", "state"),
    [
        ([], "queued"),
        (["queued"], "queued"),
        (["queued", "ok"], "running"),
        (["running", "error"], "running"),
        (["ok", "error"], "error"),
        (["ok", "aborted"], "ok"),
        (["aborted"], "aborted"),
    ],
)
def test_the_state_of_a_cell_by_its_states_on_the_engines(
    states: list[RunStatus], state: RunStatus
) -> None:
    """It runs until it has ended everywhere; one error is an error."""
    assert status_of([_record(each) for each in states]) == state


def test_a_record_names_the_engines_that_its_cell_went_to() -> None:
    """So that a server that finds it knows which others are to come."""
    named = client_of("vivo lsp", [0, 1, 2, 7])
    assert engines_of(_record(client=named)) == (0, 1, 2, 7)
    assert [engines_of(_record(client=c)) for c in ("", "vscode", "x, to engines y")] == [()] * 3


def test_a_run_has_ended_when_it_has_everywhere_or_its_engine_is_lost() -> None:
    """What an engine told before it was lost stays; times are those of all."""
    run = ClusterRun("r", "x\ny", RunOrigin(uri="file:///a.py", first_line=4), queued=1.0)
    run.sent([0, 1, 2])
    run.take(
        0, _record("ok", execution_count=2, started=2.0, finished=3.0, values=[_value(4, "a")])
    )
    run.take(1, _record("running", execution_count=2, started=2.5))
    shown = run.record()
    assert (shown.status, shown.finished, run.ended_on()) == ("running", None, [0])
    assert shown.values[0].data["text/plain"] == "[0] a"
    run.lose(1, "Engine 1 is lost.", 5.0)
    run.lose(0, "too late", 6.0)
    assert not run.is_done()
    run.abort(2, 7.0)
    shown = run.record()
    assert (shown.status, shown.started, shown.finished) == ("error", 2.0, 7.0)
    assert (shown.uri, shown.first_line, shown.queued) == ("file:///a.py", 4, 1.0)
    assert shown.error == RunError("EngineLostError on engine 1", "Engine 1 is lost.")
