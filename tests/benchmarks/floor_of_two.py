"""The floor program in two processes: what a session costs at least whose keeper runs no code.

One has the sockets and appends what it publishes to a file; the other runs the code. Nothing else
of a session: no history, no records, no pipes. Run with a connection file as its only argument.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from pathlib import Path
from typing import Any

from floor import Floor, run_code

_CHUNK = 2**16


class FloorOfTwo(Floor):
    """The one with the sockets."""

    def __init__(self, connection: dict[str, Any], journal: Path) -> None:
        self.engine, far = socket.socketpair()
        if os.fork() == 0:
            self.engine.close()
            serve(far)
            os._exit(0)
        far.close()
        self.journal = os.open(journal, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        super().__init__(connection)

    def send(self, channel: str, *told: Any) -> None:
        """Send a message; what is published is in the journal first."""
        if channel == "iopub":
            os.write(self.journal, json.dumps(told[1:]).encode())
        super().send(channel, *told)

    def value_of(self, header: dict[str, Any], code: str) -> str | None:
        """What the other process makes of a cell."""
        self.engine.sendall(json.dumps({"code": code}).encode())
        content = {"code": code, "execution_count": self.execution_count}
        self.send("iopub", [b"input"], "execute_input", header, content)
        value: str | None = json.loads(self.engine.recv(_CHUNK))["value"]
        return value


def serve(keeper: socket.socket) -> None:
    """Run what comes, until the other process ends."""
    namespace: dict[str, Any] = {}
    while told := keeper.recv(_CHUNK):
        value = run_code(json.loads(told)["code"], namespace)
        keeper.sendall(json.dumps({"value": value}).encode())


if __name__ == "__main__":
    path = Path(sys.argv[1])
    FloorOfTwo(json.loads(path.read_text()), path.with_suffix(".journal")).run()
