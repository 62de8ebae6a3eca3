"""The session's shell under the name by which libraries know that rich output is shown.

pandas, rich, sympy, tqdm, pyvista and others look at the class of ``get_ipython()``: its name, its
module, its ``kernel``. A session shows what a notebook shows, so it answers as a notebook's does.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # signal.getsignal makes enumerations: slow
import builtins
import importlib
import importlib.util
import signal
import sys
from collections.abc import Callable
from functools import partial
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

from ...core import shim
from ...core.execution import ExecutionResult
from ...core.shell import Shell
from ...core.shim.after_import import before_import
from . import cluster_magics, debugging, forked
from .routing import current_run

if TYPE_CHECKING:
    from ...core.history import History
    from .comms import Comms
    from .output import Output

_KERNEL_MODULE = "ipykernel.zmqshell"


class ZMQInteractiveShell(Shell):
    """The shell of a session."""

    kernel: Kernel
    interrupt_handler: Any
    """None in a guest, whose process has its own."""
    _history_file: tuple[str, Callable[[str], None]] | None = None

    def use_history_file(self, path: str, report: Callable[[str], None]) -> None:
        """Keep the inputs in a file; ``report`` gets the one sentence if that cannot be."""
        self._history_file = path, report

    def _new_history(self) -> History:
        from ...core.history import History  # SQLite, which no first cell waits for

        path, report = self._history_file or (None, None)
        return History(path, report=report)

    def _load(self) -> None:
        super()._load()
        self.magics.add_group(cluster_magics)

    def run_cell(
        self,
        source: str,
        store_history: bool | None = None,
        silent: bool = False,
        *_: Any,
        filename: str | None = None,
        first_line: int = 1,
        run_id: str | None = None,
        values: str = "",
        **__: Any,
    ) -> ExecutionResult:
        """Run a cell; one that runs within another takes no number unless ``store_history``.

        An earlier cell's handler of interrupts does not reach this one.
        """
        is_main = self._depth == 0 and self.parent is None
        ours = self.interrupt_handler
        if is_main and ours is not None and _signal.getsignal(_signal.SIGINT) is not ours:
            signal.signal(signal.SIGINT, ours)
        run = super().run_cell if self._depth else partial(debugging.run_traced, super().run_cell)
        return run(
            source,
            filename=filename,
            first_line=first_line,
            run_id=run_id,
            store_history=self._depth == 0 if store_history is None else store_history,
            silent=silent,
            values=values,
        )

    def _end_of_cell(self, result: ExecutionResult) -> None:
        if self.kernel.is_forked:
            forked.leave()
        if "matplotlib" in sys.modules or self.events.has_any("post_execute", "post_run_cell"):
            self.kernel.release_output()  # what comes now may take its time
        if debugging.active is not None:
            debugging.active.raise_if_released()
        super()._end_of_cell(result)

    def _fail(self, result: ExecutionResult, error: BaseException) -> None:
        if self.kernel.is_forked:
            forked.leave(error)
        super()._fail(result, error)

    def get_parent(self) -> dict[str, Any]:
        """The request that what is executing now answers, as a Jupyter message."""
        return self.kernel.get_parent()

    def set_parent(self, parent: dict[str, Any]) -> None:
        """Let what is executing now answer another request: its output goes there."""
        current_run.set(parent["header"]["msg_id"])


# Libraries test the module's name too: str(type(get_ipython())).
ZMQInteractiveShell.__module__ = _KERNEL_MODULE


class Kernel:
    """``get_ipython().kernel``, as far as libraries look at it."""

    implementation = "vivo"
    iopub_socket = None

    def __init__(self, shell: Shell, output: Output, comms: Comms) -> None:
        self.shell = shell
        self._output = output
        self._comms = comms
        self.session = SimpleNamespace(session="", username="vivo")

    @property
    def is_forked(self) -> bool:
        """Whether this process is a child of the session's engine."""
        return self._output.is_forked

    def release_output(self) -> None:
        """Show what is held until the end of the cell."""
        self._output.release()

    @property
    def comm_manager(self) -> Any:
        """The manager of comms. Imports the user's ``comm`` package."""
        importlib.import_module("comm")
        return self._comms.manager

    def get_parent(self, channel: str | None = None) -> dict[str, Any]:
        """The request that what is executing now answers; empty before the first."""
        run = self._output.run_of_caller
        if run is None:
            return {}
        header = {"msg_id": run, "msg_type": "execute_request", "session": ""}
        return {"header": header, "parent_header": {}, "metadata": {}, "content": {}}


def present(shell: ZMQInteractiveShell, output: Output, comms: Comms) -> None:
    """Let libraries find the shell, by whatever they look at."""
    shell.kernel = Kernel(shell, output, comms)
    shell.interrupt_handler = signal.getsignal(signal.SIGINT)
    shell.config["IPKernelApp"] = {}
    shim.install()
    builtins.get_ipython = lambda: shell  # type: ignore[attr-defined]
    builtins.__IPYTHON__ = True  # type: ignore[attr-defined]
    before_import("tqdm.autonotebook", _offer_widget_bars)


def _offer_widget_bars() -> None:
    """Let tqdm see a notebook, where its bars have the widgets they are made of."""
    if importlib.util.find_spec("ipywidgets") is None:
        return  # it would only warn, and print text bars
    importlib.import_module("IPython")
    stand_in = ModuleType(_KERNEL_MODULE, "What libraries look for to know a notebook.")
    stand_in.ZMQInteractiveShell = ZMQInteractiveShell  # type: ignore[attr-defined]
    sys.modules.setdefault(_KERNEL_MODULE, stand_in)
