"""What code finds around it: in a session, and in a plain Python that is started beside it.

``probes/process.py`` looks at all that a program may depend on, in itself and in its children. What
may differ between the two stands in :data:`DECLARED` and :data:`MORE`; all else must be the same.
"""

from __future__ import annotations

import hashlib
import json
import os
import pkgutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vivo.parallel.client import SessionClient
from vivo.parallel.launch import end_session
from vivo.parallel.messages import RunRecord
from vivo.parallel.registry import Registry

VIVO = str(Path(sys.executable).parent / "vivo")

_PROBES = Path(__file__).parent / "probes"

DECLARED = {
    "signals.SIGINT": "it interrupts the cell",
    "descriptors": "the engine's own sockets, pipes and history; none is inheritable",
    "switch_interval": "the lane answers beside busy threads",
    "faulthandler": "a crash shows where",
    "hooks.breakpointhook": "the debugger asks through the front end",
}
MORE = {
    "meta_path": {"Finder", "ShimFinder", "ImportWatcher", "PoolFinder", "BackendChooser"},
    "builtins": {"__IPYTHON__", "get_ipython"},
    "threads": {"vivo-lane"},
    "found": {"vivo"},
    "names": {"In", "Out", "_i", "_i1", "_ii", "_iii", "display", "exit", "quit", "get_ipython"},
}
"""What a session has more of."""
_LESS = {"names": {"__annotations__", "__cached__", "__file__"}}
"""A program read from a file has these."""


@dataclass(frozen=True)
class Place:
    """Where a Python is started."""

    folder: Path
    environment: dict[str, str]
    before: str = ""
    """What a shell does first, as ``umask 027``."""

    def words(self, *words: str) -> list[str]:
        """A command in this place, run by a shell."""
        return ["/bin/sh", "-c", f'{self.before}\nexec "$@"', "sh", *words]


def ours() -> list[str]:
    """All that can be imported beside vivo, and must not be by the user."""
    folders = [folder for folder in sys.path if folder.endswith("site-packages")]
    names = [each.name for each in pkgutil.iter_modules(folders)]
    assert {"zmq", "msgspec", "pygls", "psutil", "prompt_toolkit"} < {*names}
    return names


def probe(result: Path) -> str:
    """The probe's source: it writes what it finds to ``result``."""
    told = {"RESULT": str(result), "CHILD": str(_PROBES / "child.py"), "NAMES": ours()}
    assignments = [f"{name} = {value!r}" for name, value in told.items()]
    return "\n".join([*assignments, (_PROBES / "process.py").read_text()])


def of_plain(python: Path, place: Place) -> dict[str, Any]:
    """What a plain Python finds, which reads its program from its input."""
    result = place.folder / "plain.json"
    subprocess.run(
        place.words(str(python)),
        input=probe(result),
        text=True,
        cwd=place.folder,
        env=place.environment,
        check=True,
    )
    return _taken(result)


async def of_session(python: Path, place: Place) -> dict[str, Any]:
    """What the first cell finds in a session that the command starts in the same place."""
    result = place.folder / "session.json"
    session = start(python, place)
    try:
        record = await run(session, probe(result))
    finally:
        await end_session(session)
    assert record.status == "ok", record.error
    return _taken(result)


def start(python: Path, place: Place) -> str:
    """The id of a session that the command starts there."""
    words = place.words(VIVO, "session", "start", "--python", str(python))
    result = subprocess.run(
        words, capture_output=True, text=True, cwd=place.folder, env=place.environment, check=False
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


async def run(session: str, code: str) -> RunRecord:
    """Run a cell in a session."""
    entry = Registry().get(session)
    assert entry is not None
    client = await SessionClient.connect(entry.connection_file, name="test")
    try:
        return await (await client.execute(code)).finished()
    finally:
        await client.close()


def _taken(result: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(result.read_text())
    result.unlink()
    return found


def own_environment(**changed: str | None) -> dict[str, str]:
    """This process's variables, without what would hide that something is written."""
    told: dict[str, str | None] = {**os.environ, **changed}
    for name in ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"):
        told.setdefault(name, None)
        if name not in changed:
            told[name] = None
    return {name: value for name, value in told.items() if value is not None}


def undeclared(plain: dict[str, Any], session: dict[str, Any]) -> list[str]:
    """Each difference that is not declared, in words."""
    told = []
    for key, one, other in _pairs("", plain, session):
        if one == other or key in DECLARED:
            continue
        if key == "modules":
            standard = {*plain["standard"], "vivo", "__mp_main__"}
            more = {name for name in {*other} - {*one} if name.partition(".")[0] not in standard}
            if more:
                told.append(f"modules: also {sorted(more)}")
        elif key in MORE:
            kept = [each for each in other if each not in MORE[key] or each in one]
            if kept != [each for each in one if each not in _LESS.get(key, ())]:
                told.append(f"{key}: {one} became {other}")
        else:
            told.append(f"{key}: {one} became {other}")
    return told


def _pairs(key: str, one: Any, other: Any) -> list[tuple[str, Any, Any]]:
    if not (isinstance(one, dict) and isinstance(other, dict)):
        return [(key, one, other)]
    found = []
    for name in {**one, **other}:
        inner = f"{key}.{name}" if key else name
        found += _pairs(inner, one.get(name, "nothing"), other.get(name, "nothing"))
    return found


def contents(folder: Path) -> dict[str, tuple[object, ...]]:
    """What lies in a folder: kind, mode, size, time of change and a hash of each, bytecode too."""
    found: dict[str, tuple[object, ...]] = {}
    for path in (folder, *folder.rglob("*")):
        status = path.lstat()
        facts = (status.st_mode, status.st_size, status.st_mtime_ns, status.st_ino)
        if path.is_symlink():
            found[str(path)] = (*facts, os.readlink(path))
        elif path.is_file():
            found[str(path)] = (*facts, hashlib.sha256(path.read_bytes()).hexdigest())
        else:
            found[str(path)] = facts
    return found


def changes(before: dict[str, tuple[object, ...]], folder: Path) -> list[str]:
    """The paths at which a folder is no longer what it was."""
    after = contents(folder)
    return sorted(path for path in {*before, *after} if before.get(path) != after.get(path))
