"""Links to engines that are cut, stopped, restarted and ended."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from vivo.parallel.cluster.errors import EngineLostError
from vivo.parallel.cluster.results import CellResult
from vivo.parallel.cluster.views import DirectView

from .engines import sessions, view_of

pytestmark = pytest.mark.sessions


@pytest.fixture
def view(home: Path) -> Iterator[DirectView]:
    """One engine."""
    with sessions(home, 1) as entries, view_of(entries) as made:
        yield made[0]


def until(condition: Any) -> None:
    while not condition():
        time.sleep(0.01)


def test_a_keeper_that_is_killed_loses_no_call(view: DirectView, home: Path) -> None:
    """The next one gives its result, and the function has run once."""
    mark, go = home / "ran", home / "go"

    def work(mark: str, go: str) -> int:
        import os
        import time

        with open(mark, "a") as stream:
            stream.write("once ")
        while not os.path.exists(go):
            time.sleep(0.01)
        return 42

    result = view.aapply(work, str(mark), str(go))
    until(mark.exists)
    keeper = view.ask("vivo_session")["keeper_pid"]
    os.kill(keeper, signal.SIGKILL)
    until(lambda: view.ask("vivo_session")["keeper_pid"] != keeper)
    go.touch()
    assert result.get(30) == 42
    assert mark.read_text() == "once "


def test_a_cell_goes_on_over_a_killed_keeper(view: DirectView, home: Path) -> None:
    """Its outputs come once each, and in order."""
    go = home / "go"
    result = view.aexecute(
        "import os, time\nfor n in range(5): print(n, flush=True)\n"
        f"while not os.path.exists({str(go)!r}): time.sleep(0.01)\n"
        "for n in range(5, 10): print(n, flush=True)"
    )
    # What was read by a keeper as it was killed could be missing: each line is seen first.
    until(lambda: "4\n" in printed(result))
    keeper = view.ask("vivo_session")["keeper_pid"]
    os.kill(keeper, signal.SIGKILL)
    until(lambda: view.ask("vivo_session")["keeper_pid"] != keeper)
    go.touch()
    result.get(30)
    assert [int(word) for word in result.stdout.split() if word.isdecimal()] == list(range(10))


def printed(result: CellResult) -> str:
    return "".join(each["content"].get("text", "") for each in result.cells[0].outputs)


def test_a_stopped_keeper_fails_what_waits_and_is_used_again(view: DirectView) -> None:
    """Within seconds, with a sentence; nothing hangs."""
    session = view.ask("vivo_session")
    assert view.apply(len, "abc") == 3
    os.kill(session["keeper_pid"], signal.SIGSTOP)
    began = time.monotonic()
    try:
        with pytest.raises(EngineLostError, match="no sign of life"):
            view.apply(len, "abc")
    finally:
        os.kill(session["keeper_pid"], signal.SIGCONT)
    assert time.monotonic() - began < 15  # 5 s on a machine with nothing else to do
    assert view.apply(len, "abc") == 3


def test_work_that_takes_long_is_no_silence(view: DirectView) -> None:
    """The engine holds the interpreter's lock for longer than a peer may be silent."""
    assert view.apply(time.sleep, 6) is None


def test_a_session_that_ended_is_said(home: Path) -> None:
    """At once for what it was doing, and soon for what comes then."""
    with sessions(home, 1) as entries, view_of(entries) as views:
        view = views[0]
        result = view.aapply(time.sleep, 60)
        view.ask("shutdown", {"restart": False})
        with pytest.raises(EngineLostError):
            result.get(30)
        with pytest.raises(EngineLostError, match="cannot be reached"):
            view.apply(len, "abc")


def test_what_has_another_key_is_refused(home: Path) -> None:
    """The session logs it, and answers nothing; the client gives up in its own time."""
    with sessions(home, 1) as entries:
        path = Path(entries[0].connection_file)
        connection = json.loads(path.read_text())
        forged = home / "forged.json"
        forged.write_text(json.dumps({**connection, "key": "0" * 64}))
        entries[0].connection_file = str(forged)
        with view_of(entries) as view:
            result = view.aapply(len, "abc")
            assert not result.wait(1)
        entries[0].connection_file = str(path)
