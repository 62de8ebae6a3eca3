"""``python -m vivo.parallel.hosted SPEC``: host a kernel as a session, detached from the starter.

The spec is a JSON file that only the user can read. On the descriptor that it names, one line of
JSON says that the session is ready, or why it is not.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path


def main() -> int:
    """Host the kernel that the command line names, until the session ends."""
    if os.fork():  # init becomes the parent: an editor that ends its children leaves the session
        return 0
    path = Path(sys.argv[1])
    spec = json.loads(path.read_text("utf-8"))
    path.unlink()
    from .kernelspecs import find_kernelspec
    from .loop import Host

    try:
        host = Host(spec, find_kernelspec(spec["kernel"]))
    except Exception as error:
        # Whatever it is, the starter waits to be told.
        told = json.dumps({"status": "failed", "message": f"{error}"})
        os.write(spec["ready"], told.encode() + b"\n")
        raise
    host.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
