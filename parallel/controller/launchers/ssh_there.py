"""``python -m vivo.parallel.controller.launchers.ssh_there``: starts engines at the end of a link.

What the ssh launcher runs on a host, by vivo's own interpreter there, for as long as a link lasts.
It reads instructions from its standard input, a line of JSON each, and answers each with a line
that begins with :data:`MARK`. Rules:

1. Engines and their keepers are detached: they outlive this process, and find the controller by the
   path :data:`SOCKET` in a folder of the cluster's, which is a link to the socket of whatever
   tunnel there is.
2. The socket of a tunnel is removed with it, since sshd leaves it; so nobody connects to a tunnel
   that has ended.
3. An order is carried out once, however often it comes: its answer may have been lost with a link.
4. Two of these may run at once, if the system has not noticed that a link is gone: what they do
   they do one after the other.
5. Nothing of the cluster's is left when it is told to leave: no engine, no folder, no socket.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import logging
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

from .... import __version__
from ....core.errors import VivoError
from ....core.private_files import open_file
from ...directories import (
    MAXIMUM_SOCKET_PATH,
    check_folder,
    private,
    runtime_folder,
    use_lasting_folder,
    write_private,
)
from ...errors import SessionError
from ...interpreters import CHOOSE, check_python, find_python
from ...keeper.spawn import KEEPER
from ...launch import SessionOptions, has_ended, new_spec, start_keeper
from ...registry import Registry, liveness

MARK = "vivo-ssh "
SOCKET = "c"
_log = logging.getLogger(__name__)
_END_SECONDS = 3.0  # that engines which were told to end have for it


class There:
    """What a cluster has on this host, while a link lasts."""

    def __init__(self) -> None:
        self._folder = Path()
        self._tunnel = ""

    async def attach(self, told: dict[str, Any]) -> None:
        """Have engines find the controller by this link. Raises :class:`SessionError`."""
        if told["version"] != __version__:
            raise SessionError(
                f"vivo is {__version__} there and {told['version']} here: install the same."
            )
        self._folder = private(runtime_folder() / told["folder"])
        socket = self._folder / SOCKET
        if len(str(socket).encode()) > MAXIMUM_SOCKET_PATH:
            raise SessionError(f"The path {socket} is too long for a Unix socket.")
        self._tunnel = told["tunnel"]
        before = _target(socket)
        new = self._folder / f".{os.urandom(4).hex()}"
        new.symlink_to(self._tunnel)
        new.replace(socket)
        if before is not None:
            before.unlink(missing_ok=True)  # of a link whose process was killed here

    async def start(self, told: dict[str, Any]) -> None:
        """Start the engines of an order, side by side. Raises :class:`SessionError`."""
        python = find_python(told["python"], Path.home())
        folder = _folder(told["cwd"], is_chosen=told["is_chosen"])
        check_folder(folder)
        try:
            await asyncio.to_thread(check_python, python, folder)
        except SessionError as error:
            advice = f'name another with "python" of {told["host"]} in hosts=.'
            raise SessionError(str(error).replace(CHOOSE, advice)) from None
        with self._alone():
            started = [
                self._start(told, number, python, folder)
                for number in told["numbers"]
                if not self._is_there(told, number)
            ]
            for each in await asyncio.gather(*started, return_exceptions=True):
                if isinstance(each, BaseException):
                    raise each

    async def leave(self, told: dict[str, Any]) -> None:
        """End the engines that have not ended, and remove what there is (rule 5)."""
        sessions = [path.read_text("utf-8") for path in self._folder.glob("engine-*")]
        await asyncio.gather(*map(_end, sessions))
        self.detach()
        shutil.rmtree(self._folder, ignore_errors=True)

    def detach(self) -> None:
        """The link has ended (rule 2)."""
        if self._tunnel:
            Path(self._tunnel).unlink(missing_ok=True)

    async def _start(self, told: dict[str, Any], number: int, python: str, folder: str) -> None:
        spec = new_spec(
            SessionOptions(python=python, cwd=folder, name=f"{told['cluster']} {number}")
        )
        spec["connection"]["key"] = told["key"]
        spec["controller"] = {
            "address": f"ipc://{self._folder / SOCKET}",
            "number": number,
            "host": told["host"],
        }
        write_private(self._path(told, number), spec["id"].encode())
        await start_keeper(spec, KEEPER)

    def _path(self, told: dict[str, Any], number: int) -> Path:
        """Where it stands which session an engine of an order is."""
        return self._folder / f"engine-{told['order']}-{number}"

    def _is_there(self, told: dict[str, Any], number: int) -> bool:
        """Whether an engine of an order was started before (rule 3)."""
        try:
            session = self._path(told, number).read_text("utf-8")
        except FileNotFoundError:
            return False
        entry = Registry().get(session)
        return entry is not None and liveness(entry) == "live"

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the folder, which another of these may do as well (rule 4)."""
        descriptor = open_file(self._folder / "lock", os.O_RDWR)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


async def serve() -> None:
    """Do what the other end of the link says, until it ends."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    transport, _ = await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(os.dup(0), "rb", buffering=0)
    )
    there = There()
    actions = {"attach": there.attach, "start": there.start, "leave": there.leave}
    try:
        while line := await reader.readline():
            told = json.loads(line)
            answer = {"id": told["id"], "message": ""}
            try:
                await actions[told["do"]](told)
            except (VivoError, OSError) as error:
                answer["message"] = str(error)
            except Exception as error:  # noqa: BLE001 - without an answer it would be asked again
                _log.exception("An instruction failed.")
                answer["message"] = (
                    f"{told['do']} failed there with {type(error).__name__}: {error}."
                )
            sys.stdout.write(f"{MARK}{json.dumps(answer)}\n")
            sys.stdout.flush()
    except BrokenPipeError:
        pass  # the link has ended
    finally:
        there.detach()
        transport.close()


async def _end(session: str) -> None:
    """Wait for the end of a session that was told to, and end it if that does not come."""
    entry = Registry().get(session)
    if entry is None or liveness(entry) != "live":
        return
    try:
        keeper = psutil.Process(entry.keeper_pid)
        if await asyncio.to_thread(has_ended, keeper, _END_SECONDS):
            return
        _log.warning("The engine %s does not end: it is made to.", entry.name)
        for process in (*keeper.children(), keeper):
            process.kill()
    except psutil.NoSuchProcess:
        return
    Registry().tidy(entry)


def _folder(name: str, *, is_chosen: bool) -> str:
    """Where engines start: in the folder of a name, or at home if nobody has chosen it for here."""
    home = Path.home()
    wanted = home / Path(name).expanduser()
    return str(wanted if is_chosen or wanted.is_dir() else home)


def _target(link: Path) -> Path | None:
    try:
        return link.readlink()
    except OSError:
        return None


if __name__ == "__main__":
    use_lasting_folder()
    asyncio.run(serve())
