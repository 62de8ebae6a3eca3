"""Engines as jobs of PBS, Grid Engine and LSF. None of the three was at hand to try them with.

Their scripts are rendered and checked by a shell, and what their commands print is read as their
manuals have it. All need an ``mpiexec`` that tells each process its rank.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Sequence

from .batch import BatchLauncher, JobState, System
from .slurm import source_address

_SOMEWHERE = "192.0.2.1"  # an address of nobody (RFC 5737): the way to it is the way out of here


def _own_address() -> str:
    try:
        named = socket.gethostbyname(socket.gethostname())
    except OSError:
        named = ""
    return named if named and not named.startswith("127.") else source_address(_SOMEWHERE)


class PBS:
    """PBS Professional and OpenPBS."""

    name = "pbs"
    options: tuple[str, ...] = ("partition", "time", "account", "select")
    stdin = False

    def submission(self, script: str) -> list[str]:
        """``qsub``."""
        return ["qsub", script]

    def job_in(self, printed: str) -> str:
        """``17.server``."""
        if not re.fullmatch(r"\d+(\[\])?\.\S+", job := printed.strip()):
            raise ValueError(printed)
        return job

    def cancellation(self, jobs: Sequence[str]) -> list[str]:
        """``qdel``."""
        return ["qdel", *jobs]

    def question(self, jobs: Sequence[str]) -> list[str]:
        """``qstat``, also of finished jobs."""
        return ["qstat", "-x", "-f", *jobs]

    def states(self, printed: str) -> dict[str, JobState]:
        """A paragraph for each job, with ``name = value`` in its lines."""
        found = {}
        for told in re.split(r"^Job Id: ", printed, flags=re.MULTILINE)[1:]:
            facts = dict(re.findall(r"^\s+(\w+) = (.*)$", told, re.MULTILINE))
            state, job = facts.get("job_state", ""), told.split()[0]
            if state in ("Q", "H", "W", "T", "M"):
                found[job] = JobState("pending", facts.get("comment", "queued"))
            elif state in ("R", "E", "S", "U", "B"):
                found[job] = JobState("running", f"on {facts.get('exec_host', 'its hosts')}")
            else:
                found[job] = JobState("ended", f"exit status {facts.get('Exit_status', 'unknown')}")
        return found

    def address(self) -> str:
        """The host's own."""
        return _own_address()


class GridEngine:
    """Grid Engine, by its many names."""

    name = "sge"
    options: tuple[str, ...] = ("partition", "time", "account", "memory", "environment")
    stdin = False

    def submission(self, script: str) -> list[str]:
        """``qsub``."""
        return ["qsub", "-terse", script]

    def job_in(self, printed: str) -> str:
        """``17``."""
        if not (job := printed.strip()).isdecimal():
            raise ValueError(printed)
        return job

    def cancellation(self, jobs: Sequence[str]) -> list[str]:
        """``qdel``."""
        return ["qdel", *jobs]

    def question(self, jobs: Sequence[str]) -> list[str]:
        """``qstat``, which tells of all jobs that have not ended."""
        return ["qstat"]

    def states(self, printed: str) -> dict[str, JobState]:
        """A table: the job's id first, its state fifth."""
        found = {}
        for line in printed.splitlines():
            words = line.split()
            if len(words) < 8 or not words[0].isdecimal():
                continue
            state = words[4]
            if "E" in state:
                found[words[0]] = JobState(
                    "pending", f"in error ({state}): see qstat -j {words[0]}"
                )
            elif "q" in state or "w" in state:
                found[words[0]] = JobState("pending", f"queued ({state})")
            else:
                found[words[0]] = JobState("running", f"on {words[7]}")
        return found

    def address(self) -> str:
        """The host's own."""
        return _own_address()


class LSF:
    """IBM Spectrum LSF."""

    name = "lsf"
    options: tuple[str, ...] = ("partition", "time", "account", "memory", "per_node")
    stdin = True

    def submission(self, script: str) -> list[str]:
        """``bsub``, which reads the script."""
        return ["bsub"]

    def job_in(self, printed: str) -> str:
        """``Job <17> is submitted to queue <normal>.``"""
        if (found := re.search(r"Job <(\d+)> is submitted", printed)) is None:
            raise ValueError(printed)
        return found[1]

    def cancellation(self, jobs: Sequence[str]) -> list[str]:
        """``bkill``."""
        return ["bkill", *jobs]

    def question(self, jobs: Sequence[str]) -> list[str]:
        """``bjobs``, a line for each."""
        form = "jobid stat exec_host pend_reason delimiter='|'"
        return ["bjobs", "-noheader", "-o", form, *jobs]

    def states(self, printed: str) -> dict[str, JobState]:
        """``17|PEND|-|reason``."""
        found = {}
        for line in printed.splitlines():
            job, state, hosts, reason = (*line.strip().split("|", 3), "", "", "")[:4]
            if state in ("PEND", "PSUSP", "WAIT", "PROV"):
                found[job] = JobState("pending", reason if reason not in ("", "-") else "queued")
            elif state in ("RUN", "USUSP", "SSUSP"):
                found[job] = JobState("running", f"on {hosts}")
            elif state:
                found[job] = JobState("ended", state.lower())
        return found

    def address(self) -> str:
        """The host's own."""
        return _own_address()


class PBSLauncher(BatchLauncher):
    """Engines by PBS."""

    system: System = PBS()

    def _defaults(self, count: int) -> dict[str, object]:
        return {"select": f"{count}:ncpus=1:mpiprocs=1"}


class GridEngineLauncher(BatchLauncher):
    """Engines by Grid Engine."""

    system: System = GridEngine()

    def _defaults(self, count: int) -> dict[str, object]:
        return {"environment": "mpi"}


class LSFLauncher(BatchLauncher):
    """Engines by LSF."""

    system: System = LSF()
