"""Cells that an editor sends to engines elsewhere: ranks of MPI, tasks of Slurm, by ssh, in Dask.

The user's setting says which; all else is as on this machine.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from tests.cluster.slurm_here import Slurm
from tests.cluster.sshd import Server, server
from tests.cluster.test_slurm import one_slurm, slurm
from tests.server.cluster_editors import editing, last_editing, sent, stop_all
from tests.server.editors import Editor, at

__all__ = ["one_slurm", "server", "slurm"]

MPICH = str(Path(__file__).parents[2] / ".venv-mpich" / "bin" / "python")


async def looked_at(home: Path, setting: dict[str, Any], code: str, value: str) -> None:
    """A cell, an interrupt, an answer of an engine that works; then another editor."""
    try:
        await _looked_at(home, setting, code, value)
    finally:
        stop_all()


async def _looked_at(home: Path, setting: dict[str, Any], code: str, value: str) -> None:
    text = f"# %%\n{code}\n# %%\nimport time\nprint('begun')\nwhile True: time.sleep(0.01)\n"
    async with editing(home, cluster={"engines": 2, **setting}) as editor:
        editor.open(text)
        ended = await sent(editor, **at(1, 0))
        assert (ended["error"], ended["value"]["text/plain"]) == (None, value)
        await _interrupted_while_it_answers(editor)
    async with last_editing(home) as again:
        again.open(text)
        await again.until(again.diagnostics)
        assert again.diagnostics()[0]["message"].startswith("KeyboardInterrupt on engines 0, 1")
        label = value.replace("\n", " · ")
        assert (1, f"⟶ {label}") in await again.labels()
        assert (await again.start("cluster.stop"))["state"] == "none"


async def _interrupted_while_it_answers(editor: Editor) -> None:
    run = (await editor.start("sendToCluster", **at(3, 0)))["executionId"]

    def begun() -> bool:
        told = [o for o in editor.told.get("vivo/output", ()) if o["executionId"] == run]
        return {o["engine"] for o in told} == {0, 1}

    await editor.until(begun)
    await editor.start("cluster.target", engine=1, **at(3, 0))
    hover = await editor.ask("hover", **at(3, 8))
    assert "*live, while a cell runs, on engine 1*" in hover["contents"]["value"]
    await editor.start("interrupt", executionId=run)
    ended = await editor.end_of(run)
    assert ended["error"]["name"] == "KeyboardInterrupt on engines 0, 1"


async def test_ranks_of_mpi(home: Path) -> None:
    """They know each other, and stand by their ranks."""
    code = "from mpi4py.MPI import COMM_WORLD as all; all.allreduce(1) * 10 + all.rank"
    await looked_at(home, {"launcher": "mpi", "python": MPICH}, code, "[0] 20\n[1] 21")


async def test_hosts_by_ssh(home: Path, server: Server) -> None:
    """Reached through the controller alone."""
    options = {"hosts": ["alpha", "beta"], "ssh": server.ssh}
    code = "import os; 'SSH_CONNECTION' in os.environ"
    setting = {"launcher": "ssh", "options": options, "python": sys.executable}
    await looked_at(home, setting, code, "[all] True")


async def test_tasks_of_slurm(home: Path, slurm: Slurm) -> None:
    """Both of one job."""
    setting = {"launcher": "slurm", "python": MPICH, "listen": "127.0.0.1"}
    code = "import os; os.environ['SLURM_PROCID']"
    await looked_at(home, setting, code, "[0] '0'\n[1] '1'")


async def test_workers_of_dask(home: Path) -> None:
    """Guests in Dask's workers; a work of Dask's own goes on beside."""
    setting = {"launcher": "dask", "options": {"dashboard": False}}
    code = "import distributed; len(distributed.Worker._instances)"
    await looked_at(home, setting, code, "[all] 1")
