"""A cluster in the user's hand: started or found, its engines as views, stopped.

``cluster[0]`` is a view of one engine and gives single values; ``cluster[:]``, ``cluster[::2]``,
``cluster[[0, 3]]`` and ``cluster["host"]`` give lists. Rules:

1. No key stands on a command line: it is read from the cluster's entry, which is the user's alone.
2. A cluster that this process started ends with it, unless it is detached; one that it found goes
   on.
"""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from ...core.errors import UsageError
from ..descriptors import make_room
from . import current, loop
from .balanced import LoadBalancedView, TaskOptions, results_of
from .controller_link import ControllerLink
from .engine_link import EngineLink, is_reached
from .errors import ClusterError
from .places import controller_python, entry_of, has_ended, read_entry
from .progress import Line
from .views import DirectView

_STOP_SECONDS = 10.0
_DESCRIPTORS = 5  # that a link to an engine may have: its channels, and one that is being made
_CHANGES = ("vivo_scale", "vivo_restart_engines")


class Cluster:
    """A controller and its engines."""

    def __init__(
        self,
        launcher: str = "local",
        *,
        n: int | None = None,
        name: str = "",
        python: str | None = None,
        cwd: str | None = None,
        restarts: bool = False,
        policy: str = "",
        listen: str = "",
        reach: str = "",
        encrypt: bool | None = None,
        wait: bool = True,
        **options: Any,
    ) -> None:
        """Start one: ``n`` engines (by default one a processor, or as the launcher has it).

        ``python`` is their interpreter, by default this one, and ``cwd`` where they start, by
        default here. With ``restarts`` an engine that dies gets a fresh process. ``listen`` is the
        address of this host at which engines of other hosts find the controller, ``reach`` what
        they connect to instead if something lies between (``tcp://HOST:PORT``). What leaves this
        host is encrypted unless ``encrypt`` is False. Without ``wait``
        the engines come when they come, and tasks wait for them. ``launcher`` and
        ``policy`` may be your own (docs/building-on-it.md); ``options`` are the launcher's. Raises
        :class:`ClusterError` with what is wrong if it cannot be started.
        """
        if not isinstance(launcher, str):
            raise UsageError(f"The launcher is named by a text: Cluster(n={launcher!r})?")
        options = {name: _plain(value) for name, value in options.items()}
        takes_all = n is None and launcher == "dask" and "address" in options
        if n is not None and (not isinstance(n, int) or n < 0):
            raise UsageError(f"n is {n!r}: give the number of engines.")
        words = ["--name", name] if name else []
        count = -1 if takes_all else n
        words += ["--launcher", launcher, *(["--engines", str(count)] if count is not None else [])]
        words += ["--python", python or sys.executable, "--cwd", cwd or os.getcwd()]  # noqa: PTH109 - a text
        words += ["--owner", str(os.getpid()), *(["--restarts"] if restarts else [])]
        words += ["--policy", policy] if policy else []
        words += ["--listen", listen] if listen else []
        words += ["--reach", reach] if reach else []
        if encrypt is not None:
            words.append("--encrypt" if encrypt else "--no-encrypt")
        words += ["--options", _told(options)] if options else []
        told = _start(words)
        self._attach(read_entry(Path(told["file"])))
        self._is_own = True
        atexit.register(self.stop)
        try:
            if wait and takes_all:
                self._wait_for_all()
            elif wait:
                self.wait_for(told["engines"])
        except BaseException:
            self.stop()
            raise

    @classmethod
    def connect(cls, name: str | None = None, *, through_controller: bool = False) -> Cluster:
        """A cluster that runs, by its name; the only one, if none is named.

        With ``through_controller`` all that engines are sent goes through the controller, as what
        is for engines does that cannot be reached from here.

        Raises :class:`ClusterError` with what there is instead.
        """
        made = cls.__new__(cls)
        made._attach(entry_of(name), is_relayed=through_controller)
        made._is_own = False
        try:
            made.status()
        except BaseException:
            made.close()
            raise
        return made

    @classmethod
    def resume(cls, name: str) -> Cluster:
        """Take up a cluster whose controller was killed, with its engines and its tasks.

        Raises :class:`ClusterError` if there is none, or it runs.
        """
        _start(["--resume", "--name", name])
        return cls.connect(name)

    def _attach(self, entry: dict[str, Any], *, is_relayed: bool = False) -> None:
        self.name: str = entry["name"]
        self._entry = entry
        self._loop = loop.acquire()
        self._link = ControllerLink(self.name, entry["clients"], entry["key"], self._gone)
        self._engines: dict[str, EngineLink] = {}
        self._is_relayed = is_relayed
        self._dashboard = ""
        self._is_closed = False
        current.set_cluster(self)

    # --- Its life --------------------------------------------------------------------------

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._is_own:
            self.stop()
        else:
            self.close()

    def stop(self) -> None:
        """End the engines and the controller. A second time does nothing."""
        if self._is_closed:
            return
        try:
            self._let_go_of_dask()
            if has_ended(self._entry) is not None:
                return
            self._ask("vivo_stop")
            until = time.monotonic() + _STOP_SECONDS
            entry = Path(self._entry_file)
            while entry.exists() and time.monotonic() < until:
                time.sleep(0.01)
        finally:
            self.close()

    def close(self) -> None:
        """Let go of the cluster, which goes on; what waits here fails."""
        if self._is_closed:
            return
        self._is_closed = True
        atexit.unregister(self.stop)
        self._let_go_of_dask()
        if self._gone() is None:
            self._loop.run(self._link.until_sent(_STOP_SECONDS))
        self._loop.run(self._close_links())
        loop.release()

    def _let_go_of_dask(self) -> None:
        """Close the client that was made for collections, before its scheduler goes."""
        collections = sys.modules.get(f"{__package__}.dask_collections")
        if collections is not None:
            collections.let_go(self.name)

    def detach(self) -> None:
        """Leave the cluster running when this process ends; ``Cluster.connect(name)`` finds it."""
        self._ask("vivo_detach")
        self._is_own = False
        atexit.unregister(self.stop)

    async def _close_links(self) -> None:
        for each in self._engines.values():
            each.close()
        self._link.close()

    @property
    def is_closed(self) -> bool:
        """Whether it was stopped or let go of here."""
        return self._is_closed

    @property
    def _entry_file(self) -> str:
        return str(self._entry["file"])

    def __repr__(self) -> str:
        state = "closed" if self._is_closed else f"{len(self._engines)} engines known"
        link = f"; Dask's dashboard: {self._dashboard}" if self._dashboard else ""
        return f"<Cluster {self.name}: {state}{link}>"

    # --- Asking ----------------------------------------------------------------------------

    def _ask(self, kind: str, content: dict[str, Any] | None = None) -> dict[str, Any]:
        asked = self.asked(kind, content)
        try:
            return asked.result()
        except BaseException:
            asked.cancel()
            raise

    def asked(self, kind: str, content: dict[str, Any] | None = None) -> Future[dict[str, Any]]:
        """Ask the controller, and do not wait for its answer. Raises :class:`ClusterError`."""
        if self._is_closed:
            raise ClusterError(
                f"The cluster {self.name} is closed here: Cluster.connect({self.name!r}) finds it "
                "if it still runs."
            )
        if has_ended(self._entry) == "killed":
            raise ClusterError(
                f"The controller of the cluster {self.name} was killed: `vivo cluster resume "
                f"{self.name}` takes it up again, with its engines and its tasks."
            )
        told = dict(content or {})
        if kind in _CHANGES:
            told["request"] = os.urandom(16).hex()  # it may be sent again, and is done once
        return self._loop.spawn(self._link.ask(kind, told))

    def _gone(self) -> str | None:
        """Why nothing will come any more, if so."""
        return "the cluster was stopped" if has_ended(self._entry) == "stopped" else None

    def status(self) -> dict[str, Any]:
        """What the cluster is and does: engines, queue, rates, memory, failures."""
        return self._ask("vivo_status")

    def _dask(self) -> dict[str, Any]:
        told = self.status().get("dask")
        return {**told, "cluster": self.name} if told else {}

    @property
    def scheduler_address(self) -> str:
        """Of Dask's scheduler, for ``distributed.Client``. Raises :class:`ClusterError` if the
        engines are not in Dask's workers."""
        return str(self._told_of_dask("scheduler"))

    @property
    def dashboard_link(self) -> str:
        """Of Dask's dashboard; empty if it has none. Raises as :attr:`scheduler_address` does."""
        return str(self._told_of_dask("dashboard"))

    def dask_client(self, **options: Any) -> Any:
        """A client of Dask's for the cluster's scheduler, also where that wants a certificate.

        ``options`` are those of ``distributed.Client``. It is the caller's to close.
        """
        from .dask_collections import client_of

        return client_of(self.scheduler_address, self._told_of_dask("tls"), **options)

    def _told_of_dask(self, name: str) -> Any:
        told = self._dask()
        if not told:
            raise ClusterError(
                f"The cluster {self.name} has no scheduler of Dask's: Cluster('dask', n=4) has."
            )
        return told[name]

    @property
    def engines(self) -> list[int]:
        """The numbers of the engines that are up."""
        return [each["number"] for each in self._up(self.status())]

    def __len__(self) -> int:
        return len(self.engines)

    def wait_for(
        self, count: int, *, timeout: float = 120.0, numbers: Sequence[int] | None = None
    ) -> None:
        """Wait until so many engines are up, of those with these numbers or of all.

        While a batch system has them wait, so does this, and says what for. Raises
        :class:`ClusterError` if they do not come.
        """
        until = time.monotonic() + timeout
        with Line() as line:
            told = self.status()
            while len(self._up(told, numbers)) < count:
                self._check_awaited(told, count, numbers, is_late=time.monotonic() > until)
                line.show(told.get("launching", ""))
                told = self._ask("vivo_status", {"wait": True})
        self._known(told)

    def _wait_for_all(self) -> None:
        """Wait until all engines are up that the launcher finds places for."""
        told = self.status()
        with Line() as line:
            while told.get("launching") or told["awaited"]:
                line.show(told.get("launching", ""))
                self._check_awaited(told, 1, None, is_late=False)
                told = self._ask("vivo_status", {"wait": True})
        if not self._up(told):
            raise ClusterError(f"No engine did start: {' '.join(told['problems'])}")
        self._known(told)

    def _check_awaited(
        self, told: dict[str, Any], count: int, numbers: Sequence[int] | None, *, is_late: bool
    ) -> None:
        """Raise :class:`ClusterError` if engines that are waited for do not come."""
        unstarted = {int(number): why for number, why in told["unstarted"].items()}
        reasons = [unstarted[n] for n in sorted(unstarted) if numbers is None or n in numbers]
        if reasons:
            raise ClusterError(f"Engines did not start: {reasons[0]}")
        if is_late and not told.get("launching"):
            refused = told.get("refused")
            why = f"; a connection to their port was refused, {refused}" if refused else ""
            raise ClusterError(
                f"{len(self._up(told, numbers))} of {count} engines are there in time{why}; the "
                f"logs are in {self._entry['state']}."
            )

    def add(self, count: int = 1, *, wait: bool = True) -> list[int]:
        """Start more engines; their numbers."""
        if not isinstance(count, int) or count < 1:
            raise UsageError(f"{count!r} engines cannot be added: give 1 or more.")
        numbers: list[int] = self._ask("vivo_scale", {"add": count})["numbers"]
        if wait:
            self.wait_for(len(numbers), numbers=numbers)
        return numbers

    def remove(self, engines: int | Sequence[int]) -> None:
        """End some engines."""
        wanted = [engines] if isinstance(engines, int) else list(engines)
        self._ask("vivo_scale", {"remove": wanted})

    def restart(self, engines: int | Sequence[int] | None = None, *, wait: bool = True) -> None:
        """Give some engines, or all, fresh processes: their variables are gone."""
        wanted = [engines] if isinstance(engines, int) else engines
        content = {} if wanted is None else {"engines": list(wanted)}
        numbers: list[int] = self._ask("vivo_restart_engines", content)["numbers"]
        if wait:
            self.wait_for(len(numbers), numbers=numbers)

    # --- Views -----------------------------------------------------------------------------

    def __getitem__(self, key: int | slice | str | Sequence[int]) -> DirectView:
        up = self._known(self.status())
        if isinstance(key, int):
            return DirectView(self._loop, [self._numbered(up, key)], is_single=True)
        if isinstance(key, slice):
            return DirectView(self._loop, [up[each] for each in sorted(up)[key]])
        if isinstance(key, str):
            return DirectView(self._loop, self._of_name(up, key))
        wanted = [each for each in key if isinstance(each, int)] if _is_listed(key) else []
        if not wanted or len(wanted) != len(key):
            raise UsageError(
                f"cluster[{key!r}]: give a number, a slice, a list of numbers, or a host's name."
            )
        return DirectView(self._loop, [self._numbered(up, each) for each in wanted])

    def _numbered(self, up: dict[int, EngineLink], number: int) -> EngineLink:
        if -len(up) <= number < 0:
            number = sorted(up)[number]
        if number not in up:
            there = ", ".join(map(str, sorted(up))) or "none"
            raise ClusterError(f"Engine {number} is not up; those that are: {there}.")
        return up[number]

    def _of_name(self, up: dict[int, EngineLink], name: str) -> list[EngineLink]:
        found = [up[each] for each in sorted(up) if name in (up[each].host, up[each].session)]
        if not found:
            hosts = ", ".join(sorted({each.host for each in up.values()})) or "none"
            raise ClusterError(f"No engine is on a host named {name!r}; the hosts are: {hosts}.")
        return found

    def load_balanced(self, targets: Sequence[int] | None = None) -> LoadBalancedView:
        """The engines as one pool of workers; only some of them, by ``targets``."""
        options = TaskOptions(targets=None if targets is None else tuple(targets))
        return LoadBalancedView(self._loop, self._link, options)

    def collect(self, ids: str | Sequence[str]) -> Any:
        """The results of tasks by their ids, also of tasks that another process has submitted."""
        return results_of(self._loop, self._link, ids)

    @staticmethod
    def _up(told: dict[str, Any], numbers: Sequence[int] | None = None) -> list[dict[str, Any]]:
        up = [each for each in told["engines"] if each["state"] in ("up", "stopped")]
        return [each for each in up if numbers is None or each["number"] in numbers]

    def _known(self, told: dict[str, Any]) -> dict[int, EngineLink]:
        """The links to the engines that are up, by number; new ones are made."""
        up: dict[int, EngineLink] = {}
        make_room(_DESCRIPTORS * len(told["engines"]))
        self._dashboard = told.get("dask", {}).get("dashboard", "")
        for each in self._up(told):
            link = self._engines.get(each["id"])
            if link is None:
                connection = {**each["connection"], "key": self._entry["key"]}
                is_near = not each.get("is_apart") and is_reached(connection, each["host"])
                is_direct = is_near and not self._is_relayed
                link = self._engines[each["id"]] = EngineLink(
                    connection,
                    number=each["number"],
                    session=each["id"],
                    host=each["host"],
                    relays=None if is_direct else self._link.relays,
                )
                link.dask = self._dask
            up[each["number"]] = link
        known = {each["id"] for each in told["engines"]}
        for gone in set(self._engines) - known:
            self._loop.call(self._engines.pop(gone).close)
        return up


def _start(words: Sequence[str]) -> dict[str, Any]:
    """Start a controller; what it says. Raises :class:`ClusterError`."""
    command = [controller_python(), "-E", "-P", "-m", "vivo.parallel.controller", *words]
    told = subprocess.run(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, check=False)
    try:
        answer: dict[str, Any] = json.loads(told.stdout)
    except ValueError:
        raise ClusterError(
            f"The controller did not start, and has not said why: {command[0]} ended with "
            f"{told.returncode}."
        ) from None
    if answer["status"] != "ready":
        raise ClusterError(str(answer["message"]))
    return answer


def _told(options: dict[str, Any]) -> str:
    try:
        return json.dumps(options)
    except TypeError:
        raise UsageError(
            f"A launcher's options are texts, numbers and lists of them: {options!r} is more."
        ) from None


def _plain(value: Any) -> Any:
    """What a launcher is told of a value: of an object that has a scheduler, its address."""
    return str(getattr(value, "scheduler_address", "")) or value


def _is_listed(key: Any) -> bool:
    return isinstance(key, Sequence) and not isinstance(key, str)
