"""Where an interpreter finds its modules, read from the disk. Nothing of it is run.

Rules:

1. No interpreter is started and no file of an environment is executed: a workspace's own may be
   hostile. Of ``.pth`` files the lines that name folders are read, those that are code are not.
2. What cannot be read is left out: static answers then know less, and say nothing wrong.
"""

from __future__ import annotations

import re
import sys
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

_VERSION = re.compile(r"python(\d+)\.(\d+)$")
_LARGEST_PTH = 100_000  # bytes
_MAXIMUM_PTH = 200  # of one folder


class Environment(NamedTuple):
    """What is known of an interpreter's modules."""

    folders: tuple[str, ...]
    """In the order in which modules are looked for; the standard library first."""
    version: tuple[int, int]


@lru_cache(maxsize=32)
def environment_of(python: str) -> Environment:
    """The environment of an interpreter, by its path as the user named it."""
    if python == sys.executable:
        here = tuple(path for path in sys.path if path)
        return Environment(here, (sys.version_info[0], sys.version_info[1]))
    prefix = Path(python).absolute().parent.parent
    settings = _venv_settings(prefix)
    base = prefix
    if settings is not None:
        base = Path(settings.get("home", "")).parent
    else:
        base = _base_of(Path(python), prefix)
    library = _library(base)
    version = _version(settings, library)
    folders: list[str] = []
    if library is not None:
        folders += [str(library), str(library / "lib-dynload")]
    name = f"python{version[0]}.{version[1]}"
    if settings is not None:
        folders += _site(prefix / "lib" / name / "site-packages")
    if settings is None or settings.get("include-system-site-packages", "") == "true":
        folders += _site(base / "lib" / name / "site-packages")
        folders += _site(base / "lib" / "python3" / "dist-packages")
        folders += _site(base / "local" / "lib" / name / "dist-packages")
    return Environment(tuple(dict.fromkeys(folders)), version)


def _venv_settings(prefix: Path) -> dict[str, str] | None:
    try:
        text = (prefix / "pyvenv.cfg").read_text("utf-8", errors="replace")
    except OSError:
        return None
    pairs = (line.partition("=") for line in text.splitlines())
    return {key.strip().lower(): value.strip() for key, _, value in pairs}


def _base_of(python: Path, prefix: Path) -> Path:
    if _library(prefix) is not None:
        return prefix
    try:
        return python.resolve().parent.parent
    except (OSError, RuntimeError):
        return prefix


def _library(base: Path) -> Path | None:
    """The folder of the standard library below a prefix."""
    try:
        found = [path for path in (base / "lib").glob("python3.*") if (path / "os.py").is_file()]
    except OSError:
        return None
    return max(found, key=lambda path: _number(path.name), default=None)


def _number(name: str) -> tuple[int, int]:
    match = _VERSION.search(name)
    return (int(match[1]), int(match[2])) if match is not None else (0, 0)


def _version(settings: dict[str, str] | None, library: Path | None) -> tuple[int, int]:
    told = (settings or {}).get("version") or (settings or {}).get("version_info") or ""
    if match := re.match(r"(\d+)\.(\d+)", told):
        return int(match[1]), int(match[2])
    if library is not None:
        return _number(library.name)
    return sys.version_info[0], sys.version_info[1]


def _site(folder: Path) -> list[str]:
    """A folder of packages and those that its ``.pth`` files name."""
    try:
        if not folder.is_dir():
            return []
        files = sorted(folder.glob("*.pth"))[:_MAXIMUM_PTH]
    except OSError:
        return []
    found = [str(folder)]
    for file in files:
        try:
            if file.stat().st_size > _LARGEST_PTH:
                continue
            lines = file.read_text("utf-8", errors="replace").splitlines()
        except OSError:
            continue
        for line in lines:
            entry = line.strip()
            if entry and not entry.startswith(("#", "import ", "import\t")):
                path = folder / entry
                if path.is_dir():
                    found.append(str(path))
    return found
