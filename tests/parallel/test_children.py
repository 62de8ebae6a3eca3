"""Children of a session's engine: forked by a cell, or left behind by it."""

from __future__ import annotations

from pathlib import Path

import pytest

from .dialogues import Dialogue

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
