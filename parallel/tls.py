"""TLS between the hosts of a cluster: both ends prove that they have the cluster's certificate.

An address is ``tls://HOST:PORT#FILE``: the file has the certificate and its key, and is the user's
alone. Rules:

1. TLS 1.3 and nothing older. The cluster's certificate is the only one that counts, on both ends;
   the host's name does not, since whoever has the key is the cluster.
2. What is carried is not looked at: messages are signed and checked where they are made and read.
3. A side that takes nothing makes the other wait: what is on its way here is bounded.

Standard library only: clients of clusters run in any interpreter. RFC 8446; the certificate is made
by :mod:`vivo.parallel.controller.certificates`.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from functools import lru_cache
from pathlib import Path

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
_CHUNK = 2**18
_CLOSE_SECONDS = 1.0
OPEN_SECONDS = 5.0
"""Seconds that a connection may take until both ends have proved who they are."""
_UNACKNOWLEDGED = 20_000  # milliseconds that the peer's system may leave what was sent unanswered
_KEEPING = {"TCP_KEEPIDLE": 10, "TCP_KEEPALIVE": 10, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 4}
_EXPIRED, _TOO_EARLY = 10, 9  # OpenSSL's X509_V_ERR_…


def split(address: str) -> tuple[str, int, str]:
    """Host, port and file of a ``tls://`` address. Raises ``ValueError``."""
    scheme, _, rest = address.partition("://")
    place, _, file = rest.partition("#")
    host, _, port = place.rpartition(":")
    if scheme != "tls" or not port.isdecimal() or not file:
        raise ValueError(f"{address!r} is no address: tls://HOST:PORT#FILE is one")
    return host.strip("[]"), int(port), file


def joined(host: str, port: int, file: str) -> str:
    """The address of these."""
    return f"tls://[{host}]:{port}#{file}" if ":" in host else f"tls://{host}:{port}#{file}"


def certificate_of(address: str) -> str:
    """What is in the file of an address, key and all; nothing if it is not of this kind.

    Raises ``OSError`` if there is no such file.
    """
    is_tls = address.startswith("tls://")
    return Path(split(address)[2]).read_text("ascii") if is_tls else ""


@lru_cache(maxsize=16)
def _context(file: str, made: float, is_server: bool) -> ssl.SSLContext:
    side = ssl.PROTOCOL_TLS_SERVER if is_server else ssl.PROTOCOL_TLS_CLIENT
    context = ssl.SSLContext(side)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(file)
    context.load_verify_locations(file)
    return context


def context_of(file: str, *, is_server: bool) -> ssl.SSLContext:
    """What a side needs. Raises ``OSError`` if the file is not there, or holds no certificate."""
    return _context(file, Path(file).stat().st_mtime, is_server)


def reason_of(error: BaseException) -> str:
    """Why there is no connection, in a few words."""
    told = str(error).lower()
    code = getattr(error, "verify_code", 0)
    if code == _EXPIRED or "certificate expired" in told:
        return "the certificate has expired, or a clock is wrong: start the cluster anew"
    if code == _TOO_EARLY:
        return "the certificate is not valid yet: the clocks of the two hosts differ by days"
    if isinstance(error, ssl.SSLCertVerificationError) or "unknown ca" in told:
        return "the certificate there is not this cluster's"
    if "certificate required" in told or "did not return a certificate" in told:
        return "no certificate was shown"
    if "unsupported protocol" in told or "protocol version" in told:
        return "TLS 1.3 is not spoken there"
    if any(each in told for each in ("wrong version number", "http request", "record layer")):
        return "what is spoken there is not TLS"
    if isinstance(error, (asyncio.TimeoutError, TimeoutError)):
        return f"nobody proved who it is in {OPEN_SECONDS:g} s"
    if isinstance(error, (asyncio.IncompleteReadError, ConnectionError)) or not told:
        return "the connection was closed, perhaps since the certificate is not this cluster's"
    return str(error)


def prepare(writer: asyncio.StreamWriter) -> None:
    """Have a connection send at once, and end when the peer's host is not heard of any more: one
    that has nothing to say would stay for ever."""
    made: socket.socket = writer.get_extra_info("socket")
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    options = {**_KEEPING, "TCP_USER_TIMEOUT": _UNACKNOWLEDGED}
    for name, value in options.items():
        if hasattr(socket, name):  # systems differ in what they have
            made.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


async def connect(address: str) -> Streams:
    """A connection to an address. Raises ``OSError``, ``ValueError`` or a timeout."""
    host, port, file = split(address)
    context = context_of(file, is_server=False)
    opening = asyncio.open_connection(host, port, ssl=context, limit=_CHUNK)
    made = await asyncio.wait_for(opening, OPEN_SECONDS)
    prepare(made[1])
    return made


async def carry(one: Streams, other: Streams) -> str:
    """Carry bytes between two connections until one ends; why, if that was no ordinary end."""
    reasons: list[str] = []

    async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(_CHUNK):
                sink.write(data)
                await sink.drain()
        except OSError as error:  # ssl's are that too
            if not isinstance(error, (BrokenPipeError, ConnectionResetError)):
                reasons.append(reason_of(error))

    pumps = [
        asyncio.ensure_future(pump(one[0], other[1])),
        asyncio.ensure_future(pump(other[0], one[1])),
    ]
    is_over = False
    try:
        await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        is_over = not reasons
    finally:
        for each in pumps:
            each.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)
        writers = one[1], other[1]
        for writer in writers:
            writer.close() if is_over else writer.transport.abort()
        closing = asyncio.gather(*(each.wait_closed() for each in writers), return_exceptions=True)
        try:
            await asyncio.wait_for(closing, _CLOSE_SECONDS)  # what was sent last goes out
        except asyncio.TimeoutError:
            for writer in writers:
                writer.transport.abort()
    return reasons[0] if reasons else ""
