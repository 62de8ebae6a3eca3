"""What a Dask worker gets from the launcher: the least that finds vivo on its host.

It travels by value, since a worker's Python need not have vivo: so it refers to nothing of ours
before it has found it. Rules:

1. ``setup`` makes the worker's place known, and tells the launcher that there is one; it begins no
   engine: the launcher, which knows the numbers, asks for that.
2. A worker that cannot have an engine says why, and stays a worker.
"""

from __future__ import annotations

import importlib
from typing import Any


def make_plugin(topic: str, root: str, *, owns_worker: bool) -> Any:
    """The plugin of a cluster. ``root`` is where vivo is, on every worker's host; with
    ``owns_worker`` a worker ends with its engine."""
    version = importlib.import_module("vivo").__version__
    base: Any = importlib.import_module("distributed").WorkerPlugin

    class EngineInWorker(base):  # type: ignore[misc]
        """Has a Dask worker host an engine of a vivo cluster."""

        idempotent = True

        def __init__(self) -> None:
            self.topic, self.root, self.owns_worker = topic, root, owns_worker
            self.version = version

        async def setup(self, worker: Any) -> None:
            self.worker, self.is_leaving = worker, False
            worker.handlers[f"{self.topic}-begin"] = self.begin
            worker.handlers[f"{self.topic}-place"] = self.tell_place
            worker.handlers[f"{self.topic}-take-back"] = self.take_back
            self.tell("here")

        def tell(self, what: str, why: str = "") -> None:
            told = {"what": what, "worker": self.worker.address, "name": str(self.worker.name)}
            self.worker.log_event(self.topic, {**told, "why": why})

        def module(self) -> Any:
            import importlib.util
            import sys
            from pathlib import Path

            if tuple(sys.version_info) < (3, 10):
                raise RuntimeError("vivo's engines need Python 3.10 or newer")
            if "vivo" not in sys.modules:
                path = Path(self.root, "parallel", "engine", "bootstrap.py")
                spec = importlib.util.spec_from_file_location("vivo_bootstrap", path)
                if not path.exists() or spec is None or spec.loader is None:
                    raise RuntimeError(
                        f"vivo is not at {self.root} on this host: it must be where it is on the "
                        "controller's, as on a file system that both have"
                    )
                bootstrap = importlib.util.module_from_spec(spec)
                spec.loader.exec_module(bootstrap)
                sys.meta_path.insert(0, bootstrap.Finder(self.root))
            found = importlib.import_module("vivo").__version__
            if found != self.version:
                raise RuntimeError(
                    f"this worker has loaded vivo {found}, and the controller is {self.version}"
                )
            return importlib.import_module("vivo.parallel.engine.dask_worker")

        async def begin(self, number: int = 0, command: Any = (), **_: Any) -> Any:
            import asyncio
            import sys
            from pathlib import Path

            loop = asyncio.get_running_loop()

            def ended(why: str) -> None:
                try:
                    loop.call_soon_threadsafe(self.ended, why)
                except RuntimeError:
                    return  # the worker has ended

            def do() -> None:
                where = f"the Dask worker {self.worker.address}"
                words = [*command, "--guest", where, sys.executable, str(Path.cwd())]
                self.module().place.begin(self.topic, number, words, ended)

            try:
                await asyncio.to_thread(do)
            except Exception as error:  # noqa: BLE001 - the launcher is told; the worker stays
                return {"status": "OK", "refused": str(error)}
            return {"status": "OK", "refused": ""}

        def ended(self, why: str) -> None:
            if self.is_leaving:
                return
            self.tell("ended", why)
            if self.owns_worker:
                self.worker.loop.add_callback(self.worker.close)

        def own_place(self) -> Any:
            import sys

            module: Any = sys.modules.get("vivo.parallel.engine.dask_worker")
            place = module.place if module is not None else None
            if place is None or place.guest is None or place.cluster != self.topic:
                return None  # without an engine, or with another cluster's
            return place

        async def tell_place(self, **_: Any) -> Any:
            place = self.own_place()
            return {"status": "OK", "number": -1 if place is None else place.number}

        async def take_back(self, keys: Any = (), **_: Any) -> Any:
            place = self.own_place()
            return {"status": "OK", "taken": [] if place is None else place.take_back(keys)}

        async def teardown(self, worker: Any) -> None:
            self.is_leaving = True
            place = self.own_place()
            if place is not None:
                place.end()
            for name in ("begin", "place", "take-back"):
                worker.handlers.pop(f"{self.topic}-{name}", None)

    return EngineInWorker()


def make_run() -> Any:
    """The function of a task: it has the engine of its worker run it."""

    async def vivo_task(given: Any) -> None:
        import sys

        module: Any = sys.modules.get("vivo.parallel.engine.dask_worker")
        if module is None:
            raise RuntimeError("this worker has no engine")
        await module.place.run(*given)

    return vivo_task
