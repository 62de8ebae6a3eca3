"""Commands on a terminal: they ask, they are interrupted, they never hang the session."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from vivo.core import Shell

PYTHON = sys.executable


def test_output_comes_unchanged_and_the_status_is_kept(shell: Shell, capfd: Any) -> None:
    """Tabs, carriage returns and what is no text at all."""
    shell.run_cell(r"!printf 'a\tb\r\n'; exit 3")
    assert capfd.readouterr().out == "a\tb\r\n"
    assert shell.namespace["_exit_code"] == 3
    assert shell.run_cell("!kill -TERM $$$$; sleep 5").status == "ok"
    assert shell.namespace["_exit_code"] == -signal.SIGTERM


def test_binary_and_big_output_survive(shell: Shell, capfd: Any) -> None:
    """Every byte value, and twenty megabytes."""
    shell.inherit_streams = True
    program = "import sys; sys.stdout.buffer.write(bytes(range(256)) * 4)"
    out = Path(os.environ.get("TMPDIR", "/tmp")) / f"vivo-bytes-{os.getpid()}"
    try:
        shell.run_cell(f"!{PYTHON} -c '{program}' | tee {out} | cksum")
        assert out.read_bytes() == bytes(range(256)) * 4
    finally:
        out.unlink()
    capfd.readouterr()
    shell.run_cell("!head -c 20000000 /dev/zero | tr '\\0' x")
    assert len(capfd.readouterr().out) == 20_000_000
    lines = shell.run_cell(f"x = !{PYTHON} -c '{program}'\nx.n").value
    assert lines.encode("utf-8", "surrogateescape") == (bytes(range(256)) * 4).replace(
        b"\r\n", b"\n"
    )


def test_a_commands_question_reaches_the_user(shell: Shell, shown: Any, capfd: Any) -> None:
    """``input()`` of a child, by way of the front end, with the child's prompt."""
    shown.answers = ["Arthur"]
    shell.run_cell(f'!{PYTHON} -c \'print("hello", input("name? "))\'')
    assert capfd.readouterr().out == "name? hello Arthur\n"
    assert shown.of("input") == ["name? "]


def test_a_passwords_prompt_is_known_as_one(shell: Shell, shown: Any, capfd: Any) -> None:
    """``getpass`` of a child opens the terminal itself."""
    shown.answers = ["secret"]
    shell.run_cell(f"!{PYTHON} -c 'import getpass; print(len(getpass.getpass(\"word: \")))'")
    assert "6" in capfd.readouterr().out
    assert len(shown.of("password") + shown.of("input")) == 1


def test_a_command_that_nobody_answers_ends(shell: Shell, capfd: Any) -> None:
    """``input()`` gets its end of file; a program that wants keys is ended."""
    shell.run_cell(f"!{PYTHON} -c 'input()'")
    assert "EOFError" in capfd.readouterr().out
    assert shell.namespace["_exit_code"] == 1
    keys = "import os, tty; tty.setraw(0); [os.read(0, 1) for _ in iter(int, 1)]"
    shell.run_cell(f"!{PYTHON} -c '{keys}'")
    assert "waits for keys" in capfd.readouterr().out
    assert shell.namespace["_exit_code"] != 0


def test_pagers_do_not_wait(shell: Shell, tmp_path: Path, capfd: Any) -> None:
    """git log shows all of it at once."""
    shell.run_cell(
        f"!cd {tmp_path} && git init -q . && for i in $(seq 60); do "
        "git -c user.name=a -c user.email=b commit -q --allow-empty -m message-$i; done; git log"
    )
    assert "message-1\n" in capfd.readouterr().out
    assert shell.namespace["_exit_code"] == 0


def test_an_interrupt_reaches_the_command_and_its_children(shell: Shell, capfd: Any) -> None:
    """The whole group ends, and then the cell."""
    started = threading.Event()

    def interrupt() -> None:
        started.wait(10)
        os.kill(os.getpid(), signal.SIGINT)

    class Watching:
        def write(self, text: str) -> int:
            if "ready" in text:
                started.set()
            return len(text)

        def flush(self) -> None:
            pass

    thread = threading.Thread(target=interrupt)
    thread.start()
    before, sys.stdout = sys.stdout, Watching()  # type: ignore[assignment]
    try:
        result = shell.run_cell("!echo ready; sleep 61.5 | sleep 61.5")
    finally:
        sys.stdout = before
        thread.join()
    assert isinstance(result.error, KeyboardInterrupt)
    left = shell.run_cell("x = !pgrep -f 'sleep 61[.]5'\nx.n").value
    assert left == ""


def test_what_stays_in_the_background_goes_on_writing(
    shell: Shell, tmp_path: Path, capfd: Any
) -> None:
    """The cell ends at once; the child is not hung up with its terminal."""
    gate = tmp_path / "gate"
    shell.run_cell(f"!(until [ -e {gate} ]; do sleep 0.02; done; echo late) & echo early")
    assert capfd.readouterr().out == "early\n"
    followers = [t for t in threading.enumerate() if t.name == "vivo-background-output"]
    gate.touch()
    for thread in followers:
        thread.join(10)
    assert capfd.readouterr().out == "late\n"


@pytest.mark.parametrize("command", ["top", "less /etc/passwd"])
def test_full_screen_programs_do_not_hang(
    shell: Shell, shown: Any, command: str, capfd: Any
) -> None:
    """The user's key reaches them."""
    shown.answers = ["q"]
    assert shell.run_cell(f"!{command}").status == "ok"
    assert shown.answers == []
