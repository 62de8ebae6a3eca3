"""``python -m vivo.parallel.keeper SPEC``: keep a session.

The spec is a JSON file that only the user can read. The engine is started before anything heavy
is imported, so that both start side by side. On the descriptor that the spec names, one line
of JSON says that the session is ready, or why it is not.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from ..frames import Ordering
from .spawn import adopt_engine, spawn_engine


def main() -> int:
    """Keep the session that the command line names, until it ends."""
    path = Path(sys.argv[1])
    spec = json.loads(path.read_text("utf-8"))
    if spec.pop("one_use", False):
        path.unlink()
    adopted = spec.pop("adopted", None)
    try:
        if adopted and adopted.get("is_new"):  # it was launched, and has started this process
            magic = Ordering.new_magic()
            engine = adopt_engine(adopted, is_guest="guest" in spec)
            adopted = None
            engine.begin(spec, magic)
        elif adopted:
            magic = bytes.fromhex(adopted["magic"])
            engine = adopt_engine(adopted, is_guest="guest" in spec)
        else:
            magic = Ordering.new_magic()
            engine = spawn_engine(spec, magic)
    except OSError as error:
        told = f"{spec['python']} cannot be started: {error.strerror}."
        return _failed(spec["ready"], told)
    from .loading import load_libraries

    load_libraries()
    from .loop import Keeper

    try:
        keeper = Keeper(spec, engine, magic)
        if adopted:
            keeper.take_over()
    except Exception as error:
        if adopted:
            raise  # its engine tries another keeper
        engine.end()
        return _failed(spec["ready"], f"{type(error).__name__}: {error}")
    keeper.run()
    return 0


def _failed(descriptor: int | None, told: str) -> int:
    if descriptor is not None:
        os.write(descriptor, json.dumps({"status": "failed", "message": told}).encode() + b"\n")
    sys.stderr.write(told + "\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
