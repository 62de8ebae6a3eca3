"""Batch scripts from templates, and what batch systems tell of jobs."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vivo.parallel.controller.launchers.batch import JobState, System
from vivo.parallel.controller.launchers.others import LSF, PBS, GridEngine
from vivo.parallel.controller.launchers.slurm import Slurm
from vivo.parallel.controller.launchers.templating import own_template, render, template_of
from vivo.parallel.errors import SessionError

SYSTEMS: list[System] = [Slurm(), PBS(), GridEngine(), LSF()]
BASE = {"name": "vivo-work", "count": 4, "log": "/home/me/state dir/log"}
PROGRAM = ["/opt/vivo/bin/python", "-m", "engine", "/home/me/it's here.json"]
MARKS = {"slurm": "#SBATCH", "pbs": "#PBS", "sge": "#$", "lsf": "#BSUB"}


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda each: each.name)
@pytest.mark.parametrize("is_full", [False, True])
def test_every_systems_script_is_one_that_a_shell_reads(
    system: System, is_full: bool, tmp_path: Path, home: Path
) -> None:
    """With all options and with none; it starts what it is to start, word for word."""
    required = {"environment": "mpi"} if system.name == "sge" else {}
    required |= {"mpi": "pmi2"} if system.name == "slurm" else {}
    options = {name: f"value-{name}" for name in system.options} if is_full else required
    text = render(template_of(system.name), {**BASE, **options}, PROGRAM)
    script = tmp_path / "script.sh"
    script.write_text(text)
    for shell in ("sh", "bash"):
        subprocess.run([shell, "-n", str(script)], check=True)
    assert "@" not in text
    mark = MARKS[system.name]
    told = "\n".join(line for line in text.splitlines() if line.startswith(mark))
    assert all(value in text for value in options.values())
    assert "vivo-work" in told
    (start,) = [line for line in text.splitlines() if line.startswith("exec ")]
    assert shlex.split(start)[-len(PROGRAM) :] == PROGRAM
    if not is_full:
        assert told.count(mark) < template_of(system.name).count(mark)


def test_an_option_that_the_template_does_not_name_is_refused() -> None:
    """It would have no effect; so would a template that starts nothing."""
    with pytest.raises(SessionError, match=r"has no gres: it has account\."):
        render("#SBATCH -A @account@\nsrun @program@", {**BASE, "gres": "gpu:1"}, PROGRAM)
    with pytest.raises(SessionError, match="needs mpi, to start the engines with it"):
        render("srun --mpi=@mpi@ @program@", BASE, PROGRAM)
    with pytest.raises(SessionError, match="must name @program@"):
        render("#SBATCH -J @name@ -n @count@ -o @log@\nsrun sleep 1", BASE, PROGRAM)


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40))
def test_no_option_becomes_a_command(value: str) -> None:
    """It is one word where the shell reads it, and one line anywhere; or it is refused."""
    template = "#SBATCH -J @name@ -n @count@ -o @log@ -A @account@\nsrun --mpi=@mpi@ @program@\n"
    try:
        text = render(template, {**BASE, "account": value, "mpi": value}, PROGRAM)
    except SessionError:
        assert not value.isprintable()
        return
    first, second = text.rstrip("\n").split("\n")
    assert first.endswith(f" -A {value}")
    assert shlex.split(second) == ["srun", f"--mpi={value}", *PROGRAM]


def test_a_users_own_template_counts_and_one_that_is_named_more(home: Path) -> None:
    """One that cannot be read is said."""
    own = own_template("slurm")
    own.parent.mkdir(parents=True, exist_ok=True)
    own.write_text("own")
    assert template_of("slurm") == "own"
    named = home / "named.sh"
    with pytest.raises(SessionError, match=r"named\.sh of batch scripts cannot be read"):
        template_of("slurm", str(named))
    named.write_text("named")
    assert template_of("slurm", str(named)) == "named"


SAID = [
    (
        Slurm(),
        "17\n",
        "17",
        "17|PENDING|Resources|2026-11-26T14:00:00|\n18|RUNNING|None|N/A|n[1-2]\n"
        "19|FAILED|NonZeroExitCode|N/A|n1\n20|COMPLETED|None|N/A|n1\n",
        {
            "17": JobState(
                "pending", "pending (Resources), expected to start at 2026-11-26 14:00:00"
            ),
            "18": JobState("running", "on n[1-2]"),
            "19": JobState("ended", "failed, NonZeroExitCode"),
            "20": JobState("ended", "completed"),
        },
    ),
    (
        PBS(),
        "17.server\n",
        "17.server",
        "Job Id: 17.server\n    Job_Name = vivo\n    job_state = Q\n    comment = No room\n\n"
        "Job Id: 18.server\n    job_state = R\n    exec_host = n1/0+n2/0\n\n"
        "Job Id: 19.server\n    job_state = F\n    Exit_status = 1\n",
        {
            "17.server": JobState("pending", "No room"),
            "18.server": JobState("running", "on n1/0+n2/0"),
            "19.server": JobState("ended", "exit status 1"),
        },
    ),
    (
        GridEngine(),
        "17\n",
        "17",
        "job-ID  prior   name  user  state submit/start at     queue    slots\n"
        "------------------------------------------------------------------\n"
        "     17 0.00000 vivo  me    qw    11/26/2026 14:00:00          4\n"
        "     18 0.55500 vivo  me    r     11/26/2026 14:00:00 all.q@n1 4\n",
        {
            "17": JobState("pending", "queued (qw)"),
            "18": JobState("running", "on all.q@n1"),
        },
    ),
    (
        LSF(),
        "Job <17> is submitted to queue <normal>.\n",
        "17",
        "17|PEND|-|New job is waiting for scheduling\n18|RUN|n1:n2|-\n19|EXIT|n1|-\n",
        {
            "17": JobState("pending", "New job is waiting for scheduling"),
            "18": JobState("running", "on n1:n2"),
            "19": JobState("ended", "exit"),
        },
    ),
]


@pytest.mark.parametrize(("system", "submitted", "job", "printed", "states"), SAID)
def test_what_a_system_prints_is_read(
    system: System, submitted: str, job: str, printed: str, states: dict[str, JobState]
) -> None:
    """The job's id, and what becomes of jobs; nonsense is no job."""
    assert system.job_in(submitted) == job
    for nonsense in ("", "error\n", "\n"):
        with pytest.raises(ValueError):
            system.job_in(nonsense)
    assert system.states(printed) == states
    assert system.states("") == {}
    assert system.submission("script.sh")
    assert job in " ".join(system.cancellation([job]))
