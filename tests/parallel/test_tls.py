"""TLS between the hosts of a cluster: addresses, certificates, and what is said of refusals."""

from __future__ import annotations

import asyncio
import datetime
import ssl
import sys
from pathlib import Path

import pytest
from vivo.parallel import tls
from vivo.parallel.controller.certificates import make_certificate
from vivo.parallel.controller.files import reached
from vivo.parallel.errors import SessionError
from vivo.parallel.keeper.outward import next_pause

NOW = datetime.datetime.now(datetime.timezone.utc)


@pytest.mark.parametrize(
    ("host", "shown"), [("10.0.0.5", "10.0.0.5"), ("fd00::5", "[fd00::5]"), ("login1", "login1")]
)
def test_an_address_has_host_port_and_file(host: str, shown: str) -> None:
    """And is told from what is none."""
    address = tls.joined(host, 7000, "/a folder/x#1.pem")
    assert address == f"tls://{shown}:7000#/a folder/x#1.pem"
    assert tls.split(address) == (host, 7000, "/a folder/x#1.pem")
    for wrong in ("tcp://10.0.0.5:7000#x", "tls://10.0.0.5:7000", "tls://10.0.0.5:x#x", ""):
        with pytest.raises(ValueError, match="is no address"):
            tls.split(wrong)


@pytest.mark.parametrize(
    ("told", "certificate", "expected"),
    [
        ("tcp://gate:7000", "", "tcp://gate:7000"),
        ("tcp://gate:7000", "/x.pem", "tls://gate:7000#/x.pem"),
        ("tls://gate:7000", "/x.pem", "tls://gate:7000#/x.pem"),
        ("tcp://[fd00::5]:7000", "/x.pem", "tls://[fd00::5]:7000#/x.pem"),
        ("ipc:///run/tunnel", "/x.pem", "ipc:///run/tunnel"),
        ("", "/x.pem", ""),
    ],
)
def test_what_lies_between_is_gone_through_as_the_cluster_is_served(
    told: str, certificate: str, expected: str
) -> None:
    """Encrypted if it is; what is no address of that kind is nobody's business."""
    assert reached(told, certificate) == expected


@pytest.mark.parametrize(
    ("told", "certificate", "sentence"),
    [
        ("tls://gate:7000", "", "not encrypted"),
        ("tcp://gate", "/x.pem", "is no address"),
        ("tcp://:7000", "/x.pem", "is no address"),
    ],
)
def test_what_engines_could_not_come_to_is_said(told: str, certificate: str, sentence: str) -> None:
    """When the cluster is started."""
    with pytest.raises(SessionError, match=sentence):
        reached(told, certificate)


def test_without_the_library_it_is_said_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what does without it."""
    monkeypatch.setitem(sys.modules, "cryptography", None)
    with pytest.raises(SessionError, match=r"install vivo\[tls\].*--no-encrypt"):
        make_certificate(tmp_path / "x.pem", "x")


def test_a_keeper_tries_again_and_again_with_growing_pauses() -> None:
    """At once after a connection that has lasted."""
    pauses = [0.0]
    for lasted in (0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0):
        pauses.append(next_pause(pauses[-1], lasted))
    assert pauses == [0.0, 0.05, 0.1, 0.2, 0.4, 0.8, 1.0, 1.0]
    assert next_pause(1.0, 60.0) == 0.0


async def proof(servers: Path, clients: Path) -> list[str]:
    """A server and a client prove themselves by their files: what each says, if it fails."""
    said: list[str] = []
    done = asyncio.Event()

    async def came(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await writer.start_tls(tls.context_of(str(servers), is_server=True))
        except OSError as error:
            said.append(f"server: {tls.reason_of(error)}")
        finally:
            writer.transport.abort()
            done.set()

    server = await asyncio.start_server(came, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        _, writer = await tls.connect(tls.joined("127.0.0.1", port, str(clients)))
        await done.wait()
        writer.transport.abort()
    except (OSError, ssl.SSLError) as error:
        said.append(f"client: {tls.reason_of(error)}")
        await done.wait()
    server.close()
    await server.wait_closed()
    return sorted(said)


@pytest.mark.parametrize(
    ("age", "said"),
    [
        (datetime.timedelta(0), None),
        (datetime.timedelta(days=3660), "the certificate has expired"),
        (datetime.timedelta(days=-3), "the certificate is not valid yet"),
    ],
)
async def test_a_certificate_counts_in_its_time_alone(
    tmp_path: Path, age: datetime.timedelta, said: str | None
) -> None:
    """Also for who has it; what is wrong with it is said."""
    file = tmp_path / "x.pem"
    make_certificate(file, "x", NOW - age)
    told = await proof(file, file)
    assert told == [] if said is None else told[0].startswith(f"client: {said}")


async def test_another_clusters_certificate_is_refused(tmp_path: Path) -> None:
    """Though it has the same name. The client says why; the server, which it has left without a
    word, says what it may be."""
    one, other = tmp_path / "1.pem", tmp_path / "2.pem"
    for each in (one, other):
        make_certificate(each, "x")
    client, server = await proof(one, other)
    assert client == "client: the certificate there is not this cluster's"
    assert server.startswith("server: the connection was closed, perhaps since the certificate")


async def test_a_file_that_is_exchanged_counts_from_then_on(tmp_path: Path) -> None:
    """No process goes on with one that it has read before."""
    one, other = tmp_path / "1.pem", tmp_path / "2.pem"
    for each in (one, other):
        make_certificate(each, "x")
    assert len(await proof(one, other)) == 2
    other.write_bytes(one.read_bytes())
    assert await proof(one, other) == []
