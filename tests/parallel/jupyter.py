"""A kernel as a Jupyter client from outside sees it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from jupyter_client.manager import KernelManager
from jupyter_core.utils import ensure_event_loop

SECONDS = 20


@dataclass
class Kernel:
    """The kernel named vivo, its launcher and a blocking client."""

    manager: KernelManager
    client: Any
    _replies: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Those that came while another was waited for, by what they reply to."""

    def send(
        self,
        kind: str,
        content: dict[str, Any] | None = None,
        *,
        channel: str = "shell",
        subshell: str | None = None,
    ) -> str:
        """Send a message; gives its id."""
        message = self.client.session.msg(kind, content or {})
        if subshell is not None:
            message["header"]["subshell_id"] = subshell
        getattr(self.client, f"{channel}_channel").send(message)
        return str(message["header"]["msg_id"])

    def execute(self, code: str, *, subshell: str | None = None, **options: Any) -> str:
        """Send a cell; gives its id."""
        return self.send("execute_request", {"code": code, **options}, subshell=subshell)

    def reply(self, message: str, *, channel: str = "shell") -> dict[str, Any]:
        """The content of the reply to a message; those to others are kept for whoever asks."""
        while message not in self._replies:
            got = getattr(self.client, f"get_{channel}_msg")(timeout=SECONDS)
            self._replies[got["parent_header"].get("msg_id")] = got["content"]
        return self._replies.pop(message)

    def ask(
        self, kind: str, content: dict[str, Any] | None = None, *, channel: str = "shell"
    ) -> dict[str, Any]:
        """Send a request; gives the content of its reply."""
        return self.reply(self.send(kind, content, channel=channel), channel=channel)

    def run(self, code: str, **options: Any) -> dict[str, Any]:
        """Run a cell; gives the content of its reply."""
        return self.reply(self.execute(code, **options))

    def event(self) -> dict[str, Any]:
        """The next message on iopub."""
        got: dict[str, Any] = self.client.get_iopub_msg(timeout=SECONDS)
        return got

    def events(self, message: str) -> list[dict[str, Any]]:
        """What is published for a message, to its idle status."""
        found = []
        while True:
            event = self.event()
            if event["parent_header"].get("msg_id") == message:
                found.append(event)
                if event["content"].get("execution_state") == "idle":
                    return found

    def text(self, message: str) -> str:
        """What a cell prints, to its end."""
        shown = self.events(message)
        return "".join(e["content"]["text"] for e in shown if e["msg_type"] == "stream")

    def wait_for(self, text: str) -> str:
        """Wait until something prints ``text``; gives the id of the message that did."""
        while True:
            event = self.event()
            if text in event["content"].get("text", ""):
                return str(event["parent_header"]["msg_id"])


@contextmanager
def started(*arguments: str) -> Iterator[Kernel]:
    """The kernel named vivo, started by Jupyter's launcher, ended with the block."""
    manager = KernelManager(kernel_name="vivo")
    manager.start_kernel(extra_arguments=list(arguments))
    client = manager.blocking_client()
    client.start_channels()
    client.wait_for_ready(timeout=30)
    yield Kernel(manager, client)
    client.stop_channels()
    manager.shutdown_kernel(now=False)
    manager.context.destroy(linger=0)
    ensure_event_loop().close()  # the blocking client keeps one for good
