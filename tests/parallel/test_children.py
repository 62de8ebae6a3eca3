"""Children of a session's engine: forked by a cell, or left behind by it."""

from __future__ import annotations

from pathlib import Path

import pytest

from .dialogues import Dialogue

pytestmark = pytest.mark.sessions

FORK = "import os, sys\npid = os.fork()\n"
# What the child does, what is printed of it, and the status that its parent sees.
ENDS = [
    ("print('child')", "child\n", 0),
    ("sys.exit(5)", "", 5),
    ("sys.exit('reason')", "reason\n", 1),
    ("raise ValueError('in the child')", "ValueError: in the child\n", 1),
    ("print(input('who? '))", "the session is its parent's\n", 1),
]


@pytest.mark.parametrize(("action", "said", "status"), ENDS, ids=[each[0] for each in ENDS])
async def test_a_forked_child_ends_with_its_cell(
    dialogue: Dialogue, home: Path, action: str, said: str, status: int
) -> None:
    """Typed or by ``%run``; it never takes the session's place, nor runs what its parent does."""
    program = (
        f"{FORK}if not pid:\n    {action}\nelse:\n"
        "    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])\n"
    )
    (home / "forks.py").write_text(program)
    for code in (program, "%run forks.py\nprint('once')"):
        outcome, text = await dialogue.run(code)
        assert outcome == "ok", text
        assert text.removesuffix("once\n").endswith(said)
        assert text.splitlines().count("once") == code.count("once")
        assert await dialogue.value("status") == str(status)
    assert dialogue.asked == []
    assert (await dialogue.run("print('still here')")) == ("ok", "still here\n")


async def test_a_script_is_shown_as_it_runs(dialogue: Dialogue, home: Path) -> None:
    """Its first line is there before it ends; its streams are its variables', its status kept."""
    execution = await dialogue.client.execute(
        "%%bash\necho first\nuntil [ -e gate ]; do sleep 0.02; done\necho second >&2\nexit 3"
    )
    await dialogue.text_of(execution.id, "first\n")
    (home / "gate").touch()
    await dialogue.text_of(execution.id, "second\n")
    assert (await execution.finished()).status == "error"
    assert await dialogue.value("_exit_code") == "3"
    code = (
        "%%bash --out out --err err --proc process --no-raise-error\necho a; echo b >&2; kill -9 $$"
    )
    assert await dialogue.run(code) == ("ok", "")
    assert await dialogue.value("out, err, process.returncode") == r"('a\n', 'b\n', -9)"


@pytest.mark.parametrize("start", ["%%bash\n", "%%bash --out kept\n", "!"])
async def test_what_a_script_leaves_behind_holds_no_cell(
    dialogue: Dialogue, home: Path, start: str
) -> None:
    """The cell ends with its command, and what runs on prints into it, where that is shown."""
    code = f"{start}(until [ -e gate ]; do sleep 0.02; done; echo late; touch told) & echo early"
    execution = await dialogue.client.execute(code)
    assert (await execution.finished()).status == "ok"
    (home / "gate").touch()
    if "--out" in start:
        assert await dialogue.value("kept") == r"'early\n'"
    else:
        await dialogue.text_of(execution.id, "late\n")


async def test_an_interrupt_ends_a_script_and_its_children(dialogue: Dialogue, home: Path) -> None:
    """What it has said is kept, and its children are gone."""
    execution = await dialogue.client.execute(
        "%%bash --out kept\necho said\ntouch started\nsleep 62.5 | sleep 62.5"
    )
    while not (home / "started").exists():
        await dialogue.client.session()
    assert await dialogue.client.interrupt() == "interrupted"
    assert (await execution.finished()).status == "error"
    assert await dialogue.value("x = !pgrep -f 'sleep 62[.]5'\nx, _exit_code") == "([], 1)"


async def test_a_programs_handler_does_not_stop_later_interrupts(
    dialogue: Dialogue, home: Path
) -> None:
    """A program that ignores SIGINT is over when the next cell runs."""
    (home / "deaf.py").write_text("import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n")
    await dialogue.run("%run deaf.py")
    execution = await dialogue.client.execute("print('on')\nwhile True:\n    pass")
    await dialogue.text_of(execution.id, "on\n")
    assert await dialogue.client.interrupt() == "interrupted"
    record = await execution.finished()
    assert record.error is not None
    assert record.error.name == "KeyboardInterrupt"
