"""A debugger's front end, as Jupyter's are: requests on control, events on iopub."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .jupyter import Kernel

Message = dict[str, Any]


class DebugFrontEnd:
    """Drives a kernel's debugger."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self._sequence = 0

    def request(self, command: str, **arguments: Any) -> Message:
        """Ask; gives the whole response."""
        self._sequence += 1
        content = {
            "type": "request",
            "seq": self._sequence,
            "command": command,
            "arguments": arguments,
        }
        response = self.kernel.ask("debug_request", content, channel="control")
        assert response["type"] == "response", response
        assert (response["command"], response["request_seq"]) == (command, self._sequence)
        return response

    def ask(self, command: str, **arguments: Any) -> Message:
        """Ask; gives the body of a response that succeeded."""
        response = self.request(command, **arguments)
        assert response["success"], response
        body: Message = response.get("body") or {}
        return body

    def attach(self, **arguments: Any) -> None:
        """Begin to debug, as JupyterLab does."""
        self.ask("initialize", clientID="test", adapterID="", pathFormat="path")
        self.ask("attach", **arguments)
        self.event("initialized")

    def dump(self, code: str) -> str:
        """The file name that stands for a cell."""
        return str(self.ask("dumpCell", code=code)["sourcePath"])

    def breakpoints(self, path: str, *lines: int) -> list[Message]:
        """Set the breakpoints of a file; gives what was made of them."""
        body = self.ask(
            "setBreakpoints",
            source={"path": path},
            breakpoints=[{"line": line} for line in lines],
            sourceModified=False,
        )
        made: list[Message] = body["breakpoints"]
        return made

    def run_in_file(self, code: str, path: str, *, first_line: int) -> str:
        """Send a cell as an editor does, with its place; gives its id."""
        session = self.kernel.client.session
        place = {"vivo": {"client": "test", "path": path, "first_line": first_line}}
        message = session.msg("execute_request", {"code": code}, metadata=place)
        self.kernel.client.shell_channel.send(message)
        return str(message["header"]["msg_id"])

    def message(self, wanted: Callable[[Message], bool]) -> Message:
        """The next message on iopub that is wanted."""
        while True:
            message = self.kernel.event()
            if wanted(message):
                return message

    def event(self, name: str) -> Message:
        """The body of the debugger's next event of a name."""
        message = self.message(
            lambda each: each["msg_type"] == "debug_event" and each["content"]["event"] == name
        )
        body: Message = message["content"].get("body") or {}
        return body

    def stop(self) -> Message:
        """Wait until something stops; gives its topmost frame, with its thread."""
        thread = self.event("stopped")["threadId"]
        return {**self.stack(thread)[0], "thread": thread}

    def stack(self, thread: int) -> list[Message]:
        """The frames of a stopped thread."""
        frames: list[Message] = self.ask("stackTrace", threadId=thread)["stackFrames"]
        return frames

    def variables(self, frame: Message, scope: str = "Locals") -> dict[str, Message]:
        """The variables of a frame by name."""
        scopes = self.ask("scopes", frameId=frame["id"])["scopes"]
        reference = next(e["variablesReference"] for e in scopes if e["name"] == scope)
        return self.children(reference)

    def children(self, reference: int) -> dict[str, Message]:
        """The parts of a variable by name."""
        found = self.ask("variables", variablesReference=reference)["variables"]
        return {each["name"]: each for each in found}
