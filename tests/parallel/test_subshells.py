"""Subshells: cells beside the main shell's, in the same namespace."""

from __future__ import annotations

from itertools import groupby

import pytest
from vivo.parallel.keeper.instructions import Interrupt, ToLane

from .jupyter import Kernel
from .test_keeper_state import Session, message

pytestmark = pytest.mark.sessions


def create(jupyter: Kernel) -> str:
    return str(jupyter.ask("create_subshell_request", channel="control")["subshell_id"])


def test_a_subshells_cell_runs_while_main_is_busy(jupyter: Kernel) -> None:
    """In a thread of its own, in the same namespace; each one's text goes to its own cell."""
    info = jupyter.ask("kernel_info_request")
    assert "kernel subshells" in info["supported_features"]
    subshell = create(jupyter)
    jupyter.run("import threading; go = threading.Event(); x = 20")
    busy = jupyter.execute("print('waits'); go.wait(); print('goes on', y)")
    assert jupyter.wait_for("waits") == busy
    beside = jupyter.execute("y = x + 1; print('beside'); y * 2", subshell=subshell)
    assert jupyter.reply(beside)["status"] == "ok"
    shown = jupyter.events(beside)
    kinds = [kind for kind, _ in groupby(shown, key=lambda e: e["msg_type"])]
    assert kinds == ["status", "execute_input", "stream", "execute_result", "status"]
    assert {e["parent_header"]["subshell_id"] for e in shown} == {subshell}
    assert shown[-2]["content"]["data"]["text/plain"] == "42"
    where = jupyter.execute(
        "threading.current_thread() is threading.main_thread()", subshell=subshell
    )
    values = [e["content"] for e in jupyter.events(where) if e["msg_type"] == "execute_result"]
    assert values[0]["data"]["text/plain"] == "False"
    jupyter.reply(where)
    jupyter.execute("go.set()", subshell=subshell)
    assert jupyter.text(busy) == "goes on 21\n"


def test_each_cell_has_its_own_number(jupyter: Kernel) -> None:
    """Also of cells that run at the same time; In and Out are shared."""
    subshell = create(jupyter)
    jupyter.run("import threading; go = threading.Event()")
    busy = jupyter.execute("go.wait(); 'main'")
    beside = jupyter.execute("'beside'", subshell=subshell)
    count = jupyter.reply(beside)["execution_count"]
    jupyter.execute("go.set()", subshell=subshell)
    numbers = [jupyter.reply(busy)["execution_count"], count]
    assert numbers == [2, 3]
    shown = jupyter.execute("print(Out[2], Out[3])")
    assert jupyter.text(shown) == "main beside\n"
    assert jupyter.reply(shown)["execution_count"] == 5


def test_a_subshell_shows_what_any_shell_shows(jupyter: Kernel) -> None:
    """Displays, commands, magics, pages, top-level await, errors: each to its own cell."""
    subshell = create(jupyter)
    jupyter.run("import threading; go = threading.Event()")
    busy = jupyter.execute("go.wait()")

    def shown(code: str) -> list[str]:
        made = jupyter.execute(code, subshell=subshell, allow_stdin=False)
        told = [str(e["content"]) for e in jupyter.events(made)]
        told.append(str(jupyter.reply(made)))
        return told

    assert "a picture" in str(shown("display({'text/html': 'a picture'}, raw=True)"))
    assert "from a child" in str(shown("!echo from a child"))
    assert "'page'" in shown("len?")[-1]
    assert "waited" in str(shown("import asyncio; await asyncio.sleep(0, 'waited')"))
    assert "cannot answer input()" in str(shown("input()"))
    assert "ZeroDivisionError" in shown("1 / 0")[-1]
    jupyter.execute("go.set()", subshell=subshell)
    assert jupyter.reply(busy)["status"] == "ok"


def test_a_subshells_cell_asks_its_client(jupyter: Kernel) -> None:
    """While main is busy; a deleted subshell asks no more."""
    subshell = create(jupyter)
    jupyter.run("import threading; go = threading.Event()")
    busy = jupyter.execute("go.wait()")
    asks = jupyter.execute("input('? ')", subshell=subshell, allow_stdin=True)
    question = jupyter.client.get_stdin_msg(timeout=20)
    assert question["content"] == {"prompt": "? ", "password": False}
    assert question["parent_header"]["msg_id"] == asks
    jupyter.client.input("typed")
    shown = [e["content"] for e in jupyter.events(asks) if e["msg_type"] == "execute_result"]
    assert shown[0]["data"]["text/plain"] == "'typed'"
    jupyter.reply(asks)
    again = jupyter.execute("input('again? ')", subshell=subshell, allow_stdin=True)
    assert jupyter.client.get_stdin_msg(timeout=20)["content"]["prompt"] == "again? "
    jupyter.ask("delete_subshell_request", {"subshell_id": subshell}, channel="control")
    assert jupyter.reply(again)["ename"] == "EOFError"
    jupyter.execute("go.set()", subshell=create(jupyter))
    assert jupyter.reply(busy)["status"] == "ok"


def test_an_error_aborts_the_cells_of_its_own_subshell_alone(jupyter: Kernel) -> None:
    """Those of another subshell and of main go on."""
    first, second = create(jupyter), create(jupyter)
    jupyter.run("import threading; go = threading.Event()")
    busy = jupyter.execute("go.wait()")
    fails = jupyter.execute("go.wait(); 1 / 0", subshell=first)
    behind = jupyter.execute("behind = 1", subshell=first)
    other = jupyter.execute("go.set()", subshell=second)
    found: dict[str, str] = {}
    while len(found) < 4:
        got = jupyter.client.get_shell_msg(timeout=20)
        found[got["parent_header"]["msg_id"]] = got["content"]["status"]
    assert found == {busy: "ok", fails: "error", behind: "aborted", other: "ok"}


def test_subshells_are_listed_and_deleted(jupyter: Kernel) -> None:
    """A deleted one takes nothing more, and what it does not know is said."""
    first, second = create(jupyter), create(jupyter)
    assert jupyter.ask("list_subshell_request", channel="control")["subshell_id"] == [first, second]
    jupyter.reply(jupyter.execute("1", subshell=first))
    request = {"subshell_id": first}
    assert jupyter.ask("delete_subshell_request", request, channel="control")["status"] == "ok"
    again = jupyter.ask("delete_subshell_request", request, channel="control")
    assert first in again["evalue"]
    assert jupyter.ask("list_subshell_request", channel="control")["subshell_id"] == [second]
    refused = jupyter.reply(jupyter.execute("1", subshell=first))
    assert (refused["status"], refused["ename"]) == ("error", "UsageError")
    # Its thread ends right after the answer: no cell of it runs.
    shown = jupyter.execute(
        "import threading, time\nuntil = time.monotonic() + 10\n"
        f"while {first!r} in str(threading.enumerate()) and time.monotonic() < until:\n"
        "    time.sleep(0.01)\n"
        f"print({first!r} in str(threading.enumerate()))"
    )
    assert jupyter.text(shown) == "False\n"


def test_what_waits_in_a_deleted_subshell_is_aborted() -> None:
    """What runs there goes on to its end, and is answered then."""
    session = Session()
    session.ready()
    session.send("create_subshell_request")
    subshell = session.replies("create_subshell_reply")[-1].content["subshell_id"]
    first, second = (message("execute_request", {"code": "1"}) for _ in range(2))
    for each in (first, second):
        each.header["subshell_id"] = subshell
        session.take(session.state.client_message("shell", each, 2.0))
    frames = [each for each in session.told if isinstance(each, ToLane)]
    kinds = [each.header["frame"]["type"] for each in frames]
    assert kinds == ["open", "execute"]
    assert frames[1].header["frame"]["run"] == first.id
    session.send("delete_subshell_request", {"subshell_id": subshell})
    statuses = [reply.content["status"] for reply in session.replies("execute_reply")]
    assert statuses == ["aborted"]
    done = {
        "type": "done", "run": first.id, "status": "ok", "values": [], "payload": [],
        "user_expressions": {},
    }  # fmt: skip
    session.take(session.state.engine_frame(done, 3.0))
    statuses = [reply.content["status"] for reply in session.replies("execute_reply")]
    assert statuses == ["aborted", "ok"]


def test_a_restart_forgets_the_subshells() -> None:
    """Their cells end with it, answered."""
    session = Session()
    session.ready()
    session.send("create_subshell_request")
    subshell = session.replies("create_subshell_reply")[-1].content["subshell_id"]
    made = message("execute_request", {"code": "1"})
    made.header["subshell_id"] = subshell
    session.take(session.state.client_message("shell", made, 2.0))
    session.send("vivo_restart_request")
    assert session.replies("execute_reply")[-1].content["ename"] == "Restarted"
    session.ready()
    session.send("list_subshell_request")
    assert session.replies("list_subshell_reply")[-1].content["subshell_id"] == []


def test_a_subshells_cell_is_taken_out_of_its_queue() -> None:
    """By its id, while it waits; one that runs there is interrupted in its own thread."""
    session = Session()
    session.ready()
    session.send("create_subshell_request")
    subshell = session.replies("create_subshell_reply")[-1].content["subshell_id"]
    runs, waits = (
        session.send("execute_request", {"code": "1"}, subshell=subshell) for _ in range(2)
    )
    outcomes = []
    for each in (waits, runs):
        session.send("vivo_interrupt_request", {"run": each.id})
        outcomes.append(session.replies("vivo_interrupt_reply")[-1].content["outcome"])
    assert outcomes == ["removed_from_queue", "interrupted"]
    told = [each for each in session.told if isinstance(each, ToLane)][-1].header
    assert told["frame"] == {"type": "interrupt", "run": runs.id}
    assert not any(isinstance(each, Interrupt) for each in session.told)
    assert session.replies("execute_reply")[-1].content["status"] == "aborted"
