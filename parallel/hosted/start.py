"""Starting a session for another kernel."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from ..directories import check_folder
from ..launch import SessionOptions, new_spec, start_keeper
from ..registry import SessionEntry
from .kernelspecs import find_kernelspec


async def start_hosted(kernel: str, options: SessionOptions) -> SessionEntry:
    """Start a kernel as a session, by its name or its kernelspec's folder, and wait for it.

    Of the options, ``python`` and ``profile`` are not for it. Raises :class:`SessionError` with one
    sentence if it cannot be started.
    """
    found = await asyncio.to_thread(find_kernelspec, kernel)
    await asyncio.to_thread(check_folder, options.cwd)
    spec = new_spec(options)
    spec |= {"kernel": str(found.folder) + os.sep, "kernel_name": found.name}
    spec["python"] = found.command(Path(spec["connection_file"]))[0]
    return await start_keeper(spec, [sys.executable, "-E", "-P", "-m", "vivo.parallel.hosted"])
