"""The core in every Python at hand, from 3.10 on, with the standard library alone.

What a cell shows is compared between interpreters and with what stands here: a difference
between versions is a difference that a user would see.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = r"""
import sys
sys.path[:0] = [FOLDER, '']
sys.dont_write_bytecode = True
from vivo.core import Shell

shell = Shell()
run = shell.run_cell


def is_ok(cell):
    return run(cell).status == "ok"


# Results, input rules, await
assert run("x = 20\nx + 1").value == 21
assert run("words = !echo one two\nwords.fields(1)").value == ["two"]
assert run("for i in range(2):\n    y = !echo {i}\ny.s").value == "1"
assert run("import asyncio\nawait asyncio.sleep(0, 'slept')").value == "slept"
assert run(">>> 1 + 1").value == 2
assert run("t = %timeit -n 2 -r 2 -o -q 1\nt.loops").value == 2

# Programs, magics
with open("program.py", "w") as file:
    file.write("import sys\nanswer = sys.argv[1:]\ndef fail(a):\n    b = a * 2\n    return b / 0\n")
assert run("%run program.py a b\nanswer").value == ["a", "b"]
assert is_ok("%%capture text\nprint('kept')")
assert run("text.stdout").value == "kept\n"
assert is_ok("%prun -q -r sum(range(9))")
assert "x" in run("%who_ls int").value
assert is_ok("%history -n 1-3")

# Tracebacks, with values
assert is_ok("%xmode Verbose")
assert isinstance(run("fail(21)").error, ZeroDivisionError)

# Looking
assert [each.text for each in shell.complete("answ", 4).items] == ["answer"]
assert "append" in str(shell.complete("answer.app", 10).items)
inspection = shell.inspect("fail", 1, safe=True)
assert "b = a * 2" in str(inspection)
assert shell.is_complete("for i in x:")[0] == "incomplete"

# Errors that are new in some versions
assert run("exec('raise ValueError(1)')").status == "error"
assert run("def f(:").status == "error"
assert run("import nothing_like_it").status == "error"

# Reloading
with open("edited.py", "w") as file:
    file.write("class A:\n    def f(self):\n        return 1\n")
assert run("%autoreload 2\nimport edited\na = edited.A()\na.f()").value == 1
with open("edited.py", "w") as file:
    file.write("class A:\n    def f(self):\n        return 22\n")
assert run("a.f()").value == 22
shell.close()

foreign = sorted(
    name for name, module in sys.modules.items()
    if "site-packages" in (getattr(module, "__file__", None) or "")
)
assert foreign == [], foreign
print("all cells ran on", *sys.version_info[:2])
"""


def version_of(python: str) -> tuple[int, ...]:
    """The interpreter's version; empty if it does not run."""
    code = "import sys, sqlite3; print(*sys.version_info[:2])"
    words = [python, "-I", "-S", "-c", code]
    try:
        result = subprocess.run(words, capture_output=True, text=True, check=False, timeout=20)
    except OSError:
        return ()
    return tuple(map(int, result.stdout.split()))


def pythons() -> dict[tuple[int, ...], str]:
    """Every interpreter at hand, by version, 3.10 or newer."""
    candidates = [sys.executable]
    candidates += filter(None, (shutil.which(f"python3.{minor}") for minor in range(10, 20)))
    candidates += map(str, sorted(Path(sys.base_prefix).parent.glob("3.*/bin/python3")))
    candidates += map(str, sorted(Path.home().glob(".pyenv/versions/3.*/bin/python3")))
    found: dict[tuple[int, ...], str] = {}
    for name in candidates:
        found.setdefault(version_of(name), name)
    return {version: name for version, name in found.items() if version >= (3, 10)}


PYTHONS = pythons()


@pytest.mark.parametrize("version", sorted({min(PYTHONS), max(PYTHONS)}), ids=str)
def test_the_core_runs_on_the_oldest_and_the_newest(
    version: tuple[int, ...], home: Path, tmp_path: Path
) -> None:
    """Cells, magics, programs, completion, reloading: nothing installed, no warning."""
    (tmp_path / "vivo").symlink_to(ROOT)
    program = PROGRAM.replace("FOLDER", repr(str(tmp_path)), 1)
    words = [PYTHONS[version], "-I", "-S", "-W", "error", "-X", "dev", "-c", program]
    result = subprocess.run(
        words, capture_output=True, text=True, check=False, cwd=home, timeout=120
    )
    assert result.returncode == 0, result.stderr
    assert "b = 42" in result.stderr
    assert f"all cells ran on {version[0]} {version[1]}" in result.stdout
