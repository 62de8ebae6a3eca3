"""Shared fixtures: a home of its own for each test, and a check that nothing is left behind.

Rules:

1. No test touches the user's own files: ``home`` sets every folder a program may ask for.
2. A process, thread, socket or file descriptor that outlives its test fails that test.
3. A process belongs to a test if the test's home stands in its environment, whoever its
   parent is by then: sessions detach themselves from their starter on purpose.
"""

from __future__ import annotations

import gc
import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import psutil
import pytest

T = TypeVar("T")

# A shell that starts a command in the background has it ignore these, and so would all that tests
# start: nothing could be interrupted.
for _number in (signal.SIGINT, signal.SIGQUIT):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(
            _number, signal.default_int_handler if _number == signal.SIGINT else signal.SIG_DFL
        )

GRACE = 10.0  # seconds that something already ending gets to be gone

HOME_VARIABLES = {
    "HOME": "",
    "XDG_RUNTIME_DIR": "run",
    "XDG_STATE_HOME": "state",
    "XDG_DATA_HOME": "data",
    "XDG_CONFIG_HOME": "config",
    "XDG_CACHE_HOME": "cache",
    "IPYTHONDIR": "ipython",
    "JUPYTER_CONFIG_DIR": "jupyter",
    "MPLCONFIGDIR": "matplotlib",
}


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, leaves_nothing: None) -> Iterator[Path]:
    """A new home, short enough for Unix sockets; what runs in it must end with the test."""
    path = Path(tempfile.mkdtemp(prefix="vv-", dir="/tmp"))
    for name, folder in HOME_VARIABLES.items():
        target = path / folder
        target.mkdir(mode=0o700, exist_ok=True)
        monkeypatch.setenv(name, str(target))
    monkeypatch.setenv("VIVO_TEST_HOME", str(path))
    monkeypatch.setenv("SHELL", shutil.which("bash") or "/bin/sh")
    for name in ("VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONPATH", "PYTHONSTARTUP"):
        monkeypatch.delenv(name, raising=False)
    yield path
    left = _wait_until_gone(lambda: processes_of(path))
    for process in left:
        process.kill()
    shutil.rmtree(path, ignore_errors=True)
    assert not left, f"processes outlived the test: {[_describe(p) for p in left]}"


@pytest.fixture(autouse=True)
def leaves_nothing() -> Iterator[None]:
    """Fail a test that leaves a child process, a thread, or an open file descriptor."""
    threads = set(threading.enumerate())
    children = {p.pid for p in psutil.Process().children(recursive=True)}
    descriptors = _descriptors()
    yield
    left_threads = _wait_until_gone(
        lambda: [t for t in threading.enumerate() if t not in threads and t.is_alive()]
    )
    left_children = _wait_until_gone(
        lambda: [p for p in _children() if p.pid not in children and _is_alive(p)]
    )
    if set(_descriptors()) - set(descriptors):
        gc.collect()  # what only a reference cycle keeps open is not a leak
    left_descriptors = _wait_until_gone(
        lambda: sorted(
            f"{number} → {target}"
            for number, target in _descriptors().items()
            if number not in descriptors and _counts(target)
        )
    )
    for process in left_children:
        process.kill()
    assert not left_threads, f"threads outlived the test: {left_threads}"
    assert not left_children, f"processes outlived the test: {left_children}"
    assert not left_descriptors, f"file descriptors outlived the test: {left_descriptors}"


def processes_of(path: Path) -> list[psutil.Process]:
    """Every process, other than this one, that was started in the home ``path``."""
    marker = str(path)
    found = []
    for process in psutil.process_iter():
        try:
            mine = process.environ().get("VIVO_TEST_HOME") == marker
            if mine and process.pid != os.getpid() and _is_alive(process):
                found.append(process)
        except (psutil.Error, OSError):
            continue  # it ended while we looked, or it is not ours to look at
    return found


def _wait_until_gone(look: Callable[[], list[T]]) -> list[T]:
    """What ``look`` still finds once the grace is over; at once if it finds nothing."""
    pause = threading.Event()
    waited = 0.0
    while (found := look()) and waited < GRACE:
        pause.wait(0.02)
        waited += 0.02
    return found


def _children() -> list[psutil.Process]:
    return psutil.Process().children(recursive=True)


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _describe(process: psutil.Process) -> str:
    try:
        return f"{process.pid} {' '.join(process.cmdline())}"
    except psutil.Error:
        return str(process.pid)


def _descriptors() -> dict[int, str]:
    found = {}
    folder = Path("/proc/self/fd")
    for name in os.listdir(folder):
        try:
            found[int(name)] = os.readlink(folder / name)
        except OSError:
            continue  # the descriptor of the listing itself
    return found


def _counts(target: str) -> bool:
    # An interpreter opens these once for itself, and matplotlib its fonts, whichever test is first.
    return not target.startswith(("/dev/", "/proc/")) and not target.endswith(".ttf")
