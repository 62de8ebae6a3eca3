"""The ``vivo`` command as a user types it."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from vivo.server.commands.run import FileRun

ROOT = Path(__file__).resolve().parents[2]
VIVO = str(Path(sys.executable).parent / "vivo")
FAILING = "# %% one\nx = 20\nx + 1\n\n# %% two\nprint('before')\nx / 0\n\n# %% three\nx\n"


def vivo(*words: str, cwd: Path | None = None, typed: str = "") -> subprocess.CompletedProcess[str]:
    command = [VIVO, *words]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=cwd, input=typed
    )


def test_the_demo_shows_its_values_and_its_figure(home: Path) -> None:
    """What `make demo` runs: the source with values inline, progress, a PNG."""
    result = vivo("run", str(ROOT / "docs/examples/bessel.py"), "--output", str(home / "figures"))
    assert result.returncode == 0, result.stderr
    lines = result.stdout.split("\n")
    assert any(line.startswith("j0_integral(1.0)  ⟶ 0.765197686557966") for line in lines)
    assert any(line.startswith("noise.shape, ") and "⟶ ((32, 32)" in line for line in lines)
    picture = home / "figures" / "bessel-1.png"
    assert f"#▸ {picture}" in lines
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert "cell 5 of 5" in result.stderr
    assert vivo("sessions").stdout.startswith("There are no sessions.")


def test_run_answers_what_the_cells_ask(home: Path) -> None:
    """``input()`` and the debugger read what is typed; without it the cell fails, told."""
    path = home / "asks.py"
    path.write_text("name = input('who? ')\n# %%\nbreakpoint()\nprint('hello', name)\n")
    result = vivo("run", str(path), typed="Ford\np name\nc\n")
    assert result.returncode == 0, result.stderr
    assert "#  'Ford'" in result.stdout
    assert "#  hello Ford" in result.stdout
    result = vivo("run", str(path))
    assert result.returncode == 1
    assert "#! EOFError: the user gave no input" in result.stdout
    session = json.loads(vivo("sessions", "--json").stdout)[0]
    assert vivo("sessions", "end", session["session_id"]).returncode == 0


def test_a_failing_cell_keeps_the_values_so_far(home: Path) -> None:
    """Exit status 1, the traceback with the file's own lines, the session kept and named."""
    path = home / "fails.py"
    path.write_text(FAILING)
    result = vivo("run", str(path))
    assert result.returncode == 1
    assert "x + 1  ⟶ 21" in result.stdout
    assert "#  before" in result.stdout
    assert f'#!   File "{path}", line 7, in <module>' in result.stdout
    assert "#! ZeroDivisionError: division by zero" in result.stdout
    assert "# %% three" not in result.stdout
    session = json.loads(vivo("sessions", "--json").stdout)[0]
    assert f"are kept in session {session['session_id']}" in result.stderr
    assert session["state"] == "idle"
    listed = vivo("sessions").stdout
    assert session["session_id"] in listed
    assert "MB" in listed
    ended = vivo("sessions", "end", session["session_id"][:6])
    assert ended.returncode == 0
    assert json.loads(vivo("sessions", "--json").stdout) == []


def test_a_session_that_was_there_before_goes_on(home: Path) -> None:
    """With its values; what it ran before is not shown for the file's cells, nor told as theirs."""
    first, second = home / "first.py", home / "second.py"
    first.write_text("# %%\nprint('of the first')\nkept = 40 + 2\nkept\n# %%\n1 / 0\n")
    second.write_text("# %%\nprint('of the second')\nkept + 1\n")
    assert vivo("run", str(first), cwd=home).returncode == 1
    session = json.loads(vivo("sessions", "--json").stdout)[0]["session_id"]
    for _ in range(4):
        ran = vivo("run", str(second), cwd=home)
        assert ran.stdout.rstrip() == (
            "# %%\nprint('of the second')\nkept + 1  ⟶ 43\n#  of the second"
        ), ran.stderr
        assert f"there before, and goes on: session {session}" in ran.stderr
    told = json.loads(vivo("run", str(second), "--json", cwd=home).stdout)
    assert told["session"] == session
    assert vivo("run", str(second), "--end", cwd=home).returncode == 0
    assert json.loads(vivo("sessions", "--json").stdout) == []


def test_json_for_programs(home: Path) -> None:
    """One document; a failure is in it, and in the exit status; --end leaves no session."""
    path = home / "fails.py"
    path.write_text(FAILING)
    result = vivo("run", str(path), "--json", "--end")
    assert result.returncode == 1
    document: dict[str, Any] = json.loads(result.stdout)
    assert document["status"] == "error"
    one, two, three = document["cells"]
    assert one["values"] == [{"line": 3, "text": "21", "data": {"text/plain": "21"}}]
    assert two["error"]["name"] == "ZeroDivisionError"
    assert two["outputs"] == [{"kind": "stream", "name": "stdout", "text": "before\n"}]
    assert three["status"] == "waiting"
    assert json.loads(vivo("sessions", "--json").stdout) == []


class EarlyServer:
    """Tells of a cell before it answers what the cell's execution is called, as a server may."""

    def __init__(self, run: FileRun) -> None:
        self.run = run

    async def command(self, name: str, argument: dict[str, Any]) -> dict[str, Any]:
        line = argument["position"]["line"]
        about = {"executionId": f"of line {line}", "executionCount": 1}
        output = {"kind": "stream", "name": "stdout", "text": f"line {line}"}
        finished = {"status": "ok", "duration": 0.0, "error": None, "value": None}
        self.run._told(self.run._output, {**about, **output, "executionId": "of another"})
        self.run._told(self.run._started, about)
        self.run._told(self.run._output, {**about, **output})
        self.run._told(self.run._finished, {**about, **finished})
        return about


async def test_what_is_told_before_the_answer_is_not_lost(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each cell has its own output."""
    text = "# %%\nprint(1)\n# %%\nprint(2)\n"
    options = argparse.Namespace(json=True, output=None)
    run = FileRun(home / "early.py", text, options)
    assert await run._run_cells(EarlyServer(run)) is False  # type: ignore[arg-type]
    assert [cell.outputs[0]["text"] for cell in run.cells] == ["line 1", "line 3"]
    assert [cell.status for cell in run.cells] == ["ok", "ok"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["run", "nowhere.py"], "There is no file"),
        (["run", "latin.py"], "byte 5 (line 1) is 0xe9. Save it as UTF-8"),
        (["sessions", "end", "nobody"], "There is no session nobody; `vivo sessions` lists them."),
        (["sessions", "end"], "name the sessions to end"),
        (["kernel", "-f", "nowhere.json"], "cannot be read"),
        (["consle"], "there is no command 'consle'; did you mean console;"),
        (
            ["cluster", "start", "--pyhton", "x"],
            "vivo cluster start: there is no option --pyhton; did you mean --python;",
        ),
        (["sessions", "list", "all"], "there is no place for 'all'"),
        (["sessions", "shw"], "there is no action 'shw'; did you mean show;"),
        (["frobnicate"], "there are run, console,"),
    ],
)
def test_bad_input_is_one_sentence_and_status_2(
    home: Path, words: list[str], sentence: str
) -> None:
    """No traceback."""
    (home / "latin.py").write_bytes(b"x = '\xe9'\n")
    result = vivo(*words, cwd=home)
    assert result.returncode == 2
    assert sentence in result.stderr
    assert len(result.stderr.strip().split("\n")) == 1


def test_a_missing_interpreter_is_one_sentence(home: Path) -> None:
    """And the file is not run by another one."""
    (home / "a.py").write_text("1 + 1\n")
    result = vivo("run", str(home / "a.py"), "--python", "/nowhere/python")
    assert result.returncode == 1
    assert "There is no interpreter /nowhere/python" in result.stdout
    assert "Traceback" not in result.stdout + result.stderr


def test_the_version_is_told_quickly(home: Path) -> None:
    """Without importing what it does not need."""
    code = "import sys; from vivo.server.cli import main\n"
    code += "try: main(['--version'])\nexcept SystemExit: pass\n"
    code += "print([m for m in ('pygls', 'zmq', 'parso', 'asyncio') if m in sys.modules])"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.split("\n")[:2] == ["vivo 0.1.0", "[]"]
