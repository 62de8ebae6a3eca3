"""vivo as a Jupyter kernel: its kernelspec, and running under Jupyter's launchers."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from .errors import SessionError
from .interpreters import check_python, find_python

KERNEL_NAME = "vivo"


def kernelspec(python: str | None) -> dict[str, object]:
    """The contents of ``kernel.json``. ``python`` is the interpreter of the user's code."""
    script = Path(__file__).with_name("kernel_script.py")
    is_other = python not in (None, sys.executable)
    # Where the engine can be no fork, at once with the flags that the script would take.
    flags = ["-E", "-P", "-S"] if is_other or sys.platform != "linux" else ["-u"]
    argv = [sys.executable, *flags, str(script), "{connection_file}"]
    if python is not None:
        argv.append(python)
    return {
        "argv": argv,
        "display_name": "Python (vivo)",
        "language": "python",
        "interrupt_mode": "message",
        "metadata": {"debugger": True},
    }


def install(prefix: Path, *, python: str | None = None) -> Path:
    """Write the kernelspec under ``prefix/share/jupyter``; gives its folder.

    Raises :class:`SessionError` if it cannot be written, or the interpreter cannot serve.
    """
    folder = prefix / "share" / "jupyter" / "kernels" / KERNEL_NAME
    return _write(folder, python)


def install_for_user(*, python: str | None = None) -> Path:
    """Write the kernelspec where Jupyter looks for the user's own.

    Raises :class:`SessionError` as :func:`install` does.
    """
    data = os.environ.get("JUPYTER_DATA_DIR")
    base = Path(data) if data else _user_data_folder()
    return _write(base / "kernels" / KERNEL_NAME, python)


def _user_data_folder() -> Path:
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Jupyter"
    data = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(data) / "jupyter"


def _write(folder: Path, python: str | None) -> Path:
    if python is not None:
        python = find_python(python)  # in full: Jupyter starts kernels in any folder
        check_python(python)
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
