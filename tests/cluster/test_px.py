"""`%px` and its kin, in a real session with a real cluster."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from vivo.parallel.client import SessionClient
from vivo.parallel.launch import SessionOptions, end_session, start_session

_ANSI = re.compile(r"\x1b\[[0-9;]*m")


class User:
    """Someone who runs cells, answers what is asked, and reads what comes."""

    def __init__(self, client: SessionClient) -> None:
        self.client = client
        self.answers: list[str] = []
        self.transcript: list[str] = []
        """What was shown and asked by the last cell, in order."""
        self.types: list[str] = []
        """The MIME types of what was shown."""
        client.on_input = self._answer

    async def _answer(self, prompt: str, password: bool, run: str | None) -> str | None:
        self.transcript.append(f"? {prompt}")
        return self.answers.pop(0)

    async def run(self, code: str, *answers: str) -> str:
        """What a cell shows, as text: streams, values, tracebacks."""
        self.answers, self.transcript, self.types = list(answers), [], []
        after = (await self.client.session())["last"]
        execution = await self.client.execute(code)
        async for event in self.client.events(after=after):
            content = event.content
            if event.metadata["vivo"].get("run") != execution.id:
                continue
            if event.type == "stream":
                self.transcript.append(content["text"])
            elif event.type in ("display_data", "execute_result"):
                self.types += content["data"]
                self.transcript.append(content["data"]["text/plain"] + "\n")
            elif event.type == "error":
                self.transcript.append(_ANSI.sub("", "\n".join(content["traceback"])))
            elif content.get("execution_state") == "idle":
                break
        await execution.finished()
        return "".join(self.transcript)


@pytest.fixture
async def user(home: Path) -> AsyncIterator[User]:
    """A session with a cluster of two."""
    entry = await start_session(SessionOptions(cwd=str(home), workspace=str(home)))
    client = await SessionClient.connect(entry.connection_file, name="test")
    made = User(client)
    shown = await made.run("from vivo.parallel import Cluster\nc = Cluster(n=2, name='mine')")
    assert shown == ""
    await made.run("c[0]['number'] = 0\nc[1]['number'] = 1")
    yield made
    await made.run("%reset_selective -f nothing\nc.stop()")
    await client.close()
    await end_session(entry.id)


async def test_a_statement_runs_on_all_engines(user: User) -> None:
    """What each prints, shows and asks comes under its name; one alone needs none."""
    assert await user.run("%px twice = number * 2") == ""
    assert await user.run("%px -g engine print('hello'); twice") == (
        "[engine 0]\nhello\n0\n[engine 1]\nhello\n2\n"
    )
    assert await user.run("%px -t 1 twice") == "2\n"
    assert await user.run("%px -t -1 twice") == "2\n"
    assert await user.run("%px -t 0,1 -g type print(number); number") == (
        "[engine 0]\n0\n[engine 1]\n1\n[engine 0]\n0\n[engine 1]\n1\n"
    )
    assert await user.run("'twice' in globals()") == "False\n"
    await user.run("%px -g order name = input('who? ')", "ann", "bob")
    assert sorted(user.transcript[:2]) == ["? [engine 0] who? ", "? [engine 1] who? "]


async def test_a_cell_runs_on_all_engines(user: User) -> None:
    """With magics and commands of its own, and with figures."""
    shown = await user.run("%%px --group-outputs engine\nx = !echo $((6 * 7))\nint(x[0]) + number")
    assert shown == "[engine 0]\n42\n[engine 1]\n43\n"
    await user.run(
        "%%px -t 0\nclass Picture:\n    def _repr_png_(self): return b'\\x89PNG'\n"
        "    def __repr__(self): return 'picture'\ndisplay(Picture())"
    )
    assert sorted(user.types) == ["image/png", "text/plain"]


async def test_errors_come_together_and_are_looked_at_where_they_were_raised(user: User) -> None:
    """One group names the engines; the same place is told once, with values; %debug enters one."""
    shown = await user.run("%%px\ndef f(size):\n    return size / 0\nf(number + 5)")
    assert "EngineErrors: 2 of 2 engines raised. engines 0 and 1: ZeroDivisionError" in shown
    assert shown.count("--> 2     return size / 0") == 1
    assert "with the values of engine 0" in shown
    assert "size = 5" in shown
    shown = await user.run("%debug 1", "p size", "u", "p number", "q")
    assert user.answers == []
    assert "-> return size / 0" in shown
    assert "6\n" in user.transcript
    assert "1\n" in user.transcript
    assert "Engine 7 has not failed: the error is of engines 0 and 1" in await user.run("%debug 7")


async def test_an_error_of_a_call_is_looked_at_where_it_was_raised(user: User) -> None:
    """The function was sent; its frame is there."""
    shown = await user.run("def g(size):\n    return 1 / size\nc[:].apply(g, 0)")
    assert "engines 0 and 1: ZeroDivisionError: division by zero" in shown
    assert "size = 0" in shown
    await user.run("%debug 0", "p size", "q")
    assert "0\n" in user.transcript


async def test_an_error_on_one_engine_names_it(user: User) -> None:
    """The others go on."""
    shown = await user.run("%px done = 1 / number")
    assert "EngineErrors: 1 of 2 engines raised. engine 0: ZeroDivisionError" in shown
    assert "On engine 0:" in shown
    assert await user.run("%px -t 1 done") == "1.0\n"


async def test_nobody_waits_and_the_result_is_shown_later(user: User) -> None:
    """By %pxresult, or under the name that it was saved under."""
    await user.run("%px --noblock --save r print('engine', number); number * 3")
    shown = await user.run("%pxresult")
    assert shown == "[engine 0]\nengine 0\n0\n[engine 1]\nengine 1\n3\n"
    assert await user.run("r.stdout") == "['engine 0\\n', 'engine 1\\n']\n"
    assert await user.run("%pxresult -g type") == (
        "[engine 0]\nengine 0\n[engine 1]\nengine 1\n[engine 0]\n0\n[engine 1]\n3\n"
    )
    await user.run("%px -a 1 / 0")
    assert "engines 0 and 1: ZeroDivisionError" in await user.run("%pxresult")


async def test_what_is_set_holds(user: User) -> None:
    """Until it is set again; an option holds once."""
    assert await user.run("%pxconfig") == "--targets all --block --group-outputs live\n"
    await user.run("%pxconfig -t 1 -g engine")
    assert await user.run("%px number") == "1\n"
    assert await user.run("%px -t 0 number") == "0\n"
    assert await user.run("%px number") == "1\n"
    assert await user.run("%pxconfig") == "--targets 1 --block --group-outputs engine\n"


async def test_every_cell_goes_to_the_engines(user: User) -> None:
    """Until %autopx again; %px and its kin are understood meanwhile."""
    on = await user.run("%autopx")
    assert on == "Cells run on engines 0 and 1 from now on; %autopx ends it.\n"
    assert await user.run("square = number ** 2\nif True:\n    pass") == ""
    assert await user.run("%pxconfig -g engine") == ""
    assert await user.run("square") == "[engine 0]\n0\n[engine 1]\n1\n"
    assert await user.run("%px -t 1 square") == "1\n"
    assert await user.run("%autopx") == "Cells run here again.\n"
    assert "NameError" in await user.run("square")


async def test_it_runs_here_too(user: User) -> None:
    """With --local, for imports and definitions that both need."""
    assert await user.run("%px --local import math; base = 2") == ""
    assert await user.run("math.floor(base + 0.5)") == "2\n"
    assert await user.run("%px -t 0 math.floor(base + 0.5)") == "2\n"


async def test_an_interrupt_ends_it_everywhere(user: User) -> None:
    """And the engines take the next cell."""
    execution = await user.client.execute(
        "%px print('begun', flush=True); import time; time.sleep(1000)"
    )
    begun = 0
    async for event in user.client.events(after=0):
        if event.type == "stream":
            begun += event.content["text"].count("begun")
        if begun == 2:
            break
    assert await user.client.interrupt(execution.id) == "interrupted"
    record = await execution.finished()
    assert record.error is not None
    assert record.error.name == "KeyboardInterrupt"
    assert await user.run("%px -g engine number") == "[engine 0]\n0\n[engine 1]\n1\n"


async def test_what_is_wrong_is_said_in_a_sentence(user: User) -> None:
    """And nothing is run."""
    assert "one of live, engine, order, type. Did you mean type" in await user.run("%px -g typ 1")
    assert "%px runs a statement on the engines" in await user.run("%px")
    assert "Engine 7 is not up; those that are: 0, 1" in await user.run("%px -t 7 number")
    assert "No engine is on a host named 'nowhere'" in await user.run("%px -t nowhere number")
    assert "%px has run nothing in this session yet" in await user.run("%pxresult")
    assert "There is no cluster other; there are: mine" in await user.run(
        "%px --cluster other number"
    )


async def test_a_session_finds_the_only_cluster_there_is(user: User, home: Path) -> None:
    """It needs no `Cluster` of its own."""
    entry = await start_session(SessionOptions(cwd=str(home), workspace=str(home)))
    client = await SessionClient.connect(entry.connection_file, name="other")
    other: Any = User(client)
    assert await other.run("%px -g engine number") == "[engine 0]\n0\n[engine 1]\n1\n"
    await client.close()
    await end_session(entry.id)
