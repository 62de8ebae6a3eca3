"""Engines on other hosts by the user's own ssh: keys, configuration, jump hosts, all as it has it.

Each host has a link (:mod:`.ssh_link`), which is made anew when it is lost; the engines there are
sessions like any other, and outlive it. Rules:

1. Which host an engine comes to follows from its number (:mod:`.ssh_hosts`).
2. If one host cannot be had, the engines of the others are there all the same; what is wrong is
   said of each.
3. What a resumed controller must know stands in a file of the cluster's: the hosts that have
   engines, and the processes of ssh that a killed one has left, which are ended first.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import sys
from pathlib import Path
from typing import Any

from ...directories import write_private
from ...errors import SessionError
from ...processes import process_started
from . import Order, Report
from .ssh_hosts import Host, command_of, hosts_of, place
from .ssh_link import Link

_log = logging.getLogger(__name__)
_OPTIONS = ("hosts", "ssh", "vivo")


class SSHLauncher:
    """Starts engines on hosts."""

    def __init__(self) -> None:
        self._links: dict[str, Link] = {}
        self._file = Path()

    @property
    def status(self) -> str:
        """Which links are lost."""
        return " ".join(each.status for each in self._links.values() if each.status)

    def default_engines(self, options: dict[str, Any]) -> int:
        """How many there are if nobody says: what the hosts are to have."""
        return sum(each.n for each in hosts_of(options.get("hosts")))

    async def start(self, order: Order, report: Report) -> None:
        """Start engines, and wait until they are there. Raises :class:`SessionError`."""
        hosts = self._hosts(order)
        numbers: dict[str, list[int]] = {}
        for number in order.numbers:
            numbers.setdefault(place(hosts, number).host, []).append(number)
        wanted = [each for each in hosts if each.host in numbers]
        name = os.urandom(8).hex()
        started = [self._start(order, each, numbers[each.host], name) for each in wanted]
        told = await asyncio.gather(*started, return_exceptions=True)
        failed = [each for each in told if isinstance(each, BaseException)]
        for each in failed:
            if not isinstance(each, SessionError):
                raise each
        if failed:
            raise SessionError(" ".join(map(str, failed)))

    async def resumed(self, order: Order, report: Report) -> None:
        """Make the links anew of the controller before this one (rule 3)."""
        hosts = self._hosts(order)
        try:
            known = json.loads(self._file.read_text("utf-8"))
        except FileNotFoundError:
            return  # it was killed before it had any
        for each in hosts:
            if each.host in known:
                pid, started = known[each.host]
                if pid and process_started(pid) == started:
                    os.kill(pid, signal.SIGKILL)
                self._link(order, each).reopen()

    async def stop(self) -> None:
        """End what is left on the hosts, and the links."""
        links = list(self._links.values())
        told = await asyncio.gather(*(each.close() for each in links), return_exceptions=True)
        for link, error in zip(links, told, strict=True):
            if isinstance(error, SessionError):
                host = link.host.host
                _log.error("Engines may be left on %s, see `vivo sessions` there: %s", host, error)
            elif error is not None:
                _log.error("The link to %s has failed.", link.host.host, exc_info=error)

    def _hosts(self, order: Order) -> list[Host]:
        order.check_options(*_OPTIONS)
        self._file = Path(order.state) / "ssh.json"
        return hosts_of(order.options.get("hosts"), str(order.options.get("vivo") or ""))

    async def _start(self, order: Order, host: Host, numbers: list[int], name: str) -> None:
        link = self._link(order, host)
        await link.open()
        told = {
            "do": "start",
            "order": name,
            "numbers": numbers,
            "cluster": order.cluster,
            "host": host.host,
            "key": order.key,
            "python": host.python or order.python,
            "cwd": host.cwd or order.cwd,
            "is_chosen": bool(host.cwd),
        }
        try:
            await link.ask(told)
        except SessionError as error:
            raise SessionError(f"On {host.host}: {error}") from None

    def _link(self, order: Order, host: Host) -> Link:
        link = self._links.get(host.host)
        if link is None:
            named = [host.vivo] if host.vivo else [sys.executable, host.python or order.python]
            index = [each.host for each in self._hosts(order)].index(host.host)
            link = self._links[host.host] = Link(
                host,
                command_of(order.options.get("ssh", "ssh")),
                order.controller,
                folder=f"ssh-{Path(order.state).name}-{index}",
                interpreters=list(dict.fromkeys(named)),
                changed=self._note,
            )
        return link

    def _note(self) -> None:
        """Write the file of rule 3."""
        told = {name: link.process for name, link in self._links.items() if link.is_kept}
        try:
            write_private(self._file, json.dumps(told).encode())
        except OSError as error:  # a full disk: it matters to a resumed controller alone
            _log.error("%s cannot be written: %s.", self._file, error.strerror)
