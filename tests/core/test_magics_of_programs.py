"""Magics that call other programs: installers, interpreters of other languages, the system's."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest
from vivo.core import Shell

TELLS = '#!/bin/sh\necho "$(basename "$0") $*"\ncat\n'


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Programs first on the PATH that say what they were given, and a conda environment."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "programs"
    folder.mkdir()
    for name in ("uv", "conda", "mamba", "micromamba", "ruby", "perl"):
        (folder / name).write_text(TELLS)
        (folder / name).chmod(0o755)
    (tmp_path / "env" / "conda-meta").mkdir(parents=True)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.delenv("CONDA_EXE", raising=False)
    return folder


@pytest.mark.parametrize("name", ["conda", "mamba", "micromamba"])
def test_packages_come_into_the_sessions_environment(
    shell: Shell, programs: Path, monkeypatch: pytest.MonkeyPatch, capfd: Any, name: str
) -> None:
    """%conda and its kin name the environment and agree for the user; other words pass as typed."""
    monkeypatch.setattr(sys, "prefix", str(programs.parent / "env"))
    shell.run_cell(f"%{name} install numpy")
    printed = capfd.readouterr().out.splitlines()
    assert printed[0] == f"{name} install --prefix {programs.parent}/env numpy --yes"
    shell.run_cell(f"%{name} info --json")
    assert capfd.readouterr().out.startswith(f"{name} info --json\n")


def test_uv_installs_for_the_sessions_interpreter(
    shell: Shell, shown: Any, programs: Path, monkeypatch: pytest.MonkeyPatch, capfd: Any
) -> None:
    """%uv pip names it; other commands pass as typed; without uv that is said."""
    shell.run_cell("%uv pip install numpy")
    assert capfd.readouterr().out.startswith(f"uv pip install numpy --python {sys.executable}\n")
    shell.run_cell("%uv --version")
    assert capfd.readouterr().out.startswith("uv --version\n")
    monkeypatch.setenv("PATH", str(programs.parent))
    shell.run_cell("%uv pip list")
    assert "finds no uv on the PATH" in shown.of("error")[-1].text()


@pytest.mark.parametrize("name", ["ruby", "perl", "script ruby"])
def test_a_cell_goes_to_another_languages_interpreter(
    shell: Shell, programs: Path, capsys: Any, name: str
) -> None:
    """%%ruby, %%perl, %%script: options of the program, and the cell as its input."""
    assert shell.run_cell(f"%%{name} -w\nputs 6 * 7").status == "ok"
    assert capsys.readouterr().out == f"{name.rsplit(maxsplit=1)[-1]} -w\nputs 6 * 7\n"


def test_an_interpreter_that_is_not_there_is_told(
    shell: Shell, shown: Any, programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One sentence that names it."""
    monkeypatch.setenv("PATH", str(programs.parent))
    for name in ("ruby", "perl", "bash", "sh"):
        assert shell.run_cell(f"%%{name}\nx").status == "error"
        assert f"%%{name} cannot run {name}" in shown.of("error")[-1].text()


def test_letters_are_the_programs_and_words_the_magics(shell: Shell, capsys: Any) -> None:
    """%%bash -e ends at the first failure; %%bash --out keeps the text; both stand together."""
    cell = "echo $0 before\nfalse\necho after"
    assert shell.run_cell(f"%%bash -e\n{cell}").status == "error"
    assert capsys.readouterr().out == "bash before\n"
    assert shell.run_cell(f"%%bash --out kept --no-raise-error -eu\n{cell}").status == "ok"
    assert (shell.namespace["kept"], shell.namespace["_exit_code"]) == ("bash before\n", 1)


@pytest.mark.parametrize("name", ["sx", "system"])
def test_a_commands_output_comes_as_lines(shell: Shell, name: str) -> None:
    """%sx and %system, %%sx and %%system: lines, the status, and values of Python."""
    shell.run_cell("word = 'b'")
    assert shell.run_cell(f"%{name} echo a; echo $word; exit 3").value == ["a", "b"]
    assert shell.namespace["_exit_code"] == 3
    assert shell.run_cell(f"%%{name}\necho a\necho {{word * 2}}").value == ["a", "bb"]
    assert shell.run_cell(f"x = %{name} echo a\nx.s").value == "a"


def test_files_are_handled_by_the_systems_programs(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Any
) -> None:
    """%mkdir, %cp, %mv, %cat, %ls, %lx, %rm, %rmdir, with values of Python in their lines."""
    monkeypatch.chdir(tmp_path)
    shell.run_cell("name = 'work'\n%mkdir $name")
    (tmp_path / "a.sh").write_text("echo a\n")
    (tmp_path / "a.sh").chmod(0o755)
    shell.run_cell("%cp a.sh {name}/b.sh\n%mv a.sh work/c.sh\n%cat work/c.sh")
    assert capfd.readouterr().out == "echo a\n"
    shell.run_cell("%ls work")
    assert capfd.readouterr().out.split() == ["b.sh*", "c.sh*"]
    shell.run_cell("%lx work")
    assert [line.split()[-1] for line in capfd.readouterr().out.splitlines()] == ["b.sh*", "c.sh*"]
    shell.run_cell("%rm work/b.sh work/c.sh\n%rmdir work")
    assert list(tmp_path.iterdir()) == []
    shell.run_cell("%rmdir work")
    assert shell.namespace["_exit_code"] == 1


def test_an_alias_is_made_listed_and_asked_for(shell: Shell, shown: Any, capfd: Any) -> None:
    """%alias with %s, %l, values of Python; too few words, and a name that is not there."""
    shell.run_cell("word = 'python'\n%alias parts echo first %s second %s")
    shell.run_cell("%parts A B C")
    assert capfd.readouterr().out == "first A second B C\n"
    shell.run_cell("parts $word {word.upper()}")
    assert capfd.readouterr().out == "first python second PYTHON\n"
    shell.run_cell('%alias whole echo "[%l]"\nfor i in range(2):\n    %whole $i b')
    assert capfd.readouterr().out == "[0 b]\n[1 b]\n"
    assert ("parts", "echo first %s second %s") in shell.run_cell("%alias").value
    shell.run_cell("%parts A")
    assert "wants 2 words and got 1" in shown.of("error")[-1].text()
    shell.run_cell("%alias time echo")
    assert "time" not in shell.aliases
    shell.run_cell("parts = 3")
    assert shell.run_cell("parts").value == 3
