"""Interrupts of cells that run in a subshell: in their own thread, and never main's."""

from __future__ import annotations

import pytest

from .jupyter import Kernel
from .test_subshells import create

pytestmark = pytest.mark.sessions

# Each prints and then goes on for ever.
ENDLESS = {
    "a loop": "print('begun')\nwhile True: pass",
    "prints": "print('begun')\nwhile True: print('x')",
    "displays": "print('begun')\nwhile True: display(1)",
    "an await": "import asyncio\nprint('begun')\nawait asyncio.sleep(1000)",
    "a loop after an await": (
        "import asyncio\nawait asyncio.sleep(0)\nprint('begun')\nwhile True: pass"
    ),
    "a thread pool that is awaited": (
        "import asyncio, time\nprint('begun')\nawait asyncio.to_thread(time.sleep, 1)\n"
        "while True: pass"
    ),
    "a question": "print('begun')\ninput('? ')",
    "a function that tidies up": (
        "print('begun')\ntry:\n    while True: pass\nfinally:\n    print('tidied up')"
    ),
    "short sleeps": "import time\nprint('begun')\nwhile True: time.sleep(0.01)",
    "errors": (
        "print('begun')\nwhile True:\n    try: 1 / 0\n    except ZeroDivisionError: pass"
    ),
}  # fmt: skip


def interrupt(jupyter: Kernel, run: str) -> str:
    answer = jupyter.ask("vivo_interrupt_request", {"run": run}, channel="control")
    return str(answer["outcome"])


@pytest.mark.parametrize("code", ENDLESS.values(), ids=ENDLESS)
def test_an_interrupt_ends_a_subshells_cell_alone(jupyter: Kernel, code: str) -> None:
    """Main's cell goes on; the subshell takes its next cell, untouched."""
    subshell = create(jupyter)
    jupyter.run("import threading; go = threading.Event()")
    main = jupyter.execute("while not go.wait(0.01): pass\n'main'")
    beside = jupyter.execute(code, subshell=subshell, allow_stdin=True)
    assert jupyter.wait_for("begun") == beside
    assert interrupt(jupyter, beside) == "interrupted"
    assert jupyter.reply(beside)["ename"] == "KeyboardInterrupt"
    for number in range(3):
        assert jupyter.reply(jupyter.execute(f"x = {number}", subshell=subshell))["status"] == "ok"
    jupyter.execute("go.set()", subshell=subshell)
    assert jupyter.reply(main)["status"] == "ok"


@pytest.mark.parametrize("kind", ["a loop", "an await", "a thread pool that is awaited"])
def test_interrupts_in_quick_succession_end_a_cell_each(jupyter: Kernel, kind: str) -> None:
    """None is taken for one of the cell before."""
    subshell = create(jupyter)
    for _ in range(30):
        cell = jupyter.execute(ENDLESS[kind], subshell=subshell)
        assert jupyter.wait_for("begun") == cell
        assert interrupt(jupyter, cell) == "interrupted"
        assert jupyter.reply(cell)["ename"] == "KeyboardInterrupt"


def test_a_plain_interrupt_means_main(jupyter: Kernel) -> None:
    """As Jupyter's clients know it: what runs in a subshell goes on."""
    subshell = create(jupyter)
    beside = jupyter.execute(
        "import time\nhalt = False\nprint('begun')\nwhile not halt: time.sleep(0.01)",
        subshell=subshell,
    )
    assert jupyter.wait_for("begun") == beside
    main = jupyter.execute("print('main')\nwhile True: pass")
    assert jupyter.wait_for("main") == main
    jupyter.ask("interrupt_request", channel="control")
    assert jupyter.reply(main)["ename"] == "KeyboardInterrupt"
    jupyter.run("halt = True")
    assert jupyter.reply(beside)["status"] == "ok"


def test_a_wait_in_c_is_told_and_ends_with_its_call(jupyter: Kernel) -> None:
    """A lock that nobody frees: the cell says where it is; it ends as soon as the call returns."""
    subshell = create(jupyter)
    jupyter.run("import threading\nlock = threading.Lock()\nlock.acquire()")
    beside = jupyter.execute("print('begun')\nlock.acquire()\nnever = 1", subshell=subshell)
    assert jupyter.wait_for("begun") == beside
    while "lock.acquire()" not in jupyter.ask("vivo_stack_request", channel="control")["text"]:
        pass  # its last print is before the call
    assert interrupt(jupyter, beside) == "interrupted"
    assert jupyter.wait_for("when the call in C returns") == beside
    jupyter.run("lock.release()")
    assert jupyter.reply(beside)["ename"] == "KeyboardInterrupt"
    assert jupyter.run("1 / ('never' not in globals())")["status"] == "ok"


def test_interrupts_around_a_subshells_cells_hurt_nothing(jupyter: Kernel) -> None:
    """A storm over short cells: each ends, well or interrupted, and none lands in the next."""
    subshell = create(jupyter)
    interrupted = 0
    for number in range(150):
        run = jupyter.execute(f"for i in range({number * 20}): pass", subshell=subshell)
        jupyter.send("vivo_interrupt_request", {"run": run}, channel="control")
        if number % 3 == 0:
            jupyter.send("vivo_interrupt_request", {"run": run}, channel="control")
        answer = jupyter.reply(run)
        assert answer["status"] == "ok" or answer["ename"] == "KeyboardInterrupt", answer
        interrupted += answer["status"] != "ok"
        clean = jupyter.reply(jupyter.execute("sum(range(1000))", subshell=subshell))
        assert clean["status"] == "ok", clean
    assert interrupted
    assert jupyter.run("1")["status"] == "ok"
