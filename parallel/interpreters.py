"""A session's interpreter: found as the user names it, and tried before anything is started.

Rules:

1. A link is not resolved: an environment's ``bin/python`` is a link, and which environment it is
   stands in its own path.
2. An interpreter is tried in the session's folder and environment, as it will run: what a shim
   starts depends on both.
3. What is named may be any program: it gets no input, and what it writes is read to a bound.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import select
import shutil
import signal
import stat
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from .directories import current_folder, in_full
from .errors import SessionError
from .keeper.spawn import describe_exit

OLDEST_PYTHON = (3, 10)
_SECONDS = 30.0
_MOST_BYTES = 2**16
# Runs in every Python from 2.7 on. The folder it runs in is taken off the path first.
_PROBE = "import sys; del sys.path[:1]; print('vivo-probe %d.%d.%d' % sys.version_info[:3])"
_ANSWER = re.compile(r"^vivo-probe (\d+)\.(\d+)\.(\d+)$", re.MULTILINE)
_NEEDED = f"sessions need {'.'.join(map(str, OLDEST_PYTHON))} or newer"
CHOOSE = "choose another with --python, or in your editor's setting vivo.python."


def find_python(name: str, folder: str | Path | None = None) -> str:
    """The path of an interpreter that is named as people name one.

    ``name`` is a path to an interpreter, to an environment's folder (where ``bin/python`` is
    meant), a name on the ``PATH``, or a version, as ``3.12``. A relative path counts from
    ``folder``, the current one by default. What is not found is given back as far as it is
    known; :func:`check_python` says what is wrong with it.
    """
    if os.sep not in name:
        is_version = re.fullmatch(r"\d+(\.\d+)?", name) is not None
        found = shutil.which(f"python{name}" if is_version else name)
        if found is not None:
            return str(in_full(Path(found)))
    path = Path(folder or "", Path(name).expanduser())
    if os.sep not in name and not (path.exists() or path.is_symlink()):
        return name
    for inside in (path / "bin" / "python", path / "bin" / "python3"):
        if inside.exists() or inside.is_symlink():
            path = inside
            break
    return str(in_full(path))


def check_python(python: str, folder: str | None = None) -> tuple[int, ...]:
    """The version of an interpreter, which is run once, in ``folder``, without the user's paths.

    Raises :class:`SessionError`, one sentence, if it cannot serve a session.
    """
    _check_file(python)
    answer = _run(python, folder)
    match = _ANSWER.search(answer.text)
    if match is None or answer.status != 0:
        raise SessionError(_why_not(python, folder, answer))
    version = tuple(map(int, match.groups()))
    if version < OLDEST_PYTHON:
        told = ".".join(match.groups())
        raise SessionError(f"{python} is Python {told}; {_NEEDED}: {CHOOSE}")
    return version


def _check_file(python: str) -> None:
    """Raise :class:`SessionError` if there is no file that could be run."""
    path = python if os.sep in python else shutil.which(python)
    if path is None:
        named = f"named {python}, on the PATH or here" if python else "without a name"
        raise SessionError(f"There is no interpreter {named}: {CHOOSE}")
    try:
        mode = Path(path).stat().st_mode
    except (OSError, ValueError) as error:
        raise SessionError(_why_not_there(path, error)) from None
    if stat.S_ISDIR(mode):
        raise SessionError(
            f"The folder {path} is no Python environment (it has no bin/python): {CHOOSE}"
        )
    if not os.access(path, os.X_OK):
        raise SessionError(f"{path} is not executable, so it is no interpreter: {CHOOSE}")


def _why_not_there(python: str, error: OSError | ValueError) -> str:
    number = error.errno if isinstance(error, OSError) else None
    if number == errno.ENOENT and Path(python).is_symlink():
        return (
            f"The interpreter {python} is a link to {os.path.realpath(python)}, which is gone: "
            f"make its environment again, or {CHOOSE}"
        )
    if number in (errno.ENOENT, errno.ENOTDIR):
        return f"There is no interpreter {python}: {CHOOSE}"
    told = os.strerror(number) if number is not None else str(error)
    return f"The interpreter {python} cannot be reached ({told}): {CHOOSE}"


@dataclass(frozen=True)
class _Answer:
    """What a program did: its output and errors, and its status as ``subprocess`` gives it."""

    text: str
    status: int | None
    """None if it was ended, for its silence or for its flood."""


def _run(python: str, folder: str | None) -> _Answer:
    # -E and -s, not -I: Python 2.7 knows no -I, and should be told that it is too old.
    words = [python, "-E", "-s", "-S", "-c", _PROBE]
    try:
        process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=folder,
            start_new_session=True,
        )
    except OSError as error:
        told = "it is for another machine, or a script without #!"
        told = told if error.errno == errno.ENOEXEC else os.strerror(error.errno or 0)
        if error.errno == errno.ENOENT:
            told = "the program that it names in its first line is gone"
        raise SessionError(f"{python} cannot be run ({told}): {CHOOSE}") from None
    assert process.stdout is not None
    until = time.monotonic() + _SECONDS
    with process.stdout:
        data = _read(process.stdout.fileno(), until)
        try:
            left = until - time.monotonic()
            status = process.wait(0 if len(data) >= _MOST_BYTES else max(0.0, left))
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            status = None
    return _Answer(data.decode("utf-8", "replace"), status)


def _read(descriptor: int, until: float) -> bytes:
    """What a program writes, up to a time and to the bound."""
    data = b""
    while len(data) < _MOST_BYTES and (left := until - time.monotonic()) > 0:
        if not select.select([descriptor], [], [], left)[0]:
            break
        chunk = os.read(descriptor, _MOST_BYTES)
        if not chunk:
            break
        data += chunk
    return data


def _why_not(python: str, folder: str | None, answer: _Answer) -> str:
    """The sentence for a program that did not answer as a Python does."""
    lines = [line.strip() for line in answer.text.splitlines() if line.strip()]
    if lines and lines[0].startswith("pyenv: "):
        return _why_no_shim(python, folder, lines)
    if answer.status is None:
        silent = f"gave no answer within {_SECONDS:.0f} s" if not lines else "does not end"
        return f"{python} is no working Python (it {silent}): {CHOOSE}"
    if answer.status < 0:
        told = describe_exit(answer.status)
        return f"{python} is broken: it is {told} as it starts; reinstall it, or {CHOOSE}"
    lost = next((line for line in lines if line.startswith("ModuleNotFoundError: ")), None)
    if lost is None and any("init_fs_encoding" in line for line in lines):
        lost = "ModuleNotFoundError: No module named 'encodings'"
    if lost is not None:
        told = lost.partition(": ")[2]
        return (
            f"{python} is broken: it does not find its own standard library ({told}); "
            f"reinstall it, or {CHOOSE}"
        )
    # A Python ends with what is wrong; other programs begin with it.
    is_python = any(line.startswith(("Traceback", "Fatal Python error")) for line in lines)
    told = (lines[-1] if is_python else lines[0]) if lines else f"exit status {answer.status}"
    return f"{python} is no working Python ({told[:200]}): {CHOOSE}"


def _why_no_shim(python: str, folder: str | None, lines: list[str]) -> str:
    """The sentence for a shim of pyenv that starts nothing in the session's folder."""
    versions = [line for line in lines if re.fullmatch(r"\d+\.\d+\.\d+", line)]
    new = [each for each in versions if tuple(map(int, each.split("."))) >= OLDEST_PYTHON]
    if versions and not new:
        return f"{python} is a shim for Python {versions[-1]}; {_NEEDED}: {CHOOSE}"
    if not versions:
        return f"{python} is a shim that starts no Python here ({lines[0]}): {CHOOSE}"
    return (
        f"{python} is a shim of pyenv, and no version that has it is chosen in "
        f"{folder or current_folder()}: do `pyenv local {new[-1]}` there, or {CHOOSE}"
    )
