"""The interpreters that a user may mean, found by looking at files alone.

Rules:

1. Nothing is run, trusted or not: a version is what an environment's own files say, and unknown
   where they say nothing.
2. What cannot be read is passed over: a listing never fails.
3. An interpreter comes once, for the nearest reason; a link and what it leads to are two, since an
   environment's ``bin/python`` is a link.
4. Where things are is told by the environment's variables, given as a mapping, and the home
   folder, so that a test has its own.
"""

from __future__ import annotations

import base64
import hashlib
import logging
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from .interpreters import ENVIRONMENT_FOLDERS, python_in

_log = logging.getLogger(__name__)
_VERSION = re.compile(r"\d+\.\d+(?:\.\d+)?(?:(?:a|b|rc)\d+|[\w.+-]*)?")
_CONDA_PYTHON = re.compile(r"^python-(\d+\.\d+(?:\.\d+)?\w*)-[^-]+\.json$")
_UV_NAME = re.compile(r"^(?:cpython|pypy|graalpy)-(\d+\.\d+(?:\.\d+)?\w*)")
_ON_PATH = re.compile(r"^python(?:3(?:\.\d+)?)?$")
_SMALL = 65536
_MOST_FOLDERS = 500  # of one kind: a folder of thousands is no folder of environments


@dataclass(frozen=True)
class Interpreter:
    """An interpreter that was found."""

    path: str
    kind: str
    """``venv``, ``activated``, ``conda``, ``pyenv``, ``poetry``, ``uv``, ``hatch`` or ``path``."""
    name: str
    """What people call it: the environment's name, or the file's."""
    version: str | None


class Discovery:
    """Looks for interpreters, for one user."""

    def __init__(self, variables: Mapping[str, str], home: Path) -> None:
        self._variables = variables
        self._home = home

    def for_file(self, file: Path | None, folders: list[Path]) -> list[Interpreter]:
        """The interpreters for a file, those nearest to it first."""
        found: dict[str, Interpreter] = {}
        for each in self._all(_above(file, folders)):
            found.setdefault(each.path, each)
        return list(found.values())

    def _all(self, above: list[Path]) -> Iterator[Interpreter]:
        for find in (
            self._virtual_environments,
            self._activated,
            self._poetry,
            self._hatch,
            self._pyenv_local,
        ):
            yield from find(above)
        yield from self._conda()
        yield from self._pyenv()
        yield from self._uv()
        yield from self._path()

    # --- Of the project --------------------------------------------------------------------

    def _virtual_environments(self, above: list[Path]) -> Iterator[Interpreter]:
        for folder in above:
            for name in ENVIRONMENT_FOLDERS:
                if python := python_in(folder / name):
                    yield Interpreter(python, "venv", folder.name, version_of(folder / name))

    def _activated(self, above: list[Path]) -> Iterator[Interpreter]:
        for variable in ("VIRTUAL_ENV", "CONDA_PREFIX"):
            told = self._variables.get(variable)
            if told and (python := python_in(Path(told))):
                yield Interpreter(python, "activated", Path(told).name, version_of(Path(told)))

    def _poetry(self, above: list[Path]) -> Iterator[Interpreter]:
        held = self._variables.get("POETRY_VIRTUALENVS_PATH")
        cache = Path(
            self._variables.get("POETRY_CACHE_DIR") or self._xdg("CACHE", ".cache/pypoetry")
        )
        base = Path(held) if held else cache / "virtualenvs"
        for folder in above:
            name = _poetry_name(folder)
            if name is None:
                continue
            for environment in _folders(base):
                if environment.name.startswith(f"{name}-py") and (python := python_in(environment)):
                    version = version_of(environment)
                    yield Interpreter(python, "poetry", environment.name, version)

    def _hatch(self, above: list[Path]) -> Iterator[Interpreter]:
        data = Path(
            self._variables.get("HATCH_DATA_DIR") or self._xdg("DATA", ".local/share/hatch")
        )
        for folder in above:
            project = _project_name(folder)
            if project is None:
                continue
            # hatch keeps them below the project's name and a hash of its place.
            for held in _folders(data / "env" / "virtual" / _normalized(project)):
                if held.name not in _hatch_hashes(folder):
                    continue
                for environment in _folders(held):
                    if python := python_in(environment):
                        name, version = environment.name, version_of(environment)
                        yield Interpreter(python, "hatch", name, version)

    def _pyenv_local(self, above: list[Path]) -> Iterator[Interpreter]:
        for folder in above:
            wanted = _read(folder / ".python-version")
            if wanted is None:
                continue
            for name in wanted.split():
                yield from self._pyenv_version(name)
            return

    def _pyenv_version(self, name: str) -> Iterator[Interpreter]:
        if "/" in name or name.startswith("."):
            return
        for folder in _folders(self._pyenv_root() / "versions"):
            is_meant = folder.name == name or folder.name.startswith(f"{name}.")
            if is_meant and (python := python_in(folder)):
                yield Interpreter(python, "pyenv", folder.name, _pyenv_number(folder))

    # --- Of the user -----------------------------------------------------------------------

    def _conda(self) -> Iterator[Interpreter]:
        for environment in self._conda_environments():
            if python := python_in(environment):
                is_base = (environment / "condabin").is_dir()
                name = "base" if is_base else environment.name
                yield Interpreter(python, "conda", name, version_of(environment))

    def _conda_environments(self) -> Iterator[Path]:
        listed = _read(self._home / ".conda" / "environments.txt") or ""
        roots = [Path(line.strip()) for line in listed.splitlines() if line.strip()]
        for name in ("miniconda3", "anaconda3", "miniforge3", "mambaforge", ".conda"):
            roots.append(self._home / name)
        if executable := self._variables.get("CONDA_EXE"):
            roots.append(Path(executable).parent.parent)
        if prefix := self._variables.get("MAMBA_ROOT_PREFIX"):
            roots.append(Path(prefix))
        for root in dict.fromkeys(roots):
            if root.is_absolute():
                yield root
                yield from _folders(root / "envs")
        for held in self._variables.get("CONDA_ENVS_PATH", "").split(os.pathsep):
            if held:
                yield from _folders(Path(held))

    def _pyenv(self) -> Iterator[Interpreter]:
        for folder in _folders(self._pyenv_root() / "versions"):
            if python := python_in(folder):
                yield Interpreter(python, "pyenv", folder.name, _pyenv_number(folder))

    def _pyenv_root(self) -> Path:
        return Path(self._variables.get("PYENV_ROOT") or self._home / ".pyenv")

    def _uv(self) -> Iterator[Interpreter]:
        told = self._variables.get("UV_PYTHON_INSTALL_DIR")
        for folder in _folders(Path(told or self._xdg("DATA", ".local/share/uv") / "python")):
            match = _UV_NAME.match(folder.name)
            if match and not folder.is_symlink() and (python := python_in(folder)):
                yield Interpreter(python, "uv", folder.name, match[1])

    def _path(self) -> Iterator[Interpreter]:
        shims = self._pyenv_root() / "shims"
        for told in self._variables.get("PATH", "").split(os.pathsep):
            folder = Path(told)
            if not folder.is_absolute() or folder == shims:
                continue  # a shim is a script that starts one of pyenv's, which are listed
            for name in sorted(_names(folder)):
                if _ON_PATH.match(name) and os.access(folder / name, os.X_OK):
                    version = version_of(folder.parent) or _version_by_name(folder / name)
                    yield Interpreter(str(folder / name), "path", name, version)

    def _xdg(self, kind: str, default: str) -> Path:
        """A folder of a tool's below the user's, by the XDG base directory specification."""
        told = self._variables.get(f"XDG_{kind}_HOME")
        return Path(told, Path(default).name) if told else self._home / default


def version_of(environment: Path) -> str | None:
    """What an environment's own files say of its version: ``pyvenv.cfg``, or conda's records."""
    settings = _read(environment / "pyvenv.cfg")
    for line in (settings or "").splitlines():
        key, _, value = line.partition("=")
        if key.strip() in ("version", "version_info"):
            match = _VERSION.match(value.strip())
            if match is not None:
                return _plain(match[0])
    for name in _names(environment / "conda-meta"):
        if (match := _CONDA_PYTHON.match(name)) is not None:
            return match[1]
    return None


def _plain(version: str) -> str:
    """``3.12.1.final.0``, as virtualenv writes it, as ``3.12.1``."""
    return ".".join(version.split(".")[:3])


def _version_by_name(python: Path) -> str | None:
    """``3.12`` where the name says so, or that of the file that the name leads to."""
    names = [python.name]
    try:
        names.append(python.resolve().name)
    except (OSError, RuntimeError) as error:  # links that lead nowhere, or in a circle
        _log.info("%s cannot be followed: %s", python, error)
    for name in names:
        if match := re.fullmatch(r"python(\d+\.\d+)", name):
            return match[1]
    return None


def _pyenv_number(folder: Path) -> str | None:
    """An environment's own word first: pyenv-virtualenv gives its folders any name."""
    told = version_of(folder)
    match = re.fullmatch(r"(?:[a-z0-9]+-)?(\d+\.\d+(?:\.\d+)?\w*)", folder.name)
    return told or (match[1] if match else None)


def _above(file: Path | None, folders: list[Path]) -> list[Path]:
    """The folders in which a project's files are looked for, the nearest first."""
    above = list(file.absolute().parents) if file is not None else []
    return list(dict.fromkeys([*above, *folders]))


def _folders(base: Path) -> list[Path]:
    return [base / name for name in sorted(_names(base)) if (base / name).is_dir()]


def _names(folder: Path) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            names = [
                entry.name for entry, _ in zip(entries, range(_MOST_FOLDERS * 20), strict=False)
            ]
    except (OSError, ValueError):
        return []
    return names


def _read(path: Path) -> str | None:
    try:
        with path.open("rb") as stream:
            return stream.read(_SMALL).decode("utf-8", "replace")
    except (OSError, ValueError):
        return None


def _project_name(folder: Path) -> str | None:
    """The name in a ``pyproject.toml``, of the project or of Poetry's part."""
    text = _read(folder / "pyproject.toml")
    if text is None:
        return None
    import tomllib

    try:
        held = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        _log.info("%s/pyproject.toml cannot be read: %s", folder, error)
        return None
    for keys in (("project", "name"), ("tool", "poetry", "name")):
        value: object = held
        for key in keys:
            value = value.get(key) if isinstance(value, dict) else None
        if isinstance(value, str) and value:
            return value
    return None


def _poetry_name(folder: Path) -> str | None:
    """What Poetry calls a project's environments, without the version: its documented scheme of the
    name and the beginning of a hash of the folder."""
    name = _project_name(folder)
    if name is None:
        return None
    plain = re.sub(r"[ $`!*@\"\\\r\n\t]", "_", name.lower())[:42]
    return f"{plain}-{_hash(os.path.realpath(folder))}"


def _hatch_hashes(folder: Path) -> set[str]:
    """What hatch calls a project's place; by which of its paths it was called is not known."""
    return {_hash(str(folder)), _hash(os.path.realpath(folder))}


def _hash(path: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(path.encode()).digest()).decode()[:8]


def _normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
