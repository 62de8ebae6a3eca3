"""The Jupyter messaging protocol 5.4, message by message, as a client from outside sees it."""

from __future__ import annotations

from typing import Any

import pytest
import zmq

from .jupyter import SECONDS, Kernel

pytestmark = pytest.mark.sessions


def kinds(events: list[dict[str, Any]]) -> list[str]:
    return [event["msg_type"] for event in events]


def test_a_subscriber_is_welcomed(jupyter: Kernel) -> None:
    """With what it subscribed to; no plain SUB socket is left guessing whether it is heard."""
    address = f"tcp://{jupyter.manager.ip}:{jupyter.manager.iopub_port}"
    with zmq.Context() as context, context.socket(zmq.SUB) as socket:
        socket.linger = 0
        socket.rcvtimeo = SECONDS * 1000
        socket.subscribe(b"iopub_welcome")
        socket.connect(address)
        _, message = jupyter.client.session.feed_identities(socket.recv_multipart())
        told = jupyter.client.session.deserialize(message)
    assert told["msg_type"] == "iopub_welcome"
    assert told["content"] == {"subscription": "iopub_welcome"}
    assert told["parent_header"] == {}


def test_usage_is_told(jupyter: Kernel) -> None:
    """Of the session's processes and of the machine, on the control channel, also while busy."""
    pid = jupyter.run("import os, threading", user_expressions={"pid": "os.getpid()"})
    busy = jupyter.execute("print('waits'); threading.Event().wait()")
    assert jupyter.wait_for("waits") == busy
    usage = jupyter.ask("usage_request", channel="control")
    assert str(usage["pid"]) == pid["user_expressions"]["pid"]["data"]["text/plain"]
    assert usage["kernel_memory"] > 2**20
    assert usage["cpu_count"] >= 1
    assert 0 < usage["host_virtual_memory"]["available"] <= usage["host_virtual_memory"]["total"]
    assert {"hostname", "kernel_cpu", "host_cpu_percent"} <= usage.keys()
    jupyter.manager.interrupt_kernel()
    assert jupyter.reply(busy)["ename"] == "KeyboardInterrupt"


def test_history_is_asked_by_range_tail_and_search(jupyter: Kernel) -> None:
    """With outputs, which a setting keeps, and without; unique, and the newest ``n``."""
    jupyter.run("get_ipython().configure('history_outputs', True)", store_history=False)
    for code in ("a = 1", "a + 1", "b = 2", "a + 1"):
        jupyter.run(code)

    def history(kind: str, **asked: Any) -> list[Any]:
        content = {"hist_access_type": kind, "raw": True, "output": False, **asked}
        found: list[Any] = jupyter.ask("history_request", content)["history"]
        return found

    assert [line[1:] for line in history("range", session=0, start=2, stop=4)] == [
        [2, "a + 1"],
        [3, "b = 2"],
    ]
    assert [line[1:] for line in history("range", session=0, start=3)] == [
        [3, "b = 2"],
        [4, "a + 1"],
    ]
    assert [line[2] for line in history("tail", n=2)] == ["b = 2", "a + 1"]
    assert [line[2] for line in history("tail", n=2, output=True)] == [
        ["b = 2", None],
        ["a + 1", "2"],
    ]
    assert [line[1] for line in history("search", pattern="a*")] == [1, 2, 4]
    assert [line[1] for line in history("search", pattern="a*", unique=True)] == [1, 4]
    assert [line[1] for line in history("search", pattern="a*", n=1)] == [4]
    assert [line[1] for line in history("search", pattern="a*", n=2, unique=True)] == [1, 4]
    assert history("search", pattern="no such input") == []


@pytest.mark.parametrize(
    ("code", "status", "indent"),
    [
        ("x = 1", "complete", None),
        ("for n in range(3):", "incomplete", "    "),
        ("if x:\n    for n in y:", "incomplete", "        "),
        ("f(1,", "incomplete", None),
        ("x = = 1", "invalid", None),
    ],
)
def test_a_console_is_told_whether_to_go_on(
    jupyter: Kernel, code: str, status: str, indent: str | None
) -> None:
    """And how far the next line is indented."""
    told = jupyter.ask("is_complete_request", {"code": code})
    assert told["status"] == status
    if indent is not None:
        assert told["indent"] == indent


def test_user_expressions_are_told_each_for_itself(jupyter: Kernel) -> None:
    """A failing one is an error in its own place; a failing cell has none."""
    asked = {"sum": "x + 1", "fails": "nothing_of_that_name"}
    reply = jupyter.run("x = 41", user_expressions=asked)
    told = reply["user_expressions"]
    assert told["sum"]["status"] == "ok"
    assert told["sum"]["data"]["text/plain"] == "42"
    assert (told["fails"]["status"], told["fails"]["ename"]) == ("error", "NameError")
    assert reply["status"] == "ok"
    assert jupyter.run("1 / 0", user_expressions=asked).get("user_expressions", {}) == {}


def test_a_silent_cell_shows_no_input_and_no_value(jupyter: Kernel) -> None:
    """And takes no number, nor a place in the history; ``store_history`` leaves out the latter."""
    jupyter.run("first = 1")
    silent = jupyter.execute("first + 1", silent=True)
    assert kinds(jupyter.events(silent)) == ["status", "status"]
    assert jupyter.reply(silent)["execution_count"] == 1  # the next prompt is the one after it
    shown = jupyter.execute("first + 2", store_history=False)
    assert "execute_result" in kinds(jupyter.events(shown))
    assert jupyter.reply(shown)["execution_count"] == 1
    assert jupyter.run("first + 3")["execution_count"] == 2
    tail = jupyter.ask("history_request", {"hist_access_type": "tail", "n": 9, "output": False})
    assert [line[2] for line in tail["history"]] == ["first = 1", "first + 3"]


def test_an_error_aborts_what_waits_unless_asked_not_to(jupyter: Kernel) -> None:
    """Aborted cells are answered, and published as busy and idle to nobody's wait."""
    jupyter.run("import threading; go = threading.Event()")
    fails = jupyter.execute("go.wait(10); 1 / 0", stop_on_error=True)
    behind = [jupyter.execute(f"ran = {n}") for n in range(2)]
    subshell = jupyter.ask("create_subshell_request", channel="control")["subshell_id"]
    jupyter.execute("go.set()", subshell=subshell)
    statuses = {}
    while len(statuses) < 3:
        got = jupyter.client.get_shell_msg(timeout=SECONDS)
        statuses[got["parent_header"]["msg_id"]] = got["content"]["status"]
        statuses = {key: statuses[key] for key in statuses if key in (fails, *behind)}
    assert statuses == {fails: "error", behind[0]: "aborted", behind[1]: "aborted"}
    assert jupyter.run("ran")["ename"] == "NameError"
    fails = jupyter.execute("1 / 0", stop_on_error=False)
    goes_on = jupyter.execute("ran = 'on'")
    assert jupyter.reply(fails)["status"] == "error"
    assert jupyter.reply(goes_on)["status"] == "ok"


def test_displays_are_updated_and_cleared(jupyter: Kernel) -> None:
    """By the id of a display, from a later cell too; ``clear_output`` may wait for the next."""
    jupyter.run("from IPython.display import clear_output, display, update_display")
    first = jupyter.events(jupyter.execute("display('one', display_id='mine')"))
    made = next(e["content"] for e in first if e["msg_type"] == "display_data")
    assert made["transient"] == {"display_id": "mine"}
    later = jupyter.events(jupyter.execute("update_display('two', display_id='mine')"))
    changed = next(e["content"] for e in later if e["msg_type"] == "update_display_data")
    assert changed["data"]["text/plain"] == "'two'"
    assert changed["transient"] == {"display_id": "mine"}
    cleared = jupyter.events(jupyter.execute("clear_output(wait=True); clear_output()"))
    waits = [e["content"]["wait"] for e in cleared if e["msg_type"] == "clear_output"]
    assert waits == [True, False]


def test_pages_and_next_inputs_are_the_replys_payload(jupyter: Kernel) -> None:
    """``x?`` gives a page, ``%recall`` and ``set_next_input`` the next input, ``%edit`` a file."""
    jupyter.run("x = [1, 2]")
    asked = jupyter.execute("x?")
    assert set(kinds(jupyter.events(asked))) == {"status", "execute_input"}
    (page,) = jupyter.reply(asked)["payload"]
    assert (page["source"], page["start"]) == ("page", 0)
    assert "list" in page["data"]["text/plain"]
    (entry,) = jupyter.run("get_ipython().set_next_input('y = 1')")["payload"]
    assert entry == {"source": "set_next_input", "text": "y = 1", "replace": False}
    assert jupyter.run("x")["payload"] == []


def test_a_comm_is_opened_talks_and_is_closed(jupyter: Kernel) -> None:
    """From either side, with metadata and buffers; what nobody registered is closed again."""
    jupyter.run(
        "import comm\n"
        "heard = []\n"
        "def opened(made, message):\n"
        "    made.on_msg(lambda message: (heard.append(message['content']['data']),\n"
        "                                 made.send({'back': 1}, buffers=[b'bytes'])))\n"
        "    made.on_close(lambda message: heard.append('closed'))\n"
        "comm.get_comm_manager().register_target('echo', opened)"
    )
    opened = {"comm_id": "one", "target_name": "echo", "data": {}}
    assert kinds(jupyter.events(jupyter.send("comm_open", opened))) == ["status", "status"]
    comms = jupyter.ask("comm_info_request", {})["comms"]
    assert comms["one"] == {"target_name": "echo"}
    assert jupyter.ask("comm_info_request", {"target_name": "other"})["comms"] == {}
    talk = jupyter.events(jupyter.send("comm_msg", {"comm_id": "one", "data": {"there": 2}}))
    back = next(e for e in talk if e["msg_type"] == "comm_msg")
    assert back["content"] == {"comm_id": "one", "data": {"back": 1}}
    assert [bytes(buffer) for buffer in back["buffers"]] == [b"bytes"]
    jupyter.events(jupyter.send("comm_close", {"comm_id": "one", "data": {}}))
    shown = jupyter.run("1", user_expressions={"heard": "heard"})
    heard = shown["user_expressions"]["heard"]["data"]["text/plain"]
    assert heard == "[{'there': 2}, 'closed']"
    assert jupyter.ask("comm_info_request", {})["comms"] == {}
    nobody = {"comm_id": "two", "target_name": "nobody", "data": {}}
    assert "comm_close" in kinds(jupyter.events(jupyter.send("comm_open", nobody)))


def test_a_comm_of_a_subshell_is_handled_beside_a_cell(jupyter: Kernel) -> None:
    """So that a widget answers while main is busy."""
    jupyter.run("import comm, threading; go = threading.Event()")
    jupyter.run(
        "comm.get_comm_manager().register_target(\n"
        "    'go', lambda made, message: (print('opened'), go.set()))"
    )
    subshell = jupyter.ask("create_subshell_request", channel="control")["subshell_id"]
    busy = jupyter.execute("print('waits'); go.wait()")
    assert jupyter.wait_for("waits") == busy
    content = {"comm_id": "one", "target_name": "go", "data": {}}
    opened = jupyter.send("comm_open", content, subshell=subshell)
    assert jupyter.text(opened) == "opened\n"
    assert jupyter.reply(busy)["status"] == "ok"


def test_shutdown_is_answered_and_ends_all(jupyter: Kernel) -> None:
    """On control and to everyone on iopub; the process is gone."""
    asked = jupyter.send("shutdown_request", {"restart": False}, channel="control")
    told = jupyter.reply(asked, channel="control")
    assert told == {"status": "ok", "restart": False}
    while True:
        event = jupyter.event()
        if event["msg_type"] == "shutdown_reply":
            break
    assert event["content"] == {"status": "ok", "restart": False}
    process = jupyter.manager.provisioner
    assert process is not None
    process.process.wait(SECONDS)


def test_a_request_that_nobody_knows_is_left_alone(jupyter: Kernel) -> None:
    """As the protocol has it: neither an answer nor an end."""
    jupyter.send("no_such_request")
    assert jupyter.run("1")["status"] == "ok"
