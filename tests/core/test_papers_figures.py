"""The figures of the paper, cell by cell, with today's outputs; Fig. 7 by the physics profile."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
from vivo.core import Shell


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own to work in, importable from."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def plain(shown: Any) -> list[str]:
    """The texts of the values shown."""
    return [entry["text/plain"] for entry in shown.of("result")]


def test_figure_1_inputs_and_outputs_are_numbered_and_kept(shell: Shell, shown: Any) -> None:
    """Values come back by number and by underscore, inputs as text."""
    for source in ("import math", "math.pi / 2", "_ * 2", "Out[2] + _3", "In[2]", "_i3, _ii"):
        assert shell.run_cell(source).status == "ok"
    shown_texts = plain(shown)
    assert shown_texts[:3] == [
        repr(1.5707963267948966),
        repr(3.141592653589793),
        repr(4.71238898038469),
    ]
    assert shown_texts[3:] == ["'math.pi / 2'", "('_ * 2', 'Out[2] + _3')"]
    assert shell.execution_count == 7


def test_figure_2_state_is_limited_and_freed(shell: Shell, shown: Any) -> None:
    """``del _30`` and %xdel free the object; a limit of the user's keeps Out small."""
    import weakref

    shell.run_cell("class Thing: pass\nThing()")
    held = weakref.ref(shell.namespace["_1"])
    shell.run_cell("del _1")
    assert held() is None
    shell.run_cell("thing = Thing()\nthing")
    held = weakref.ref(shell.namespace["thing"])
    shell.run_cell("%xdel thing")
    assert held() is None
    shell.run_cell("%config maximum_results = 3")
    for number in range(10):
        shell.run_cell(f"{number}")
    assert len(shell.namespace["Out"]) == 3


def test_figure_3_the_session_log_and_its_block_of_facts(
    shell: Shell, folder: Path, capsys: Any
) -> None:
    """``logstart -o -t file``: the block, the inputs so far, outputs as comments, times."""
    shell.run_cell("width = 3")
    shell.run_cell("logstart -o -t session.py")
    assert capsys.readouterr().out == (
        "Activating auto-logging. Current session state plus future input saved.\n"
        "Filename       : session.py\n"
        "Mode           : backup\n"
        "Output logging : True\n"
        "Raw input log  : False\n"
        "Timestamping   : True\n"
        "State          : active\n"
    )
    shell.run_cell("width * 2")
    shell.run_cell("logoff")
    shell.run_cell("secret = 1")
    shell.run_cell("logon")
    capsys.readouterr()
    shell.run_cell("logstate")
    assert capsys.readouterr().out.endswith("State          : active\n")
    shell.run_cell("logstop")
    text = (folder / "session.py").read_text("utf-8")
    assert "width = 3\n" in text
    assert "width * 2\n#[Out]# 6\n" in text
    assert re.search(r"^# \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d$", text, re.M)
    assert "secret" not in text
    compile(text, "session.py", "exec")


def test_figure_4_files_are_listed_and_renamed(shell: Shell, shown: Any, folder: Path) -> None:
    """``files = !ls`` and a loop of ``!mv $name $newname``, Python and shell in one line."""
    for number in (3, 1, 2):
        (folder / f"photo{number}.JPG").write_text("x")
    shell.run_cell("files = !ls")
    assert shell.run_cell("files").value == ["photo1.JPG", "photo2.JPG", "photo3.JPG"]
    source = (
        "for number, name in enumerate(files):\n"
        "    newname = f'holiday{number:03}.jpg'\n"
        "    !mv $name $newname"
    )
    assert shell.run_cell(source).status == "ok"
    assert sorted(os.listdir()) == ["holiday000.jpg", "holiday001.jpg", "holiday002.jpg"]
    assert shell.run_cell("x = !ls | wc -l\nx.s.strip()").value == "3"


UNIVERSE = '''\
"""All that there is."""


class Computer:
    """A machine that thinks."""

    def answer(self, question, years=7_500_000):
        """Give the answer to a question, after some thought."""
        return 42

    def __len__(self):
        return 42


DeepThought = Computer()
'''


def test_figure_5_what_is_known_of_deep_thought(shell: Shell, shown: Any, folder: Path) -> None:
    """Tab on the object, ``?`` and ``??``, and names by wildcard."""
    (folder / "universe.py").write_text(UNIVERSE, "utf-8")
    shell.run_cell("from universe import DeepThought")
    assert [item.text for item in shell.complete("DeepThought.").items] == ["answer"]
    shell.run_cell("DeepThought?")
    told = shown.of("page")[-1]
    assert re.search(r"^Type: +universe\.Computer$", told, re.M)
    assert re.search(r"^String form: +<universe\.Computer object", told, re.M)
    assert re.search(r"^Namespace: +Interactive$", told, re.M)
    assert "A machine that thinks." in told
    shell.run_cell("DeepThought.answer??")
    told = shown.of("page")[-1]
    assert "answer(question, years=7500000)" in told
    assert re.search(r"^File: +.*universe\.py$", told, re.M)
    assert "return 42" in told
    shell.run_cell("Deep*?")
    assert shown.of("page")[-1] == "DeepThought"
    shell.run_cell("*Error?")
    assert "ZeroDivisionError" in shown.of("page")[-1]


def test_figure_6_a_programs_error_and_the_walk_up_its_stack(
    shell: Shell, shown: Any, folder: Path, capsys: Any
) -> None:
    """%run, the traceback with values, the automatic post-mortem."""
    program = (
        "def speed(distance, duration):\n    return distance / duration\n\n"
        "def report(runs):\n    for distance, duration in runs:\n"
        "        print(speed(distance, duration))\n\n"
        "runs = [(10, 2), (7, 0)]\nreport(runs)\n"
    )
    (folder / "race.py").write_text(program, "utf-8")
    shell.run_cell("%pdb on")
    shown.answers = ["up", "print(runs[1])", "p distance", "quit"]
    assert shell.run_cell("run race").status == "error"
    text = shown.of("error")[-1].text("Verbose")
    assert "race.py" in text
    assert "duration = 0" in text
    printed = capsys.readouterr().out
    assert "5.0\n" in printed
    assert "(7, 0)\n" in printed
    assert "\n7\n" in printed
    assert shell.namespace["runs"] == [(10, 2), (7, 0)]


def test_figure_8_plots_do_not_block(shell: Shell, shown: Any) -> None:
    """A figure is shown when its cell ends; the session goes on at once."""
    shell.run_cell("%matplotlib inline")
    shell.run_cell("import matplotlib.pyplot as plt\nplt.plot([1, 2, 3]);\nplt.show()")
    assert shown.of("display")[-1]["image/png"].startswith(b"\x89PNG")
