"""Which cluster serves which document: found again, or started as the user's setting says.

Rules:

1. One cluster for each workspace folder: the newest that runs there, whoever started it, as a
   session is found; else one under a name that the folder gives, so that one whose controller was
   killed is taken up again. Or one by its name, whatever its folder.
2. No module of clusters is imported before there is a cluster to see, or one is asked for.
3. What blocks runs in threads of this manager's own; the server's loop never waits for it.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.errors import nearest
from ..parallel.directories import runtime_folder
from ..parallel.errors import SessionError
from ..parallel.messages import RunRecord
from .interpreters import choose_interpreter
from .live import Listener
from .sessions import SessionManager

if TYPE_CHECKING:
    from ..parallel.cluster.attached import AttachedCluster
    from .cluster_session import ClusterSession, Watcher
    from .settings import Settings

_log = logging.getLogger(__name__)
_THREADS = 4
_OF_CLUSTER: dict[str, type] = {
    "launcher": str,
    "engines": int,
    "name": str,
    "python": str,
    "cwd": str,
    "restarts": bool,
    "policy": str,
    "listen": str,
    "reach": str,
    "encrypt": bool,
    "options": dict,
}
"""What the setting ``cluster`` may say; ``options`` are the launcher's."""


class ClusterManager:
    """The clusters that the documents of a client use."""

    def __init__(
        self,
        sessions: SessionManager,
        listener: Listener,
        watcher: Watcher,
        settings: Callable[[], Settings],
    ) -> None:
        self._sessions, self._listener, self._watcher = sessions, listener, watcher
        self._settings = settings
        self._executor: ThreadPoolExecutor | None = None
        self.by_folder: dict[str, ClusterSession] = {}
        self.by_name: dict[str, ClusterSession] = {}
        self._chosen: dict[str, str] = {}
        """By folder: the name of the cluster that was chosen for it."""
        self._launchers: dict[str, str] = {}
        """By name: what is to start a cluster, where that is not the setting's."""

    # --- Which ---------------------------------------------------------------------------------

    def all(self) -> list[ClusterSession]:
        """Those that are used here."""
        found = {id(each): each for each in (*self.by_folder.values(), *self.by_name.values())}
        return list(found.values())

    def listing(self) -> list[dict[str, Any]]:
        """The clusters of this machine, the newest first, as their entries tell of them."""
        from ..parallel.cluster.places import all_entries, has_ended

        starting = {each.name for each in self.all() if each.state == "starting"}
        states = {None: "running", "killed": "killed"}
        return [
            {
                "name": entry["name"],
                "state": "starting" if entry["name"] in starting else states[how],
                "launcher": str(entry.get("launcher", "")),
                "cwd": str(entry.get("cwd", "")),
                "created": float(entry.get("created", 0.0)),
            }
            for entry in reversed(all_entries())
            if (how := has_ended(entry)) in states
        ]

    def _found(self, folder: str, name: str | None) -> ClusterSession | None:
        """The one that is used here: a folder's may be named, and is no second one then."""
        if not name:
            return self.by_folder.get(folder)
        of_folders = (each for each in self.by_folder.values() if each.name == name)
        return self.by_name.get(name) or next(of_folders, None)

    def _named_of(self, folder: str) -> ClusterSession | None:
        """The one that would be a folder's, if it was asked for by its name before."""
        entry = _entry_for(folder, self._settings().cluster.get("name")) if self.by_name else None
        found = self.by_name.get(entry["name"]) if entry is not None else None
        if found is not None:
            self.by_folder[folder] = found
        return found

    def of(self, uri: str, name: str | None = None, engines: int | None = None) -> ClusterSession:
        """The cluster of a document, or of a name; it need not run. ``engines`` is how many one
        gets that is started."""
        from .cluster_session import ClusterSession

        folder = str(self._sessions.folder_of(uri))
        name = name or self._chosen.get(folder)
        known = self._found(folder, name) or (None if name else self._named_of(folder))
        if known is not None:
            if engines is not None:
                known.count = engines
            return known
        chosen = self._name_of(folder, name)
        begin = partial(self._begin, name, folder, self._sessions.file_of(uri))
        session = ClusterSession(
            self._watcher, chosen, begin, self.blocking, self._listener, self._sessions.seen
        )
        session.count = engines
        session.width = lambda: self._settings().value_width
        if name:
            self.by_name[name] = session
        else:
            self.by_folder[folder] = session
        return session

    def launch_by(self, uri: str, name: str | None, launcher: str) -> None:
        """What is to start a cluster, if it does not run."""
        self._launchers[self._name_of(str(self._sessions.folder_of(uri)), name)] = launcher

    def use(self, uri: str, name: str | None) -> None:
        """Choose the cluster of a document's folder; without a name, its own again.

        Raises :class:`SessionError` if none of that name runs.
        """
        folder = str(self._sessions.folder_of(uri))
        if name is None:
            self._chosen.pop(folder, None)
            return
        if _entry_for(folder, name) is None:
            raise SessionError(f"No cluster {name} runs; `vivo cluster` lists those that do.")
        self._chosen[folder] = name

    def _name_of(self, folder: str, name: str | None) -> str:
        """The name of the cluster that a folder would have."""
        return name or str(self._settings().cluster.get("name") or "") or name_for(folder)

    def killed(self, uri: str, name: str | None = None) -> str | None:
        """The name of the document's cluster if its controller was killed, so that the next cell
        takes it up again."""
        folder = str(self._sessions.folder_of(uri))
        name = name or self._chosen.get(folder)
        chosen = self._name_of(folder, name)
        if not (runtime_folder() / "clusters" / f"{chosen}.json").exists():
            return None
        from ..parallel.cluster.places import has_ended

        entry = _entry_for(folder, name, also_killed=chosen)
        return chosen if entry is not None and has_ended(entry) == "killed" else None

    def known(self, uri: str, name: str | None = None) -> ClusterSession | None:
        """The cluster of a document, if it is connected."""
        folder = str(self._sessions.folder_of(uri))
        session = self._found(folder, name or self._chosen.get(folder))
        return session if session is not None and session.cluster is not None else None

    def starting(self, uri: str, name: str | None = None) -> ClusterSession | None:
        """The cluster of a document, if it is on its way."""
        folder = str(self._sessions.folder_of(uri))
        session = self._found(folder, name or self._chosen.get(folder))
        return session if session is not None and session.state == "starting" else None

    def that_runs(self, run: str | None) -> ClusterSession | None:
        """The cluster of a run that was sent to one."""
        return next((each for each in self.all() if run is not None and run in each.sent), None)

    def runs_of(self, uri: str) -> list[RunRecord]:
        """The runs of a document on clusters."""
        return [record for each in self.all() for record in each.runs.all(uri)]

    def is_offered(self, uri: str) -> bool:
        """Whether the user is offered to send cells: a cluster runs there, or one is set."""
        return bool(self._settings().cluster) or self.known(uri) is not None

    async def attach(self, uri: str, name: str | None = None) -> ClusterSession | None:
        """Connect to the cluster that runs for a document already, if one does.

        Raises :class:`SessionError` if it cannot be reached.
        """
        session = self.known(uri, name)
        if session is not None:
            return session
        folder = str(self._sessions.folder_of(uri))
        name = name or self._chosen.get(folder)
        if not any((runtime_folder() / "clusters").glob("*.json")):
            return None
        if _entry_for(folder, name or self._settings().cluster.get("name")) is None:
            return None
        session = self.of(uri, name)
        if session.is_stopping:
            return None
        try:
            await session.up()
        except SessionError:
            if _entry_for(folder, name or self._settings().cluster.get("name")) is None:
                return None  # it was stopped just now
            raise
        return session

    # --- Started or found ----------------------------------------------------------------------

    async def _begin(
        self,
        told: str | None,
        folder: str,
        file: Path,
        engines: int | None,
        starting: Callable[[], None],
    ) -> AttachedCluster:
        from ..parallel.cluster.attached import AttachedCluster
        from ..parallel.cluster.places import has_ended

        name = self._name_of(folder, told)
        wanted = told or self._settings().cluster.get("name")
        entry = _entry_for(folder, wanted, also_killed=name)
        if entry is not None:
            how = AttachedCluster.connect
            if has_ended(entry) is not None:
                how = AttachedCluster.resume
                starting()
            found: AttachedCluster = await self.blocking(how, entry["name"])
            return found
        setting, launcher = self._settings().cluster, self._launchers.get(name)
        if launcher is not None and launcher != setting.get("launcher", "local"):
            setting = {**setting, "launcher": launcher, "options": None}  # they are the other's
        options = options_of(setting)
        if engines is not None:
            options["n"] = engines
        options["name"] = name
        options.setdefault("cwd", folder)
        options["python"] = choose_interpreter(
            file, options.get("python") or self._settings().python
        )
        starting()
        started: AttachedCluster = await self.blocking(
            partial(AttachedCluster.start, options.pop("launcher", "local"), **options)
        )
        return started

    async def blocking(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Have a function called in a thread (rule 3)."""
        if self._executor is None:
            self._executor = ThreadPoolExecutor(_THREADS, thread_name_prefix="vivo-lsp-cluster")
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, partial(function, *arguments))

    async def close(self) -> None:
        """Let go of every cluster; they go on."""
        await asyncio.gather(*(each.close() for each in self.all()))
        self.by_folder.clear()
        self.by_name.clear()
        if self._executor is not None:
            self._executor.shutdown(wait=False)


def name_for(folder: str) -> str:
    """The name of the cluster of a folder: the same each time, and no other folder's."""
    word = re.sub(r"[^A-Za-z0-9_.-]+", "-", Path(folder).name).strip("-._") or "workspace"
    return f"{word[:20]}-{hashlib.sha256(folder.encode()).hexdigest()[:6]}"


def _entry_for(
    folder: str, name: str | None = None, *, also_killed: str = ""
) -> dict[str, Any] | None:
    """The entry of a cluster that runs: of a name, or for a folder the newest (rule 1).

    Of the name ``also_killed`` one counts too whose controller was killed.
    """
    from ..parallel.cluster.places import all_entries, has_ended

    entries: list[dict[str, Any]] = list(reversed(all_entries()))
    real = os.path.realpath(folder)
    for entry in entries:
        is_it = entry["name"] == name if name else os.path.realpath(entry.get("cwd", "")) == real
        if is_it and has_ended(entry) is None:
            return entry
    killed = (e for e in entries if also_killed == e["name"] and has_ended(e) == "killed")
    return next(killed, None)


def options_of(setting: dict[str, Any]) -> dict[str, Any]:
    """What the setting ``cluster`` says, as :class:`~vivo.parallel.Cluster` takes it.

    Raises :class:`SessionError` for what does not fit.
    """
    told: dict[str, Any] = {}
    for key, value in setting.items():
        kind = _OF_CLUSTER.get(key)
        if kind is None:
            near = nearest(key, list(_OF_CLUSTER))
            meant = f" Did you mean {near[0]}?" if near else ""
            raise SessionError(
                f"The setting cluster has no {key}: it has {', '.join(_OF_CLUSTER)}; what is the "
                f"launcher's goes into options.{meant}"
            )
        if value is None:
            continue
        is_fit = type(value) is kind and (not isinstance(value, int) or kind is bool or value > 0)
        if not is_fit:
            want = "a number, 1 or more" if kind is int else f"a {kind.__name__}"
            raise SessionError(f"The setting cluster.{key} cannot be {value!r}: it is {want}.")
        told[key] = value
    options = told.pop("options", {})
    if clashing := sorted(set(options) & {*_OF_CLUSTER, "n", "wait"}):
        raise SessionError(
            f"The setting cluster.options has {clashing[0]}, which is no option of a launcher: "
            "set it beside options."
        )
    if "engines" in told:
        told["n"] = told.pop("engines")
    return {**told, **options}
