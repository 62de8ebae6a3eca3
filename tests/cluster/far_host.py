"""Another host, by ssh: an sshd of the test's own, whose users have a home of their own.

``python -m tests.cluster.far_host FOLDER`` lets one be used by tests in other languages: it prints
the folder of the ``ssh`` that reaches the host, to stand first in ``PATH``; the host goes, with its
sessions, once standard input ends.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.cluster.sshd import Server, serving
from tests.conftest import HOME_VARIABLES

VIVO = str(Path(sys.executable).parent / "vivo")
_SSH = """#!/bin/sh
PATH={path}
exec {ssh} $(cat {options}) "$@"
"""


class Host:
    """Another host, and how the user's ssh reaches it."""

    def __init__(self, home: Path, server: Server) -> None:
        self.server = server
        self.there = home / "there"
        """The home there."""
        self.options = home / "ssh-options"
        """What else ssh is told."""
        self.options.touch()
        self.bin = home / "bin"
        """Has ``ssh``."""
        self.bin.mkdir()
        program = self.bin / "ssh"
        path = os.environ["PATH"]
        program.write_text(_SSH.format(path=path, ssh=server.ssh, options=self.options))
        program.chmod(0o700)
        self.vivo = self.there / ".local" / "bin" / "vivo"
        self.vivo.parent.mkdir(parents=True, exist_ok=True)
        self.vivo.symlink_to(VIVO)

    def entries(self) -> list[dict[str, Any]]:
        """The sessions that the registry there has."""
        folder = self.there / "run" / "vivo" / "sessions"
        return [json.loads(each.read_text()) for each in folder.glob("*.json")]

    def end_sessions(self) -> None:
        """End those that are still there."""
        for entry in self.entries():
            os.kill(entry["keeper_pid"], signal.SIGTERM)


@contextmanager
def far_host(home: Path) -> Iterator[Host]:
    """Such a host, in a folder of the test's."""
    with serving(home, there=home / "there") as server:
        host = Host(home, server)
        try:
            yield host
        finally:
            host.end_sessions()


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    for name in (*HOME_VARIABLES, "VIVO_TEST_HOME"):
        os.environ.setdefault(name, str(folder))
    with far_host(folder) as made:
        print(made.bin, flush=True)
        sys.stdin.read()
