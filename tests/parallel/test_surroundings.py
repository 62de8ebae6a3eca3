"""A session's code finds what a plain Python finds that is started in the same place."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from vivo.parallel.client import SessionClient
from vivo.parallel.launch import end_session
from vivo.parallel.registry import Registry

from . import surroundings


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment that holds nothing, not even pip."""
    folder = tmp_path_factory.mktemp("bare environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    return folder / "bin" / "python"


@pytest.mark.parametrize(
    ("variables", "before"),
    [
        ({}, "umask 027; ulimit -n 300; ulimit -c 0; trap '' HUP QUIT"),
        ({"PYTHONPATH": "/nowhere:lib::.:/nowhere"}, ""),
        pytest.param(
            {"PYTHONPATH": "lib", "PYTHONSAFEPATH": "1", "PYTHONNOUSERSITE": "1"},
            'exec nice -n 1 "$@"',
            marks=pytest.mark.sessions,
        ),
        pytest.param(
            {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONWARNINGS": "error::FutureWarning"}
            | {"PYTHONHASHSEED": "0", "PYTHONOPTIMIZE": "2", "PYTHONPYCACHEPREFIX": "cache"}
            | {"LANG": "C", "LC_ALL": "C", "PYTHONINTMAXSTRDIGITS": "0", "PYTHONBREAKPOINT": "0"},
            "",
            marks=pytest.mark.sessions,
        ),
    ],
)
async def test_a_session_finds_what_a_plain_python_finds(
    home: Path, bare: Path, variables: dict[str, str], before: str
) -> None:
    """Variables, paths, flags, modules, limits, signals, descriptors; in its children too.

    Nothing that lies beside vivo can be imported, but for the package ``vivo``.
    """
    folder = home / "work"
    (folder / "lib").mkdir(parents=True)
    (folder / "lib" / "sitecustomize.py").write_text("import os\nos.environ['SITE'] = 'mine'\n")
    place = surroundings.Place(folder, surroundings.own_environment(**variables), before)
    plain = surroundings.of_plain(bare, place)
    found = await surroundings.of_session(bare, place)
    assert surroundings.undeclared(plain, found) == []
    assert ("SITE" in found["environment"]) == ("PYTHONPATH" in variables)


async def test_only_an_import_of_the_users_writes_bytecode(home: Path, bare: Path) -> None:
    """As in a plain Python. To start, to complete and to look things up writes nothing."""
    packages = next(bare.parent.parent.glob("lib/python*/site-packages"))
    (packages / "mine").mkdir()
    (packages / "mine" / "__init__.py").write_text("value = 42\n")
    before = surroundings.contents(bare.parent.parent)
    session = surroundings.start(bare, surroundings.Place(home, surroundings.own_environment()))
    try:
        entry = Registry().get(session)
        assert entry is not None
        client = await SessionClient.connect(entry.connection_file, name="test")
        for text in ("import mi", "from mine import ", "import mine.", "mine.val"):
            await client.complete(text)
        await client.inspect("mine.value")
        await (await client.execute("import json\n%timeit -n 1 -r 1 -q json.dumps(1)")).finished()
        assert surroundings.changes(before, bare.parent.parent) == []
        record = await (await client.execute("import mine\nmine.value")).finished()
        await client.close()
    finally:
        await end_session(session)
    assert record.values[0].data == {"text/plain": "42"}
    cached = packages / "mine" / "__pycache__"
    written = [cached.parent, cached, *cached.iterdir()]
    assert surroundings.changes(before, bare.parent.parent) == sorted(map(str, written))


async def test_files_with_the_names_of_standard_modules_are_the_users_alone(
    home: Path, bare: Path
) -> None:
    """A folder with one of each name: the session works, and runs none that no cell imports."""
    folder = home / "work"
    folder.mkdir()
    body = f"with open({str(home / 'ran')!r}, 'a') as log:\n    log.write(__name__ + '\\n')\n"
    for name in sys.stdlib_module_names - {"sys", "builtins", "__main__", "os", "io", "codecs"}:
        (folder / f"{name}.py").write_text(f"{body}raise ImportError('not the standard one')\n")
    (folder / "calendar.py").write_text(f"{body}mine = True\n")
    session = surroundings.start(bare, surroundings.Place(folder, surroundings.own_environment()))
    try:
        entry = Registry().get(session)
        assert entry is not None
        client = await SessionClient.connect(entry.connection_file, name="test")
        cells = {
            "def half(x):\n    return x / 2\nhalf(4)": "ok",
            "half('a')": "error",
            "%timeit -n 1 -r 1 half(1)": "ok",
            "words = !echo a b": "ok",
            "half?": "ok",
            "%history -n 1-3": "ok",
            "%prun -q half(1)": "ok",
            "%whos": "ok",
        }
        for code, status in cells.items():
            assert (await (await client.execute(code)).finished()).status == status, code
        assert "half" in str(await client.complete("hal"))
        assert "return x / 2" in str(await client.inspect("half", detail_level=1))
        assert (await client.variables(filter="half")).total == 1
        assert not (home / "ran").exists()
        record = await (await client.execute("import calendar\ncalendar.mine")).finished()
        await client.close()
    finally:
        await end_session(session)
    assert [value.data["text/plain"] for value in record.values] == ["True"]
    assert (home / "ran").read_text() == "calendar\n"


@pytest.mark.parametrize(
    ("site", "sentence"),
    [
        ("raise SystemExit('no licence')", "cannot run an engine (exit status 1): SystemExit: no "),
        ("import os; os.kill(os.getpid(), 11)", "cannot run an engine (killed by SIGSEGV). See "),
    ],
)
def test_an_engine_that_cannot_start_says_why(home: Path, site: str, sentence: str) -> None:
    """What ends it before it is ready, in one sentence with what to do next."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(home / "venv")], check=True)
    (packages,) = (home / "venv").glob("lib/python*/site-packages")
    (packages / "sitecustomize.py").write_text(site)
    place = surroundings.Place(home, surroundings.own_environment())
    with pytest.raises(AssertionError) as caught:
        surroundings.start(home / "venv", place)
    told = str(caught.value).partition("\n")[0]
    assert sentence in told
    assert told.endswith(
        f"See whether `{home}/venv/bin/python -c pass` ends well, or choose another interpreter."
    )
