"""Programs, commands, the debugger and its questions in real sessions, asked of a front end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from vivo.parallel.client import SessionClient

from ..conftest import processes_of
from .dialogues import Dialogue

pytestmark = pytest.mark.sessions

FAILING = (
    "def area(width, height):\n"
    "    return width * height / 0\n"
    "\n"
    "def report(room):\n"
    "    size = area(room, 3)\n"
    "    return size\n"
    "\n"
    "report(21)\n"
)


async def test_the_post_mortem_through_a_front_end(dialogue: Dialogue, home: Path) -> None:
    """``%run`` fails; ``%debug`` walks up, prints and quits, as the front end answers."""
    (home / "rooms.py").write_text(FAILING)
    status, text = await dialogue.run("%run rooms.py")
    assert status == "error"
    assert "ZeroDivisionError" in text
    status, text = await dialogue.run("%debug", "p width", "up", "p room + 1", "list", "q")
    assert status == "ok"
    assert [prompt for prompt, _ in dialogue.asked][:2] == ["vdb> ", "vdb> "]
    assert "21\n" in text
    assert "22\n" in text
    assert "size = area(room, 3)" in text
    assert await dialogue.value("6 * 7") == "42"


async def test_every_error_asks_with_pdb_on(dialogue: Dialogue) -> None:
    """``%pdb on``: the debugger comes by itself; off, it does not."""
    await dialogue.run("%pdb on")
    status, text = await dialogue.run("width = 7\n1 / 0", "p width * 2", "q")
    assert status == "error"
    assert "14\n" in text
    await dialogue.run("%pdb off")
    await dialogue.run("1 / 0", "q")
    assert dialogue.asked == []


async def test_a_program_stops_where_it_is_told(dialogue: Dialogue, home: Path) -> None:
    """``%run -d -b line``, and ``-b file:line`` in a module of the program's."""
    (home / "rooms.py").write_text(FAILING.replace(" / 0", ""))
    status, text = await dialogue.run("%run -d -b 5 rooms.py", "p room", "c")
    assert status == "ok"
    assert "21\n" in text
    assert "size = area(room, 3)" in text
    (home / "main.py").write_text("import rooms\nrooms.report(4)\n")
    status, text = await dialogue.run("%run -d -b rooms.py:5 main.py", "c", "p room", "c")
    assert status == "ok"
    assert "4\n" in text


async def test_breakpoint_and_set_trace_stop_a_cell(dialogue: Dialogue) -> None:
    """Of the cell's own code; the names that are changed there stay changed."""
    for stop in ("breakpoint()", "import pdb; pdb.set_trace()"):
        code = f"def f(n):\n    {stop}\n    return n\nf(3)"
        status, text = await dialogue.run(code, "p n", "!n = 10", "c")
        assert status == "ok", text
        assert "3\n" in text
        assert await dialogue.value("_") == "10"


async def test_questions_are_asked_in_order(dialogue: Dialogue) -> None:
    """``input`` and ``getpass`` of a cell, of a program, and of a command."""
    code = "import getpass\nname = input('name? ')\nword = getpass.getpass('word? ')\nname, word"
    status, _ = await dialogue.run(code, "Arthur", "42")
    assert status == "ok"
    assert dialogue.asked == [("name? ", False), ("word? ", True)]
    assert await dialogue.value("name, word") == "('Arthur', '42')"
    command = "!python3 -c \"print('hello', input('who? '))\""
    status, text = await dialogue.run(command, "Ford")
    assert "hello Ford" in text
    assert dialogue.asked[0][0].endswith("who? ")


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("breakpoint()\n1", "error"),
        ("input('x? ')", "error"),
        ("!python3 -c 'input()'", "ok"),
        ("!git log -5 2>/dev/null | less", "ok"),
    ],
)
async def test_without_anybody_to_answer_nothing_hangs(
    client: SessionClient, code: str, status: str
) -> None:
    """A client that takes no questions: one clear error, or the command's own end."""
    record = await (await client.execute(code)).finished()
    assert record.status == status
    assert (await (await client.execute("1 + 1")).finished()).status == "ok"


# Each program must leave the session as it was: able to run, print, and find its files.
PROGRAMS: dict[str, Callable[[str], bool]] = {
    "import sys\nprint('before')\nsys.exit()\n": lambda text: "before" in text,
    "import sys\nsys.exit(3)\n": lambda text: "3" in text,
    "import sys\nsys.exit('the reason')\n": lambda text: "the reason" in text,
    "import sys\nsys.stdout.close()\n": lambda text: True,
    "import sys\nsys.stderr.close()\nsys.stdout.close()\n": lambda text: True,
    "import os\nos.close(1)\nos.close(2)\n": lambda text: True,
    "import sys, io\nsys.stdout = io.StringIO()\nsys.stderr = None\nprint('lost')\n": (
        lambda text: "lost" not in text
    ),
    "import sys\nsys.argv[:] = ['other']\nsys.path.insert(0, '/nowhere')\n": lambda text: True,
    "import threading\nt = threading.Thread(target=print, args=('in a thread',))\nt.start()\n"
    "t.join()\n": lambda text: "in a thread" in text,
    "import multiprocessing\ndef square(n):\n    return n * n\n"
    "if __name__ == '__main__':\n    with multiprocessing.Pool(2) as pool:\n"
    "        print(pool.map(square, range(4)))\n": lambda text: "[0, 1, 4, 9]" in text,
    "import multiprocessing as m\ndef square(n):\n    return n * n\n"
    "if __name__ == '__main__':\n    with m.get_context('spawn').Pool(1) as pool:\n"
    "        print(pool.map(square, range(4)))\n": lambda text: "[0, 1, 4, 9]" in text,
    "from concurrent.futures import ProcessPoolExecutor\nimport math\n"
    "if __name__ == '__main__':\n    with ProcessPoolExecutor(2) as pool:\n"
    "        print(list(pool.map(math.factorial, range(4))))\n": lambda t: "[1, 1, 2, 6]" in t,
    "import os, sys\npid = os.fork()\nif not pid:\n    print('child', flush=True)\n"
    "    os._exit(0)\nos.waitpid(pid, 0)\nprint('parent')\n": lambda text: (
        "child" in text and "parent" in text
    ),
    "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n": lambda text: True,
    "import os\nos.makedirs('deep', exist_ok=True)\nos.chdir('deep')\n": lambda text: True,
    "import atexit\natexit.register(print, 'at the end')\n": lambda text: True,
    "import logging\nlogging.basicConfig()\nlogging.warning('logged')\n": (
        lambda text: "logged" in text
    ),
    "import asyncio\nasync def main():\n    await asyncio.sleep(0)\n    print('ran')\n"
    "asyncio.run(main())\n": lambda text: "ran" in text,
}


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda text: text.split("\n")[0][:40])
async def test_no_program_spoils_the_session(dialogue: Dialogue, home: Path, program: str) -> None:
    """It may exit, close and replace streams, change what it likes, start threads and pools."""
    await dialogue.run("import sys, os\nkept, argv = 1, list(sys.argv)")
    (home / "program.py").write_text(program)
    _, text = await dialogue.run("%run program.py one")
    assert PROGRAMS[program](text), text
    assert await dialogue.run("print('out')\nprint('err', file=sys.stderr)") in [
        ("ok", "out\nerr\n"),
        ("ok", "err\nout\n"),
    ]
    _, text = await dialogue.run("!echo from a child")
    assert text == "from a child\n"
    assert await dialogue.value("kept, sys.argv == argv") == "(1, True)"


async def test_a_pool_of_a_cells_function(dialogue: Dialogue) -> None:
    """Functions of cells run in forked workers."""
    code = (
        "import multiprocessing\ndef square(n):\n    return n * n\n"
        "with multiprocessing.get_context('fork').Pool(2) as pool:\n"
        "    result = pool.map(square, range(5))\nresult"
    )
    assert await dialogue.value(code) == "[0, 1, 4, 9, 16]"


async def test_a_commands_status_is_kept(dialogue: Dialogue) -> None:
    """Its exit status, or minus the signal that ended it."""
    await dialogue.run("!exit 7")
    assert await dialogue.value("_exit_code") == "7"
    await dialogue.run("!kill -9 $$$$")
    assert await dialogue.value("_exit_code") == "-9"


async def test_big_output_survives(dialogue: Dialogue) -> None:
    """Thirty megabytes of a child, caught; binary too."""
    code = "x = !head -c 30000000 /dev/zero | tr '\\0' 'a' | fold -w 99\nlen(x), len(x[0])"
    assert await dialogue.value(code) == "(303031, 99)"
    status, text = await dialogue.run("!head -c 4096 /dev/urandom")
    assert status == "ok"
    assert len(text) > 1000


STUBBORN = """
import signal, time
signal.signal(signal.SIGINT, lambda *_: print("not now", flush=True))
signal.signal(signal.SIGTERM, lambda *_: print("nor then", flush=True))
open("started", "w").close()
while True:
    time.sleep(1)
"""
TIDY = """
import time
try:
    open("started", "w").close()
    time.sleep(60)
except KeyboardInterrupt:
    print("x" * 200_000, "tidied up")
"""


@pytest.mark.parametrize("then", ["", "; true"], ids=["alone", "in a list"])
@pytest.mark.parametrize(
    ("program", "said"),
    [(TIDY, ["tidied up"]), (STUBBORN, ["not now", "nor then"])],
    ids=["tidy", "stubborn"],
)
async def test_an_interrupt_reaches_a_command(
    dialogue: Dialogue, home: Path, program: str, said: list[str], then: str
) -> None:
    """It may tidy up, and what it says is shown; one that does not end is ended at last.

    So is one that is a child of the command's shell, which may die before it.
    """
    (home / "child.py").write_text(program)
    await dialogue.run("import sys")
    execution = await dialogue.client.execute(f"!{{sys.executable}} child.py{then}")
    while not (home / "started").exists():
        await dialogue.client.session()
    for words in said:
        assert await dialogue.client.interrupt() == "interrupted"
        await dialogue.text_of(execution.id, words)
    record = await execution.finished()
    assert record.error is not None
    assert record.error.name == "KeyboardInterrupt"
    assert await dialogue.value("6 * 7, _exit_code") == "(42, -2)"
    assert not [p for p in processes_of(home) if "child.py" in p.cmdline()]


async def test_an_interrupt_spares_what_runs_in_the_background(
    dialogue: Dialogue, home: Path
) -> None:
    """As Ctrl-C does in a terminal; also where the program in front has to be ended."""
    (home / "child.py").write_text(STUBBORN)
    await dialogue.run("import sys")
    server = "(until [ -e gate ]; do sleep 0.02; done; touch told) &"
    running = asyncio.create_task(dialogue.run(f"!{server} {{sys.executable}} child.py; true"))
    while not (home / "started").exists():
        await dialogue.client.session()
    assert await dialogue.client.interrupt() == "interrupted"
    assert (await running)[0] == "error"
    (home / "gate").touch()
    assert (await dialogue.run("!until [ -e told ]; do sleep 0.02; done; echo on"))[1] == "on\n"
