"""An sshd of the test's own on a port of the loopback, and the names under which ssh knows it.

What it starts has the test's home, and is counted as the test's.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.cluster.conftest import until
from tests.conftest import HOME_VARIABLES

_SERVER = """
ListenAddress 127.0.0.1:{port}
HostKey {folder}/host
AuthorizedKeysFile {folder}/user.pub
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
LogLevel ERROR
MaxStartups 100
SetEnv {environment}
{more}
"""
_CLIENT = """
Host alpha beta far
    HostName 127.0.0.1
    Port {port}
    IdentityFile {folder}/user
    IdentitiesOnly yes
    UserKnownHostsFile {folder}/known
Host far
    ProxyJump alpha
"""


class Server:
    """An sshd, and how it is reached."""

    def __init__(self, folder: Path, more: Sequence[str] = (), home: Path | None = None) -> None:
        self.folder = folder
        """Has ``host`` and ``user``, the keys, and ``config``, for ``ssh -F``."""
        folder.mkdir()
        self.ssh = f"{folder / 'ssh'} -F {folder / 'config'}"
        """The command, which notes what it is told."""
        (folder / "ssh").write_text(f'#!/bin/sh\necho "$@" >> {folder}/words\nexec ssh "$@"\n')
        (folder / "ssh").chmod(0o700)
        self._words = folder / "words"
        for name in ("host", "user"):
            _make_key(folder / name)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        told = {name: os.environ[name] for name in (*HOME_VARIABLES, "VIVO_TEST_HOME")}
        if home is not None:
            for name, below in HOME_VARIABLES.items():
                (home / below).mkdir(mode=0o700, parents=True, exist_ok=True)
                told[name] = str(home / below)
        environment = " ".join("=".join(each) for each in told.items())
        self._write("sshd_config", _SERVER, environment=environment, more="\n".join(more))
        self._write("config", _CLIENT)
        public = (folder / "host.pub").read_text().split()
        (folder / "known").write_text(f"[127.0.0.1]:{self.port} {public[0]} {public[1]}\n")
        self._start()

    def _start(self) -> None:
        """Have it listen."""
        command = [str(shutil.which("sshd", path="/usr/sbin:/usr/local/sbin")), "-D", "-e"]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "-f", str(self.folder / "sshd_config")], stderr=log
            )
        until(self._is_listening)

    def change_key(self) -> None:
        """Have the user's key be another than the one that is let in."""
        (self.folder / "user").unlink()
        _make_key(self.folder / "other")
        (self.folder / "other").rename(self.folder / "user")

    def processes(self) -> list[psutil.Process]:
        """Its processes, and those of connections that end."""
        process = psutil.Process(self._process.pid)
        return [process, *process.children(recursive=True)]

    def connections(self) -> list[psutil.Process]:
        """Its processes, one for each connection."""
        return psutil.Process(self._process.pid).children()

    def refuse(self) -> None:
        """End it and all connections: nobody is let in."""
        listening = psutil.Process(self._process.pid)
        listening.suspend()  # it lets nobody in from here on
        for each in self.processes():
            if each.name().startswith("sshd"):
                each.kill()
        self._process.wait()

    def let_in(self) -> None:
        """Have it listen again."""
        self._start()

    def end(self) -> None:
        """End it; the connections end by themselves. No tunnel's socket is left of them."""
        self._process.terminate()
        self._process.wait()
        words = self._words.read_text() if self._words.exists() else ""
        tunnels = [Path(each) for each in re.findall(r"/tmp/vivo-ssh-\w+", words)]
        until(lambda: not any(each.exists() for each in tunnels))

    def _is_listening(self) -> bool:
        assert self._process.poll() is None, (self.folder / "log").read_text()
        with socket.socket() as tried:
            return tried.connect_ex(("127.0.0.1", self.port)) == 0

    def _write(self, name: str, text: str, **more: str) -> None:
        (self.folder / name).write_text(text.format(port=self.port, folder=self.folder, **more))


def _make_key(path: Path) -> None:
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)]
    subprocess.run(command, check=True)


@contextmanager
def serving(home: Path, *more: str, there: Path | None = None) -> Iterator[Server]:
    """Such a server, with more lines in its configuration; ``there`` is the home of who comes."""
    if os.geteuid() == 0:
        os.makedirs("/run/sshd", exist_ok=True)  # as its service does
    made = Server(home / "ssh", more, there)
    try:
        yield made
    finally:
        made.end()


@pytest.fixture
def server(home: Path) -> Iterator[Server]:
    """A server that lets this user in."""
    with serving(home) as made:
        yield made
