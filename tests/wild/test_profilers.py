"""``%lprun`` and ``%mprun`` by the real line_profiler and memory_profiler, loaded as extensions."""

from __future__ import annotations

from pathlib import Path

from .conftest import Notebook

WORK = (
    "def work(n):\n    values = [i * i for i in range(n)]\n"
    "    total = sum(values)\n    return total\n"
)


async def test_lprun_counts_the_lines_of_a_function(notebook: Notebook) -> None:
    """Functions of cells have their lines, hits and times, in the pager."""
    await notebook.run("%load_ext line_profiler")
    await notebook.run(WORK)
    shown = await notebook.run("%lprun -f work work(1000)")
    report = shown.pages or shown.text
    assert "Function: work at line 1" in report
    line = next(line for line in report.splitlines() if "total = sum(values)" in line)
    assert line.split()[:2] == ["3", "1"]


async def test_lprun_takes_methods_and_scales(notebook: Notebook) -> None:
    """``-f Class.method``, ``-u`` for the unit of time, several functions at once."""
    await notebook.run("%load_ext line_profiler")
    await notebook.run("class Job:\n    def run(self):\n        return work(10)\n" + WORK)
    shown = await notebook.run("%lprun -u 1e-3 -f Job.run -f work Job().run()")
    report = shown.pages or shown.text
    assert "Timer unit: 0.001 s" in report
    assert "Job.run at line 2" in report
    assert "Function: work at line 4" in report


async def test_lprun_saves_its_report(notebook: Notebook, home: Path) -> None:
    """``-T`` writes the text, ``-D`` the statistics; ``-r`` gives the profiler."""
    await notebook.run("%load_ext line_profiler")
    await notebook.run(WORK)
    shown = await notebook.run("%lprun -T work.txt -D work.lprof -f work work(1000)")
    assert "work.txt" in shown.text
    assert "total = sum(values)" in (home / "work.txt").read_text()
    assert (home / "work.lprof").stat().st_size > 0
    shown = await notebook.run("p = %lprun -r -f work work(10)\ntype(p).__name__")
    assert shown.value == "'LineProfiler'"


async def test_lprun_reads_a_module_of_the_users(notebook: Notebook, home: Path) -> None:
    """A module's function is profiled with the lines of its file."""
    (home / "jobs.py").write_text("import math\n\n" + WORK)
    await notebook.run("%load_ext line_profiler\nimport jobs")
    shown = await notebook.run("%lprun -f jobs.work jobs.work(1000)")
    report = shown.pages or shown.text
    assert f"File: {home / 'jobs.py'}" in report
    assert "Function: work at line 3" in report


async def test_wrong_use_of_lprun_is_said(notebook: Notebook) -> None:
    """A name that is not there is one sentence, and the session goes on."""
    await notebook.run("%load_ext line_profiler")
    shown = await notebook.run("%lprun -f nothing_here 1", error="UsageError")
    assert "nothing_here" in str(shown.of("error")[0]["content"])
    assert (await notebook.run("1 + 1")).value == "2"


async def test_mprun_tells_the_memory_of_each_line(notebook: Notebook, home: Path) -> None:
    """A function of a file has the increments of its lines."""
    (home / "big.py").write_text(
        "def grow():\n    block = bytearray(50_000_000)\n    return len(block)\n"
    )
    await notebook.run("%load_ext memory_profiler\nfrom big import grow")
    shown = await notebook.run("%mprun -f grow grow()")
    report = shown.pages or shown.text
    line = next(line for line in report.splitlines() if "bytearray" in line)
    assert "MiB" in line
    assert float(line.split()[3]) > 40


async def test_mprun_takes_functions_of_cells(notebook: Notebook, home: Path) -> None:
    """Those stand in no file; ``-T`` writes the text, ``-r`` gives the profiler."""
    await notebook.run("%load_ext memory_profiler")
    await notebook.run("def grow():\n    block = bytearray(50_000_000)\n    return len(block)")
    shown = await notebook.run("%mprun -T grow.txt -f grow grow()")
    assert "grow.txt" in shown.text
    text = (home / "grow.txt").read_text()
    line = next(line for line in text.splitlines() if "bytearray" in line)
    assert float(line.split()[3]) > 40
    shown = await notebook.run("p = %mprun -r -f grow grow()\ntype(p).__name__")
    assert shown.value == "'LineProfiler'"
    shown = await notebook.run("%mprun -f nothing_here 1", error="UsageError")
    assert "nothing_here" in str(shown.of("error"))


async def test_memit_tells_the_peak(notebook: Notebook) -> None:
    """``%memit`` prints the peak and the increment; ``-o`` gives them."""
    await notebook.run("%load_ext memory_profiler")
    shown = await notebook.run("%memit -r 1 bytearray(50_000_000)")
    assert "peak memory:" in shown.text
    assert "increment:" in shown.text
    shown = await notebook.run("m = %memit -r 1 -o 1\nmax(m.mem_usage) > 1")
    assert shown.value == "True"
