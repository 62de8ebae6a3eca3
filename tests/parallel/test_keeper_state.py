"""The session as a pure machine, without sockets or processes."""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from vivo.parallel.frames import Ordering
from vivo.parallel.keeper.instructions import Instruction, Publish, Reply, Stop
from vivo.parallel.keeper.state import SessionState
from vivo.parallel.wire import Codec, Message

MAGIC = bytes(range(16))


def message(kind: str, content: dict[str, Any], session: str = "s") -> Message:
    codec = Codec(b"", session=session)
    return Codec(b"").decode(codec.encode(kind, content, identities=[session.encode()]))


class Session:
    """A machine and the engine that it believes to talk to."""

    def __init__(self, *, foreign: bool = False) -> None:
        self.state = SessionState("id", "python", "/", magic=MAGIC, foreign=foreign)
        self.number = 0
        self.told: list[Instruction] = []

    def take(self, instructions: list[Instruction]) -> list[Instruction]:
        self.state.validate()
        self.told += instructions
        return instructions

    def ready(self) -> None:
        header = {"type": "ready", "pid": 1, "python_version": "3.11.0"}
        self.take(self.state.engine_frame(header, 1.0))

    def send(
        self,
        kind: str,
        content: dict[str, Any] | None = None,
        session: str = "s",
        subshell: str | None = None,
    ) -> Message:
        made = message(kind, content or {}, session)
        if subshell is not None:
            made.header["subshell_id"] = subshell
        self.take(self.state.client_message("shell", made, 2.0))
        return made

    def execute(self, code: str = "1", session: str = "s") -> Message:
        return self.send("execute_request", {"code": code}, session)

    def finish(self, *, status: str = "ok") -> None:
        """The engine reports the end of what runs."""
        running = self.state.running
        assert running is not None
        run = running.record.id
        self.number += 1
        done: dict[str, Any] = {
            "type": "done", "run": run, "n": self.number, "status": status, "values": [],
            "payload": [], "user_expressions": {},
        }  # fmt: skip
        if status == "error":
            report = {"name": "E", "message": "m", "frames": []}
            done["error"] = {"ename": "E", "evalue": "m", "traceback": [], "report": report}
        self.take(self.state.engine_frame(done, 3.0))

    def finish_beside(self, run: str, *, status: str = "ok") -> None:
        """The engine reports the end of what runs in a subshell."""
        done = {"type": "done", "run": run, "status": status, "values": [], "payload": [],
                "user_expressions": {}}  # fmt: skip
        if status == "error":
            report = {"name": "E", "message": "m", "frames": []}
            done["error"] = {"ename": "E", "evalue": "m", "traceback": [], "report": report}
        self.take(self.state.engine_frame(done, 3.0))

    def replies(self, kind: str) -> list[Reply]:
        return [each for each in self.told if isinstance(each, Reply) and each.kind == kind]

    def published(self, kind: str) -> list[Publish]:
        return [each for each in self.told if isinstance(each, Publish) and each.kind == kind]


def test_a_cell_waits_for_the_engine_and_for_those_before_it() -> None:
    """One runs, the others wait in the order they came."""
    session = Session()
    first, second = session.execute("a"), session.execute("b")
    assert session.state.running is None
    session.ready()
    assert session.state.running is not None
    assert session.state.running.record.id == first.id
    session.finish()
    assert session.state.running is not None
    assert session.state.running.record.id == second.id
    session.finish()
    counts = [reply.content["execution_count"] for reply in session.replies("execute_reply")]
    assert counts == [1, 2]


def test_text_that_came_before_the_end_is_published_before_it() -> None:
    """What the pipes hold, and the value that came along; events whose markers are lost, too."""
    session = Session()
    session.ready()
    run = session.execute()
    shown = {"type": "display", "run": run.id, "data": {"text/plain": "a"}, "metadata": {},
             "display_id": None}  # fmt: skip
    for number in (1, 2):  # a keeper before may have had the second's marker
        session.take(session.state.engine_frame({**shown, "n": number}, 3.0))
    text = b"text" + Ordering.marker(MAGIC, 1) + b"more"
    session.take(session.state.output(run.id, "stdout", text, 3.0))
    session.take(session.state.output(run.id, "stderr", b"C's", 3.0))
    value = {"type": "result", "run": run.id, "n": 3, "execution_count": 1, "metadata": {},
             "data": {"text/plain": "1"}}  # fmt: skip
    done = {"type": "done", "run": run.id, "n": 4, "held": value, "status": "ok", "values": [],
            "payload": [], "user_expressions": {}}  # fmt: skip
    session.take(session.state.engine_frame(done, 3.0))
    assert session.state.running is None
    told = [each for each in session.told if isinstance(each, Publish)][3:]
    kinds = [
        "stream",
        "display_data",
        "stream",
        "stream",
        "display_data",
        "execute_result",
        "status",
    ]
    assert [each.kind for each in told] == kinds
    assert [each.metadata["vivo"].get("n") for each in told] == [None, 1, None, None, 2, 3, 4]
    session.take(session.state.output(run.id, "stdout", b"of a child", 3.0))
    assert session.told[-1].content == {"name": "stdout", "text": "of a child"}  # type: ignore[union-attr]


def test_a_failing_cell_aborts_the_senders_queue_alone() -> None:
    """Another client's cells go on."""
    session = Session()
    session.ready()
    session.execute("fails", "mine")
    session.execute("mine too", "mine")
    other = session.execute("theirs", "other")
    session.finish(status="error")
    statuses = [reply.content["status"] for reply in session.replies("execute_reply")]
    assert statuses == ["error", "aborted"]
    assert session.state.running is not None
    assert session.state.running.record.id == other.id


def test_a_cell_that_no_engine_could_run_is_refused() -> None:
    """It never gets there: what is no text, expressions that are none."""
    session = Session()
    session.ready()
    for content in ({}, {"code": 1}, {"code": "1", "user_expressions": "x"},
                    {"code": "1", "user_expressions": ["x"]}):  # fmt: skip
        session.send("execute_request", content)
    replies = [reply.content["evalue"] for reply in session.replies("execute_reply")]
    assert (
        replies
        == ["execute_request wants code, a text."] * 2
        + ["execute_request wants user_expressions, an object of texts."] * 2
    )
    assert session.state.running is None


def test_a_failing_cell_of_a_client_without_a_name_aborts_nobody_elses() -> None:
    """What waits behind it is another client's."""
    session = Session()
    session.ready()
    failing = message("execute_request", {"code": "1/0"})
    failing.header["session"] = None
    session.take(session.state.client_message("shell", failing, 2.0))
    session.execute("2", session="t")
    session.finish(status="error")
    assert session.state.running is not None
    assert session.state.running.record.source == "2"


def test_an_engines_death_ends_its_run_with_a_sentence() -> None:
    """The reply comes, the queue is aborted, later cells are refused with what to do."""
    session = Session()
    session.ready()
    session.execute("a")
    session.execute("b")
    session.take(session.state.engine_exited("killed by SIGKILL", 4.0))
    statuses = [reply.content["status"] for reply in session.replies("execute_reply")]
    assert statuses == ["error", "aborted"]
    told = session.replies("execute_reply")[0].content["evalue"]
    assert "killed by SIGKILL" in told
    assert "Restart" in told
    session.execute("c")
    assert session.replies("execute_reply")[-1].content["ename"] == "EngineDied"


def test_a_restart_answers_whoever_waits_for_the_old_engine() -> None:
    """What the old engine was asked is refused with the reason, not left without an answer."""
    session = Session()
    session.ready()
    session.send("complete_request", {"code": "a", "cursor_pos": 1})
    assert not session.replies("complete_reply")
    session.take(session.state.client_message("control", message("vivo_restart_request", {}), 4.0))
    replies = session.replies("complete_reply")
    assert [each.content["ename"] for each in replies] == ["Restarted"]


def test_interrupts_have_named_outcomes() -> None:
    """interrupted, idle, mismatch, removed_from_queue."""
    session = Session()
    session.ready()

    def interrupt(run: str | None) -> str:
        session.send("vivo_interrupt_request", {"run": run} if run else {})
        return str(session.replies("vivo_interrupt_reply")[-1].content["outcome"])

    assert interrupt(None) == "idle"
    first, second = session.execute("a"), session.execute("b")
    assert interrupt("nobody") == "mismatch"
    assert interrupt(second.id) == "removed_from_queue"
    assert interrupt(first.id) == interrupt(None) == "interrupted"


def test_an_unfit_request_is_answered_with_an_error() -> None:
    """Once, and the session goes on."""
    session = Session()
    session.ready()
    session.send("execute_request", {"code": 3})
    session.send("vivo_replay_request", {"after": "x"})
    session.send("no_such_request")
    assert session.replies("execute_reply")[-1].content["ename"] == "UsageError"
    assert session.replies("vivo_replay_reply")[-1].content["status"] == "error"
    session.execute()
    session.finish()
    assert session.replies("execute_reply")[-1].content["status"] == "ok"


def test_a_foreign_launchers_session_ends_with_its_engine() -> None:
    """So that the launcher sees it and can start another."""
    session = Session(foreign=True)
    session.ready()
    session.take(session.state.engine_exited("exit status 1", 4.0))
    assert isinstance(session.told[-1], Stop)


class AnySequence(RuleBasedStateMachine):
    """Whatever clients, engine and signals do, each run ends once and events are contiguous."""

    def __init__(self) -> None:
        super().__init__()
        self.session = Session()
        self.sent: list[str] = []

    @rule(session=st.sampled_from(["a", "b"]))
    def execute(self, session: str) -> None:
        self.sent.append(self.session.execute("x", session).id)

    @rule()
    def create_subshell(self) -> None:
        self.session.send("create_subshell_request")

    @rule(position=st.integers(0, 2))
    def delete_subshell(self, position: int) -> None:
        names = self.session.state.subshells.names()
        self.session.send(
            "delete_subshell_request", {"subshell_id": [*names, "", "", ""][position]}
        )

    @rule(session=st.sampled_from(["a", "b"]), position=st.integers(0, 2))
    def execute_beside(self, session: str, position: int) -> None:
        subshell = [*self.session.state.subshells.names(), "", "", ""][position]
        content = {"code": "x"}
        self.sent.append(self.session.send("execute_request", content, session, subshell).id)

    @rule(status=st.sampled_from(["ok", "error"]), position=st.integers(0, 2))
    def finish_beside(self, status: str, position: int) -> None:
        runs = self.session.state.subshells.running()
        if position < len(runs):
            self.session.finish_beside(runs[position].record.id, status=status)

    @precondition(lambda self: self.session.state.engine == "starting")
    @rule()
    def ready(self) -> None:
        self.session.ready()

    @precondition(lambda self: self.session.state.running is not None)
    @rule(status=st.sampled_from(["ok", "error"]))
    def finish(self, status: str) -> None:
        self.session.finish(status=status)

    @rule(kind=st.sampled_from(["complete_request", "kernel_info_request", "vivo_runs_request"]))
    def ask(self, kind: str) -> None:
        self.session.send(kind, {"code": ""})

    @rule(position=st.integers(0, 3))
    def interrupt(self, position: int) -> None:
        run = self.sent[-position] if 0 < position <= len(self.sent) else None
        self.session.send("vivo_interrupt_request", {"run": run} if run else {})

    @precondition(lambda self: self.session.state.engine in ("idle", "busy"))
    @rule()
    def die(self) -> None:
        self.session.take(self.session.state.engine_exited("killed", 9.0))

    @rule()
    def restart(self) -> None:
        self.session.send("vivo_restart_request")

    @invariant()
    def each_run_ends_once(self) -> None:
        ended = [
            reply.metadata["vivo"]["record"]["id"]
            for reply in self.session.replies("execute_reply")
            if reply.metadata
        ]
        assert len(ended) == len(set(ended))
        state = self.session.state
        waiting = [run.record.id for run in state.queue]
        waiting += [state.running.record.id] if state.running else []
        waiting += [run.record.id for run in state.subshells.running()]
        waiting += [run.record.id for run in state.subshells.waiting()]
        refused = len(self.session.replies("execute_reply")) - len(ended)
        assert len(ended) + len(waiting) + refused == len(self.sent)

    @invariant()
    def numbers_are_contiguous(self) -> None:
        numbers = [each.seq for each in self.session.told if isinstance(each, Publish)]
        assert numbers == list(range(1, len(numbers) + 1))


AnySequence.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestAnySequence = AnySequence.TestCase
