"""Engines as tasks of jobs of a real Slurm, of three nodes on this machine."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from vivo.parallel import Cluster
from vivo.parallel.cluster.errors import ClusterError
from vivo.parallel.controller.launchers.templating import own_template, template_of
from vivo.parallel.launch import find_session

from tests.cluster.conftest import RunningCluster, run_controller, until
from tests.cluster.slurm_here import Slurm

PYTHON = str(Path(__file__).parents[2] / ".venv-mpich" / "bin" / "python")


@pytest.fixture(scope="module")
def one_slurm() -> Iterator[Slurm]:
    made = Slurm()
    try:
        made.start()
        yield made
    finally:
        made.stop()


@pytest.fixture
def slurm(one_slurm: Slurm, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Slurm]:
    """Slurm, whose commands this process and its children find; no job outlives the test."""
    monkeypatch.setenv("SLURM_CONF", str(one_slurm.configuration))
    yield one_slurm
    until(lambda: not one_slurm.jobs())


def started(**options: Any) -> Cluster:
    """A cluster by Slurm; this machine is all its hosts."""
    return Cluster("slurm", name="test", listen="127.0.0.1", python=PYTHON, **options)


def wait_in_queue(home: Path, *words: str) -> RunningCluster:
    """A cluster of two whose engines are not waited for."""
    base = ["--name", "test", "--engines", "2", "--launcher", "slurm", "--cwd", str(home)]
    told = run_controller(*base, "--python", PYTHON, "--listen", "127.0.0.1", *words)
    assert told["status"] == "ready", told
    return RunningCluster("test")


def run_vivo(*words: str, **more: Any) -> str:
    """What the command prints."""
    told = subprocess.run(
        [sys.executable, "-m", "vivo.server.cli", *words],
        capture_output=True,
        text=True,
        check=False,
        **more,
    )
    assert told.returncode == 0, told.stderr
    return told.stdout


@pytest.fixture
def busy(slurm: Slurm, home: Path) -> str:
    """A job of somebody else, that has all nodes."""
    script = home / "other.sh"
    script.write_text("#!/bin/sh\nexec sleep 600\n")
    words = ["--parsable", "--exclusive", "--nodes=3", "--output=/dev/null", "--chdir", str(home)]
    job = slurm.run("sbatch", *words, str(script))
    until(lambda: slurm.job_state(job).startswith("RUNNING"))
    return job


def test_engines_are_the_tasks_of_a_job_and_ranks_of_one_mpi(slurm: Slurm) -> None:
    """One on each node if that is asked for; they are added by another job, and taken out."""
    with started(n=3, partition="debug", time="10:00", nodes=3, per_node=1) as cluster:
        assert sorted(cluster[:].apply(node_function())) == ["n1", "n2", "n3"]
        cluster[:].execute(
            "from mpi4py import MPI\nworld = MPI.COMM_WORLD\n"
            "size, total = world.size, world.allreduce(world.rank)"
        )
        assert cluster[:].pull(["size", "total"]) == [[3, 3]] * 3
        assert cluster.load_balanced().map(abs, range(-300, 0)) == list(range(300, 0, -1))
        (job,) = slurm.jobs()
        until(lambda: cluster.status()["launching"].startswith(f"job {job} runs: on n"))
        assert cluster.add(2) == [3, 4]
        assert len(slurm.jobs()) == 2
        cluster.remove([3, 4])
        until(lambda: slurm.jobs() == [job])
        assert cluster[:].apply(abs, -1) == [1, 1, 1]
    assert slurm.jobs() == []


def test_what_waits_in_the_queue_is_said_and_comes_in_its_turn(
    slurm: Slurm, home: Path, busy: str
) -> None:
    """However long that takes."""
    words = ["--no-wait", "--launcher", "slurm", "-n", "2", "--name", "test", "--python", PYTHON]
    run_vivo("cluster", "start", *words, "--listen", "127.0.0.1", "--cwd", str(home))
    cluster = RunningCluster("test")

    def told() -> str:
        return str(cluster.ask("vivo_status_request", wait=True)["launching"])

    until(lambda: "pending (Resources)" in told() or "pending (Priority)" in told())
    (job,) = set(slurm.jobs()) - {busy}
    assert told().startswith(f"job {job} waits in slurm: ")
    shown = run_vivo("cluster", "status")
    assert f"job {job} waits in slurm: pending" in shown
    assert "2 on their way" in shown
    slurm.run("scancel", busy)
    cluster.up(2)
    cluster.stop()


def test_a_job_that_waits_is_cancelled_with_its_cluster(
    slurm: Slurm, home: Path, busy: str
) -> None:
    """Also by the controller that was started after the first was killed."""
    cluster = wait_in_queue(home)
    until(lambda: len(slurm.jobs()) == 2)
    until(lambda: "waits" in cluster.ask("vivo_status_request", wait=True)["launching"])
    cluster.kill()
    cluster.resume()
    until(lambda: "waits" in cluster.ask("vivo_status_request", wait=True)["launching"])
    cluster.stop()
    assert slurm.jobs() == [busy]
    slurm.run("scancel", busy)


def node_function() -> Callable[[], str]:
    """A function that engines need no module of ours for."""
    return lambda: str(__import__("os").environ["SLURMD_NODENAME"])


def task(folder: str) -> Callable[[int], int]:
    """One that says that it has begun, and waits until it may end."""

    def work(number: int) -> int:
        import os

        with open(os.path.join(folder, f"begun-{number}"), "a", encoding="utf-8") as stream:
            stream.write("x")
        while not os.path.exists(os.path.join(folder, "go")):
            time.sleep(0.01)
        return number

    return work


def test_a_job_that_is_put_back_begins_again_and_its_tasks_end_once(
    slurm: Slurm, home: Path
) -> None:
    """Its engines have the numbers that they had."""
    with started(n=2) as cluster:
        pids = {each["engine_pid"] for each in cluster.status()["engines"]}
        result = cluster.load_balanced().amap(task(str(home)), range(8))
        until(lambda: len(list(home.glob("begun-*"))) == 2)
        (job,) = slurm.jobs()
        assert slurm.run("scontrol", "requeue", job) == ""
        until(lambda: not any(map(psutil.pid_exists, pids)))
        (home / "go").touch()
        assert result.get(timeout=60) == list(range(8))
        cluster.wait_for(2)
        told = cluster.status()
        assert [each["number"] for each in told["engines"]] == [0, 1]
        assert not pids & {each["engine_pid"] for each in told["engines"]}
        assert (told["queue"]["done"], told["queue"]["failed"]) == (8, 0)
        assert slurm.jobs() == [job]


def test_the_loss_of_a_node_leaves_the_others(slurm: Slurm, home: Path) -> None:
    """Its tasks go to them; more engines come from what is left."""
    with started(n=3, nodes=3, per_node=1) as cluster:
        where = dict(zip(cluster.engines, cluster[:].apply(node_function()), strict=True))
        (lost,) = [number for number, name in where.items() if name == "n3"]
        result = cluster.load_balanced().amap(task(str(home)), range(9))
        until(lambda: len(list(home.glob("begun-*"))) == 3)
        slurm.lose_node("n3")
        (home / "go").touch()
        assert result.get(timeout=60) == list(range(9))
        until(lambda: slurm.node_state("n3").startswith("down"))
        (job,) = slurm.jobs()
        assert slurm.job_state(job).startswith("RUNNING")
        states = {each["number"]: each["state"] for each in cluster.status()["engines"]}
        assert {n for n, state in states.items() if state != "up"} == {lost}
        (more,) = cluster.add(1)
        assert cluster[more].apply(node_function()) in ("n1", "n2")
    slurm.start_node("n3")
    until(lambda: slurm.node_state("n3") == "idle")


def test_without_an_address_that_others_reach_nothing_is_submitted(slurm: Slurm) -> None:
    """It is said how to name one."""
    with pytest.raises(ClusterError, match="no address of its own that they reach: name one, as"):
        Cluster("slurm", n=2)
    assert slurm.jobs() == []


def test_what_slurm_refuses_is_said_in_its_words(slurm: Slurm) -> None:
    """And an option that there is not, by its name."""
    with pytest.raises(ClusterError, match=r"sbatch has refused: .*invalid partition"):
        started(n=2, partition="nowhere")
    with pytest.raises(
        ClusterError, match=r"The launcher has no option queue: it knows .*partition"
    ):
        started(n=2, queue="debug")


def test_a_job_whose_engines_cannot_start_is_said_with_its_reason(slurm: Slurm, home: Path) -> None:
    """Found out where the engines were to be."""
    missing = home / "missing"
    with pytest.raises(ClusterError, match=rf"job .* of slurm has ended .*{missing}"):
        Cluster("slurm", n=1, listen="127.0.0.1", python=str(missing))


def test_a_site_can_edit_the_batch_script(slurm: Slurm, home: Path) -> None:
    """By hand, from the one that `vivo cluster template` prints; the command starts it, too."""
    printed = run_vivo("cluster", "template", "slurm")
    own = Path(os.environ["XDG_CONFIG_HOME"], "vivo", "slurm.sh")
    own.parent.mkdir(parents=True)
    own.write_text(printed.replace("exec srun", "export SITE=@account@\nexec srun"))
    words = ["start", "-n", "1", "--launcher", "slurm", "--name", "edited", "--python", PYTHON]
    words += ["--listen", "127.0.0.1", "--option", "account=physics", "--cwd", str(home)]
    run_vivo("cluster", *words)
    with Cluster.connect("edited") as cluster:
        assert cluster[0].apply(lambda: __import__("os").environ["SITE"]) == "physics"
        cluster.stop()


def test_an_interrupt_while_jobs_wait_takes_them_back(slurm: Slurm, busy: str, home: Path) -> None:
    """Ctrl-C while `Cluster("slurm")` waits for its engines, or a session for its allocation."""
    code = (
        "from vivo.parallel import Cluster\n"
        f"Cluster('slurm', n=1, listen='127.0.0.1', python={PYTHON!r})"
    )
    words = ["session", "start", "--launcher", "slurm", "--listen", "127.0.0.1", "--cwd", str(home)]
    session = [sys.executable, "-m", "vivo.server.cli", *words]
    for command in ([sys.executable, "-c", code], session):
        program = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        until(lambda: len(slurm.jobs()) == 2)
        (job,) = {*slurm.jobs()} - {busy}
        until(lambda job=job: written_down(home, job))  # its submission is over, and it waits
        program.send_signal(2)
        program.communicate(timeout=30)
        assert program.returncode != 0
        until(lambda: slurm.jobs() == [busy])
    slurm.run("scancel", busy)


def written_down(home: Path, job: str) -> bool:
    return any(f'"{job}"' in each.read_text() for each in home.rglob("jobs.json"))


@pytest.fixture
def elsewhere(slurm: Slurm, home: Path) -> str:
    """The name of a host that jobs seem to be on: they share files with this one, and no more."""
    runtime = home / "run-elsewhere"
    runtime.mkdir(mode=0o700)
    own = own_template("slurm")
    own.parent.mkdir(parents=True)
    there = f"hostname elsewhere; export XDG_RUNTIME_DIR={runtime}; exec @program@"
    text = template_of("slurm").replace("@program@", f"unshare --uts sh -c {there!r}")
    own.write_text(text)
    return "elsewhere"


def test_a_session_in_an_allocation_is_used_as_one_of_this_host(
    slurm: Slurm, home: Path, elsewhere: str
) -> None:
    """By the console, by editors that look for the folder's; its end is its job's."""
    words = ["--launcher", "slurm", "--listen", "127.0.0.1", "--cwd", str(home), "--python", PYTHON]
    session = run_vivo("session", "start", *words, "--option", "partition=debug").strip()
    (job,) = slurm.jobs()
    entry = find_session(workspace=str(home))
    assert entry is not None
    assert (entry.id, entry.host, entry.elsewhere) == (session, elsewhere, f"job {job} of slurm")
    assert " idle " in run_vivo("sessions")
    asked = "import os, socket\nsocket.gethostname(), os.environ['SLURM_JOB_ID']\n"
    told = run_vivo("console", "--session", session, input=asked)
    assert f"('{elsewhere}', '{job}')" in told
    assert "SLURM_JOB_ID" in run_vivo("sessions", "show", session)
    run_vivo("sessions", "end", session)
    until(lambda: not slurm.jobs())
    assert "There are no sessions" in run_vivo("sessions")


def test_a_session_ends_with_its_job(slurm: Slurm, home: Path, elsewhere: str) -> None:
    """Its time is up, or somebody cancels it: what was done stays to be read."""
    words = ["--launcher", "slurm", "--listen", "127.0.0.1", "--cwd", str(home)]
    session = run_vivo("session", "start", *words).strip()
    run_vivo("console", "--session", session, input="6 * 7\n")
    slurm.run("scancel", *slurm.jobs())
    until(lambda: not slurm.jobs())
    until(lambda: find_session(workspace=str(home)) is None)
    assert "42" in run_vivo("sessions", "show", session)
    assert " stale " in run_vivo("sessions")
    run_vivo("sessions", "end", session)
    assert "There are no sessions" in run_vivo("sessions")


def test_a_session_whose_job_cannot_be_is_said(slurm: Slurm, home: Path) -> None:
    """In the batch system's words; nothing is left."""
    words = ["session", "start", "--launcher", "slurm", "--listen", "127.0.0.1", "--cwd", str(home)]
    command = [sys.executable, "-m", "vivo.server.cli", *words]
    for more, reason in (
        (["--option", "partition=nowhere"], "invalid partition"),
        (["--option", "queue=debug"], "has no queue"),
    ):
        told = subprocess.run([*command, *more], capture_output=True, text=True, check=False)
        assert told.returncode != 0
        assert reason in told.stderr
    assert slurm.jobs() == []


def test_dask_jobqueue_has_its_workers_in_jobs(slurm: Slurm, home: Path) -> None:
    """Dask's own way to a queue: each job's worker hosts an engine, and ends with the cluster."""
    options = {
        "cores": 1,
        "processes": 1,
        "memory": "512MB",
        "walltime": "00:10:00",
        "python": sys.executable,
        "local_directory": str(home),
        "log_directory": str(home),
        "scheduler_options": {"host": "127.0.0.1", "dashboard_address": None},
        "worker_extra_args": ["--host", "127.0.0.1", "--no-dashboard"],
        "job_directives_skip": ["--mem"],
    }
    with Cluster(
        "dask",
        n=2,
        cwd=str(home),
        jobqueue="dask_jobqueue:SLURMCluster",
        jobqueue_options=options,
    ) as cluster:
        jobs = cluster[:].apply(os.getenv, "SLURM_JOB_ID")
        assert set(jobs) == {str(job) for job in slurm.jobs()}
        assert cluster.load_balanced().map(abs, [-1, -2, -3]) == [1, 2, 3]
        cluster.add(1)
        cluster.wait_for(3)
        assert len(slurm.jobs()) == 3
