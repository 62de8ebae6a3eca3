"""What the keeper tells in the lane's place, without sockets or processes."""

from __future__ import annotations

from typing import Any

from vivo.parallel.keeper.last_known import (
    BEHIND_DEADLINE,
    BUSY_DEADLINE,
    MAXIMUM_KEPT,
    MAXIMUM_OVERDUE,
    LastKnown,
)
from vivo.parallel.keeper.parts import Waiting
from vivo.parallel.wire import Codec

ROW = {"name": "alpha", "type": "int", "text": "1", "changed": True}
PAGE = {"status": "ok", "variables": [ROW], "total": 1}
WANTED = {"start": 0, "count": 100, "filter": "", "path": []}


def waiting(kind: str, content: dict[str, Any]) -> Waiting:
    codec = Codec(b"")
    return Waiting("shell", Codec(b"").decode(codec.encode(kind, content, identities=[b"c"])))


def completion(code: str) -> Waiting:
    return waiting("complete_request", {"code": code, "cursor_pos": len(code)})


def test_what_is_not_answered_in_time_is_due_once_and_its_answer_is_late() -> None:
    """The lane's own answer is knowledge then, and goes to nobody."""
    known = LastKnown()
    assert known.deadline is None
    asked = completion("np.li")
    known.asked(1, asked, 10.0, is_busy=True)
    assert known.deadline == 10.0 + BUSY_DEADLINE
    assert known.due(10.0) == []
    assert known.due(10.0 + BUSY_DEADLINE) == [asked]
    assert (known.due(99.0), known.deadline) == ([], None)
    told = {"status": "ok", "matches": ["linalg", "linspace"], "cursor_start": 3, "cursor_end": 5}
    assert not known.answered(1, told, 12.0)
    content, at = known.answer("complete_request", completion("x\nnp.lin").request.content)
    assert (content["matches"], content["cursor_start"], at) == (["linalg", "linspace"], 5, 12.0)
    known.asked(2, asked, 13.0, is_busy=True)
    assert known.answered(2, told, 13.1)


def test_behind_an_overdue_answer_others_wait_a_moment_and_no_more_than_some_are_sent() -> None:
    """Until anything comes from the lane."""
    known = LastKnown()
    for number in range(MAXIMUM_OVERDUE):
        known.asked(number, completion("a"), float(number), is_busy=True)
        (due,) = known.due(number + (BEHIND_DEADLINE if number else BUSY_DEADLINE))
        assert due.request.type == "complete_request"
    assert known.has_no_room_for(completion("a"), is_busy=True)
    assert not known.has_no_room_for(completion("a"), is_busy=False)
    assert not known.has_no_room_for(waiting("debug_request", {}), is_busy=True)
    known.answered(0, {"status": "error"}, 99.0)
    assert not known.has_no_room_for(completion("a"), is_busy=True)


def test_a_page_that_was_never_asked_for_is_made_of_the_rows_that_were_shown() -> None:
    """Filtered and cut; a fresh engine knows nothing."""
    known = LastKnown()
    known.asked(1, waiting("vivo_variables_request", WANTED), 0.0, is_busy=False)
    assert known.answered(1, PAGE, 5.0)
    content, at = known.answer("vivo_variables_request", {**WANTED, "filter": "ALP"})
    assert (content["variables"], content["total"], at) == ([{**ROW, "changed": False}], 1, 5.0)
    assert (content["busy"], content["known"]) == (True, 5.0)
    content, at = known.answer("vivo_variables_request", {**WANTED, "path": ["alpha"]})
    assert (content["variables"], at) == ([], None)
    known.reset()
    content, at = known.answer("vivo_variables_request", WANTED)
    assert (content["variables"], content["total"], at) == ([], 0, None)


def test_whatever_a_client_asks_there_is_an_answer() -> None:
    """Contents that fit nothing, cursors beyond the text."""
    known = LastKnown()
    for content in ({}, {"code": 3, "cursor_pos": "x"}, {"code": "a.b", "cursor_pos": -4}):
        for kind in ("complete_request", "inspect_request", "is_complete_request"):
            told, at = known.answer(kind, content)
            assert (told["status"] in ("ok", "unknown"), at) == (True, None)


def test_what_is_kept_is_bounded() -> None:
    """The newest answers stay."""
    known = LastKnown()
    for number in range(MAXIMUM_KEPT + 5):
        asked = waiting("inspect_request", {"code": f"n{number}", "cursor_pos": 1})
        known.asked(number, asked, 0.0, is_busy=False)
        known.answered(number, {"status": "ok", "found": True, "data": {}}, float(number))
    assert known.answer("inspect_request", {"code": "n0", "cursor_pos": 1})[1] is None
    newest = {"code": f"n{MAXIMUM_KEPT + 4}", "cursor_pos": 1}
    assert known.answer("inspect_request", newest)[1] == MAXIMUM_KEPT + 4
