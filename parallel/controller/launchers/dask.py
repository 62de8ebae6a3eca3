"""Engines in the workers of Dask: each hosts one, and tasks come to it by Dask's scheduler.

``Cluster("dask", n=4)`` starts a scheduler and workers of its own; with ``address=`` the engines
are in the workers of a scheduler that runs, with ``jobqueue="MODULE:CLASS"`` in those that a class
of dask-jobqueue's kind has started. Rules:

1. Whoever has an engine is decided here: a worker says that it is there (:mod:`.dask_plugin`), gets
   a number, and is asked to begin. One that joins later gets one too.
2. Dask carries tasks and counts them among its workers' own. Their results, and all that views do,
   go by the engines' keepers to the controller: no result is lost with Dask's scheduler.
3. When the scheduler is gone, tasks that have not ended are taken back, and given again when there
   is one: at the same address, or a new one of our own.
4. No key goes through Dask: a worker reads it from a file that only the user can read.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import importlib.util
import json
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from ...engine.dask_process import security_of
from ...errors import SessionError
from ...interpreters import check_python
from ..farming.policy import Ahead
from . import Order, Report
from .dask_plugin import make_plugin
from .dask_processes import Processes
from .dask_tasks import Carrier

if TYPE_CHECKING:
    from ..controller import Controller

_log = logging.getLogger(__name__)
_ROOT = str(Path(__file__).resolve().parents[3])
_OPTIONS = (
    *("address", "jobqueue", "jobqueue_options"),
    *("threads", "memory_limit", "dashboard", "tls"),
)
_CONNECT_SECONDS = 20.0
_PAUSE = 0.5  # seconds between looks for a scheduler that is gone: nothing tells that it is back


class DaskLauncher:
    """Has Dask's workers host engines."""

    cannot_restart = (
        "An engine that is a guest in a Dask worker cannot be restarted alone: end the worker, and "
        "add another (cluster.remove(number), cluster.add()), or restart Dask's workers."
    )

    policy = Ahead(moment=0.05, patience=0.5)
    """Tasks are on their way for longer than to a keeper's: what is taken back comes late."""

    def __init__(self) -> None:
        if importlib.util.find_spec("distributed") is None:
            raise SessionError(
                "The launcher dask needs the package distributed in vivo's own environment: "
                "install it there (pip install 'vivo[dask]')."
            )
        self.status = ""
        self.carrier = Carrier(self)
        self.client: Any = None
        self.workers: dict[int, str] = {}
        """The address of each engine's worker."""
        self._host: Controller
        self._order: Order
        self._report: Report = _log.error
        self._wanted: list[int] = []  # numbers that were ordered and have no worker yet
        self._seating: set[str] = set()  # workers that are asked, or have an engine
        self._scheduler = self._dashboard = ""
        self._processes = Processes(self._worker_ended)
        self._made: Any = None  # what a jobqueue's class has made
        self._opening = asyncio.Lock()
        self._is_stopping = False

    def attach(self, host: Controller) -> None:
        """The controller that it starts engines for."""
        self._host = host

    @property
    def _topic(self) -> str:
        """Under which name Dask knows the cluster's plugin and its events."""
        return f"vivo-{self._host.entry.id}"

    @property
    def cannot_add(self) -> str:
        """Why no engines can be added, if so."""
        if self._scheduler and not self._processes.is_own and self._made is None:
            return (
                f"The workers of the Dask scheduler {self._scheduler} are not vivo's to start: "
                "start more there, and each gets an engine by itself."
            )
        return ""

    # --- As any launcher -------------------------------------------------------------------

    async def start(self, order: Order, report: Report) -> None:
        """Have engines begun in workers. Raises :class:`SessionError` if that is not to be."""
        order.check_options(*_OPTIONS)
        is_own = not order.options.get("address") and not order.options.get("jobqueue")
        async with self._opening:
            self.status = "Dask's scheduler"
            try:
                if self.client is None:
                    await self._open(order, report)
                self._wanted += order.numbers
                if self._made is not None:
                    self._made.scale(len(self.workers) + len(self._wanted))
                if is_own:
                    for number in order.numbers:
                        await self._start_worker(number)
                else:
                    await self._seat_all(everyone=not order.numbers)
            finally:
                self._tell_status()

    async def resumed(self, order: Order, report: Report) -> None:
        """Find the scheduler and the workers again that a controller before this one had."""
        async with self._opening:
            self._order, self._report = order, report
            kept = self._processes.load(order.state)
            if not kept.get("address"):
                return  # it had not come so far
            self._scheduler, self._dashboard = kept["address"], kept.get("dashboard", "")
            try:
                await self._connect()
            except SessionError:
                self._host.spawn(self._come_back())  # once this lets go of the lock
            else:
                await self._seat_all(everyone=False)

    async def stop(self) -> None:
        """Let go of Dask; end what is our own."""
        self._is_stopping = True
        await self._close_client(is_last=True)
        if self._made is not None:
            with contextlib.suppress(Exception):  # a class of others: the rest is to be let go of
                await self._made.close()
        if self._host.is_stopped:
            await self._processes.end()

    def facts(self) -> dict[str, Any]:
        """What the cluster's status tells of Dask."""
        workers = {str(number): worker for number, worker in sorted(self.workers.items())}
        told = {"scheduler": self._scheduler, "dashboard": self._dashboard, "workers": workers}
        return {**told, "tls": self._processes.tls}

    # --- The scheduler ---------------------------------------------------------------------

    async def _open(self, order: Order, report: Report) -> None:
        self._order, self._report = order, report
        options = order.options
        if options.get("jobqueue"):
            self._scheduler = await self._make(options)
        elif options.get("address"):
            self._scheduler = str(options["address"])
        else:
            await asyncio.to_thread(check_python, order.python, order.cwd)
            self._scheduler, self._dashboard = await self._processes.start_scheduler(order)
        try:
            await self._connect()
        except BaseException:
            await self._processes.end()
            raise
        self._keep_facts()

    def _keep_facts(self) -> None:
        """What a controller after this one needs to know."""
        facts = {"address": self._scheduler, "dashboard": self._dashboard}
        self._processes.save(self._order.state, **facts, numbers=sorted(self.workers))

    async def _make(self, options: dict[str, Any]) -> str:
        """Have a class of dask-jobqueue's kind make a cluster; its scheduler's address."""
        module, _, name = str(options["jobqueue"]).partition(":")
        more = options.get("jobqueue_options") or {}
        if isinstance(more, str):  # from a command line
            more = json.loads(more)
        if self._order.cwd not in sys.path:
            sys.path.append(self._order.cwd)  # last: its files shadow none of ours
        try:
            kind = getattr(importlib.import_module(module or "dask_jobqueue"), name or module)
            self._made = await kind(asynchronous=True, **more)
            return str(self._made.scheduler_address)
        except Exception as error:
            self._made = None
            raise SessionError(
                f"{options['jobqueue']} cannot make a Dask cluster: {type(error).__name__}: "
                f"{error}. It is named MODULE:CLASS, and vivo's own interpreter must find it."
            ) from error

    async def _connect(self) -> None:
        """Connect to the scheduler. Raises :class:`SessionError`."""
        distributed = importlib.import_module("distributed")
        config = importlib.import_module("dask").config
        config.set({"distributed.admin.large-graph-warning-threshold": "1TB"})
        topic = self._topic
        try:
            await _knock(self._scheduler)
            client = await distributed.Client(
                self._scheduler,
                asynchronous=True,
                name=topic,
                timeout=_CONNECT_SECONDS,
                security=security_of(self._processes.tls),
                set_as_default=False,
            )
            theirs = (await client.scheduler.versions())["packages"].get("distributed")
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise SessionError(
                f"There is no Dask scheduler at {self._scheduler} that answers: {error}."
            ) from None
        ours = distributed.__version__
        if theirs is None or theirs.split(".")[:2] != ours.split(".")[:2]:
            await client.close()
            raise SessionError(
                f"Dask's scheduler has distributed {theirs}, and vivo's own environment {ours}: "
                f"install the same there (pip install 'distributed=={theirs}')."
            )
        self.client = client
        if not self._dashboard:
            self._dashboard = client.dashboard_link or ""
        client.subscribe_topic(topic, self._told)
        owns = not self._order.options.get("address")
        await client.register_plugin(make_plugin(topic, _ROOT, owns_worker=owns), name=topic)
        self._host.spawn(self._watch(client))

    async def _watch(self, client: Any) -> None:
        """Notice when the scheduler is gone: an open connection of its own ends then."""
        core = importlib.import_module("distributed.core")
        try:
            comm = await core.connect(self._scheduler, **client.connection_args)
            while True:
                await comm.read()
        except OSError:  # CommClosedError is one
            pass
        if self._is_stopping or self.client is not client:
            return
        self._host.problems.append(
            f"The Dask scheduler {self._scheduler} is gone. Results are kept; what has not ended "
            "is given again once there is a scheduler with workers."
        )
        _log.warning("The Dask scheduler %s is gone.", self._scheduler)
        await self._come_back()

    async def _come_back(self) -> None:
        """Go on with a scheduler: that of the same address, or a new one of our own."""
        numbers = sorted(self.workers) or self._processes.kept_numbers
        await self._close_client()
        self.workers.clear()
        self._seating.clear()
        self.carrier.lost()
        while not self._is_stopping:
            self.status = f"Dask's scheduler at {self._scheduler}"
            try:
                async with self._opening:
                    if self._processes.is_own and not self._processes.has_scheduler():
                        await self._processes.end()
                        self._scheduler, self._dashboard = await self._processes.start_scheduler(
                            self._order
                        )
                        await self._connect()
                        self._keep_facts()
                        for number in numbers:
                            await self._start_worker(number)
                    elif self._order.options.get("jobqueue"):
                        self._scheduler = await self._make(self._order.options)
                        await self._connect()
                        self._keep_facts()
                        self._wanted += [each for each in numbers if each not in self._wanted]
                        self._made.scale(len(self._wanted))
                    else:
                        await self._connect()
                        await self._seat_all(everyone=False)
                break
            except (SessionError, OSError) as error:
                _log.info("%s", error)
                await asyncio.sleep(_PAUSE)
        self._tell_status()

    async def _close_client(self, *, is_last: bool = False) -> None:
        client, self.client = self.client, None
        if client is None:
            return
        try:
            if is_last and self._host.is_stopped:
                await asyncio.wait_for(client.unregister_worker_plugin(self._topic), 2)
        except Exception:  # noqa: BLE001 - the scheduler may be gone, or know nothing of it
            _log.info("The plugin of the workers stays.")
        with contextlib.suppress(Exception):  # it is let go of, whatever it says to that
            await asyncio.wait_for(client.close(), 5)

    # --- Workers ---------------------------------------------------------------------------

    async def _start_worker(self, number: int) -> None:
        """Start a worker of our own for an engine; its number is its name."""
        if number not in self._wanted:
            self._wanted.append(number)
        await self._processes.start_worker(self._order, self._scheduler, number)

    def _worker_ended(self, number: int, status: int) -> None:
        """A worker of our own has ended."""
        worker = self.workers.pop(number, None)
        if worker is not None:
            self._seating.discard(worker)
        if number in self._wanted:
            self._wanted.remove(number)
            sentence = f"The Dask worker of engine {number} has ended with status {status}"
            self._report(f"{sentence}: see dask-{number}.log in {self._order.state}.")

    async def _seat_all(self, *, everyone: bool) -> None:
        """Ask all workers that there are; with ``everyone`` wait until each has its engine."""
        known = await self.client.scheduler.identity(n_workers=-1)
        workers = [(address, str(each.get("name"))) for address, each in known["workers"].items()]
        if everyone:
            if not workers:
                raise SessionError(f"The Dask scheduler {self._scheduler} has no workers.")
            await asyncio.gather(*(self._seat(*each) for each in workers))
        else:
            for each in workers:
                self._host.spawn(self._seat(*each))

    def _told(self, event: tuple[float, dict[str, str]]) -> None:
        """A worker tells something."""
        told = event[1]
        worker = told["worker"]
        if told["what"] == "here":
            self._host.spawn(self._seat(worker, told["name"]))
        elif told["what"] == "ended":
            self._seating.discard(worker)
            self.workers = {n: each for n, each in self.workers.items() if each != worker}
            if told["why"]:
                self._host.problems.append(f"The engine of {worker} has ended: {told['why']}.")

    async def _seat(self, worker: str, name: str) -> None:
        """Give a worker a number, and have it begin an engine."""
        if worker in self._seating or self.client is None:
            return
        self._seating.add(worker)
        order, number = self._order, -1
        try:
            has = await self.ask(worker, "place")
            if has["number"] >= 0:
                self._has_engine(has["number"], worker)
                return
            number = self._number_for(name)
            order = msgspec.structs.replace(self._host.launching.order_of([number]), options={})
            command = order.elsewhere(f"The Dask worker {worker}")
            told = await self.ask(worker, "begin", number=number, command=command)
            await asyncio.to_thread(Path(command[-1]).unlink, missing_ok=True)
            if told["refused"]:
                raise SessionError(f"The Dask worker {worker} has no engine: {told['refused']}")
            self._has_engine(number, worker)
        except (OSError, SessionError, KeyError, TypeError, ValueError) as error:
            self._seating.discard(worker)
            if number >= 0 and self._host.engines.not_coming([number], str(error)):
                self._report(str(error))
            _log.warning("%s: %s", worker, error)
        finally:
            self._tell_status()

    def _has_engine(self, number: int, worker: str) -> None:
        self.workers[number] = worker
        self._keep_facts()
        self._host.reached_again(number)

    def _number_for(self, name: str) -> int:
        if self._processes.is_own and name.isdecimal() and int(name) in self._wanted:
            number = int(name)
        elif self._wanted:
            number = self._wanted[0]
        else:
            return self._host.number_for_one_more()
        self._wanted.remove(number)
        return number

    async def ask(self, worker: str, operation: str, **content: Any) -> dict[str, Any]:
        """Ask the plugin of a worker, by way of the scheduler. Raises ``OSError``, ``ValueError``,
        ``KeyError`` or ``TypeError``."""
        told = await self.client.scheduler.broadcast(
            msg={"op": f"{self._topic}-{operation}", **content}, workers=[worker]
        )
        answer: dict[str, Any] = told[worker]
        return answer

    def _tell_status(self) -> None:
        there = len(self.workers)
        wants = len(self._wanted)
        is_own = self._processes.is_own
        self.status = "" if not wants or is_own else f"Dask's workers: {there} of {there + wants}"
        self._host.changed()

    @property
    def host(self) -> Controller:
        """The controller."""
        return self._host


async def _knock(address: str) -> None:
    """Raise ``OSError`` at once where nobody listens: Dask's client would try for long."""
    scheme, _, place = address.rpartition("://")
    host, _, port = place.rpartition(":")
    if scheme in ("", "tcp", "tls") and port.isdecimal():
        _, writer = await asyncio.open_connection(host.strip("[]"), int(port))
        writer.close()
