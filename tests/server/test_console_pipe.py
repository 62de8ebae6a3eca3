"""``vivo console`` where a program reads: a pipe in, a pipe out."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

VIVO = str(Path(sys.executable).parent / "vivo")


@pytest.fixture
def folder(home: Path) -> Iterator[Path]:
    """A folder to work in; the sessions end with the test."""
    yield home
    subprocess.run([VIVO, "sessions", "end", "--all"], capture_output=True, check=True)


def console(folder: Path, typed: str, *words: str) -> subprocess.CompletedProcess[str]:
    command = [VIVO, "console", *words]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, input=typed, check=False
    )


def test_a_pipe_gets_the_values_alone_and_the_session_stays(folder: Path) -> None:
    """No prompts and no escape codes; notices beside the output; status 1 if a cell failed."""
    typed = "for i in range(2):\n    print(i)\n\nname = input('who? ')\nFord\nname\nlen?\n"
    result = console(folder, typed)
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("0\n1\nwho? Out[3]: 'Ford'\nSignature:    len(obj, /)\n")
    assert "stays. `vivo console --session" in result.stderr
    result = console(folder, "name\n1/0\n")
    assert result.returncode == 1
    assert "'Ford'" in result.stdout
    assert result.stdout.endswith("ZeroDivisionError: division by zero\n")
    assert "\x1b" not in result.stdout


def test_an_unknown_session_is_one_sentence(folder: Path) -> None:
    """Status 2, and the sessions that there are."""
    assert console(folder, "1\n").returncode == 0
    result = console(folder, "", "--session", "nosuch")
    assert (result.returncode, result.stdout) == (2, "")
    told = "vivo console: There is no session nosuch; there are "
    assert result.stderr.startswith(told)
    assert result.stderr.count("\n") == 1


def test_a_reader_that_goes_away_ends_the_console_and_not_the_session(folder: Path) -> None:
    """As ``| head`` does: no traceback, and nothing hangs."""
    pipe = subprocess.PIPE
    command = [VIVO, "console"]
    with subprocess.Popen(
        command, cwd=folder, stdin=pipe, stdout=pipe, stderr=pipe, text=True
    ) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        process.stdin.write("for i in range(50_000): print(i)\n\n'end'\n")
        process.stdin.flush()
        assert process.stdout.readline() == "0\n"
        process.stdout.close()
        told = process.stderr.read()
        process.wait(30)
    assert "Traceback" not in told
    assert "stays" in told


def test_a_plain_start_loads_no_terminal_library(folder: Path) -> None:
    """prompt_toolkit and pygments are loaded where they are used alone."""
    code = (
        "import sys; from vivo.server.cli import main; main(['console', '--simple']);"
        "sys.exit(sorted({'prompt_toolkit', 'pygments'} & set(sys.modules)) or 0)"
    )
    command = [sys.executable, "-c", code]
    result = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, input="1\n", check=False
    )
    assert result.returncode == 0, result.stderr
    assert "Out[1]: 1" in result.stdout
