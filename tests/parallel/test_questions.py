"""A cell's question: whose answer counts, and who is told."""

from __future__ import annotations

from typing import Any

from vivo.parallel.frames import Ordering
from vivo.parallel.keeper.instructions import ToLane, ToMain
from vivo.parallel.wire import Message

from .jupyter import Kernel
from .test_keeper_state import MAGIC, Session, message


def asking(session: Session, run: str, asked: int) -> Message:
    """The engine asks; the request as its client gets it."""
    session.number += 1
    event = {"type": "input", "run": run, "n": session.number, "asked": asked, "prompt": "? ",
             "password": False}  # fmt: skip
    session.take(session.state.engine_frame(event, 3.0))
    marker = Ordering.marker(MAGIC, session.number)
    session.take(session.state.output(run, "stdout", marker, 3.0))
    asks = session.replies("input_request")[-1]
    made = message("input_request", asks.content)
    made.metadata = dict(asks.metadata or {})
    return made


def answer(session: Session, value: str, question: Message | None, client: str = "s") -> None:
    """A client of vivo's answers a question; a plain one answers whatever waits."""
    reply = message("input_reply", {"value": value}, client)
    if question is not None:
        reply.metadata = {"vivo": {"question": question.vivo["question"]}}
    session.take(session.state.client_message("stdin", reply, 4.0))


def given(session: Session) -> list[Any]:
    frames = [each.header for each in session.told if isinstance(each, ToMain)]
    return [each["value"] for each in frames if each["type"] == "input_reply"]


def started() -> tuple[Session, Message]:
    session = Session()
    session.ready()
    return session, session.execute()


def test_a_late_answer_answers_no_later_question() -> None:
    """Two clients were asked; the slower one's line does not become the next question's answer."""
    session, run = started()
    first = asking(session, run.id, 1)
    answer(session, "quick", first)
    second = asking(session, run.id, 2)
    answer(session, "late", first, "other")
    assert given(session) == ["quick"]
    answer(session, "next", second, "other")
    assert given(session) == ["quick", "next"]


def test_a_plain_clients_answer_names_no_question_and_counts() -> None:
    """Jupyter's own clients say only what the line is."""
    session, run = started()
    asking(session, run.id, 1)
    answer(session, "plain", None)
    answer(session, "nobody asked", None)
    assert given(session) == ["plain"]


def test_all_are_told_that_a_question_is_answered() -> None:
    """Whoever shows the question can take it away; an answer that is passed over tells nothing."""
    session, run = started()
    question = asking(session, run.id, 1)
    taken = session.send("vivo_take_input_request", session="other")
    offered = [each for each in session.replies("input_request") if each.identities == [b"other"]]
    assert [each.metadata for each in offered] == [question.metadata]
    assert taken.id
    for _ in range(2):
        answer(session, "done", question, "other")
    told = [each.metadata["vivo"].get("answered") for each in session.published("status")]
    assert [each for each in told if each] == [question.vivo["question"]]


def test_nobody_is_offered_what_is_answered_or_ended() -> None:
    """Then a client that comes back is told that nothing is asked."""
    session, run = started()
    asking(session, run.id, 1)
    answer(session, "done", None)
    session.send("vivo_take_input_request", session="other")
    asking(session, run.id, 2)
    session.finish()
    session.send("vivo_take_input_request", session="other")
    told = [each.content["asking"] for each in session.replies("vivo_take_input_reply")]
    assert told == [False, False]


def test_who_has_taken_a_runs_questions_over_is_asked_the_later_ones_too() -> None:
    """Also before it runs, and asks anything; of a run that is not there nothing is noted."""
    session, first = started()
    second = session.send("execute_request", {"code": "2"})
    for run in (first.id, second.id, "unheard of"):
        session.send("vivo_take_input_request", {"run": run}, session="other")
    session.send("vivo_take_input_request", {"run": second.id}, session="third")
    told = [each.content["asking"] for each in session.replies("vivo_take_input_reply")]
    assert told == [False] * 4

    def asked_of() -> list[bytes]:
        return [each.identities[0] for each in session.replies("input_request")]

    asking(session, first.id, 1)
    assert asked_of() == [b"s", b"other"]
    asking(session, first.id, 2)
    assert asked_of()[2:] == [b"s", b"other"]
    session.finish()
    asking(session, second.id, 1)
    assert asked_of()[4:] == [b"s", b"other", b"third"]


def in_subshell(session: Session, asked: int) -> Message:
    """A subshell's cell of the client ``s`` asks; the request as its client gets it."""
    session.send("create_subshell_request")
    subshell = session.replies("create_subshell_reply")[-1].content["subshell_id"]
    run = session.send("execute_request", {"code": "1"}, subshell=subshell)
    event = {"type": "input", "run": run.id, "asked": asked, "prompt": "? ", "password": False}
    session.take(session.state.engine_frame(event, 3.0))
    asks = session.replies("input_request")[-1]
    made = message("input_request", asks.content)
    made.metadata = dict(asks.metadata or {})
    return made


def given_beside(session: Session) -> list[Any]:
    frames = [each.header.get("frame") for each in session.told if isinstance(each, ToLane)]
    return [each["value"] for each in frames if each and each["type"] == "input_reply"]


def test_a_question_of_a_subshell_is_offered_to_whoever_comes() -> None:
    """The first answer counts, and all are told; nobody answers what he was not asked."""
    session = Session()
    session.ready()
    question = in_subshell(session, 1)
    answer(session, "a stranger's", None, "other")
    session.send("vivo_take_input_request", session="other")
    offered = [each for each in session.replies("input_request") if each.identities == [b"other"]]
    assert [each.metadata for each in offered] == [question.metadata]
    answer(session, "taken over", question, "other")
    answer(session, "late", question)
    assert given_beside(session) == ["taken over"]
    told = [each.metadata["vivo"].get("answered") for each in session.published("status")]
    assert [each for each in told if each] == [question.vivo["question"]]
    session.send("vivo_take_input_request", session="third")
    told = [each.content["asking"] for each in session.replies("vivo_take_input_reply")]
    assert told == [True, False]


def test_questions_of_main_and_of_subshells_are_taken_over_together() -> None:
    """Each answer reaches its own cell, in whatever order they come."""
    session, run = started()
    beside = in_subshell(session, 1)
    main = asking(session, run.id, 2)
    session.send("vivo_take_input_request", session="other")
    answer(session, "to main", main, "other")
    answer(session, "to the subshell", beside, "other")
    assert given(session) == ["to main"]
    assert given_beside(session) == ["to the subshell"]


def test_what_a_subshell_asks_is_answered_by_a_client_that_comes_later(jupyter: Kernel) -> None:
    """The client that ran the cell is gone; the cell gets the other one's line."""
    subshell = jupyter.ask("create_subshell_request", channel="control")["subshell_id"]
    jupyter.run("import threading; go = threading.Event()")
    busy = jupyter.execute("go.wait(); line")
    gone = jupyter.manager.blocking_client()
    gone.start_channels()
    first = Kernel(jupyter.manager, gone)
    first.execute("line = input('? '); go.set()", subshell=subshell, allow_stdin=True)
    assert gone.get_stdin_msg(timeout=20)["content"]["prompt"] == "? "
    gone.stop_channels()
    assert jupyter.ask("vivo_take_input_request", channel="control")["asking"]
    assert jupyter.client.get_stdin_msg(timeout=20)["content"]["prompt"] == "? "
    jupyter.client.input("typed by another")
    shown = [e["content"] for e in jupyter.events(busy) if e["msg_type"] == "execute_result"]
    assert shown[0]["data"]["text/plain"] == "'typed by another'"
