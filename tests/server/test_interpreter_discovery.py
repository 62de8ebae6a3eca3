"""Interpreters found by looking at files: nothing here runs one."""

from __future__ import annotations

import base64
import hashlib
import os
from pathlib import Path

import pytest
from vivo.server.interpreter_discovery import Discovery, version_of
from vivo.server.interpreters import choose


def environment(folder: Path, settings: str | None = None, conda: str | None = None) -> str:
    """An environment as it lies on the disk, with a program that must not be run."""
    python = folder / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\nkill -9 $PPID\n")
    python.chmod(0o755)
    if settings is not None:
        (folder / "pyvenv.cfg").write_text(settings)
    if conda is not None:
        (folder / "conda-meta").mkdir()
        (folder / "conda-meta" / f"python-{conda}-h12debd9_1_cpython.json").write_text("{}")
        (folder / "conda-meta" / "python_abi-3.9-2_cp39.json").write_text("{}")
    return str(python)


def found(home: Path, project: Path, **variables: str) -> dict[str, tuple[str, str, str | None]]:
    """What is found for a file of a project: path → kind, name, version."""
    discovery = Discovery({"PATH": "", **variables}, home)
    interpreters = discovery.for_file(project / "src" / "a.py", [project])
    return {each.path: (each.kind, each.name, each.version) for each in interpreters}


def checksum(path: Path) -> str:
    digest = hashlib.sha256(str(path).encode()).digest()
    return base64.urlsafe_b64encode(digest).decode()[:8]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    made = tmp_path / "code" / "My Project"
    (made / "src").mkdir(parents=True)
    return made


def test_environments_of_the_project_come_first(tmp_path: Path, project: Path) -> None:
    """.venv and venv from the file upwards, as `venv`, virtualenv and uv write them."""
    nearest = environment(project / "src" / ".venv", "version = 3.12.4\n")
    own = environment(project / "venv", "home = /usr\nversion_info = 3.11.2.final.0\n")
    uv = environment(project / ".venv", "uv = 0.4.1\nversion_info = 3.13.0\n")
    assert list(found(tmp_path, project).items()) == [
        (nearest, ("venv", "src", "3.12.4")),
        (uv, ("venv", "My Project", "3.13.0")),
        (own, ("venv", "My Project", "3.11.2")),
    ]


def test_activated_environments(tmp_path: Path, project: Path) -> None:
    """VIRTUAL_ENV and CONDA_PREFIX; one that is the project's own comes once."""
    one = environment(tmp_path / "one", "version=3.10.0rc1\n")
    two = environment(tmp_path / "two", conda="3.9.18")
    both = found(
        tmp_path, project, VIRTUAL_ENV=str(tmp_path / "one"), CONDA_PREFIX=str(tmp_path / "two")
    )
    assert both == {one: ("activated", "one", "3.10.0rc1"), two: ("activated", "two", "3.9.18")}
    own = environment(project / ".venv")
    assert found(tmp_path, project, VIRTUAL_ENV=str(project / ".venv")) == {
        own: ("venv", "My Project", None)
    }


def test_conda_environments(tmp_path: Path, project: Path) -> None:
    """Those that conda lists, and those beside it, with the version of its own records."""
    base, elsewhere = tmp_path / "miniforge3", tmp_path / "anywhere"
    (base / "condabin").mkdir(parents=True)
    expected = {
        environment(base, conda="3.12.2"): ("conda", "base", "3.12.2"),
        environment(base / "envs" / "fit", conda="3.11.0"): ("conda", "fit", "3.11.0"),
        environment(elsewhere, conda="3.8.1"): ("conda", "anywhere", "3.8.1"),
    }
    (base / "envs" / "without python").mkdir()
    (tmp_path / ".conda").mkdir()
    listed = f"{elsewhere}\n/nowhere/at/all\n\nrelative\n"
    (tmp_path / ".conda" / "environments.txt").write_text(listed)
    assert found(tmp_path, project) == expected


def test_versions_of_pyenv(tmp_path: Path, project: Path) -> None:
    """That of .python-version first, also by its beginning; shims are none."""
    versions = tmp_path / ".pyenv" / "versions"
    old = environment(versions / "3.10.13")
    new = environment(versions / "3.12.1")
    named = environment(versions / "named", "version = 3.11.7\n")
    (project / ".python-version").write_text("3.12\n")
    shims = environment(tmp_path / ".pyenv" / "shims")
    assert list(found(tmp_path, project, PATH=str(Path(shims).parent)).items()) == [
        (new, ("pyenv", "3.12.1", "3.12.1")),
        (old, ("pyenv", "3.10.13", "3.10.13")),
        (named, ("pyenv", "named", "3.11.7")),
        (shims, ("path", "python", None)),
    ]
    assert str(tmp_path / ".pyenv" / "shims") not in str(
        list(found(tmp_path, project, PATH=str(tmp_path / ".pyenv" / "shims")))
    )
    (project / ".python-version").write_text("../../3.10.13\n")
    assert next(iter(found(tmp_path, project))) == old  # by its turn, not by that name


def test_environments_of_poetry_and_hatch(tmp_path: Path, project: Path) -> None:
    """Those whose name says that they are this project's, and no other's."""
    (project / "pyproject.toml").write_text('[project]\nname = "Tidy.Tool"\n')
    poetry = tmp_path / ".cache" / "pypoetry" / "virtualenvs"
    mine = f"tidy.tool-{checksum(project)}-py3.12"
    hatch = tmp_path / ".local" / "share" / "hatch" / "env" / "virtual" / "tidy-tool"
    expected = {
        environment(poetry / mine, "version = 3.12.0\n"): ("poetry", mine, "3.12.0"),
        environment(hatch / checksum(project) / "tidy-tool"): ("hatch", "tidy-tool", None),
        environment(hatch / checksum(project) / "docs"): ("hatch", "docs", None),
    }
    environment(poetry / "tidy.tool-00000000-py3.12")
    environment(hatch / "00000000" / "tidy-tool")
    assert found(tmp_path, project) == expected
    (project / "pyproject.toml").write_text('[tool.poetry]\nname = "Tidy.Tool"\n')
    assert found(tmp_path, project) == expected
    for broken in ("[project", "project = 3", "[project]\nname = 3", "\x00"):
        (project / "pyproject.toml").write_text(broken)
        assert found(tmp_path, project) == {}


def test_pythons_of_uv_and_on_the_path(tmp_path: Path, project: Path) -> None:
    """uv's by their folder's name, the path's by what they lead to; relative folders are none."""
    uv = tmp_path / ".local" / "share" / "uv" / "python"
    name = "cpython-3.13.1-linux-x86_64-gnu"
    managed = environment(uv / name)
    (uv / "cpython-3.13-linux-x86_64-gnu").symlink_to(uv / name)
    folder = tmp_path / "bin"
    environment(tmp_path / "usr")
    folder.mkdir()
    program = folder / "python3.11"
    program.touch(0o755)
    (folder / "python3").symlink_to("python3.11")
    (folder / "python3-config").touch(0o755)
    (folder / "python").touch(0o644)
    told = os.pathsep.join([str(folder), "", ".", "/nowhere"])
    assert found(tmp_path, project, PATH=told) == {
        managed: ("uv", name, "3.13.1"),
        str(folder / "python3"): ("path", "python3", "3.11"),
        str(program): ("path", "python3.11", "3.11"),
    }


def test_what_cannot_be_read_is_passed_over(tmp_path: Path, project: Path) -> None:
    """Loops of links, folders for files, bytes that are no text: nothing, or no version."""
    (project / ".venv").symlink_to(project / ".venv")
    (project / ".python-version").mkdir()
    (project / "pyproject.toml").write_bytes(b"\xff\xfe[project]")
    (tmp_path / ".conda").mkdir()
    (tmp_path / ".conda" / "environments.txt").write_bytes(b"/\xff\n\x00\n")
    strange = environment(tmp_path / "x")
    (tmp_path / "x" / "pyvenv.cfg").write_bytes(b"version = \xff\nversion\n=\n")
    told = found(tmp_path, project, VIRTUAL_ENV=str(tmp_path / "x"), CONDA_PREFIX="\x00")
    assert told == {strange: ("activated", "x", None)}
    assert version_of(tmp_path / "nowhere") is None


def test_an_untrusted_workspaces_interpreter_is_not_chosen(
    tmp_path: Path, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor one beside or above the file, nor an activated one, also through a link to the workspace;
    an activated one from elsewhere is, and so is what the user has set."""
    for name in ("VIRTUAL_ENV", "CONDA_PREFIX"):
        monkeypatch.delenv(name, raising=False)
    file = project / "src" / "a.py"
    inside = environment(project / ".venv")
    above = environment(tmp_path / ".venv")
    (tmp_path / "link").symlink_to(project)

    def chosen(setting: str | None = None, *, trusted: bool = False) -> tuple[str, str | None]:
        choice = choose(file, setting, folders=[tmp_path / "link"], trusted=trusted)
        return choice.python, choice.passed_over

    import sys

    assert chosen(trusted=True) == (inside, None)
    assert chosen() == (sys.executable, inside)
    assert chosen(inside) == (inside, None)
    monkeypatch.setenv("VIRTUAL_ENV", str(project / ".venv"))
    assert chosen() == (sys.executable, inside)
    outside = environment(tmp_path / "elsewhere" / "mine")
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path / "elsewhere" / "mine"))
    assert chosen() == (outside, None)
    assert above != outside
