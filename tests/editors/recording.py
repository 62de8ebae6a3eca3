"""Between an editor and the server: keeps what the editor says of itself when it connects.

``recording.py FILE COMMAND …`` starts the server and passes everything through. FILE gets the
``initialize`` request without what belongs to one machine: tests/server/test_recorded_clients.py
plays such records against the server.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, BinaryIO


def read_message(stream: BinaryIO) -> tuple[bytes, dict[str, Any]]:
    """The next message of a stream: as it is on the wire, and its content."""
    head = b""
    length = 0
    while line := stream.readline():
        head += line
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            length = int(value)
        if not line.strip():
            break
    body = stream.read(length)
    return head + body, json.loads(body) if body else {}


def recorded(params: dict[str, Any]) -> dict[str, Any]:
    """What is kept of a client's words: what it can do, and how it is called."""
    kept = {"clientInfo": params.get("clientInfo"), "capabilities": params["capabilities"]}
    return json.loads(json.dumps(kept, sort_keys=True))


def main(target: str, command: list[str]) -> int:
    """Pass everything through; the server's exit status."""
    stream = os.fdopen(0, "rb", buffering=0)
    first, message = read_message(stream)  # type: ignore[arg-type]
    if message.get("method") == "initialize":
        text = json.dumps(recorded(message["params"]), indent=1, sort_keys=True) + "\n"
        Path(target).write_text(text, "utf-8")
    server = subprocess.Popen(command, stdin=subprocess.PIPE)
    # A daemon: the editor may leave its end open when the server has ended.
    threading.Thread(target=pass_on, args=(first, server), daemon=True).start()
    return server.wait()


def pass_on(first: bytes, server: subprocess.Popen[bytes]) -> None:
    """What the editor says, to the server, until either ends."""
    assert server.stdin is not None
    try:
        server.stdin.write(first)
        server.stdin.flush()
        while data := os.read(0, 65536):
            server.stdin.write(data)
            server.stdin.flush()
        server.stdin.close()
    except (BrokenPipeError, ConnectionResetError):
        return  # the server has ended


if __name__ == "__main__":
    os._exit(main(sys.argv[1], sys.argv[2:]))
