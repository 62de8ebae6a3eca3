"""What a session's start loads, and what it goes without."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import platformdirs
import pytest
from vivo.parallel import directories

# What takes milliseconds to load, and no first cell needs.
_DEAR = [
    "typing_extensions",
    "pickle",
    "_hashlib",
    "inspect",
    "logging",
    "tempfile",
    "shutil",
    "platformdirs",
]


def loaded(code: str) -> set[str]:
    """The modules that a Python has after some code."""
    code += "\nimport sys, json; print(json.dumps(sorted(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    return set(json.loads(ran.stdout))


def test_a_keeper_loads_nothing_dear_that_no_first_cell_needs() -> None:
    """And what it went without can be loaded later."""
    code = (
        "from vivo.parallel.keeper.loading import load_libraries\n"
        "load_libraries()\n"
        "from vivo.parallel.keeper.loop import Keeper\n"
    )
    assert sorted({*_DEAR} & loaded(code)) == []
    more = {"typing_extensions", "pickle", "_hashlib"}
    assert more <= loaded(f"{code}import typing_extensions, pickle, _hashlib")


def test_a_pyzmq_that_wants_more_of_pickle_gets_it() -> None:
    """A later one, perhaps: the keeper starts, and has loaded it whole."""
    code = (
        "import sys, types\n"
        "from importlib.machinery import ModuleSpec\n"
        "class Later:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        return ModuleSpec(name, self) if name == 'zmq' else None\n"
        "    def create_module(self, spec): return None\n"
        "    def exec_module(self, module):\n"
        "        import pickle\n"
        "        module.wanted = pickle.Unpickler\n"
        "sys.meta_path.insert(0, Later())\n"
        "from vivo.parallel.keeper.loading import load_zmq\n"
        "load_zmq()\n"
        "import zmq; assert zmq.wanted\n"
    )
    assert "pickle" in loaded(code)


@pytest.mark.parametrize(
    ("flags", "begin"), [(["-E", "-P", "-S"], "posix_spawnp"), (["-u"], "fork")]
)
def test_a_kernel_begins_its_engine_before_it_loads_anything(flags: list[str], begin: str) -> None:
    """What is loaded by then is waited for in full, be the engine started or a fork."""
    script = directories.__file__.replace("directories", "kernel_script")
    code = (
        "import os, sys\n"
        "before = {*sys.modules}\n"
        "def told(*_, **options):\n"
        "    os.write(1, ' '.join({*sys.modules} - before).encode())\n"
        "    os._exit(0)\n"
        f"os.{begin} = told\n"
        f"sys.argv = [__file__ := {script!r}, 'none.json']\n"
        f"sys.orig_argv = [sys.executable, *{flags}, *sys.argv]\n"
        "exec(compile(open(__file__).read(), __file__, 'exec'))\n"
    )
    words = [sys.executable, *flags, "-c", code]
    variables = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    ran = subprocess.run(words, check=True, capture_output=True, text=True, env=variables)
    found = ran.stdout.split()
    assert "vivo.parallel.keeper.child" in found
    dear = {"typing", "subprocess", "socket", "signal", "enum", "re", "contextlib", "site"}
    assert not dear & {*found}


@pytest.mark.parametrize("home", ["/home/of", "", "relative"])
@pytest.mark.parametrize("told", [None, "", "/elsewhere", "relative"])
def test_the_users_folders_are_where_the_system_has_them(
    monkeypatch: pytest.MonkeyPatch, told: str | None, home: str
) -> None:
    """As platformdirs says, whatever the variables hold."""
    monkeypatch.setenv("HOME", home)
    for kind in ("CACHE", "DATA", "STATE"):
        if told is None:
            monkeypatch.delenv(f"XDG_{kind}_HOME", raising=False)
        else:
            monkeypatch.setenv(f"XDG_{kind}_HOME", told)
    base = Path(platformdirs.user_state_dir("vivo", appauthor=False))
    assert directories.journals_folder() == base / "sessions"
    base = Path(platformdirs.user_data_dir("vivo", appauthor=False))
    assert directories.history_file() == base / "history.sqlite"


@pytest.mark.parametrize("is_there", [True, False])
def test_a_scratch_folder_is_the_users_alone_and_goes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, is_there: bool
) -> None:
    """In the folder for temporary files; where that is missing, in the next best."""
    base = tmp_path if is_there else tmp_path / "none"
    monkeypatch.setenv("TMPDIR", str(base))
    with directories.scratch_folder("of-a-test-") as folder:
        assert Path(folder).stat().st_mode & 0o777 == 0o700
        assert (Path(folder).parent == base) is is_there
        (Path(folder) / "held").touch()
    assert not Path(folder).exists()
