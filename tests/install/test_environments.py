"""Any environment serves as the user's, and is afterwards what it was, to the byte.

Each is made from nothing, and used by the command that a user types: ``vivo session start``.
"""

from __future__ import annotations

import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from vivo.parallel.client import SessionClient
from vivo.parallel.launch import end_session
from vivo.parallel.registry import Registry

from ..core.test_every_python import pythons
from ..parallel import surroundings
from ..parallel.dialogues import Dialogue

pytestmark = pytest.mark.timeout(400)  # pip downloads and compiles

PYTHONS = pythons()
OLDEST, NEWEST = min(PYTHONS), max(PYTHONS)
# The oldest numpy that has wheels for a Python.
OLD_NUMPY = {(3, 10): "1.21.6", (3, 11): "1.23.2", (3, 12): "1.26.0", (3, 13): "2.1.0"}
# Each is older than the one vivo needs, and does not do what vivo wants of it.
OTHER_VERSIONS = (
    "msgspec<0.19", "pyzmq<26", "psutil<5.9.5", "platformdirs<4", "parso<0.8", "pygls<1",
    "prompt_toolkit<3", "pygments<2.15", "attrs<22", "debugpy<1.8",
)  # fmt: skip


def environment(python: str, folder: Path, *packages: str, alone: bool = False) -> Path:
    """The interpreter of a new environment with some packages; ``alone`` without what they need."""
    bare = () if packages else ("--without-pip",)
    subprocess.run([python, "-m", "venv", *bare, str(folder)], check=True)
    made = folder / "bin" / "python"
    if packages:
        quiet = ["-q", "--disable-pip-version-check", "--only-binary", ":all:"]
        words = [*quiet, *(["--no-deps"] if alone else []), *packages]
        subprocess.run([str(made), "-m", "pip", "install", *words], check=True, env=variables())
    return made


def variables() -> dict[str, str]:
    """This process's, without those that keep a Python from writing."""
    return surroundings.own_environment()


@asynccontextmanager
async def session(python: Path, folder: Path) -> AsyncIterator[Dialogue]:
    """A session of that interpreter, whose environment must be the same afterwards."""
    before = surroundings.contents(python.parent.parent)
    started = surroundings.start(python, surroundings.Place(folder, variables()))
    try:
        entry = Registry().get(started)
        assert entry is not None
        assert entry.python == str(python)
        client = await SessionClient.connect(entry.connection_file, name="test")
        try:
            yield Dialogue(client)
        finally:
            await client.close()
    finally:
        await end_session(started)
    assert surroundings.changes(before, python.parent.parent) == []


async def use(user: Dialogue, python: Path) -> None:
    """What a user does in a session, all of it with an answer."""
    assert await user.value("import sys\nsys.executable") == repr(str(python))
    assert await user.run("print('one'); import os; os.system('echo two'); print('three')") == (
        "ok",
        "one\ntwo\nthree\n",
    )
    status, text = await user.run("def share(whole, parts):\n    return whole / parts\nshare(1, 0)")
    assert status == "error"
    assert "return whole / parts" in text
    assert "division by zero" in text
    assert await user.run("name = input('who? ')\nprint('hello', name)", "Ford") == (
        "ok",
        "hello Ford\n",
    )
    assert user.asked == [("who? ", False)]
    assert await user.value("import asyncio\nawait asyncio.sleep(0, 'slept')") == "'slept'"
    assert await user.value("t = %timeit -o -q -n 2 -r 2 share(1, 2)\nt.loops") == "2"
    assert await user.value("words = !echo some words\nwords.fields(1)") == "['words']"
    assert await user.run("%%writefile program.py\nanswer = 6 * 7") == (
        "ok",
        "Writing program.py\n",
    )
    assert await user.value("%run program.py\nanswer") == "42"
    child = "import subprocess\nwords = [sys.executable, '-c', 'import sys; print(sys.prefix)']\n"
    child += "subprocess.check_output(words, text=True).strip() == sys.prefix"
    assert await user.value(child) == "True"
    pool = "from concurrent.futures import ProcessPoolExecutor\n"
    pool += "with ProcessPoolExecutor(1) as pool:\n    done = list(pool.map(abs, [-1, 2]))\ndone"
    assert await user.value(pool) == "[1, 2]"
    assert "share" in str(await user.client.complete("sha", 3))
    assert "zipfile" in str(await user.client.complete("import zipf", 11))
    assert "whole / parts" in str(await user.client.inspect("share", 5, detail_level=1))
    assert "share" in str(await user.client.history(n=20))
    waiting = await user.client.execute("import time\nprint('waits')\ntime.sleep(600)")
    await user.text_of(waiting.id, "waits")
    await user.client.interrupt()
    record = await waiting.finished()
    assert record.error is not None
    assert record.error.name == "KeyboardInterrupt"


async def displayed(user: Dialogue, code: str) -> set[str]:
    """The kinds of what a cell displays, without the plain text that stands for each."""
    after = (await user.client.session())["last"]
    status, text = await user.run(code)
    assert status == "ok", text
    last = (await user.client.session())["last"]
    kinds: set[str] = set()
    async for event in user.client.events(after=after):
        if event.type == "display_data":
            kinds.update(event.content["data"])
        if event.metadata["vivo"]["seq"] == last:
            return kinds - {"text/plain"}
    return kinds


@pytest.fixture
def work(home: Path) -> Path:
    """An empty folder to work in."""
    folder = home / "work place"
    folder.mkdir()
    return folder


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where an environment is made."""
    return tmp_path / "an environnement, hé"


@pytest.mark.parametrize("version", sorted(PYTHONS), ids=str)
async def test_a_bare_environment_serves(work: Path, place: Path, version: tuple[int, ...]) -> None:
    """Of every Python at hand: all works, nothing is written, nothing of ours is found there.

    What code finds around it is what a plain Python finds that is started in the same place.
    """
    python = environment(PYTHONS[version], place)
    async with session(python, work) as user:
        await use(user, python)
    before = surroundings.contents(place)
    at = surroundings.Place(work, variables())
    plain = surroundings.of_plain(python, at)
    assert surroundings.undeclared(plain, await surroundings.of_session(python, at)) == []
    assert surroundings.changes(before, place) == []


async def test_an_environment_with_an_old_numpy_serves(work: Path, place: Path) -> None:
    """Its arrays are completed, listed and shown, by an engine that knows nothing of numpy."""
    numpy = OLD_NUMPY[OLDEST]
    python = environment(PYTHONS[OLDEST], place, f"numpy=={numpy}")
    async with session(python, work) as user:
        await use(user, python)
        assert await user.value("import numpy as np\nnp.__version__") == repr(numpy)
        assert await user.value("grid = np.arange(6.0).reshape(2, 3)\ngrid") == (
            "array([[0., 1., 2.],\n       [3., 4., 5.]])"
        )
        assert "svd" in str(await user.client.complete("np.linalg.sv"))
        page = await user.client.variables(filter="grid")
        assert [(each.shape, each.dtype) for each in page.variables] == [([2, 3], "float64")]


async def test_other_versions_of_our_own_packages_serve(work: Path, place: Path) -> None:
    """The user's code gets the user's, the session works with ours: neither sees the other's."""
    python = environment(PYTHONS[OLDEST], place, *OTHER_VERSIONS, alone=True)
    names = "['msgspec', 'zmq', 'psutil', 'platformdirs', 'parso', 'pygments', 'attr']"
    async with session(python, work) as user:
        await use(user, python)
        code = f"from importlib import import_module\nfound = [import_module(n) for n in {names}]\n"
        code += "[each.__name__ for each in found if not each.__file__.startswith(sys.prefix)]"
        assert await user.value(code) == "[]"
        assert await user.value("tuple(map(int, found[0].__version__.split('.')))") < "(0, 19)"


async def test_an_environment_with_ipython_and_matplotlib_serves(work: Path, place: Path) -> None:
    """IPython's display is the session's, a plot a picture, and IPython's own stays as it is."""
    python = environment(PYTHONS[NEWEST], place, "ipython", "matplotlib")
    async with session(python, work) as user:
        await use(user, python)
        code = "import IPython\nfrom IPython.display import HTML, display\n"
        code += "display(HTML('<b>bold</b>'))\n"
        code += "import matplotlib.pyplot as plt\nplt.plot([1, 4, 9]);"
        assert await displayed(user, code) == {"text/html", "image/png"}
        assert await user.value("IPython.__file__.startswith(sys.prefix)") == "True"
        assert await user.value("IPython.get_ipython() is get_ipython()") == "True"
