"""``vivo console`` in a real terminal, as a user types."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from vivo.parallel.client import SessionClient
from vivo.parallel.launch import SessionOptions, end_session, start_session
from vivo.parallel.registry import Registry, SessionEntry

from .terminals import Terminal

pytestmark = pytest.mark.sessions

VIVO = str(Path(sys.executable).parent / "vivo")
Open = Callable[..., Terminal]


@pytest.fixture
def console(home: Path) -> Iterator[Open]:
    """Opens ``vivo console`` with some options; its sessions end with the test."""
    opened: list[Terminal] = []

    def open_console(*words: str, term: str = "xterm-256color", more: str = "") -> Terminal:
        opened.append(Terminal(home, VIVO, "console", *words, term=term, more=more))
        return opened[-1]

    yield open_console
    for terminal in opened:
        terminal.close()
    subprocess.run([VIVO, "sessions", "end", "--all"], capture_output=True, check=True)


def session_id() -> str:
    (entry,) = Registry().live()
    return entry.id


def test_cells_of_many_lines_run_and_show_values_errors_and_prints(console: Open) -> None:
    """Enter goes on inside a block with its indentation, and runs what is whole, coloured."""
    terminal = console("--new")
    terminal.wait("In [1]:")
    terminal.run("for i in range(3):")
    terminal.run("print('line', i * 7)")
    terminal.press("Enter")
    screen = terminal.wait("In [2]:")
    assert "   ...:     print('line', i * 7)" in screen
    assert "line 0\nline 7\nline 14\n" in screen
    terminal.run("6 * 7")
    terminal.wait("Out[2]: 42")
    terminal.run("1/0")
    terminal.wait("ZeroDivisionError: division by zero")
    assert "\x1b[1m\x1b[31mZeroDivisionError" in terminal.screen(escapes=True)


def test_leaving_tells_that_the_session_stays_and_coming_back_finds_it(console: Open) -> None:
    """Ctrl-D ends the console alone; the folder's session is found again by the next."""
    terminal = console()
    terminal.wait("In [1]:")
    terminal.run("kept = 'still here'")
    terminal.wait("In [2]:")
    terminal.press("C-d")
    session = session_id()
    screen = terminal.wait("status 0").replace("\n", "")
    assert f"`vivo console --session {session}` comes back to it" in screen
    assert f"`vivo sessions end {session}` ends it" in screen
    terminal.close()
    terminal = console()
    terminal.wait("In [2]:")
    terminal.run("kept")
    terminal.wait("'still here'")


def test_the_menu_completes_and_ctrl_c_ends_the_cell_while_it_runs(console: Open) -> None:
    """The prompt stays open beside a running cell: names complete, Ctrl-C ends the cell alone."""
    terminal = console("--new")
    terminal.wait("In [1]:")
    terminal.run("import time; peculiar_name = 1; peculiar_number = 2")
    terminal.wait("In [2]:")
    terminal.run("while True: time.sleep(0.1)")
    terminal.wait("Ctrl-C interrupts it")
    terminal.type("peculiar_n")
    terminal.press("Tab")
    terminal.wait("peculiar_number")
    terminal.press("C-c")
    terminal.wait("KeyboardInterrupt")
    terminal.press("C-c")  # nothing runs now: it empties the prompt
    terminal.wait("In [3]:\n")
    terminal.run("'alive'")
    terminal.wait("Out[3]: 'alive'")


def test_a_second_ctrl_c_shows_the_stack_and_a_third_offers_a_fresh_engine(console: Open) -> None:
    """A cell that swallows interrupts is ended only when the user says so."""
    terminal = console("--new")
    terminal.wait("In [1]:")
    terminal.run("import time")
    terminal.wait("In [2]:")
    terminal.run("while True:")
    terminal.run("try: time.sleep(60)")
    terminal.run("except KeyboardInterrupt: print('swallowed')")
    terminal.press("Enter")
    terminal.wait("Ctrl-C interrupts it")
    terminal.press("C-c")
    terminal.wait("\nswallowed")
    terminal.press("C-c")
    terminal.wait("Ctrl-C again offers a fresh engine")
    assert "try: time.sleep(60)" in terminal.screen()
    terminal.press("C-c")
    terminal.wait("[y/N]")
    terminal.run("y")
    terminal.wait("The session has a fresh engine")
    terminal.run("'fresh'")
    terminal.wait("Out[1]: 'fresh'")


def test_questions_take_the_prompts_place(console: Open) -> None:
    """``input()``, a password (never shown) and the debugger are answered where they ask."""
    terminal = console("--new")
    terminal.wait("In [1]:")
    terminal.run("import getpass; pair = input('na' + 'me? '), getpass.getpass('pass' + 'word? ')")
    terminal.wait("\nname?")
    terminal.run("Ford")
    terminal.wait("\npassword?")
    terminal.type("towel")
    screen = terminal.wait("*****")
    assert "towel" not in screen
    terminal.press("Enter")
    terminal.wait("In [2]:")
    terminal.run("pair")
    terminal.wait("('Ford', 'towel')")
    terminal.run("def f(secret):")
    terminal.run("breakpoint()")
    terminal.run("return secret")
    terminal.press("Enter")
    terminal.wait("In [4]:")
    terminal.run("f(41)")
    terminal.wait("\nvdb>")
    terminal.run("p secret + 1")
    terminal.wait("\n42\n")
    terminal.run("c")
    terminal.wait("Out[4]: 41")


def test_ctrl_r_searches_the_sessions_history_and_help_opens_a_pager(console: Open) -> None:
    """What another console typed is found; ``??`` pages and gives the screen back."""
    terminal = console("--new")
    terminal.wait("In [1]:")
    terminal.run("remarkable = 'found ' + 'again'")
    terminal.wait("In [2]:")
    terminal.press("C-d")
    terminal.wait("status 0")
    terminal.close()
    terminal = console()
    terminal.wait("In [2]:")
    terminal.press("C-r")
    terminal.type("markab")
    terminal.wait("In [2]: remarkable = 'found ' + 'again'")
    terminal.press("Enter", "C-c")
    terminal.wait("In [2]:\n")
    terminal.run("remarkable")
    terminal.wait("'found again'")
    terminal.run("import json")
    terminal.run("json??")
    terminal.wait("JSON (JavaScript Object Notation)")
    terminal.press("q")
    terminal.wait("In [5]:")


def test_a_progress_bar_is_one_line(console: Open) -> None:
    """A carriage return begins the line anew, and the line is seen before it ends."""
    terminal = console("--new")
    terminal.wait("In [1]:")
    terminal.run("for i in (1, 2, 3): print(f'\\rstep {i}', end='')")
    terminal.wait("\nstep 3\nIn [2]:")
    terminal.run("print('half', end=''); input()")
    terminal.wait("\nhalf\n")
    terminal.run("")
    screen = terminal.wait("In [3]:")
    assert "step 1" not in screen


def test_a_dumb_terminal_gets_no_escape_codes(console: Open, home: Path) -> None:
    """TERM=dumb: prompts and lines only, input indented by the user."""
    terminal = console("--new", term="dumb")
    terminal.wait("In [1]:")
    terminal.run("for i in range(2):")
    terminal.run("    print(i + 5)")
    terminal.press("Enter")
    terminal.wait("5\n6\nIn [2]:")
    terminal.run("import time; time.sleep(100)")
    terminal.wait("sleep(100)")
    terminal.press("C-c")
    screen = terminal.wait("KeyboardInterrupt")
    assert "\x1b" not in terminal.screen(escapes=True)
    terminal.wait("In [3]:")
    terminal.press("C-d")
    screen = terminal.wait("status 0")
    assert "stays" in screen


@pytest.fixture
async def entry(home: Path) -> SessionEntry:
    """A session that the console attaches to; ended by the console's fixture."""
    return await start_session(SessionOptions(cwd=str(home), workspace=str(home)))


async def test_what_another_client_runs_is_shown_with_its_name(
    entry: SessionEntry, console: Open
) -> None:
    """One stream for all: the editor's cell and its output appear above the prompt."""
    terminal = console("--session", entry.id[:6])
    terminal.wait("In [1]:")
    terminal.type("unfini")
    client = await SessionClient.connect(entry.connection_file, name="vscode")
    try:
        execution = await client.execute("print('from the editor')\n6 * 7")
        await execution.finished()
    finally:
        await client.close()
    terminal.wait("Out[1]: 42")
    screen = terminal.wait("In [2]: unfini")
    assert "In [1] (vscode): print('from the editor')\n" in screen
    assert "\nfrom the editor\n" in screen
    terminal.press("C-c")
    terminal.press("C-d")
    terminal.wait("status 0")


async def test_the_console_comes_back_when_the_keeper_does(
    entry: SessionEntry, console: Open
) -> None:
    """A killed keeper is replaced; a line says so, and the names are still there."""
    terminal = console("--session", entry.id)
    terminal.wait("In [1]:")
    terminal.run("kept = 'unharmed'")
    terminal.wait("In [2]:")
    os.kill(entry.keeper_pid, signal.SIGKILL)
    terminal.wait("keeper")
    terminal.run("kept")
    screen = terminal.wait("'unharmed'")
    assert "lost; waiting" not in screen  # it came at once, and its mark has said all
    await end_session(entry.id)
    terminal.wait(f"[The session {entry.id} has ended.]")
    terminal.wait("status 1")


async def test_another_clients_cell_is_not_interrupted_by_the_first_ctrl_c(
    entry: SessionEntry, console: Open
) -> None:
    """The first press says whose cell it is, the second ends it."""
    terminal = console("--session", entry.id)
    terminal.wait("In [1]:")
    client = await SessionClient.connect(entry.connection_file, name="vscode")
    try:
        execution = await client.execute("import time; time.sleep(1000)")
        terminal.wait("In [1] (vscode): import time")
        terminal.press("C-c")
        terminal.wait("[The cell is of vscode: Ctrl-C again interrupts it]")
        assert (await client.session())["running"] == execution.id
        terminal.press("C-c")
        assert (await execution.finished()).status == "error"
    finally:
        await client.close()
    terminal.wait("KeyboardInterrupt")


async def test_a_question_is_asked_of_the_console_that_comes_after_its_client(
    entry: SessionEntry, console: Open
) -> None:
    """The editor that ran the cell is gone: the console takes its question over, and answers it."""
    client = await SessionClient.connect(entry.connection_file, name="vscode")
    asked = asyncio.Event()

    async def never(prompt: str, password: bool, run: str | None) -> str | None:
        asked.set()
        await asyncio.Event().wait()
        return None

    client.on_input = never
    await client.execute("name = input('who? ')\nname.upper()")
    await asked.wait()
    await client.close()
    terminal = console("--session", entry.id)
    terminal.wait("\nwho?")
    terminal.run("ada")
    terminal.wait("Out[1]: 'ADA'")


async def test_what_another_client_answers_is_not_asked_any_more(
    entry: SessionEntry, console: Open
) -> None:
    """The prompt for cells comes back by itself, with what was typed before."""
    client = await SessionClient.connect(entry.connection_file, name="vscode")
    answers: asyncio.Queue[str] = asyncio.Queue()

    async def answer(prompt: str, password: bool, run: str | None) -> str | None:
        return await answers.get()

    client.on_input = answer
    execution = await client.execute("import time\nname = input('who? ')\nname.upper()")
    terminal = console("--session", entry.id)
    terminal.wait("\nwho?")
    answers.put_nowait("grace")
    assert (await execution.finished()).status == "ok"
    terminal.wait("[Another client has answered]")
    terminal.wait("Out[1]: 'GRACE'")
    terminal.run("name + '!'")
    terminal.wait("'grace!'")
    await client.close()


async def test_a_new_keeper_asks_the_console_again_and_once(
    entry: SessionEntry, console: Open
) -> None:
    """Killed while a question waits: the next keeper takes the answer to it."""
    terminal = console("--session", entry.id)
    terminal.wait("In [1]:")
    terminal.run("name = input('who' + '? '); name.upper()")
    terminal.wait("\nwho?")
    os.kill(entry.keeper_pid, signal.SIGKILL)
    terminal.wait("keeper")
    terminal.run("mary")
    terminal.wait("Out[1]: 'MARY'")
    terminal.run("'next'")
    terminal.wait("Out[2]: 'next'")


def test_a_paste_that_the_terminal_does_not_mark_stays_as_it_is(console: Open) -> None:
    """No indentation is added to its own, and an empty line within a function ends nothing."""
    terminal = console("--new")
    terminal.wait("In [1]:")
    functions = [f"def f{n}(x):\n    y = x + {n}\n\n    return y" for n in range(20)]
    terminal.paste("\n".join(functions) + "\nsum(f(1) for f in (f0, f1, f19))\n")
    terminal.wait("sum(f(1) for f in (f0, f1, f19))")
    terminal.press("Enter")
    assert "Error" not in terminal.wait("Out[1]: 23")


def test_a_cell_that_is_not_taken_is_said_and_a_fresh_engine_is_offered(console: Open) -> None:
    """After the engine's end: what is typed is not met with silence."""
    terminal = console("--new")
    terminal.wait("In [1]:")
    terminal.run("import os; os._exit(3)")
    terminal.wait("exit status 3")
    terminal.run("6 * 7")
    terminal.wait("Start a fresh one? What it has printed stays. [y/N]")
    terminal.run("y")
    terminal.wait("[The session has a fresh engine]")
    terminal.wait_until(lambda screen: screen.rstrip().endswith("In [1]:"), "the first prompt")
    terminal.run("6 * 7")
    terminal.wait("Out[1]: 42")


def test_ctrl_z_suspends_and_no_color_is_heeded(console: Open) -> None:
    """The shell's own keys and variables hold here too."""
    terminal = console("--new", more="set -m; NO_COLOR=1")
    terminal.wait("In [1]:")
    terminal.run("1 / 0")
    terminal.wait("ZeroDivisionError")
    terminal.wait("In [2]:")
    escapes = terminal.screen(escapes=True)
    assert not re.search(r"\x1b\[(?:3[1-7]|9[0-7])m", escapes)
    terminal.press("C-z")
    terminal.wait("status 1")  # 128 and the signal: the shell goes on


async def test_a_console_that_comes_to_a_running_cell_shows_its_output_as_that(
    entry: SessionEntry, console: Open
) -> None:
    """The greeting has said which cell runs: no line calls it an earlier one."""
    client = await SessionClient.connect(entry.connection_file, name="vscode")
    try:
        await client.execute("import time\nwhile True: print('tick'); time.sleep(0.5)")
        async with contextlib.aclosing(client.events(after=0)) as events:  # type: ignore[type-var]
            while "tick" not in str((await anext(events)).content):
                continue
        terminal = console("--session", entry.id)
        screen = terminal.wait("tick")
        assert "In [1] (vscode) is running" in screen
        assert "earlier cell" not in screen
        await client.interrupt()
    finally:
        await client.close()
