"""A hosted kernel's session as a pure machine, without sockets or processes."""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from vivo.parallel.hosted.instructions import InterruptKernel, RestartKernel, ToKernel
from vivo.parallel.hosted.state import HostedState
from vivo.parallel.keeper.instructions import Publish, Reply
from vivo.parallel.wire import Codec, Message

from .test_keeper_state import message

KERNEL = Codec(b"", session="kernel")


class Hosted:
    """A machine, and the kernel that it believes to talk to."""

    def __init__(self) -> None:
        self.state = HostedState("id", "Kernel", "/python", "/")
        self.told: list[Any] = []

    def take(self, instructions: list[Any]) -> None:
        self.state.validate()
        self.told += instructions

    def ready(self) -> None:
        self.take(self.state.ready({"implementation": "kernel"}, 1.0))

    def send(self, kind: str, content: dict[str, Any], session: str = "s", **vivo: Any) -> Message:
        made = message(kind, content, session)
        made.metadata = {"vivo": vivo} if vivo else {}
        channel = "stdin" if kind == "input_reply" else "shell"
        self.take(self.state.client_message(channel, made, 2.0))
        return made

    def execute(self, code: str = "1", session: str = "s") -> Message:
        return self.send("execute_request", {"code": code}, session)

    def hear(self, channel: str, kind: str, content: dict[str, Any], parent: Message) -> Message:
        """The kernel sends a message."""
        made = Codec(b"").decode(KERNEL.encode(kind, content, parent=parent.raw_header))
        self.take(self.state.kernel_message(channel, made, 3.0))
        return made

    def run(self, request: Message, status: str = "ok", *, reply_first: bool = True) -> None:
        """The kernel runs a cell from beginning to end."""
        self.hear("iopub", "status", {"execution_state": "busy"}, request)
        told = {"code": request.content["code"], "execution_count": 1}
        self.hear("iopub", "execute_input", told, request)
        failure = {"ename": "E", "evalue": "m", "traceback": []} if status == "error" else {}
        if failure:
            self.hear("iopub", "error", failure, request)
        ends: list[tuple[str, str, dict[str, Any]]] = [
            ("shell", "execute_reply", {"status": status, "execution_count": 1, **failure}),
            ("iopub", "status", {"execution_state": "idle"}),
        ]
        for channel, kind, content in ends if reply_first else ends[::-1]:
            self.hear(channel, kind, content, request)

    def of(self, kind: type) -> list[Any]:
        return [each for each in self.told if isinstance(each, kind)]

    def records(self) -> list[dict[str, Any]]:
        """The final records, in the order that they were published."""
        found = [each.metadata["vivo"].get("record") for each in self.of(Publish)]
        return [each for each in found if each and each["finished"] is not None]


def test_a_cell_is_sent_when_the_one_before_it_has_ended() -> None:
    """So the kernel never holds one that could not be taken back; each reply has its client."""
    hosted = Hosted()
    first, second = hosted.execute("a", "one"), hosted.execute("b", "two")
    assert hosted.of(ToKernel) == []
    hosted.ready()
    assert [each.message.id for each in hosted.of(ToKernel)] == [first.id]
    hosted.run(first)
    assert [each.message.id for each in hosted.of(ToKernel)] == [first.id, second.id]
    hosted.run(second, reply_first=False)
    replies = [each for each in hosted.of(Reply) if each.kind == "execute_reply"]
    assert [each.identities for each in replies] == [[b"one"], [b"two"]]
    assert [each["status"] for each in hosted.records()] == ["ok", "ok"]
    numbers = [each.seq for each in hosted.of(Publish)]
    assert numbers == list(range(1, len(numbers) + 1))


def test_an_error_aborts_what_its_client_has_sent_behind_it() -> None:
    """Another client's cell runs; the kernel itself is told to abort nothing."""
    hosted = Hosted()
    hosted.ready()
    failing, behind = hosted.execute("a", "one"), hosted.execute("b", "one")
    others = hosted.execute("c", "two")
    assert hosted.of(ToKernel)[0].content["stop_on_error"] is False
    hosted.run(failing, "error")
    assert [each.message.id for each in hosted.of(ToKernel)] == [failing.id, others.id]
    ended = {record["id"]: record["status"] for record in hosted.records()}
    assert ended == {failing.id: "error", behind.id: "aborted"}


def test_what_waits_can_be_taken_out_and_what_runs_interrupted() -> None:
    """By its id; the outcomes have the names that every session's have."""
    hosted = Hosted()
    hosted.ready()
    running, waiting = hosted.execute("a"), hosted.execute("b")
    outcomes = []
    for run in (waiting.id, "another", running.id):
        hosted.send("vivo_interrupt_request", {"run": run})
        outcomes.append(hosted.of(Reply)[-1].content["outcome"])
    assert outcomes == ["removed_from_queue", "mismatch", "interrupted"]
    assert len(hosted.of(InterruptKernel)) == 1


def test_completion_beside_a_running_cell_is_answered_at_once() -> None:
    """With what was known, marked as that; the kernel is not even asked."""
    hosted = Hosted()
    hosted.ready()
    asked = hosted.send("complete_request", {"code": "pri", "cursor_pos": 3})
    told = {
        "status": "ok",
        "matches": ["print"],
        "cursor_start": 0,
        "cursor_end": 3,
        "metadata": {},
    }
    hosted.hear("shell", "complete_reply", told, asked)
    assert hosted.of(Reply)[-1].content["matches"] == ["print"]
    hosted.execute("loop")
    sent = len(hosted.of(ToKernel))
    hosted.send("complete_request", {"code": "prin", "cursor_pos": 4})
    reply = hosted.of(Reply)[-1]
    assert reply.content["matches"] == ["print"]
    assert reply.metadata == {"vivo": {"busy": True, "known": 3.0}}
    assert len(hosted.of(ToKernel)) == sent


def test_a_question_reaches_the_cells_client_and_whoever_takes_it_over() -> None:
    """The first answer counts; a late one of the same question goes nowhere."""
    hosted = Hosted()
    hosted.ready()
    cell = hosted.execute("input()", "one")
    question = hosted.hear("stdin", "input_request", {"prompt": "? ", "password": False}, cell)
    hosted.send("vivo_take_input_request", {}, "two")
    asked = [each for each in hosted.of(Reply) if each.kind == "input_request"]
    assert [each.identities for each in asked] == [[b"one"], [b"two"]]
    for value in ("first", "late"):
        hosted.send("input_reply", {"value": value}, "two", question=question.id)
    answers = [each for each in hosted.of(ToKernel) if each.kind == "input_reply"]
    assert [each.content for each in answers] == [{"value": "first"}]
    assert answers[0].message.raw_header == question.raw_header


def test_a_kernel_that_ends_fails_its_cell_and_a_restart_begins_anew() -> None:
    """Nothing waits for ever; the restart is answered when the fresh kernel is ready."""
    hosted = Hosted()
    hosted.ready()
    hosted.execute("a")
    asked = hosted.send("comm_info_request", {})
    hosted.execute("b")
    hosted.take(hosted.state.ended("SIGKILL", 4.0))
    assert [each["status"] for each in hosted.records()] == ["error", "aborted"]
    assert "SIGKILL" in hosted.records()[0]["error"]["message"]
    refused = [each for each in hosted.of(Reply) if each.parent == asked.raw_header]
    assert refused[-1].content["status"] == "error"
    hosted.execute("c")
    assert hosted.of(Reply)[-1].content["ename"] == "KernelEnded"
    hosted.send("vivo_restart_request", {})
    assert len(hosted.of(RestartKernel)) == 1
    hosted.ready()
    assert hosted.of(Reply)[-1].content["state"] == "idle"
    assert len(hosted.of(RestartKernel)) == 1
    hosted.run(hosted.execute("d"))
    assert hosted.records()[-1]["status"] == "ok"


class AnySequence(RuleBasedStateMachine):
    """Whatever clients and kernel do, each run ends once and the events are contiguous."""

    def __init__(self) -> None:
        super().__init__()
        self.hosted = Hosted()
        self.sent: list[Message] = []

    @rule(session=st.sampled_from(["one", "two"]))
    def execute(self, session: str) -> None:
        self.sent.append(self.hosted.execute("x", session))

    @precondition(lambda self: self.hosted.state.phase == "starting")
    @rule()
    def ready(self) -> None:
        self.hosted.ready()

    @precondition(lambda self: self.hosted.state.phase == "busy")
    @rule(status=st.sampled_from(["ok", "error", "aborted"]), reply_first=st.booleans())
    def run_whole(self, status: str, reply_first: bool) -> None:
        running = self.hosted.state.running
        assert running is not None
        self.hosted.run(running.request, status, reply_first=reply_first)

    @precondition(lambda self: self.hosted.state.phase == "busy")
    @rule(half=st.sampled_from([("shell", "execute_reply"), ("iopub", "status")]))
    def run_half(self, half: tuple[str, str]) -> None:
        running = self.hosted.state.running
        assert running is not None
        content = {"status": "ok", "execution_state": "idle"}
        self.hosted.hear(half[0], half[1], content, running.request)

    @rule(which=st.integers(0, 5))
    def interrupt(self, which: int) -> None:
        run = self.sent[which % len(self.sent)].id if self.sent else "none"
        self.hosted.send("vivo_interrupt_request", {"run": run})

    @precondition(lambda self: self.hosted.state.phase in ("idle", "busy"))
    @rule()
    def end(self) -> None:
        self.hosted.take(self.hosted.state.ended("SIGKILL", 5.0))

    @rule()
    def restart(self) -> None:
        self.hosted.send("vivo_restart_request", {})

    @rule()
    def ask(self) -> None:
        self.hosted.send("complete_request", {"code": "a"})

    @invariant()
    def holds(self) -> None:
        ended = [record["id"] for record in self.hosted.records()]
        assert len(ended) == len(set(ended)), "a run ended twice"
        numbers = [each.seq for each in self.hosted.of(Publish)]
        assert numbers == list(range(1, len(numbers) + 1))
        if self.hosted.state.phase in ("idle", "dead"):
            runs = self.hosted.state.runs.all()
            assert all(run.finished is not None for run in runs), "a run was forgotten"


TestAnySequence = AnySequence.TestCase
TestAnySequence.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
