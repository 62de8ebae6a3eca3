"""The engine of a launcher's kernel: a fork of its keeper's process, or started, and the same."""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import psutil
import pytest

from .jupyter import Kernel, started

VIVO = str(Path(sys.executable).parent / "vivo")
# Whatever user code can see of how its process came to be.
SEEN = """
import json, os, signal, stat, sys, threading, multiprocessing.util as _util
_kinds = {}
for _name in os.listdir("/dev/fd"):
    try:
        _mode = os.fstat(int(_name)).st_mode
        _kinds[_name] = stat.S_IFMT(_mode), os.get_inheritable(int(_name)) and int(_name) < 3
    except OSError:
        pass
print(json.dumps({
    "flags": list(sys.flags), "path": sys.path, "argv": sys.argv, "options": sys._xoptions,
    "warnings": sys.warnoptions, "interpreter": _util._args_from_interpreter_flags(),
    "variables": {k: v for k, v in sorted(os.environ.items()) if k not in LEFT_OUT},
    "folder": os.getcwd(), "session": os.getsid(0) == os.getpid() == os.getpgid(0),
    "standard": {number: _kinds[number] for number in "012"}, "descriptors": len(_kinds),
    "signals": [str(signal.getsignal(number))[:25] for number in (1, 2, 10, 13, 15, 25)],
    "blocked": sorted(map(int, signal.pthread_sigmask(signal.SIG_BLOCK, []))),
    "main": sorted(k for k in sys.modules["__main__"].__dict__ if k.startswith("__")),
    "prefixes": [sys.prefix, sys.exec_prefix, sys.base_prefix, sys.executable],
    "encodings": [sys.getdefaultencoding(), sys.getfilesystemencoding(), sys.stdout.encoding],
    "mask": os.umask(0o77),
    "user": __import__("site").ENABLE_USER_SITE,
}))
"""
FORCED = "PYTHONTRACEMALLOC"  # its value of 0 changes nothing, but that the engine is started


@pytest.fixture
def installed(home: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The kernelspec, where Jupyter finds it."""
    words = [VIVO, "kernelspec", "install", "--prefix", str(home / "prefix")]
    subprocess.run(words, capture_output=True, check=True)
    monkeypatch.setenv("JUPYTER_PATH", str(home / "prefix" / "share" / "jupyter"))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(home / "run"))
    for name in ("PYTHONPATH", "PYTHONHOME", FORCED):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def is_fork(kernel: Kernel) -> bool:
    """Whether the kernel's engine has the command line of its keeper."""
    keeper = psutil.Process(kernel.manager.provisioner.process.pid)
    (engine,) = keeper.children()
    return engine.cmdline() == keeper.cmdline()


def seen(kernel: Kernel, *left_out: str) -> dict[str, Any]:
    """What user code sees of its process."""
    code = SEEN.replace("LEFT_OUT", repr([FORCED, "JPY_PARENT_PID", *left_out]))
    return dict(json.loads(kernel.text(kernel.execute(code))))


@pytest.mark.sessions
def test_user_code_sees_no_difference(installed: pytest.MonkeyPatch) -> None:
    """Flags, paths, variables, descriptors, signals: a fork has what a started process has."""
    installed.setenv("PYTHONSTARTUP", "startup.py")
    with started() as kernel:
        assert is_fork(kernel)
        forked = seen(kernel)
    installed.setenv(FORCED, "0")
    with started() as kernel:
        assert not is_fork(kernel)
        assert seen(kernel) == forked
    assert forked["session"]
    assert forked["variables"]["PYTHONSTARTUP"] == "startup.py"


@pytest.mark.sessions
@pytest.mark.parametrize("name", ["PYTHONPATH", "PYTHONDEVMODE", "PYTHONOPTIMIZE"])
def test_a_variable_that_changes_python_is_not_the_keepers(
    installed: pytest.MonkeyPatch, home: Path, name: str
) -> None:
    """The engine alone has what it asks for."""
    folder = home / "mine"
    folder.mkdir()
    for shadow in ("msgspec", "json", "zmq", "kernel"):
        (folder / f"{shadow}.py").write_text("raise RuntimeError('the wrong one')\n")
    installed.setenv(name, str(folder) if name == "PYTHONPATH" else "1")
    with started() as kernel:
        assert not is_fork(kernel)
        code = "import sys; print(sys.flags.dev_mode, sys.flags.optimize, sys.path)"
        told = kernel.text(kernel.execute(code))
    assert told.startswith(f"{name == 'PYTHONDEVMODE'} {int(name == 'PYTHONOPTIMIZE')}")
    assert (str(folder) in told) is (name == "PYTHONPATH")


@pytest.mark.sessions
def test_an_environment_that_starts_threads_is_not_forked(
    installed: pytest.MonkeyPatch, home: Path
) -> None:
    """A fork would have lost them, and might wait for what they held."""
    python = home / "environment" / "bin" / "python"
    subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", str(python.parent.parent)], check=True
    )
    packages = sysconfig.get_path("purelib")
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    own = python.parent.parent / "lib" / version / "site-packages"
    (own / "others.pth").write_text(f"import site; site.addsitedir({packages!r})\n")
    (own / "threads.pth").write_text(
        "import threading; threading.Thread(target=threading.Event().wait, daemon=True).start()\n"
    )
    path = home / "prefix" / "share" / "jupyter" / "kernels" / "vivo" / "kernel.json"
    spec = json.loads(path.read_text())
    spec["argv"][0] = str(python)
    path.write_text(json.dumps(spec))
    with started() as kernel:
        assert not is_fork(kernel)
        code = "import threading; print(threading.active_count() > 1, __import__('sys').executable)"
        assert kernel.text(kernel.execute(code)) == f"True {python}\n"


@pytest.mark.sessions
def test_a_kernelspec_of_before_goes_on_working(installed: pytest.MonkeyPatch, home: Path) -> None:
    """Its command keeps Python from reading its environment: the engine is started."""
    path = home / "prefix" / "share" / "jupyter" / "kernels" / "vivo" / "kernel.json"
    spec = json.loads(path.read_text())
    assert spec["argv"][1] == "-u"
    spec["argv"][1:2] = ["-E", "-P", "-S"]
    path.write_text(json.dumps(spec))
    with started() as kernel:
        assert not is_fork(kernel)
        assert kernel.run("1")["status"] == "ok"
