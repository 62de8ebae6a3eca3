"""The floor program: the least that can be a Jupyter kernel, in one process.

ZeroMQ, JSON, HMAC, ``exec`` and nothing else: what no kernel can be faster than, with
this client, on this machine. Run with a connection file as its only argument.
"""

from __future__ import annotations

import ast
import hashlib
import hmac
import json
import sys
import uuid
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import zmq

DELIMITER = b"<IDS|MSG>"
SESSION = uuid.uuid4().hex


class Floor:
    """One socket loop that answers ``kernel_info``, ``execute`` and ``shutdown``."""

    def __init__(self, connection: dict[str, Any]) -> None:
        self.key = connection["key"].encode()
        self.context = zmq.Context()
        self.sockets = {}
        for name, kind in (
            ("shell", zmq.ROUTER),
            ("control", zmq.ROUTER),
            ("stdin", zmq.ROUTER),
            ("iopub", zmq.PUB),
            ("hb", zmq.REP),
        ):
            socket = self.context.socket(kind)
            port = connection[f"{name}_port"]
            if connection["transport"] == "ipc":
                socket.bind(f"ipc://{connection['ip']}-{port}")
            else:
                socket.bind(f"tcp://{connection['ip']}:{port}")
            self.sockets[name] = socket
        self.namespace: dict[str, Any] = {}
        self.execution_count = 0

    def sign(self, parts: list[bytes]) -> bytes:
        return hmac.new(self.key, b"".join(parts), hashlib.sha256).hexdigest().encode()

    def send(
        self,
        channel: str,
        identities: list[bytes],
        kind: str,
        parent: dict[str, Any],
        content: dict[str, Any],
    ) -> None:
        header = {
            "msg_id": uuid.uuid4().hex,
            "msg_type": kind,
            "session": SESSION,
            "username": "floor",
            "date": datetime.now(timezone.utc).isoformat(),
            "version": "5.4",
        }
        parts = [json.dumps(part).encode() for part in (header, parent, {}, content)]
        self.sockets[channel].send_multipart([*identities, DELIMITER, self.sign(parts), *parts])

    def handle(self, channel: str) -> bool:
        frames = self.sockets[channel].recv_multipart()
        at = frames.index(DELIMITER)
        identities, parts = frames[:at], frames[at + 2 : at + 6]
        if not hmac.compare_digest(self.sign(parts), frames[at + 1]):
            return True
        header, _, _, content = (json.loads(part) for part in parts)
        kind = header["msg_type"]
        self.send("iopub", [b"status"], "status", header, {"execution_state": "busy"})
        if kind == "execute_request":
            reply = self.execute(header, content["code"])
        elif kind == "kernel_info_request":
            reply = {
                "status": "ok",
                "protocol_version": "5.4",
                "implementation": "floor",
                "implementation_version": "0",
                "banner": "",
                "language_info": {"name": "python", "version": "3", "file_extension": ".py"},
            }
        else:
            reply = {"status": "ok", "restart": False}
        self.send(channel, identities, kind.replace("_request", "_reply"), header, reply)
        self.send("iopub", [b"status"], "status", header, {"execution_state": "idle"})
        return kind != "shutdown_request"

    def execute(self, header: dict[str, Any], code: str) -> dict[str, Any]:
        self.execution_count += 1
        count = self.execution_count
        value = self.value_of(header, code)
        if value is not None:
            content = {"execution_count": count, "data": {"text/plain": value}, "metadata": {}}
            self.send("iopub", [b"result"], "execute_result", header, content)
        return {"status": "ok", "execution_count": count, "user_expressions": {}}

    def value_of(self, header: dict[str, Any], code: str) -> str | None:
        """The text of a cell's value."""
        return run_code(code, self.namespace)

    def run(self) -> None:
        poller = zmq.Poller()
        for name in ("shell", "control", "hb"):
            poller.register(self.sockets[name], zmq.POLLIN)
        running = True
        while running:
            ready = dict(poller.poll())
            if self.sockets["hb"] in ready:
                self.sockets["hb"].send(self.sockets["hb"].recv())
            for name in ("control", "shell"):
                if running and self.sockets[name] in ready:
                    running = self.handle(name)
        for socket in self.sockets.values():
            socket.close(linger=500)
        self.context.term()


def run_code(code: str, namespace: dict[str, Any]) -> str | None:
    """Run a cell; the text of its value, if it has one."""
    tree = ast.parse(code)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "<cell>", "exec"), namespace)
    if last is None:
        return None
    value = eval(compile(ast.Expression(last.value), "<cell>", "eval"), namespace)
    return None if value is None else repr(value)


if __name__ == "__main__":
    Floor(json.loads(Path(sys.argv[1]).read_text())).run()
