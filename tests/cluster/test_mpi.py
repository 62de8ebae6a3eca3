"""Engines as ranks of MPI, in an environment that has an MPI and nothing of vivo's."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from vivo.parallel.client import SessionClient
from vivo.parallel.messages import RunRecord

from tests.cluster.conftest import RunningCluster, end, run_controller

ROOT = Path(__file__).parents[2]

C_LIBRARY = """
#include <mpi.h>
double total(int communicator, double mine) {
    double sum = 0;
    MPI_Allreduce(&mine, &sum, 1, MPI_DOUBLE, MPI_SUM, MPI_Comm_f2c(communicator));
    return sum;
}
"""


@pytest.fixture(params=["mpich", "openmpi"])
def environment(request: pytest.FixtureRequest) -> Path:
    """The programs of an environment that has an MPI."""
    return ROOT / f".venv-{request.param}" / "bin"


@pytest.fixture
def ranks(home: Path, environment: Path) -> Iterator[RunningCluster]:
    """Four ranks of MPI."""
    words = ["--name", "test", "--engines", "4", "--launcher", "mpi", "--cwd", str(home)]
    told = run_controller(*words, "--python", str(environment / "python"))
    assert told["status"] == "ready", told
    made = RunningCluster("test")
    yield made
    made.stop()


class Together:
    """Runs one cell on all engines."""

    def __init__(self, clients: list[SessionClient]) -> None:
        self.clients = clients

    async def run(self, code: str) -> list[RunRecord]:
        executions = [await each.execute(code) for each in self.clients]
        return list(await asyncio.gather(*(each.finished() for each in executions)))

    async def values(self, code: str) -> list[str]:
        records = await self.run(code)
        assert [record.error for record in records] == [None] * len(records)
        return [record.values[-1].data["text/plain"] for record in records]


@pytest.fixture
async def together(ranks: RunningCluster) -> AsyncIterator[Together]:
    """All ranks, and clients of their sessions."""
    engines = await asyncio.to_thread(ranks.up, 4)
    assert [each["rank"] for each in engines] == [0, 1, 2, 3]
    clients = [await client_of(each) for each in engines]
    yield Together(clients)
    for each in clients:
        await each.close()


async def client_of(engine: dict[str, Any]) -> SessionClient:
    folder = Path(engine["connection"]["ip"]).parent
    return await SessionClient.connect(folder / "connection.json", name="test")


async def test_cells_make_collective_calls(together: Together) -> None:
    """Each engine is a rank of one communicator."""
    await together.values("from mpi4py import MPI; comm = MPI.COMM_WORLD; comm.size")
    assert await together.values("comm.rank") == ["0", "1", "2", "3"]
    assert await together.values("comm.allreduce(comm.rank + 1)") == ["10"] * 4


async def test_a_compiled_library_makes_collective_calls(
    together: Together, home: Path, environment: Path
) -> None:
    """The user's C code, called from a cell, over the same communicator."""
    (home / "total.c").write_text(C_LIBRARY)
    command = [environment / "mpicc", "-shared", "-fPIC", "-o", "libtotal.so", "total.c"]
    subprocess.run(command, cwd=home, check=True)
    load = (
        "import ctypes, os; from mpi4py import MPI\n"
        "library = ctypes.CDLL(os.path.abspath('libtotal.so'))\n"
        "library.total.argtypes = ctypes.c_int, ctypes.c_double\n"
        "library.total.restype = ctypes.c_double\n"
        "library.total(MPI.COMM_WORLD.py2f(), MPI.COMM_WORLD.rank / 2)"
    )
    assert await together.values(load) == ["3.0"] * 4


async def test_the_death_of_a_rank_is_told_with_what_it_means(
    together: Together, ranks: RunningCluster, environment: Path
) -> None:
    """The others live on. Hydra now and then ends them all the same: that is told of each too."""
    await together.values("from mpi4py import MPI; comm = MPI.COMM_WORLD; comm.rank")
    end(ranks.engines()[3]["engine_pid"])
    told = await asyncio.to_thread(ranks.until, lambda told: told[3]["state"] == "dead")
    assert "rank of MPI" in told[3]["reason"]
    assert "waits for ever" in told[3]["reason"]
    for record in await Together(together.clients[:3]).run("comm.rank"):
        is_told = record.error is not None and record.error.name == "EngineDied"
        assert record.status == "ok" or (is_told and "mpich" in str(environment))


async def test_a_rank_is_not_started_again_alone(together: Together, ranks: RunningCluster) -> None:
    """What is asked of it is refused, with what to do."""
    ranks.ask("vivo_restart_engines_request", engines=[1])
    told = await asyncio.to_thread(
        ranks.until, lambda told: "starts with all the others alone" in told[1]["reason"]
    )
    assert told[1]["state"] == "dead"


def test_without_an_mpi_one_sentence_tells_what_to_install(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where neither the interpreter nor the PATH has one."""
    monkeypatch.setenv("PATH", str(home))
    told = run_controller("--name", "test", "--engines", "2", "--launcher", "mpi")
    assert told["status"] == "ready"
    made = RunningCluster("test")
    while not (problems := made.ask("vivo_status_request", wait=True)["problems"]):
        continue
    assert "pip install mpich mpi4py" in problems[0]
    made.stop()
