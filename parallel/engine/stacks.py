"""The stacks of an engine whose interpreter is locked, written by a handler in C.

Rules:

1. ``faulthandler`` serves the signal without the interpreter's lock, wherever the main thread is,
   and writes into a pipe that the keeper reads. A call that the signal cuts short is begun again
   by the system, where it does that at all.
2. The keeper sends the signal only to an engine that has named it: for others it is deadly.
3. Forked children are not asked: the signal goes to the engine alone.
"""

from __future__ import annotations

import faulthandler
import os
import signal

# Far from the first of the real-time signals, which others take; where there are none, the one that
# asks a process for its state.
_NUMBER = signal.SIGRTMAX - 5 if hasattr(signal, "SIGRTMAX") else getattr(signal, "SIGINFO", None)


def install(descriptor: int) -> int | None:
    """Serve the signal into ``descriptor``; gives its number, None where there is none."""
    if _NUMBER is None:
        os.close(descriptor)
        return None
    faulthandler.register(_NUMBER, file=descriptor, all_threads=True, chain=False)
    return int(_NUMBER)
