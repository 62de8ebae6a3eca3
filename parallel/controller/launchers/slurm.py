"""Engines as jobs of Slurm: https://slurm.schedmd.com/sbatch.html, srun.html, squeue.html.

A job is one ``srun`` of as many tasks as there are engines, with ``--mpi=pmi2`` by default: they
are the ranks of one MPI world. The loss of a node leaves the others (``--no-kill``); a job that is
put back begins again, and its engines take the numbers that they had.
"""

from __future__ import annotations

import re
import socket
import subprocess
from collections.abc import Sequence

from .batch import BatchLauncher, JobState, System

_PENDING = {"PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_HOLD", "REQUEUE_FED", "SPECIAL_EXIT"}
_RUNNING = {"RUNNING", "COMPLETING", "SUSPENDED", "STOPPED", "RESIZING", "SIGNALING", "STAGE_OUT"}


class Slurm:
    """Its commands."""

    name = "slurm"
    options: tuple[str, ...] = (
        "partition",
        "time",
        "account",
        "qos",
        "nodes",
        "per_node",
        "cpus",
        "memory",
        "gres",
        "constraint",
        "reservation",
        "mpi",
    )
    stdin = False

    def submission(self, script: str) -> list[str]:
        """``sbatch``."""
        return ["sbatch", "--parsable", script]

    def job_in(self, printed: str) -> str:
        """``17`` or ``17;cluster``."""
        job = printed.strip().splitlines()[-1].partition(";")[0] if printed.strip() else ""
        if not job.isdecimal():
            raise ValueError(printed)
        return job

    def cancellation(self, jobs: Sequence[str]) -> list[str]:
        """``scancel``."""
        return ["scancel", *jobs]

    def question(self, jobs: Sequence[str]) -> list[str]:
        """``squeue``, also of jobs that have ended of late."""
        return ["squeue", "-h", "-t", "all", "-o", "%i|%T|%r|%S|%N", "-j", ",".join(jobs)]

    def states(self, printed: str) -> dict[str, JobState]:
        """A line for each job."""
        found = {}
        for line in printed.splitlines():
            job, state, reason, start, nodes = (*line.strip().split("|"), "", "", "", "")[:5]
            if state in _PENDING:
                told = state.lower() + (f" ({reason})" if reason not in ("", "None") else "")
                if start not in ("", "N/A"):
                    told += f", expected to start at {start.replace('T', ' ')}"
                found[job] = JobState("pending", told)
            elif state in _RUNNING:
                found[job] = JobState("running", f"on {nodes}" if nodes else state.lower())
            elif state:
                why = f", {reason}" if reason not in ("", "None") else ""
                found[job] = JobState("ended", state.lower().replace("_", " ") + why)
        return found

    def address(self) -> str:
        """The address from which this host reaches Slurm's controller."""
        try:
            told = subprocess.run(
                ["scontrol", "show", "config"],
                check=False,
                capture_output=True,
                text=True,
                timeout=20,
            ).stdout
        except (OSError, subprocess.TimeoutExpired):
            return ""  # the submission tells what is wrong
        named = re.search(r"^SlurmctldHost\S*\s*=\s*([^\s(]+)(?:\(([^)]+)\))?", told, re.MULTILINE)
        return source_address((named[2] or named[1]) if named else "")


class SlurmLauncher(BatchLauncher):
    """Engines by ``sbatch``."""

    meaning_of_loss = (
        "It was a task of a job of Slurm: what others do together with it by MPI waits for ever."
    )
    system: System = Slurm()

    def _defaults(self, count: int) -> dict[str, object]:
        return {"mpi": "pmi2"}


def source_address(target: str) -> str:
    """The address of this host's that leads to another; nothing is sent to find out."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(target, 9, type=socket.SOCK_DGRAM)[0]
        with socket.socket(family, kind) as probe:
            probe.connect(address)
            return str(probe.getsockname()[0])
    except OSError:
        return ""
