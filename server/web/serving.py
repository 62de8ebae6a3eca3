"""The web server's process: its port, its pages, until it is interrupted.

Rules:

1. It listens on the loopback interface, unless it has a certificate and was told another address.
2. The link stands on this process's standard output alone: no file, no log, no command line.
3. While it runs, its address is in a private file, so that ``vivo share`` finds it; it serves the
   shares that there are, also those that were made before it began.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil
import uvicorn

from ...parallel.client import SessionClient
from ...parallel.subscriptions import Subscriptions
from .. import magic_words
from .application import Site
from .gates import hosts_of
from .grants import Grant, Grants, RefusedError
from .patience import PatientProtocol
from .servers import entered
from .shares import ShareWatch

WILDCARDS = ("0.0.0.0", "::")
"""Every address of the machine."""
LARGEST_MESSAGE = 8 * 2**20
"""Bytes of one message from a browser."""


@dataclass(frozen=True)
class WebOptions:
    """How a web server is started."""

    host: str = "127.0.0.1"
    port: int = 0
    """0 for any that is free."""
    folder: str = "."
    session: str | None = None
    """The session that the page opens first."""
    certificate: Path | None = None
    key: Path | None = None
    names: tuple[str, ...] = ()
    """Other names under which browsers reach it."""


def is_loopback(host: str) -> bool:
    """Whether an address is this machine's own alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def check(options: WebOptions) -> None:
    """Rule 1. Raises :class:`RefusedError`."""
    if (options.certificate is None) != (options.key is None):
        raise RefusedError("A certificate and its key go together: --certificate FILE --key FILE.")
    if not is_loopback(options.host) and options.certificate is None:
        raise RefusedError(
            f"{options.host} can be reached by others, who could read all that goes through the "
            "wire: give a certificate and its key (--certificate FILE --key FILE), or leave --host "
            "away and come by ssh (`ssh -L PORT:127.0.0.1:PORT HOST`)."
        )
    for each in (options.certificate, options.key):
        if each is not None and not each.is_file():
            raise RefusedError(f"There is no file {each}.")
    if options.certificate is not None and options.key is not None:
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(
                options.certificate, options.key
            )
        except (ssl.SSLError, OSError, ValueError) as error:
            raise RefusedError(
                f"{options.certificate} and {options.key} are no certificate and key in PEM that "
                f"belong together ({error})."
            ) from error


def bound(options: WebOptions) -> socket.socket:
    """The listening socket. Raises :class:`RefusedError`."""
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((options.host.strip("[]"), options.port))
        listening.listen(1024)  # before the link is told
    except OSError as error:
        listening.close()
        raise RefusedError(
            f"{options.host}:{options.port} cannot be listened on ({error.strerror}): choose "
            "another with --port."
        ) from error
    return listening


async def serve(options: WebOptions, started: Callable[[Site, str], None]) -> None:
    """Serve until SIGINT or SIGTERM; ``started`` is told the site and the owner's link."""
    check(options)
    listening = bound(options)
    port = listening.getsockname()[1]
    is_encrypted = options.certificate is not None
    names = {*names_of(options.host), *options.names}
    scheme = "https" if is_encrypted else "http"
    site = Site(Grants(time.time), options.folder, port, hosts_of(names, port), scheme)
    config = uvicorn.Config(
        site.application(),
        log_level=logging.WARNING,
        lifespan="off",
        server_header=False,
        proxy_headers=False,
        http=PatientProtocol,
        ws="websockets-sansio",
        ws_max_size=LARGEST_MESSAGE,
        ws_per_message_deflate=not is_loopback(options.host),
        ssl_certfile=str(options.certificate) if is_encrypted else None,
        ssl_keyfile=str(options.key) if is_encrypted else None,
        timeout_graceful_shutdown=2,
    )
    SessionClient.subscriptions = Subscriptions()  # each connection has clients of its own
    host = shown_host(options)
    with entered(site.address(host), port, is_loopback=is_loopback(options.host)):
        watch = ShareWatch(site, time.time)
        watch.look()
        site.take_in_shares = watch.take_in
        watching = asyncio.create_task(watch.watch())
        started(site, site.link(Grant("owner", options.session), host))
        try:
            await uvicorn.Server(config).serve(sockets=[listening])
        finally:
            watching.cancel()
            listening.close()
            magic_words.close()


def names_of(host: str) -> set[str]:
    """How browsers may call a server that listens on an address. Raises nothing.

    On every address, these are the machine's name and its addresses: whoever points a name of
    their own at it (DNS rebinding) cannot have the browser say another.
    """
    if is_loopback(host):
        return {host, "127.0.0.1", "localhost", "::1"}
    if host not in WILDCARDS:
        return {host}
    found = {socket.gethostname(), socket.getfqdn()}
    for addresses in psutil.net_if_addrs().values():
        inet = (each for each in addresses if each.family in (socket.AF_INET, socket.AF_INET6))
        found |= {each.address.partition("%")[0] for each in inet}
    return found


def shown_host(options: WebOptions) -> str:
    """The host that a link names."""
    if options.names:
        return options.names[0]
    return socket.gethostname() if options.host in WILDCARDS else options.host
