"""Comms in the engine: what the user's ``comm`` package sends and gets goes by way of the keeper.

``ipywidgets`` and others make comms by ``comm.create_comm``; once the user's code has imported that
package it makes ours, which publish through the session. Rules:

1. The package is the user's; nothing is imported before the user imports it.
2. A message of a client's is handled between cells, on the main thread and in the cells' context,
   or in the subshell that it names; what its callbacks show answers that message.
3. An interrupt ends a callback as it ends a cell; no callback ends the engine.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from ...core import figures
from ...core.execution import call_user_code
from ...core.interrupts import guarded
from ...core.shim.after_import import after_import
from .front_end import plain_data
from .routing import current_run

if TYPE_CHECKING:
    from ...core.shell import Shell
    from .display_limit import DisplayLimit
    from .output import Output

_PACKAGE = "comm"


class Comms:
    """The comms of an engine."""

    def __init__(self, output: Output, shell: Shell, limit: DisplayLimit | None = None) -> None:
        self._output, self._limit = output, limit
        self._shell = shell
        after_import(_PACKAGE, self._take_over)

    def _take_over(self, package: ModuleType) -> None:
        """Let the package make our comms."""
        base: Any = package.BaseComm
        publish = self.publish

        class Comm(base):  # type: ignore[misc]
            """A comm of this session."""

            def publish_msg(
                self,
                msg_type: str,
                data: Any = None,
                metadata: Any = None,
                buffers: Any = None,
                **keys: Any,
            ) -> None:
                content = {"comm_id": self.comm_id, "data": data or {}, **keys}
                publish(msg_type, content, metadata or {}, buffers or ())

        package.create_comm = Comm  # type: ignore[attr-defined]

    def publish(
        self, kind: str, content: dict[str, Any], metadata: dict[str, Any], buffers: Any = ()
    ) -> None:
        """Send a message to the front ends."""
        header = {
            "type": "comm",
            "run": self._output.run_of_caller,
            "kind": kind,
            "content": plain_data(content),
            "metadata": plain_data(metadata),
        }
        raw = tuple(memoryview(buffer).tobytes() for buffer in buffers)
        if self._limit is None or self._limit.message(header, raw):
            self._output.event(header, buffers=raw)
        else:
            self._output.raise_if_interrupted()

    def handle(
        self, header: dict[str, Any], buffers: list[bytes], shell: Shell | None = None
    ) -> None:
        """Handle a message of a client's (rule 2), and say so; ``shell``: that of a subshell."""
        shell = shell or self._shell
        try:
            shell._context.run(self._handle, header, buffers, shell)
        finally:
            if self._limit is not None:
                self._limit.ended(header["run"])
            self._output.channel.send({"type": "comm_done", "run": header["run"]})

    @guarded
    def _handle(self, header: dict[str, Any], buffers: list[bytes], shell: Shell) -> None:
        token = current_run.set(header["run"])
        shell.is_running, shell.interrupt_pending = True, False
        try:
            manager = self.manager
            if manager is None:
                self._refuse(header)
                return
            message = {
                "header": header["header"],
                "msg_id": header["run"],
                "msg_type": header["kind"],
                "parent_header": {},
                "content": header["content"],
                "metadata": header["metadata"],
                "buffers": [memoryview(buffer) for buffer in buffers],
            }
            call_user_code(getattr(manager, header["kind"]), None, None, message)
            if "matplotlib" in sys.modules:
                figures.at_cell_end(shell)
        except BaseException as error:  # noqa: BLE001 - rule 3: whatever the callback raises
            from ...core.tracebacks import report_of

            words = shell.settings.secret_words
            shell.front_end.error(report_of(error, secret_words=words))
        finally:
            shell.is_running = False
            current_run.reset(token)

    @property
    def manager(self) -> Any:
        """The manager of the user's package; None where it is not imported."""
        package = sys.modules.get(_PACKAGE)
        return package.get_comm_manager() if package is not None else None

    def _refuse(self, header: dict[str, Any]) -> None:
        """Close a comm that nobody here knows, as the protocol asks."""
        if header["kind"] == "comm_open":
            self.publish("comm_close", {"comm_id": header["content"]["comm_id"], "data": {}}, {})
