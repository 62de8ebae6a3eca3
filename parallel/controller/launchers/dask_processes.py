"""A Dask scheduler and workers of a cluster's own, as processes of this host.

Rules:

1. They outlive this process, as engines do: a controller that is started again finds them by a
   file in the cluster's state folder, which names each by its process id and its start.
2. They end with the cluster: asked, then by signals.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ....core.private_files import open_file
from ...directories import check_folder, write_private
from ...errors import SessionError
from ...processes import process_started
from . import Order

_log = logging.getLogger(__name__)
_SCRIPT = Path(__file__).resolve().parents[2] / "engine" / "dask_process.py"
_START_SECONDS = 60.0
_END_SECONDS = 5.0
_FILE = "dask.json"
SCHEDULER = "scheduler"
_YES = (True, "true", "yes", "1")
_CERTIFY = (
    *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
    *("-nodes", "-days", "3650", "-subj", "/CN=vivo"),
)


class Processes:
    """The processes that this cluster has started."""

    def __init__(self, ended: Callable[[int, int], None]) -> None:
        """``ended`` is told of a worker's end: its engine's number, and its status."""
        self._ended = ended
        self._started: dict[str, tuple[int, float]] = {}  # by name: the process and its start
        self._facts: dict[str, Any] = {}
        self.tls = ""
        """The folder of the certificate of Dask's connections, if they have one."""
        self._path = Path()
        self._watching: set[asyncio.Task[None]] = set()

    @property
    def is_own(self) -> bool:
        """Whether the scheduler is one of these."""
        return SCHEDULER in self._started

    @property
    def kept_numbers(self) -> list[int]:
        """The numbers of the engines that there were when the facts were written."""
        return [int(each) for each in self._facts.get("numbers", ())]

    def has_scheduler(self) -> bool:
        """Whether the scheduler lives."""
        return _lives(self._started.get(SCHEDULER))

    async def start_scheduler(self, order: Order) -> tuple[str, str]:
        """Start a scheduler; its address, and its dashboard's. Raises :class:`SessionError`."""
        told = {
            "role": SCHEDULER,
            "host": "127.0.0.1",
            "dashboard": order.options.get("dashboard", True) in _YES,
            "tls": await self._certified(order),
        }
        answer = await self._start(order, SCHEDULER, told)
        return answer["address"], answer["dashboard"]

    async def _certified(self, order: Order) -> str:
        """The folder of a certificate that this cluster alone has; empty if none is wanted."""
        if order.options.get("tls", False) not in _YES:
            return ""
        folder = Path(order.state)
        for name in ("dask.key", "dask.pem"):
            os.close(open_file(folder / name, os.O_WRONLY))  # the user's alone, before openssl
        try:
            process = await asyncio.create_subprocess_exec(
                *_CERTIFY,
                *("-keyout", str(folder / "dask.key"), "-out", str(folder / "dask.pem")),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
            )
            _, told = await process.communicate()
        except OSError as error:
            raise SessionError(f"tls needs the program openssl: {error.strerror}.") from None
        if process.returncode:
            raise SessionError(f"openssl makes no certificate: {told.decode().strip()}")
        self.tls = str(folder)
        return self.tls

    async def start_worker(self, order: Order, scheduler: str, number: int) -> None:
        """Start a worker, whose engine has a number. Raises :class:`SessionError`."""
        told = {
            "role": "worker",
            "scheduler": scheduler,
            "name": str(number),
            "threads": int(order.options.get("threads", 1)),
            "memory_limit": order.options.get("memory_limit", 0),
            "folder": order.state,
            "tls": self.tls,
        }
        self._started.pop(str(number), None)  # the end of one that had the number says nothing now
        await self._start(order, str(number), told, waits=False)

    async def _start(
        self, order: Order, name: str, told: dict[str, Any], *, waits: bool = True
    ) -> dict[str, Any]:
        await asyncio.to_thread(check_folder, order.cwd)
        log = Path(order.state) / f"dask-{name}.log"
        descriptor = open_file(log, os.O_WRONLY | os.O_APPEND)
        try:
            process = await asyncio.create_subprocess_exec(
                order.python,
                str(_SCRIPT),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=descriptor,
                cwd=order.cwd,
                start_new_session=True,  # rule 1
            )
        except OSError as error:
            raise SessionError(f"{order.python} cannot be started: {error.strerror}.") from None
        finally:
            os.close(descriptor)
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(told).encode())
        process.stdin.close()
        self._started[name] = process.pid, process_started(process.pid) or 0.0
        self.save(order.state)
        self._watch(name, process)
        if not waits:
            return {}
        try:
            line = await asyncio.wait_for(process.stdout.readline(), _START_SECONDS)
        except asyncio.TimeoutError:
            line = b""
        if not line:
            del self._started[name]
            last = (log.read_text("utf-8", "replace").strip().splitlines() or ["no word"])[-1]
            raise SessionError(
                f"{order.python} does not start Dask's {name}: {last} ({log}). Its environment "
                "needs the package distributed (pip install distributed)."
            )
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _watch(self, name: str, process: asyncio.subprocess.Process) -> None:
        own = self._started[name]

        async def watch() -> None:
            status = await process.wait()
            if name != SCHEDULER and self._started.get(name) == own:  # not one after it
                del self._started[name]
                self.save()
                self._ended(int(name), status)

        task = asyncio.ensure_future(watch())
        self._watching.add(task)
        task.add_done_callback(self._watching.discard)

    # --- What is left for a controller after this one ------------------------------------------

    def save(self, state: str = "", **facts: Any) -> None:
        """Write down which there are, and facts beside."""
        if state:
            self._path = Path(state) / _FILE
        self._facts.update(facts)
        if self._path.name:
            told = {**self._facts, "tls": self.tls, "processes": self._started}
            write_private(self._path, json.dumps(told).encode())

    def load(self, state: str) -> dict[str, Any]:
        """What a controller before this one has written; empty if it has not."""
        self._path = Path(state) / _FILE
        try:
            kept: dict[str, Any] = json.loads(self._path.read_bytes())
        except (OSError, ValueError):
            return {}
        told = kept.pop("processes", {})
        self._started = {name: (int(pid), float(start)) for name, (pid, start) in told.items()}
        self.tls = kept.get("tls", "")
        self._facts = kept
        return kept

    # --- Ends ------------------------------------------------------------------------------

    async def end(self) -> None:
        """End them all (rule 2)."""
        started, self._started = self._started, {}
        for number in (signal.SIGTERM, signal.SIGKILL):
            for pid, start in started.values():
                if _lives((pid, start)):
                    os.kill(pid, number)
            await asyncio.gather(*(_wait(each) for each in started.values()))
        for each in tuple(self._watching):
            each.cancel()
        if self._path.name:
            await asyncio.to_thread(self._remove_files)

    def _remove_files(self) -> None:
        for each in (self._path, self._path.with_suffix(".key"), self._path.with_suffix(".pem")):
            each.unlink(missing_ok=True)
        shutil.rmtree(self._path.parent / "dask-scratch-space", ignore_errors=True)


def _lives(process: tuple[int, float] | None) -> bool:
    return process is not None and process_started(process[0]) == process[1]


async def _wait(process: tuple[int, float]) -> None:
    """Wait for a process's end for a while; it need not be a child."""
    pid, start = process
    if not _lives(process) or start == 0.0:
        return
    try:
        descriptor = os.pidfd_open(pid)
    except OSError:
        return
    loop = asyncio.get_running_loop()
    ended = loop.create_future()

    def note() -> None:
        if not ended.done():
            ended.set_result(None)

    loop.add_reader(descriptor, note)
    try:
        await asyncio.wait_for(ended, _END_SECONDS)
    except asyncio.TimeoutError:
        _log.warning("The process %s does not end.", pid)
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)
