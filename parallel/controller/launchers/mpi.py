"""Engines as the ranks of one ``mpiexec``: their code may use ``MPI.COMM_WORLD`` among themselves.

Each rank's process is the engine, and starts its own keeper. Rules:

1. All ranks start together, once: none is added later, and none is started again.
2. A rank's death does not end the others: MPICH's Hydra and Open MPI are told so, and Hydra ends
   them all the same now and then. But what they do together waits for it for ever: that is said
   with its death.
"""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
from pathlib import Path

from ...directories import check_folder
from ...errors import SessionError
from ...interpreters import check_python
from . import Order, Report

_log = logging.getLogger(__name__)


class MPILauncher:
    """Starts the engines by ``mpiexec``."""

    meaning_of_loss = (
        "It was a rank of MPI: what the other ranks do together with it, as a barrier or a "
        "reduction, waits for ever. Interrupt that, and start the cluster again."
    )

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None

    async def start(self, order: Order, report: Report) -> None:
        """Start all ranks. Raises :class:`SessionError` if that is not to be."""
        if self._process is not None:
            raise SessionError(
                "The ranks of an MPI cluster start together: stop it, then start a larger one."
            )
        order.check_options()
        await asyncio.to_thread(check_python, order.python, order.cwd)
        await asyncio.to_thread(check_folder, order.cwd)
        command = _mpiexec(order.python)
        words = [*command, *await _flags(command), "-n", str(len(order.numbers))]
        log = os.open(
            Path(order.state) / "mpiexec.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600
        )
        try:
            self._process = await asyncio.create_subprocess_exec(
                *words,
                *order.program("rank {rank} of {count} of MPI"),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # it outlives this process, with its ranks
            )
        except OSError as error:
            raise SessionError(f"{command[0]} cannot be started: {error.strerror}.") from None
        finally:
            os.close(log)
        status = await self._process.wait()
        if status:
            report(f"mpiexec has ended with status {status}: see mpiexec.log in {order.state}.")

    async def stop(self) -> None:
        """Nothing: ``mpiexec`` ends with its ranks."""


def _mpiexec(python: str) -> list[str]:
    """What starts ranks: ``VIVO_MPIEXEC``, what is beside the interpreter, or on the PATH."""
    told = os.environ.get("VIVO_MPIEXEC", "").split()
    if told:
        return told
    beside = Path(python).parent / "mpiexec"
    found = str(beside) if beside.exists() else shutil.which("mpiexec")
    if found is None:
        raise SessionError(
            "There is no mpiexec beside the engines' interpreter or on the PATH: install an MPI "
            "(for instance with: pip install mpich mpi4py), or set VIVO_MPIEXEC to its command."
        )
    return [found]


async def _flags(command: list[str]) -> list[str]:
    """What this mpiexec needs to be told (rule 2)."""
    process = await asyncio.create_subprocess_exec(
        *command, "--version", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    told, _ = await process.communicate()
    if b"HYDRA" in told:
        return ["-disable-auto-cleanup"]
    if b"Open MPI" in told or b"OpenRTE" in told:
        words = ["--oversubscribe", "--enable-recovery"]
        return [*words, *(["--allow-run-as-root"] if os.getuid() == 0 else [])]
    return []
