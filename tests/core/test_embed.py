"""The core as a library: ``embed()`` in a running program, and its loop in a terminal."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

PROGRAM = """\
from vivo.core import embed

LIMIT = 10

def helper(x):
    return x + LIMIT

class Box:
    def __init__(self):
        self.width = 3

    def look(self, extra=1):
        local = [self.width, extra]
        embed(banner="in the box")
        return local

def work(n):
    inner = n * 2
    def nested():
        return inner, n
    embed(banner="at work")
    return inner
"""


def run(home: Path, ending: str, *cells: str) -> str:
    """What a program that embeds a shell prints, its user typing some cells."""
    program = home / "program.py"
    program.write_text(PROGRAM + textwrap.dedent(ending), "utf-8")
    result = subprocess.run(
        [sys.executable, "-u", str(program)],
        input="\n".join(cells) + "\n",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=home,
        timeout=60,
        check=False,
    )
    assert result.returncode == 0, result.stdout
    return result.stdout


def test_the_shell_sees_a_functions_variables_and_the_programs_functions(home: Path) -> None:
    """Also in definitions and comprehensions typed there; the program goes on as it was."""
    printed = run(
        home,
        'print("work gave", work(3))',
        *("helper(inner)", "[helper(i) for i in range(n)]", "nested()"),
        *("def f():", "    return inner + LIMIT", "", "f()", "inner = 99", "exit"),
    )
    for value in ("Out[1]: 16", "Out[2]: [10, 11, 12]", "Out[3]: (6, 3)", "Out[5]: 16"):
        assert value in printed
    assert printed.startswith("at work\n")
    assert printed.endswith("work gave 6\n")


def test_what_an_object_holds_can_be_changed(home: Path) -> None:
    """In a method: ``self``, its arguments, its lists."""
    printed = run(
        home,
        "box = Box()\nprint('look gave', box.look(extra=5), box.width)",
        *("self.width, extra", "local.append(7); self.width = 4", "quit()"),
    )
    assert "Out[1]: (3, 5)" in printed
    assert printed.endswith("look gave [3, 5, 7] 4\n")


def test_in_a_module_new_names_stay_and_the_shells_own_go(home: Path) -> None:
    """Variables typed are the program's; In, Out, get_ipython and the like leave no trace."""
    printed = run(
        home,
        """
        quit = "mine"
        before = set(globals())
        embed()
        print("new:", sorted(set(globals()) - before - {"before"}), answer, quit)
        """,
        *("answer = 6 * 7", "answer", "_ + 1", "%who_ls", "exit"),
    )
    assert "program.py, line 26; exit goes on." in printed
    assert "Out[3]: 43" in printed
    assert printed.endswith("new: ['answer'] 42 mine\n")


def test_shells_nest(home: Path) -> None:
    """A function called in one may embed another; leaving it comes back to the first."""
    printed = run(
        home,
        'embed(banner="outer")\nprint("left", get_ipython if "get_ipython" in globals() else None)',
        *("x = 1", "work(x)", "inner, n", "exit", "x + _", "exit(0)"),
    )
    assert printed.index("outer") < printed.index("at work") < printed.index("Out[1]: (2, 1)")
    assert "Out[2]: 2" in printed
    assert "Out[3]: 3" in printed
    assert printed.endswith("left None\n")


def test_errors_magics_and_the_end_of_input_are_as_in_any_session(home: Path) -> None:
    """A traceback, a command, the debugger; then the end of input goes on."""
    printed = run(
        home,
        'print("work gave", work(3))',
        *("helper(None)", "%debug", "p x", "q", "!echo $inner", "get_ipython().history is None"),
    )
    assert 'program.py", line 6, in helper' in printed
    assert "TypeError: unsupported operand" in printed
    assert "None\n" in printed
    assert "6\n" in printed
    assert printed.endswith("work gave 6\n")


def test_a_shell_of_the_programs_own_is_given_the_names_and_stays(home: Path) -> None:
    """With its settings and magics, at every stop the same."""
    printed = run(
        home,
        """
        from vivo.core import Settings, Shell
        shell = Shell(settings=Settings(xmode="Minimal"))
        shell.register_magic_function(lambda line: line.upper(), "line", "shout")
        for number in (1, 2):
            embed(shell=shell, banner="")
        embed(shell=shell, banner="", namespace={"only": 7})
        print("kept", shell.namespace["kept"], len(shell.namespace["Out"]))
        shell.close()
        """,
        *(
            "kept = number",
            "1 / 0",
            "exit",
            "%shout loud",
            "helper(number)",
            "exit",
            "only",
            "exit",
        ),
    )
    assert "Traceback" not in printed
    assert "ZeroDivisionError: division by zero" in printed
    assert "Out[3]: 'LOUD'" in printed
    assert "Out[4]: 12" in printed
    assert "Out[5]: 7" in printed
    assert printed.endswith("kept 1 3\n")


def test_an_interrupt_ends_the_cell_and_not_the_program(home: Path) -> None:
    """A real SIGINT, at a loop and at the prompt."""
    program = home / "program.py"
    program.write_text(PROGRAM + 'print("work gave", work(3), flush=True)', "utf-8")
    with subprocess.Popen(
        [sys.executable, "-u", str(program)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("print('it', 'runs'); [x for x in iter(int, 1)]\n")
        process.stdin.flush()
        while "it runs" not in process.stdout.readline():
            pass
        process.send_signal(signal.SIGINT)
        process.stdin.write("inner + 1\nexit\n")
        process.stdin.close()
        printed = process.stdout.read()
    assert "Out[2]: 7" in printed
    assert "KeyboardInterrupt" in printed
    assert printed.endswith("work gave 6\n")


@pytest.mark.parametrize("source", ["exit", "quit", "exit()", "exit(3)", "x = 1; quit()"])
def test_every_way_to_leave(home: Path, source: str) -> None:
    """As a word, as a call, with a status, within a cell."""
    printed = run(home, "embed(banner='')\nprint('on')", "1 + 1", source, "print('never')")
    assert printed.endswith("on\n")
    assert "never" not in printed
