"""The magics that users of IPython expect, each called as a user calls it."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any

import pytest
from vivo.core import Shell


@pytest.fixture(autouse=True)
def folder(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own, and a folder in it to work in."""
    work = home / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return work


def error_text(shown: Any) -> str:
    """The last error."""
    return str(shown.of("error")[-1].text())


def test_folders_are_changed_stacked_and_marked(shell: Shell, shown: Any, folder: Path) -> None:
    """cd, cd -, cd -N, pwd, pushd, popd, dirs, dhist, bookmark."""
    (folder / "deep").mkdir()
    shell.run_cell("%cd deep")
    assert shell.run_cell("%pwd").value == str(folder / "deep")
    shell.run_cell("%cd -")
    assert Path.cwd() == folder
    assert shell.run_cell("%pushd deep").value == [str(folder)]
    assert shell.run_cell("%dirs").value == [str(folder)]
    shell.run_cell("%popd")
    assert Path.cwd() == folder
    assert shell.run_cell("%popd").status == "error"
    assert "empty" in error_text(shown)
    assert str(folder / "deep") in shell.run_cell("%dhist").value
    shell.run_cell("%bookmark below deep")
    assert shell.run_cell("%bookmark -l").value == {"below": str(folder / "deep")}
    other = Shell()
    other.run_cell("%cd -q below")
    other.close()
    assert Path.cwd() == folder / "deep", "a bookmark is known in every session"
    shell.run_cell("%cd -q -")
    shell.run_cell("%cd -b nowhere")
    assert "no bookmark nowhere" in error_text(shown)
    shell.run_cell("%bookmark -d below")
    shell.run_cell("%cd below")
    assert "cannot go to below" in error_text(shown)
    shell.run_cell("%bookmark -r")
    number = shell.run_cell("%dhist").value.index(str(folder / "deep"))
    shell.run_cell(f"%cd -q -{number}")
    assert Path.cwd() == folder / "deep"
    shell.run_cell("%cd -q")
    assert Path.cwd() == Path.home()


def test_variables_outlive_the_session(shell: Shell, shown: Any, capsys: Any) -> None:
    """%store keeps, lists, restores, removes; what cannot be stored is said."""
    shell.run_cell("width, names = 3, ['a', 'b']\n%store width names")
    shell.run_cell("%store")
    assert "width" in capsys.readouterr().out
    other = Shell()
    other.run_cell("%store -r")
    assert (other.namespace["width"], other.namespace["names"]) == (3, ["a", "b"])
    other.close()
    shell.run_cell("%store names > names.txt")
    assert Path("names.txt").read_text("utf-8") == "['a', 'b']\n"
    shell.run_cell("%store -d width")
    shell.run_cell("%store -r width")
    assert "Nothing is stored as width" in error_text(shown)
    shell.run_cell("local = lambda: 1\n%store local")
    assert "cannot be stored" in error_text(shown)
    shell.run_cell("%alias hello echo hello %s\n%store hello")
    fresh = Shell()
    fresh.run_cell("%store -r hello")
    assert fresh.aliases["hello"] == "echo hello %s"
    fresh.close()
    shell.run_cell("%store -z")
    capsys.readouterr()
    shell.run_cell("%store")
    assert "Nothing is stored" in capsys.readouterr().out


def test_inputs_become_macros(shell: Shell, shown: Any, capsys: Any) -> None:
    """%macro names inputs; the name alone runs them, also magics in them; %edit -x opens them."""
    shell.run_cell("count = 1")
    shell.run_cell("count += 1\n%pwd")
    shell.run_cell("%macro -q again 2")
    shell.run_cell("again")
    shell.run_cell("again")
    assert shell.namespace["count"] == 4
    assert shell.run_cell("print(again)").status == "ok"
    assert "count += 1" in capsys.readouterr().out
    shell.run_cell("both = again + again\nboth")
    assert shell.namespace["count"] == 6
    shell.run_cell("%macro -q none 77")
    assert "No inputs are numbered 77" in error_text(shown)
    shell.run_cell("broken = 1/0")
    shell.run_cell("%macro -q broken 9")
    errors = len(shown.of("error"))
    assert shell.run_cell("broken").status == "error"
    assert len(shown.of("error")) == errors + 1, "the error is shown once"


def test_the_editor_is_opened(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, folder: Path, capsys: Any
) -> None:
    """%edit opens a file, inputs, or where an object is defined, and runs what comes back."""
    opened: list[tuple[str, int]] = []

    def edit(path: str, line: int) -> bool:
        opened.append((path, line))
        with open(path, "a", encoding="utf-8") as stream:
            stream.write("\nedited = 5\n")
        return True

    monkeypatch.setattr(shell.front_end, "edit", edit, raising=False)
    (folder / "work.py").write_text("value = 3", "utf-8")
    shell.run_cell("%edit work.py")
    assert opened == [(str(folder / "work.py"), 1)]
    assert (shell.namespace["value"], shell.namespace["edited"]) == (3, 5)
    shell.run_cell("%edit -x -r 1")
    assert "%edit work.py" in Path(opened[-1][0]).read_text("utf-8")
    os.unlink(opened[-1][0])
    monkeypatch.syspath_prepend(str(folder))
    (folder / "defined.py").write_text("\n\ndef here():\n    pass\n", "utf-8")
    shell.run_cell("from defined import here\n%edit -x here")
    assert opened[-1] == (str(folder / "defined.py"), 3)
    monkeypatch.setenv("EDITOR", "true")
    monkeypatch.delenv("VISUAL", raising=False)
    terminal = Shell()
    terminal.run_cell("%edit work.py")
    assert terminal.namespace["edited"] == 5
    terminal.close()
    capsys.readouterr()


@pytest.mark.parametrize(
    ("magic", "mime", "content"),
    [
        ("html", "text/html", "<b>x</b>"),
        ("HTML", "text/html", "<b>x</b>"),
        ("markdown", "text/markdown", "# x"),
        ("latex", "text/latex", "$x$"),
        ("svg", "image/svg+xml", "<svg/>"),
        ("SVG", "image/svg+xml", "<svg/>"),
        ("javascript", "application/javascript", "1"),
        ("js", "application/javascript", "1"),
    ],
)
def test_a_cell_is_shown_as_it_renders(
    shell: Shell, shown: Any, magic: str, mime: str, content: str
) -> None:
    """Each cell magic shows its cell under its MIME type."""
    shell.run_cell(f"%%{magic}\n{content}")
    assert shown.of("display")[-1][mime].rstrip() == content
    shell.run_cell("%%html --isolated\n<b>&</b>")
    assert "srcdoc" in shown.of("display")[-1]["text/html"]


def test_cells_run_by_other_programs(shell: Shell, shown: Any, capsys: Any) -> None:
    """perl, ruby's absence said, sh, python, script, ``%%!``, and scripts in the background."""
    shell.run_cell("%%perl\nprint 6 * 7, qq(\\n);")
    shell.run_cell("%%sh\necho $((6 * 7))")
    shell.run_cell("%%python\nprint(6 * 7)")
    shell.run_cell("%%python3 --out kept\nprint(6 * 7)")
    shell.run_cell("%%script cat -n\nline")
    assert capsys.readouterr().out.split() == ["42", "42", "42", "1", "line"]
    assert shell.namespace["kept"] == "42\n"
    assert shell.run_cell("%%!\necho a\necho b").value == ["a", "b"]
    assert shell.run_cell("%%system\necho a").value == ["a"]
    shell.run_cell("%%script nosuchprogram\nx")
    assert "cannot run nosuchprogram" in error_text(shown)
    shell.run_cell("%%bash --no-raise-error\nexit 4")
    assert shell.namespace["_exit_code"] == 4
    shell.run_cell("%%bash --bg --out pipe --proc process\necho from behind; sleep 60")
    assert shell.namespace["pipe"].readline() == b"from behind\n"
    shell.run_cell("%killbgscripts")
    assert shell.namespace["process"].poll() is not None
    shell.namespace["pipe"].close()
    assert "1 background scripts ended" in capsys.readouterr().out


def test_files_are_written_shown_and_loaded(shell: Shell, shown: Any, folder: Path) -> None:
    """writefile, file, pycat, page, load with lines and symbols, notebook."""
    shell.run_cell("%%writefile a.py\nx = 1\ndef f():\n    return 2\n\ndef g():\n    return 3")
    shell.run_cell("%%file a.py --append\ny = 4")
    shell.run_cell("%pycat a.py")
    assert "def f():" in shown.of("page")[-1]
    shell.run_cell("%load -r 1-2,8 a.py")
    assert shown.of("next")[-1] == "x = 1\ndef f():"
    shell.run_cell("%load -s g a.py")
    assert shown.of("next")[-1] == "def g():\n    return 3"
    shell.run_cell("%load -s h a.py")
    assert "nothing is called h" in error_text(shown)
    shell.run_cell("%load 3")
    assert shown.of("next")[-1] == "%pycat a.py"
    shell.run_cell("%load nowhere.py")
    assert shown.of("error")
    shell.run_cell("value = list(range(3))\nvalue")
    shell.run_cell("%page value")
    assert shown.of("page")[-1] == "[0, 1, 2]"
    shell.run_cell("%page -r")
    assert shown.of("page")[-1] == "[0, 1, 2]"
    shell.run_cell("%notebook all.ipynb")
    held = json.loads((folder / "all.ipynb").read_text("utf-8"))
    assert held["nbformat"] == 4
    assert held["cells"][8]["outputs"][0]["data"]["text/plain"] == "[0, 1, 2]"
    (folder / "all.ipynb").write_text(
        json.dumps({"cells": [{"cell_type": "code", "source": ["z = %pwd\n", "w = 2"]}]}), "utf-8"
    )
    shell.run_cell("%run all.ipynb")
    assert (shell.namespace["w"], shell.namespace["z"]) == (2, str(folder))


def test_the_language_is_switched(shell: Shell, shown: Any, capsys: Any) -> None:
    """autoawait, autocall, pprint, doctest_mode, xmode, colors, automagic."""
    shell.run_cell("import asyncio\n%autoawait off")
    assert shell.run_cell("await asyncio.sleep(0)").status == "error"
    shell.run_cell("%autoawait asyncio")
    assert shell.run_cell("await asyncio.sleep(0, 4)").value == 4
    shell.run_cell("%autoawait trio")
    assert "asyncio's" in error_text(shown)
    shell.run_cell("def area(width, height=2): return width * height\ndef nothing(): return 7")
    assert shell.run_cell("area 3, 4").status == "error"
    shell.run_cell("%autocall 1")
    assert shell.run_cell("area 3, 4").value == 12
    assert callable(shell.run_cell("nothing").value)
    shell.run_cell("%autocall 2")
    assert shell.run_cell("nothing").value == 7
    shell.run_cell("%autocall 0")
    shell.run_cell("%pprint off")
    shell.run_cell("list(range(40))")
    assert "\n" not in shown.of("result")[-1]["text/plain"]
    shell.run_cell("%pprint on")
    shell.run_cell("list(range(40))")
    assert "\n" in shown.of("result")[-1]["text/plain"]
    shell.run_cell("%doctest_mode")
    assert shell.settings.xmode == "Plain"
    shell.run_cell("%doctest_mode")
    assert shell.settings.xmode == "Context"
    capsys.readouterr()
    shell.run_cell("%xmode\n%xmode\n%xmode\n%xmode")
    modes = [line.removeprefix("Tracebacks: ") for line in capsys.readouterr().out.splitlines()]
    assert modes == ["Verbose", "Minimal", "Plain", "Context"]
    shell.run_cell("%colors nocolor")
    assert shell.settings.colours is False
    shell.run_cell("%colors purple")
    assert "%colors takes" in error_text(shown)
    shell.run_cell("%automagic off")
    assert shell.run_cell("pwd").status == "error"
    shell.run_cell("%automagic on")
    assert shell.run_cell("pwd").value == str(Path.cwd())


def test_magics_get_other_names(shell: Shell, shown: Any, capsys: Any) -> None:
    """%alias_magic, with parameters of its own; its help tells what it stands for."""
    shell.run_cell("%alias_magic t timeit --params '-n1 -r1 -q -o'")
    assert shell.run_cell("%t 1 + 1").value.loops == 1
    shell.run_cell("%t?")
    assert "%timeit -n1" in shown.of("page")[-1]
    shell.run_cell("%alias_magic t2 nosuch")
    assert "no magic %nosuch" in error_text(shown)
    shell.run_cell("%alias_magic timeit")
    assert "wants the new name" in error_text(shown)


def test_every_cell_is_wrapped(shell: Shell, shown: Any, capsys: Any) -> None:
    """%%code_wrap puts a template around later cells; their values and errors come through."""
    shell.run_cell("%%code_wrap told\nprint('before')\n__code__\nprint('after')\n__ret__")
    assert shell.run_cell("side = 2\nside * 3").value == 6
    assert capsys.readouterr().out == "before\nafter\n"
    assert shell.run_cell("side = 3").value is None
    shell.run_cell("x = 1\n1 / 0")
    assert shown.of("error")[-1].frames[-1].line == 2
    shell.run_cell("%code_wrap --remove told")
    capsys.readouterr()
    shell.run_cell("1")
    assert capsys.readouterr().out == ""
    shell.run_cell("%%code_wrap empty\nprint(1)")
    assert "has no line __code__" in error_text(shown)


def test_the_operating_systems_programs(shell: Shell, shown: Any, capsys: Any) -> None:
    """%sc, %sx, %rehashx, %env, %set_env, aliases such as lx and cp."""
    shell.run_cell("%sc -l lines=printf 'a\\nb\\n'")
    assert shell.namespace["lines"] == ["a", "b"]
    shell.run_cell("%sc text=echo a")
    assert shell.namespace["text"] == "a"
    assert shell.run_cell("%sx echo a").value == ["a"]
    assert shell.run_cell("!!echo a").value == ["a"]
    shell.run_cell("%rehashx")
    assert shell.aliases["uname"] == "uname"
    shell.run_cell("%set_env VIVO_TEST_VALUE=a b")
    assert os.environ.pop("VIVO_TEST_VALUE") == "a b"
    shell.run_cell("%env VIVO_TEST_VALUE=c")
    assert shell.run_cell("%env VIVO_TEST_VALUE").value == "c"
    del os.environ["VIVO_TEST_VALUE"]
    for command in ("mkdir a", "cp /etc/hostname b", "mv b c", "rm c", "rmdir a"):
        assert shell.run_cell(command).status == "ok"
        assert shell.namespace["_exit_code"] == 0, command
    capsys.readouterr()
    Path("tool").write_text("#!/bin/sh\n", "utf-8")
    os.chmod("tool", 0o755)
    Path("link").symlink_to("tool")
    for command, expected in (("lx", "tool"), ("lk", "link"), ("ll", "tool"), ("cat tool", "#!")):
        shell.run_cell(command)
        assert expected in capsys.readouterr().out, command


def test_packages_are_installed_by_the_sessions_own_interpreter(
    shell: Shell, shown: Any, capsys: Any
) -> None:
    """%pip is this interpreter's; %conda and %mamba say where they do not work."""
    shell.run_cell("%pip --version")
    assert "pip" in capsys.readouterr().out
    for name in ("conda", "mamba"):
        shell.run_cell(f"%{name} install x")
        assert f"%{name} works in a conda environment" in error_text(shown)


def test_the_shell_tells_of_itself(shell: Shell, shown: Any, capsys: Any) -> None:
    """lsmagic, magic, quickref, subshell."""
    shell.run_cell("%lsmagic")
    printed = capsys.readouterr().out
    assert "%autoreload" in printed
    assert "%%writefile" in printed
    shell.run_cell("%magic")
    assert "%timeit" in shown.of("page")[-1]
    shell.run_cell("%quickref")
    assert "obj??" in shown.of("page")[-1]
    shell.run_cell("%subshell")
    assert "main shell" in capsys.readouterr().out


def test_log_modes(shell: Shell, shown: Any, folder: Path, capsys: Any) -> None:
    """append, over, backup, rotate, global; raw logs; suspended and ended."""

    def log(arguments: str, source: str) -> None:
        shell.run_cell(f"%logstart -q {arguments}")
        shell.run_cell(source)
        shell.run_cell("%logstop")

    log("a.log", "first = 1")
    log("a.log append", "second = 2")
    text = (folder / "a.log").read_text("utf-8")
    assert "first = 1" in text
    assert "second = 2" in text
    log("-r a.log over", "%pwd")
    assert "\n%pwd\n" in (folder / "a.log").read_text("utf-8")
    log("a.log backup", "third = 3")
    assert "\n%pwd\n" in (folder / "a.log~").read_text("utf-8")
    log("a.log rotate", "fourth = 4")
    assert "third = 3" in (folder / "a.log.001~").read_text("utf-8")
    log("g.log global", "fifth = 5")
    assert "fifth = 5" in (Path.home() / "g.log").read_text("utf-8")
    shell.run_cell("%logstart x.log sideways")
    assert "knows the modes" in error_text(shown)
    shell.run_cell("%logstart /nowhere/x.log")
    assert "cannot be written" in error_text(shown)
    shell.run_cell("%logon")
    assert "No log was begun" in error_text(shown)
    capsys.readouterr()
    shell.run_cell("%logstate")
    assert capsys.readouterr().out == "Logging has not been activated.\n"
    shell.run_cell("%logstart -q b.log")
    shell.run_cell("%logoff")
    capsys.readouterr()
    shell.run_cell("%logstate")
    assert "State          : temporarily suspended" in capsys.readouterr().out


def test_history_comes_back_in_other_forms(shell: Shell, shown: Any, capsys: Any) -> None:
    """%history -p -n -o, %recall, %rerun, %save."""
    shell.run_cell("width = 2\nwidth")
    shell.run_cell("%pwd")
    capsys.readouterr()
    shell.run_cell("%history -p -n 1")
    assert capsys.readouterr().out == "1: >>> width = 2\n... width\n"
    shell.run_cell("%history -t 2")
    assert "run_line_magic('pwd', '')" in capsys.readouterr().out
    shell.run_cell("%recall 1")
    assert shown.of("next")[-1] == "width = 2\nwidth"
    shell.run_cell("width = 9")
    shell.run_cell("%rerun 1")
    assert shell.namespace["width"] == 2
    shell.run_cell("%save -r kept 1-2")
    assert Path("kept.ipy").read_text("utf-8") == "width = 2\nwidth\n%pwd\n"
    shell.run_cell("%save kept 1-2")
    assert "run_line_magic" in Path("kept.py").read_text("utf-8")
    shell.run_cell("%save kept 1")
    assert "is there already" in error_text(shown)


def test_programs_leave_the_session_usable(
    shell: Shell, shown: Any, folder: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """sys.exit, a closed stdout, another argv, threads and process pools."""
    import sys

    program = """
import sys, threading
from concurrent.futures import ThreadPoolExecutor
sys.argv[:] = ["changed"]
answer = []
thread = threading.Thread(target=answer.append, args=(1,))
thread.start(); thread.join()
with ThreadPoolExecutor(2) as pool:
    squares = list(pool.map(lambda n: n * n, range(4)))
sys.stdout.close()
sys.exit(0)
"""
    (folder / "rude.py").write_text(program, "utf-8")
    argv = list(sys.argv)
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO()))
    stream = sys.stdout
    assert shell.run_cell("%run rude.py").status == "ok"
    assert sys.stdout is stream
    monkeypatch.undo()
    assert (sys.argv, shell.namespace["squares"]) == (argv, [0, 1, 4, 9])
    assert shell.run_cell("1 + 1").value == 2


def test_a_line_magics_value_and_output_in_an_assignment(shell: Shell, capsys: Any) -> None:
    """``x = %time f()`` prints the time and keeps the value; so do others."""
    shell.run_cell("x = %time 3 + 4")
    assert shell.namespace["x"] == 7
    assert "wall time" in capsys.readouterr().out
    shell.run_cell("here = %pwd\nresult = %timeit -n1 -r1 -q -o 1")
    assert shell.namespace["here"] == str(Path.cwd())
    assert shell.namespace["result"].loops == 1


def test_an_unknown_option_is_told_with_the_nearest(shell: Shell, shown: Any) -> None:
    """The magic, the option, and the nearest that there is."""
    shell.run_cell("%%bash --outt x\necho")
    assert error_text(shown) == (
        "UsageError: %bash has no option --outt; did you mean --out? See %bash?"
    )
