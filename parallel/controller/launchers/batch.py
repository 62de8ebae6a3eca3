"""Engines as jobs of a batch system: submitted, watched, cancelled.

What differs between systems is a :class:`System`; Slurm's is tried for real (:mod:`.slurm`), those
of :mod:`.others` are not. Rules:

1. Each start of engines is one job. Its processes become engines by :mod:`.enlist`, and find which
   they are by their rank.
2. What becomes of a job is asked for ever more seldom, and by one command for all jobs: the system
   is everybody's.
3. A job is written down before anything else is done with it: the controller that is started again
   finds it, and no job is left in a queue when the cluster is stopped.
4. A job that ends before its engines have come is told with the last line of its log.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import socket
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

import msgspec

from ...directories import check_folder, write_private
from ...errors import SessionError
from . import Order, Report
from .templating import render, template_of

_log = logging.getLogger(__name__)
_COMMAND_SECONDS = 60.0
_FIRST_LOOK, _LAST_LOOK = 0.5, 30.0  # seconds between two questions of what becomes of jobs
_COMING = 120.0  # seconds that engines may take from their job's start
_UNSEEN = 10.0  # seconds for which a job that was submitted may be unknown
_END_SECONDS = 5.0


class JobState(msgspec.Struct, frozen=True):
    """What a system tells of a job."""

    phase: str
    """``pending``, ``running`` or ``ended``."""
    told: str
    """In the system's words: its reason to wait, its hosts, how it ended."""


class System(Protocol):
    """A batch system: its commands, and what they print."""

    name: str
    options: tuple[str, ...]
    """Those that its template knows, beside ``more``."""
    stdin: bool
    """Whether the script is given on the standard input."""

    def submission(self, script: str) -> list[str]:
        """The command that submits a script."""

    def job_in(self, printed: str) -> str:
        """The job's id, from what that prints. Raises :class:`ValueError`."""

    def cancellation(self, jobs: Sequence[str]) -> list[str]:
        """The command that cancels jobs."""

    def question(self, jobs: Sequence[str]) -> list[str]:
        """The command that tells of jobs."""

    def states(self, printed: str) -> dict[str, JobState]:
        """What it tells of each that it still knows."""

    def address(self) -> str:
        """The address of this host as the system's hosts reach it, a loopback one if there is none
        other."""


class Job(msgspec.Struct):
    """A job of ours."""

    id: str
    numbers: list[int]
    log: str
    state: JobState = JobState("pending", "submitted")
    submitted: float = -1e9
    running_since: float = 0.0
    """By the monotonic clock, as the time before; 0 if it does not run."""


class Work(msgspec.Struct, frozen=True):
    """What a job is to do."""

    name: str
    numbers: list[int]
    """One for each process."""
    program: list[str]
    """The command of every process."""
    options: dict[str, Any]
    state: Path
    """A folder for files that only the user can read, on file systems that all hosts share."""
    cwd: str


class BatchLauncher:
    """Submits a job for each start of engines."""

    needs_network = True
    system: System

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}
        self._folder = Path()
        self.last_job = ""
        """The id of the last one that was submitted."""
        self._reports: dict[str, Report] = {}
        self._watching: asyncio.Task[None] | None = None

    # --- What a launcher is ------------------------------------------------------------------

    @property
    def status(self) -> str:
        """What becomes of jobs whose engines may be on their way."""
        told = []
        for job in self._jobs.values():
            if job.state.phase == "pending":
                told.append(f"job {job.id} waits in {self.system.name}: {job.state.told}")
            elif time.monotonic() - job.running_since < _COMING:
                told.append(f"job {job.id} runs: {job.state.told}")
        return "; ".join(told)

    def reachable_address(self) -> str:
        """This host's address for engines. Raises :class:`SessionError` if it has none."""
        address = self.system.address()
        if address.startswith("127.") or address in ("", "::1"):
            raise SessionError(
                f"The engines run on other hosts, and this one ({socket.gethostname()}) knows no "
                "address of its own that they reach: name one, as listen='10.0.0.5' or --listen "
                "10.0.0.5 (`ip address` shows what there is)."
            )
        return address

    async def start(self, order: Order, report: Report) -> None:
        """Submit a job. Raises :class:`SessionError` if it is not taken."""
        order.check_options("template", "more", *self.system.options)
        await asyncio.to_thread(check_folder, order.cwd)
        work = Work(
            f"vivo-{order.cluster}",
            order.numbers,
            order.elsewhere(f"A job of {self.system.name}"),
            order.options,
            Path(order.state),
            order.cwd,
        )
        await self.submit(work, report)

    async def submit(self, work: Work, report: Report) -> str:
        """Submit any work as a job; gives its id. Raises :class:`SessionError`."""
        system, options, state = self.system, dict(work.options), work.state
        template = template_of(system.name, str(options.pop("template", "")))
        stem = f"{system.name}-{work.numbers[0]}-{os.urandom(4).hex()}"
        log = state / f"{stem}.log"
        count = len(work.numbers)
        told = {**self._defaults(count), **options, "count": count, "log": str(log)}
        told["name"] = work.name
        text = render(template, told, work.program)
        script = state / f"{stem}.sh"
        write_private(script, text.encode())
        printed = await _run(system.submission(str(script)), work.cwd, text if system.stdin else "")
        try:
            job = Job(system.job_in(printed), list(work.numbers), str(log))
            job.submitted = time.monotonic()
        except ValueError:
            raise SessionError(
                f"{system.name} has taken the job and said {printed!r}, which names none: look for "
                f"it with its own commands, and cancel it there."
            ) from None
        _log.info("Submitted job %s for %s.", job.id, job.numbers)
        self._folder = state
        self._reports[job.id] = report
        self._jobs[job.id] = job
        self._write()
        self._watch()
        self.last_job = job.id
        return job.id

    def _defaults(self, count: int) -> dict[str, object]:
        return {}

    async def resumed(self, order: Order, report: Report) -> None:
        """Find the jobs of the controller before this one."""
        self._folder = Path(order.state)
        try:
            told = json.loads((self._folder / "jobs.json").read_text("utf-8"))
        except FileNotFoundError:
            return
        for each in told:
            self._jobs[each["id"]] = Job(each["id"], each["numbers"], each["log"])
            self._reports[each["id"]] = report
        self._watch()

    async def withdraw(self) -> None:
        """Cancel what has not begun."""
        await self._look()
        await self._cancel(job for job in self._jobs.values() if job.state.phase == "pending")

    async def stop(self) -> None:
        """End what is left: engines that were told to end have a moment to do so."""
        if self._watching is not None:
            self._watching.cancel()
        until = time.monotonic() + _END_SECONDS
        await self._look()
        while self._jobs and time.monotonic() < until:
            await asyncio.sleep(_FIRST_LOOK)
            await self._look()
        await self._cancel(self._jobs.values())

    async def cancel(self) -> None:
        """End all jobs, whatever they do."""
        self.let_go()
        await self._look()
        await self._cancel(self._jobs.values())

    def let_go(self) -> None:
        """Watch the jobs no more; they go on."""
        if self._watching is not None:
            self._watching.cancel()

    # --- Jobs ----------------------------------------------------------------------------------

    def _write(self) -> None:
        told = [
            {"id": job.id, "numbers": job.numbers, "log": job.log} for job in self._jobs.values()
        ]
        write_private(self._folder / "jobs.json", json.dumps(told).encode())

    def _watch(self) -> None:
        if self._watching is not None:
            self._watching.cancel()
        self._watching = asyncio.ensure_future(self._look_again_and_again())

    async def _look_again_and_again(self) -> None:
        pause = _FIRST_LOOK
        while self._jobs:
            before = {job.id: job.state for job in self._jobs.values()}
            await self._look()
            if {job.id: job.state for job in self._jobs.values()} != before:
                pause = _FIRST_LOOK
            await asyncio.sleep(pause)
            pause = min(1.5 * pause, _LAST_LOOK)

    async def _look(self) -> None:
        """Ask what has become of the jobs, and tell of those that have ended."""
        if not self._jobs:
            return
        jobs = list(self._jobs)
        try:
            states = self.system.states(await _run(self.system.question(jobs)))
        except SessionError as error:
            if len(jobs) > 1 or not _is_forgotten(str(error)):
                _log.warning("%s", error)
                return  # the system does not answer: the jobs are as they were
            states = {}
        for name in jobs:
            job = self._jobs.get(name)
            if job is None:
                continue
            state = states.get(name, JobState("ended", "it is not known any more"))
            is_fresh = time.monotonic() - job.submitted < _UNSEEN
            if name in states or not is_fresh:  # some systems list a job only after a moment
                self._is_now(job, state)

    def _is_now(self, job: Job, state: JobState) -> None:
        if state.phase == "running" and job.state.phase != "running":
            job.running_since = time.monotonic()
        if state != job.state:
            _log.info("Job %s: %s, %s", job.id, state.phase, state.told)
        job.state = state
        if state.phase == "ended":
            del self._jobs[job.id]
            self._write()
            self._reports.pop(job.id)(
                f"job {job.id} of {self.system.name} has ended ({state.told})"
                f"{_last_line(Path(job.log))}; its log is {job.log}."
            )

    async def _cancel(self, jobs: Iterable[Job]) -> None:
        names = [job.id for job in jobs]
        if not names:
            return
        try:
            await _run(self.system.cancellation(names))
        except SessionError as error:
            _log.error("%s", error)
            return
        for name in names:
            self._is_now(self._jobs[name], JobState("ended", "cancelled"))


def _is_forgotten(error: str) -> bool:
    """Whether a system has said that it does not know a job."""
    told = error.lower()
    return any(each in told for each in ("invalid job", "unknown job", "not found", "not exist"))


def _last_line(log: Path) -> str:
    try:
        lines = log.read_text("utf-8", "replace").strip().splitlines()
    except OSError:
        return ""
    ours = [line for line in lines if line.startswith("vivo: ")]  # why an engine cannot be one
    return f": {(ours or lines)[-1]}" if lines else ""


async def _run(command: Sequence[str], folder: str | None = None, text: str = "") -> str:
    """What a command of the system prints. Raises :class:`SessionError` if it fails."""
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=folder,
        )
    except FileNotFoundError:
        raise SessionError(
            f"There is no command {command[0]} here: clusters of this kind are started on a host "
            "that has the batch system's commands."
        ) from None
    try:
        out, err = await asyncio.wait_for(process.communicate(text.encode()), _COMMAND_SECONDS)
    except asyncio.TimeoutError:
        process.kill()
        await process.wait()
        raise SessionError(
            f"{command[0]} has not answered in {_COMMAND_SECONDS:.0f} s: the batch system may be "
            "down."
        ) from None
    if process.returncode:
        told = " ".join(err.decode("utf-8", "replace").split()) or f"status {process.returncode}"
        raise SessionError(f"{command[0]} has refused: {told}")
    return out.decode("utf-8", "replace")
