"""What a visitor of a role may send: pure."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vivo.server.consoles import console_uri
from vivo.server.protocol import MESSAGES
from vivo.server.web.grants import Grant, Role
from vivo.server.web.permitted import Gate

OWN = console_uri("mine", "untitled:web", "1")
OTHER = console_uri("other", "untitled:web", "1")


def gate(role: Role, *, own_runs: tuple[str, ...] = ()) -> Gate:
    session = None if role == "owner" else "mine"
    name = "" if role == "owner" else "Ada"
    return Gate(Grant(role, session, name), "/work", lambda run: run in own_runs)


def request(method: str, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 7, "method": method, "params": params}


def command(name: str, /, **argument: Any) -> dict[str, Any]:
    return request("workspace/executeCommand", command=f"vivo.server.{name}", arguments=[argument])


RUNNING = [
    command("runText", uri=OWN, text="1"),
    request("textDocument/didOpen", textDocument={"uri": OWN, "text": "x"}),
    request("textDocument/completion", textDocument={"uri": OWN}, position={}),
    request("vivo/history", uri=OWN),
]
LOOKING = [
    command("openConsole", uri="untitled:web", sessionId="mine"),
    command("queue", sessionId="mine"),
    request("vivo/variables", uri=OWN),
    request("vivo/table", uri=OWN, path=["x"]),
    request("vivo/inspect", uri=OWN, expression="x"),
    request("vivo/blob", id="0" * 64, sessionId="mine", sequence=1),
]
OWNERS = [
    command("endSession", sessionId="mine"),
    command("renameSession", sessionId="mine", name="x"),
    command("restart", sessionId="mine"),
    command("sessions"),
    command("cancelAll", sessionId="mine"),
    command("exportDocument", uri=OWN),
    command("openConsole", uri="untitled:web", sessionId="mine", new=True),
    command("interrupt", sessionId="mine"),
    request("vivo/document", uri="vivo-run:/x"),
    request("textDocument/definition", textDocument={"uri": OWN}, position={}),
    request("workspace/didChangeConfiguration", settings={"python": "/bin/evil"}),
]


@pytest.mark.parametrize("message", LOOKING)
def test_a_viewer_sees_the_session(message: dict[str, Any]) -> None:
    """All that a page of theirs asks is answered."""
    assert gate("viewer").judge(message).message == message


@pytest.mark.parametrize("message", RUNNING + OWNERS)
def test_a_viewer_changes_nothing(message: dict[str, Any]) -> None:
    """Each is refused with one sentence, and answered under its id."""
    told = gate("viewer").judge(message)
    assert told.message is None
    assert told.answers == 7
    assert told.refusal is not None
    assert told.refusal.endswith("is not for viewers.")


@pytest.mark.parametrize("message", LOOKING + RUNNING)
def test_a_runner_runs(message: dict[str, Any]) -> None:
    """Who was let in to run can type, complete and run."""
    assert gate("runner").judge(message).message == message


@pytest.mark.parametrize("message", OWNERS)
def test_a_runner_ends_and_sees_nothing_else(message: dict[str, Any]) -> None:
    """The session's life and the other sessions are the owner's."""
    assert gate("runner").judge(message).message is None


def test_a_runner_interrupts_their_own_cells_alone() -> None:
    """The owner's cell of hours is not ended by a visitor's button."""
    runner = gate("runner", own_runs=("a",))
    mine = command("interrupt", sessionId="mine", executionId="a")
    assert runner.judge(mine).message == mine
    assert runner.judge(command("interrupt", sessionId="mine", executionId="b")).message is None
    forced = command("interrupt", sessionId="mine", executionId="a", force=True)
    assert runner.judge(forced).message is None


@pytest.mark.parametrize("role", ["viewer", "runner"])
@pytest.mark.parametrize("place", [{"uri": OTHER}, {"uri": "file:///etc/passwd"}, {"uri": 3}, {}])
def test_no_other_session_is_reached(role: Role, place: dict[str, Any]) -> None:
    """Neither by a console's URI, nor by a file's, nor by an id."""
    for message in LOOKING + RUNNING:
        params = dict(message["params"])
        if "arguments" in params:
            params["arguments"] = [{**place, "sessionId": "other", "text": "1"}]
        elif "textDocument" in params:
            params["textDocument"] = place
        else:
            params = {**place, "sessionId": "other"}
        assert gate(role).judge({**message, "params": params}).message is None


@pytest.mark.parametrize("role", ["viewer", "runner"])
def test_who_they_are_and_what_they_can_they_do_not_say_themselves(role: Role) -> None:
    """Another's name, settings that name programs, folders: none is taken over."""
    told = gate(role).judge(
        request(
            "initialize",
            clientInfo={"name": "Visual Studio Code"},
            rootUri="file:///",
            workspaceFolders=[{"uri": "file:///", "name": "all"}],
            initializationOptions={"python": "/bin/evil", "seen": {"mine": 4}},
            capabilities={"experimental": {"vivo": {"comms": True, "blobs": True}}},
        )
    )
    assert told.message is not None
    params = told.message["params"]
    assert params["clientInfo"] == {"name": "Ada (web)"}
    assert params["rootUri"] is None
    assert params["workspaceFolders"] is None
    assert params["initializationOptions"] == {"seen": {"mine": 4}}
    assert params["capabilities"]["experimental"]["vivo"].get("comms") is None


SAFE_FOR_VIEWERS = {
    "openConsole", "queue", "variables", "table", "inspect", "blob", "presence", "people"
}  # fmt: skip


def test_each_message_of_the_protocol_was_thought_of() -> None:
    """A new message is the owner's until somebody says otherwise, here."""
    for message in MESSAGES:
        name = message.name.rpartition(".")[2].rpartition("/")[2]
        sent = (
            command(message.name.removeprefix("vivo.server."), uri=OWN, sessionId="mine")
            if message.kind == "command"
            else request(message.name, uri=OWN, sessionId="mine")
        )
        permitted = gate("viewer").judge(sent).message is not None
        assert not permitted or name in SAFE_FOR_VIEWERS, message.name


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["id", "method", "params", "result"]), JSON) | JSON)
def test_whatever_is_sent_is_judged(data: Any) -> None:
    """Nothing that a visitor can make up raises."""
    for role in ("owner", "runner", "viewer"):
        told = gate(role).judge(data)  # type: ignore[arg-type]
        assert (told.message is None) == (told.refusal is not None)
