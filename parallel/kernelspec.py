"""vivo as a Jupyter kernel: its kernelspec, and running under Jupyter's launchers."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .connection import read_connection
from .directories import cache_folder, history_file
from .errors import SessionError
from .launch import check_python
from .registry import new_id

KERNEL_NAME = "vivo"


def kernelspec(python: str | None) -> dict[str, object]:
    """The contents of ``kernel.json``. ``python`` is the interpreter of the user's code."""
    # -E and -P: a notebook folder's types.py must not become ours.
    python_itself = [sys.executable, "-E", "-P", "-m", "vivo.server.cli"]
    argv = [*python_itself, "kernel", "-f", "{connection_file}"]
    if python is not None:
        argv += ["--python", python]
    return {
        "argv": argv,
        "display_name": "Python (vivo)",
        "language": "python",
        "interrupt_mode": "message",
        "metadata": {"debugger": False},
    }


def install(prefix: Path, *, python: str | None = None) -> Path:
    """Write the kernelspec under ``prefix/share/jupyter``; gives its folder.

    Raises :class:`SessionError` if it cannot be written, or the interpreter cannot serve.
    """
    if python is not None:
        check_python(python)
    folder = prefix / "share" / "jupyter" / "kernels" / KERNEL_NAME
    return _write(folder, python)


def install_for_user(*, python: str | None = None) -> Path:
    """Write the kernelspec where Jupyter looks for the user's own."""
    data = os.environ.get("JUPYTER_DATA_DIR")
    base = Path(data) if data else _user_data_folder()
    return _write(base / "kernels" / KERNEL_NAME, python)


def _user_data_folder() -> Path:
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Jupyter"
    data = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(data) / "jupyter"


def _write(folder: Path, python: str | None) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(kernelspec(python), indent=1)
        (folder / "kernel.json").write_text(text + "\n", "utf-8")
    except OSError as error:
        raise SessionError(
            f"The kernelspec cannot be written to {folder} ({error.strerror}): choose another "
            "--prefix."
        ) from None
    return folder


def run_kernel(connection_file: str, python: str | None = None, profile: str | None = None) -> int:
    """Keep a session for a foreign launcher, in this process, until it or its launcher ends."""
    connection = read_connection(connection_file)
    interpreter = python or sys.executable
    check_python(interpreter)
    session = new_id()
    with tempfile.TemporaryDirectory(prefix="vivo-kernel-") as folder:
        spec: dict[str, Any] = {
            "id": session,
            "name": KERNEL_NAME,
            "python": interpreter,
            "cwd": str(Path.cwd()),
            "workspace": None,
            "profile": profile,
            "connection": asdict(connection),
            "connection_file": connection_file,
            "journal": folder,
            "history": str(history_file()),
            "cache": str(cache_folder("bytecode")),
            "foreign": True,
            "ready": None,
        }
        return _keep(spec)


def _keep(spec: dict[str, Any]) -> int:
    from .frames import Ordering
    from .keeper.spawn import spawn_engine

    magic = Ordering.new_magic()
    try:
        engine = spawn_engine(spec, magic)
    except OSError as error:
        raise SessionError(f"{spec['python']} cannot be started: {error.strerror}.") from None
    from .keeper.loop import Keeper

    Keeper(spec, engine, magic).run()
    return 0
