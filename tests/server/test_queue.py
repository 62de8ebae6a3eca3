"""The queue of a session: shown, emptied, stopped by an error, and there after every death."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from vivo.parallel.messages import RunRecord
from vivo.server.queue import Queue

from ..parallel.test_keeper_state import Session
from .editors import Editor, at, end_all, make_editor

# --- The session's own rules -------------------------------------------------------------------


def execute(session: Session, code: str, *, client: str = "mine", **vivo: Any) -> str:
    """Send a cell as the server does; its id."""
    from ..parallel.test_keeper_state import message

    made = message("execute_request", {"code": code}, client)
    made.metadata = {"vivo": vivo}
    session.take(session.state.client_message("shell", made, 2.0))
    return made.id


def statuses(session: Session) -> dict[str, str]:
    return {each.source: each.status for each in session.state.runs.all()}


def test_an_error_takes_its_documents_cells_along() -> None:
    """Another document's cells, and another client's, go on."""
    session = Session()
    session.ready()
    execute(session, "fails", uri="a")
    execute(session, "behind", uri="a")
    execute(session, "beside", uri="b")
    execute(session, "theirs", uri="a", client="other")
    session.finish(status="error")
    expected = {"fails": "error", "behind": "aborted", "beside": "running", "theirs": "queued"}
    assert statuses(session) == expected


def test_what_was_on_its_way_when_the_one_before_failed_is_aborted_too() -> None:
    """And what comes behind that; a cell that the user sends afterwards runs."""
    session = Session()
    session.ready()
    first = execute(session, "fails", uri="a")
    session.finish(status="error")
    second = execute(session, "late", uri="a", after=first)
    execute(session, "later", uri="a", after=second)
    execute(session, "afresh", uri="a")
    expected = {"fails": "error", "late": "aborted", "later": "aborted", "afresh": "running"}
    assert statuses(session) == expected
    assert len(session.replies("execute_reply")) == 3


def test_what_waits_is_cancelled_at_once() -> None:
    """Of one document or all; what runs goes on, and each end is told."""
    session = Session()
    session.ready()
    runs = [execute(session, str(n), uri="ab"[n % 2]) for n in range(5)]
    session.send("vivo_cancel_request", {"uri": "b"})
    assert session.replies("vivo_cancel_reply")[-1].content["runs"] == [runs[1], runs[3]]
    session.send("vivo_cancel_request")
    assert session.replies("vivo_cancel_reply")[-1].content["runs"] == [runs[2], runs[4]]
    assert list(statuses(session).values()) == ["running", *["aborted"] * 4]
    session.send("vivo_cancel_request", {"uri": 3})
    assert session.replies("vivo_cancel_reply")[-1].content["ename"] == "UsageError"


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["sent", "queued", "running", "ok"]))))
def test_what_has_ended_is_in_no_queue(events: list[tuple[int, str]]) -> None:
    """However late a word of it comes, as when events are replayed; each run stands there once."""
    queue, ended = Queue(), set()
    for run, status in events:
        record = RunRecord(id=str(run), source="", status="queued")
        if status == "sent":
            queue.sent(record)
        else:
            record.status = status  # type: ignore[assignment]
            queue.told(record)
        if status == "ok":
            ended.add(run)
        shown = [each.id for each in (*queue.running, *queue.waiting)]
        assert len(shown) == len(set(shown))
        assert not {str(each) for each in ended} & set(shown)


# --- Through the server ------------------------------------------------------------------------

HELD = """# %% one
import pathlib, time
while not pathlib.Path('go').exists(): time.sleep(0.01)
# %% two
x = 2
# %% three
x + 1
"""


def queue_of(editor: Editor) -> list[tuple[int, str, str, bool]]:
    """The queue as it was told last."""
    told = editor.told.get("vivo/queue", [])
    shown = told[-1]["executions"] if told else []
    return [(each["position"], each["status"], each["title"], each["stale"]) for each in shown]


def is_placed(editor: Editor) -> bool:
    """Whether the text of each that was told last was found in its document."""
    return all(each["range"] for each in editor.told["vivo/queue"][-1]["executions"])


WAITING = [
    (0, "running", "import pathlib, time", False),
    (1, "waiting", "x = 2", False),
    (2, "waiting", "x + 1", False),
]


def replace(editor: Editor, line: int, text: str) -> None:
    """Edit a line."""
    place = {"start": {"line": line, "character": 0}, "end": {"line": line, "character": 99}}
    params = {
        "textDocument": {"uri": editor.uri, "version": 2},
        "contentChanges": [{"range": place, "text": text}],
    }
    editor.client.notify("textDocument/didChange", params)


async def test_the_queue_is_told_in_order_with_what_was_edited(editor: Editor) -> None:
    """An edited cell runs as it was sent, and both its start and the queue say so."""
    editor.open(HELD)
    started = await editor.start("runAll")
    await editor.until(lambda: queue_of(editor) == WAITING)
    listed = (await editor.start("queue"))["executions"]
    assert [each["executionId"] for each in listed] == started["executionIds"]
    first, second, _ = listed
    assert first["elapsed"] >= 0
    assert second["elapsed"] is None
    assert first["queued"] <= first["started"]
    assert {each["uri"] for each in listed} == {editor.uri}
    assert second["range"]["start"]["line"] == 4
    session = listed[0]["sessionId"]
    by_id = await editor.client.command("vivo.server.queue", {"sessionId": session})
    assert [each["title"] for each in by_id["executions"]] == [each[2] for each in WAITING]
    replace(editor, 4, "x = 5")
    await editor.until(lambda: queue_of(editor)[1] == (1, "waiting", "x = 2", True))
    (editor.folder / "go").touch()
    assert (await editor.end_of(started["executionId"]))["value"] == {"text/plain": "3"}
    begun = {each["executionId"]: each for each in editor.told["vivo/executionStarted"]}
    told = [begun[run] for run in started["executionIds"]]
    assert [each["stale"] for each in told] == [False, True, False]
    assert told[1]["code"] == "x = 2"
    await editor.until(lambda: queue_of(editor) == [])


async def test_cancelling_all_leaves_what_runs_unless_it_is_to_end(editor: Editor) -> None:
    """Every cancelled execution ends as aborted; one can be taken out by its id."""
    editor.open(HELD)
    started = await editor.start("runAll")
    _, second, third = started["executionIds"]
    await editor.until(lambda: queue_of(editor) == WAITING)
    assert await editor.start("interrupt", executionId=second) == {"outcome": "removed_from_queue"}
    assert (await editor.end_of(second))["status"] == "aborted"
    cancelled = await editor.start("cancelAll")
    assert cancelled == {"executionIds": [third], "outcome": None}
    assert (await editor.end_of(third))["status"] == "aborted"
    assert queue_of(editor) == WAITING[:1] or await editor.until(
        lambda: queue_of(editor) == WAITING[:1]
    )
    again = await editor.start("runCell", **at(4, 0))
    cancelled = await editor.start("cancelAll", interrupt=True)
    assert cancelled == {"executionIds": [again["executionId"]], "outcome": "interrupted"}
    ended = await editor.end_of(started["executionIds"][0])
    assert ended["error"]["name"] == "KeyboardInterrupt"


async def test_an_error_stops_what_was_sent_with_it_as_the_user_has_set(editor: Editor) -> None:
    """Also of many cells, of which the last are still on their way; changed while it runs."""
    cells = "".join(f"# %%\nran = {n}\n" for n in range(200))
    editor.open(f"# %%\nran = -1\n1 / 0\n{cells}# %%\nran\n")
    started = await editor.start("runAll")
    ends = [await editor.end_of(run) for run in started["executionIds"]]
    assert [each["status"] for each in ends] == ["error", *["aborted"] * 201]
    settings = {"settings": {"vivo": {"stopOnError": False}}}
    editor.client.notify("workspace/didChangeConfiguration", settings)
    started = await editor.start("runAll")
    assert (await editor.end_of(started["executionId"]))["value"] == {"text/plain": "199"}


async def test_a_killed_server_leaves_queue_and_values_and_a_second_editor_shows_both(
    home: Path,
) -> None:
    """SIGKILL while a cell runs and two wait: the next server has queue and values, and so
    has an editor beside it, which can take out what it did not send."""
    first = await make_editor(home)
    first.open(HELD)
    started = await first.start("runAll")
    await first.until(lambda: queue_of(first) == WAITING)
    os.kill(first.client.process.pid, signal.SIGKILL)
    await first.client.process.wait()
    await first.client.close()
    editors = [await make_editor(home), await make_editor(home)]
    try:
        for each in editors:
            each.open(HELD)
        for each in editors:
            await each.until(lambda each=each: queue_of(each) == WAITING and is_placed(each))  # type: ignore[misc]
        second, third = editors
        listed = (await third.start("queue"))["executions"]
        assert [each["executionId"] for each in listed] == started["executionIds"]
        assert [each["range"]["start"]["line"] for each in listed] == [1, 4, 6]
        run = listed[1]["executionId"]
        assert await third.start("interrupt", executionId=run) == {"outcome": "removed_from_queue"}
        more = await second.start("runCell", **at(4, 0))
        await third.until(lambda: len(queue_of(third)) == 3)
        for each in editors:
            replace(each, 6, "7 * 6")
            again = await each.start("runCell", **at(6, 0))
        (second.folder / "go").touch()
        for each in editors:
            assert (await each.end_of(run))["status"] == "aborted"
            assert (await each.end_of(more["executionId"]))["status"] == "ok"
            await each.end_of(again["executionId"])
            assert (await each.labels())[-1] == (6, "⟶ 42")
    finally:
        await end_all(editors[0])
        for each in editors:
            await each.client.close()


async def test_an_editor_that_was_there_first_finds_a_session_that_another_starts(
    home: Path,
) -> None:
    """Its document shows the other's values though nothing ran here, and its cells run there too;
    once somebody ends the session, the next cell starts another."""
    first, second = await make_editor(home), await make_editor(home)
    try:
        for each in (first, second):
            each.open("x = 20\nx + 1\n")
        assert "vivo/status" not in second.told
        for line in (0, 1):
            await first.run_cell(line)
        await second.until_labels([(1, "⟶ 21")])
        assert (await second.run_cell(1))["value"] == {"text/plain": "21"}
        sessions = {each.told["vivo/status"][-1]["sessionId"] for each in (first, second)}
        assert len(sessions) == 1
        endless = await second.start("runText", text="import time\nwhile True: time.sleep(0.01)")
        await first.until(lambda: [each[1] for each in queue_of(first)] == ["running"])
        await end_all(first)
        ended = await second.end_of(endless["executionId"])
        assert (ended["status"], ended["error"]["name"]) == ("error", "SessionEnded")
        again = await second.run_cell(0)
        assert again["status"] == "ok"
        assert again["sessionId"] not in sessions
    finally:
        await end_all(second)
        for each in (first, second):
            await each.client.close()
