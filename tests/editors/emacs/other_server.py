"""A static language server as people have one beside vivo: few answers, each with its mark.

Completion knows ``other_name`` and ``shared_name``; a definition is always line 1; each document has a
warning on its first line; hover says who it is.
"""

from __future__ import annotations

import json
import sys
from typing import Any


def read() -> dict[str, Any] | None:
    """The next message, or None at the end."""
    length = 0
    while line := sys.stdin.buffer.readline():
        if not line.strip():
            message: dict[str, Any] = json.loads(sys.stdin.buffer.read(length))
            return message
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    return None


def write(**message: Any) -> None:
    """Send a message."""
    body = json.dumps({"jsonrpc": "2.0", **message}).encode()
    sys.stdout.buffer.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
    sys.stdout.buffer.flush()


START = {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 3}}


def answer(method: str, params: Any) -> Any:
    """The result of a request."""
    if method == "initialize":
        can = {"textDocumentSync": 1, "completionProvider": {}, "definitionProvider": True, "hoverProvider": True}
        return {"capabilities": can}
    if method == "textDocument/completion":
        names = ("other_name", "shared_name")
        return [{"label": name, "detail": "from the other server", "kind": 6} for name in names]
    if method == "textDocument/definition":
        return [{"uri": params["textDocument"]["uri"], "range": START}]
    if method == "textDocument/hover":
        return {"contents": "the other server"}
    return None


def main() -> None:
    """Serve until the client is gone."""
    while (message := read()) is not None:
        method = message.get("method")
        if method == "exit":
            return
        if "id" in message and method:
            write(id=message["id"], result=answer(method, message.get("params")))
        elif method == "textDocument/didOpen":
            uri = message["params"]["textDocument"]["uri"]
            warning = {"range": START, "severity": 2, "message": "of the other server"}
            write(method="textDocument/publishDiagnostics", params={"uri": uri, "diagnostics": [warning]})


if __name__ == "__main__":
    main()
