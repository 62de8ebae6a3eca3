"""The controller as a process: from an entry to its end."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys

from ...core.errors import VivoError
from ..errors import SessionError
from .controller import Controller
from .files import ClusterEntry
from .naming import launcher_named, policy_named


def control(entry: ClusterEntry, engines: int, ready: int, *, is_resumed: bool) -> int:
    """Control a cluster until it is stopped; gives the process's exit status.

    ``engines`` are started once clients may come, which is told on the descriptor ``ready``.
    """
    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s"
    )
    open_ends = [ready]

    def tell(status: str, message: str = "") -> None:
        for descriptor in open_ends:
            line = json.dumps({"status": status, "message": message})
            try:
                os.write(descriptor, line.encode() + b"\n")
            except BrokenPipeError:
                pass  # whoever started it did not wait
            os.close(descriptor)
        open_ends.clear()

    async def run() -> None:
        launcher = launcher_named(entry.launcher, entry.cwd)
        policy = policy_named(entry.policy, entry.cwd)
        if entry.policy == "ahead":
            policy = getattr(launcher, "policy", policy)
        if entry.restarts and (told := getattr(launcher, "cannot_restart", "")):
            raise SessionError(told)
        controller = Controller(entry, launcher, policy, is_resumed=is_resumed)

        def on_ready() -> None:
            tell("ready")
            if engines > 0:
                controller.start_engines(engines)
            elif engines < 0:
                controller.launching.start_all()

        await controller.run(on_ready)

    try:
        asyncio.run(run())
    except (VivoError, OSError) as error:
        tell("failed", str(error))
        logging.getLogger(__name__).error("%s", error)
        return 1
    except BaseException:
        logging.getLogger(__name__).exception("The controller failed.")
        tell("failed", "the controller failed: its log has the traceback")
        return 1
    return 0
