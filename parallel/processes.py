"""Which process a process id is: it counts with the process's start and the machine's boot.

Standard library only, but where Linux's files are not: clients of clusters run in any interpreter.
"""

from __future__ import annotations

import os
import socket
from functools import cache
from pathlib import Path


@cache
def boot_id() -> str:
    """Which boot of which machine this is."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        import psutil  # where Linux's files are not: few sessions need it

        return f"{socket.gethostname()}-{int(psutil.boot_time())}"


def process_started(pid: int) -> float | None:
    """When a process began, to be compared within one boot; None if there is none that lives.

    On Linux in clock ticks since the boot, which a clock that is set does not move; elsewhere in
    seconds since the epoch.
    """
    if not 0 < pid < 2**31:
        return None  # an entry may say anything
    try:
        told = Path(f"/proc/{pid}/stat").read_bytes()
        # Fields 3 and 22 of proc_pid_stat(5); field 2, in parentheses, may hold anything.
        fields = told.rpartition(b")")[2].split()
        return None if fields[0] in (b"Z", b"X") else float(fields[19])
    except FileNotFoundError:
        pass  # no such process, or no Linux
    except ProcessLookupError:
        return None  # it ended while we looked
    import psutil

    try:
        return float(psutil.Process(pid).create_time())
    except psutil.Error:
        return None


def this_host() -> tuple[str, str, int]:
    """Host, boot and user of this process: what a new entry says of itself."""
    return socket.gethostname(), boot_id(), os.getuid()
