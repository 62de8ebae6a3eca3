"""Two hosts on one machine: network namespaces, and a link between them that a test can spoil.

The link is a process's own: each end is a TUN device in one namespace, and a thread here carries
the packets from one to the other, late, or not at all. So both ends are the system's real TCP, and
what ``tc netem`` does is done where the kernel has no such thing. Root and ``iproute2`` are needed.
"""

from __future__ import annotations

import fcntl
import heapq
import os
import random
import select
import shlex
import struct
import subprocess
import threading
import time
from pathlib import Path

_TUNSETIFF = 0x400454CA
_IFF_TUN, _IFF_NO_PI = 0x0001, 0x1000
ADDRESSES = ("10.77.0.1", "10.77.0.2")


class TwoHosts:
    """Host 0 and host 1, and the link between them."""

    def __init__(self, folder: Path) -> None:
        """Each has folders of its own for what runs and what it keeps, below ``folder``."""
        self.delay = 0.0
        """Seconds that a packet takes, and as much again at most by chance."""
        self.loss = 0.0
        """The part of the packets that is lost."""
        self.is_cut = False
        """Whether nothing passes."""
        self.carried = self.lost = 0
        self._name = f"vv{os.urandom(3).hex()}"
        self._folder = folder
        self._chance = random.Random(1)
        self._wake = os.pipe()
        self._ends: list[int] = []
        self._made: list[str] = []

    def __enter__(self) -> TwoHosts:
        try:
            for host in (0, 1):
                self._add(host)
        except BaseException:
            self._remove()
            raise
        self._thread = threading.Thread(target=self._carry, name="two-hosts")
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        os.write(self._wake[1], b"x")
        self._thread.join()
        self._remove()

    def _add(self, host: int) -> None:
        space, device = f"{self._name}-{host}", f"{self._name}{host}"
        _ip("netns", "add", space)
        self._made.append(space)
        for folder in self._folders(host).values():
            folder.mkdir(mode=0o700)
        end = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        self._ends.append(end)
        fcntl.ioctl(end, _TUNSETIFF, struct.pack("16sH", device.encode(), _IFF_TUN | _IFF_NO_PI))
        _ip("link", "set", device, "netns", space)
        mine, theirs = ADDRESSES[host], ADDRESSES[1 - host]
        _ip("-n", space, "addr", "add", mine, "peer", theirs, "dev", device)
        for each in ("lo", device):
            _ip("-n", space, "link", "set", each, "up")

    def _remove(self) -> None:
        for end in (*self._ends, *self._wake):
            os.close(end)
        for space in self._made:
            _ip("netns", "del", space)

    def _folders(self, host: int) -> dict[str, Path]:
        kinds = {"RUNTIME_DIR": "run", "STATE_HOME": "state"}
        return {f"XDG_{kind}": self._folder / f"{name}{host}" for kind, name in kinds.items()}

    def on(self, host: int, command: list[str], *, is_closed: bool = True) -> list[str]:
        """The command that runs another on a host: without the other one's files if it is closed.

        Each lies on an empty file system of its own there.
        """
        others = self._folders(1 - host).values() if is_closed else ()
        hidden = " ".join(f"mount -t tmpfs none {shlex.quote(str(each))};" for each in others)
        there = f'set -e; hostname "$0"; {hidden} exec "$@"'
        return [
            "ip", "netns", "exec", f"{self._name}-{host}", "unshare", "--uts", "--mount",
            "sh", "-c", there, f"host{host}", *command,
        ]  # fmt: skip

    def environment(self, host: int) -> dict[str, str]:
        """What programs of a host find in their environment."""
        folders = {name: str(folder) for name, folder in self._folders(host).items()}
        return {**os.environ, **folders}

    # --- The link --------------------------------------------------------------------------

    def _carry(self) -> None:
        due: list[tuple[float, int, int, bytes]] = []
        count = 0
        while True:
            now = time.monotonic()
            while due and due[0][0] <= now:
                _, _, end, packet = heapq.heappop(due)
                self._put(end, packet)
            wait = max(0.0, due[0][0] - now) if due else None
            ready, _, _ = select.select([*self._ends, self._wake[0]], [], [], wait)
            if self._wake[0] in ready:
                return
            for host, end in enumerate(self._ends):
                if end not in ready:
                    continue
                packet = os.read(end, 65536)
                if self.is_cut or self._chance.random() < self.loss:
                    self.lost += 1
                    continue
                count += 1
                late = self.delay * (1 + self._chance.random())
                heapq.heappush(due, (time.monotonic() + late, count, self._ends[1 - host], packet))

    def _put(self, end: int, packet: bytes) -> None:
        try:
            os.write(end, packet)
            self.carried += 1
        except OSError:
            self.lost += 1  # the other side is not up, or is full: packets are lost so


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)
