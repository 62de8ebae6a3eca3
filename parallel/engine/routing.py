"""Which cell an output belongs to: the one that started the thread, task or pool that made it.

A context variable names the run; tasks inherit it by themselves. Threads do not before Python
3.14: ``Thread.start`` notes the starter's run on the thread, and the thread's first output puts
it into its own context. Work given to a thread pool takes its submitter's run along.
"""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable
from typing import Any

current_run: contextvars.ContextVar[str | None] = contextvars.ContextVar("vivo_run", default=None)
_ATTRIBUTE = "_vivo_run"


def run_of_caller() -> str | None:
    """The run that started what is executing now; None if no cell did."""
    run = current_run.get()
    if run is None:
        run = getattr(threading.current_thread(), _ATTRIBUTE, None)
        if run is not None:
            current_run.set(run)
    return run


def install() -> None:
    """Let threads and pools know the run that starts them."""
    start = threading.Thread.start
    if hasattr(start, "__wrapped__"):
        return  # a guest has come again to its process

    def start_with_run(thread: threading.Thread) -> None:
        setattr(thread, _ATTRIBUTE, run_of_caller())
        start(thread)

    start_with_run.__doc__, start_with_run.__wrapped__ = start.__doc__, start  # type: ignore[attr-defined]
    threading.Thread.start = start_with_run  # type: ignore[method-assign,assignment]
    _wrap_pools()


def _wrap_pools() -> None:
    """Wrap ``ThreadPoolExecutor.submit`` once the user imports it: it is not ours to load."""
    import sys

    name = "concurrent.futures.thread"

    class PoolFinder:
        def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
            if fullname != name:
                return None
            sys.meta_path.remove(self)
            import importlib.util

            spec = importlib.util.find_spec(name)
            if spec is not None and spec.loader is not None:
                _patch_after_load(spec.loader)
            return spec

    if name in sys.modules:
        _wrap_submit(sys.modules[name])
    else:
        sys.meta_path.insert(0, PoolFinder())


def _patch_after_load(loader: Any) -> None:
    execute = loader.exec_module

    def execute_and_wrap(module: Any) -> None:
        execute(module)
        _wrap_submit(module)

    loader.exec_module = execute_and_wrap


def _wrap_submit(module: Any) -> None:
    submit = module.ThreadPoolExecutor.submit

    def submit_with_run(pool: Any, function: Callable[..., Any], /, *args: Any, **kw: Any) -> Any:
        run = run_of_caller()
        if run is None:
            return submit(pool, function, *args, **kw)

        def call(*inner: Any, **named: Any) -> Any:
            token = current_run.set(run)
            try:
                return function(*inner, **named)
            finally:
                current_run.reset(token)

        return submit(pool, call, *args, **kw)

    submit_with_run.__doc__ = submit.__doc__
    module.ThreadPoolExecutor.submit = submit_with_run
