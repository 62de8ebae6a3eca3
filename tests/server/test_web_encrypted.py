"""A web server that others reach: TLS, and what an unencrypted wire gets."""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from .web import UNTIL, serving, vivo

pytestmark = pytest.mark.sessions


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate of this machine's own, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "vivo.test")])
    now = datetime.datetime.now(datetime.UTC)
    names = x509.SubjectAlternativeName(
        [x509.DNSName("vivo.test"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    )
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(names, critical=False)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "certificate.pem", folder / "key.pem"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return paths


async def test_what_others_reach_is_encrypted(home: Path) -> None:
    """A page and a session over TLS; the cookie is for TLS alone; a plain request gets nothing."""
    public, private = certificate(home)
    trusting = ssl.create_default_context(cafile=str(public))
    words = ("--host", "127.0.0.1", "--certificate", str(public), "--key", str(private))
    async with serving(home, *words, tls=trusting) as server:
        assert server.link.startswith("https://127.0.0.1:")
        page = await server.ask("/")
        assert page.status == 200
        assert f"connect-src 'self' wss://{server.host};" in page.header("content-security-policy")
        cookie = await server.enter()
        assert cookie.startswith("__Host-vivo-")
        async with server.visit(cookie) as owner:
            await owner.introduce()
            opened = await owner.open()
            end = await owner.run(opened["uri"], "print('over TLS')")
            assert end["status"] == "ok"
            await owner.until("vivo/output", kind="stream", text="over TLS\n")
        server.tls = None
        try:
            plain = await server.raw(f"GET / HTTP/1.1\r\nHost: {server.host}\r\n\r\n".encode())
        except ConnectionError:
            plain = b""
        assert b"vivo" not in plain


async def test_a_session_is_shared_over_tls(home: Path) -> None:
    """The link is the encrypted one; a viewer sees all, runs nothing, and goes when it is ended."""
    public, private = certificate(home)
    trusting = ssl.create_default_context(cafile=str(public))
    words = ("--host", "127.0.0.1", "--certificate", str(public), "--key", str(private))
    async with (
        serving(home, *words, tls=trusting) as server,
        server.visit(await server.enter()) as owner,
    ):
        await owner.introduce()
        opened = await owner.open()
        session = opened["session"]["sessionId"]
        link, _ = await vivo("share", session, "--role", "viewer")
        assert link.startswith(f"https://{server.host}/#")
        cookie = await server.enter(link.strip().partition("#")[2], "Bob")
        assert cookie.startswith("__Host-vivo-")
        async with server.visit(cookie) as viewer:
            await viewer.introduce()
            told = await viewer.open(session)
            end = await owner.run(opened["uri"], "print('over TLS')")
            await viewer.until("vivo/executionFinished", executionId=end["executionId"])
            assert viewer.text() == "over TLS\n"
            wanted = {"command": "vivo.server.runText",
                      "arguments": [{"uri": told["uri"], "text": "1"}]}  # fmt: skip
            assert "error" in await viewer.ask("workspace/executeCommand", wanted)
            await vivo("share", "--end", "--all")
            async with asyncio.timeout(UNTIL):
                await viewer.socket.wait_closed()
            assert viewer.socket.close_code == 4003
        assert (await owner.run(opened["uri"], "print('still here')"))["status"] == "ok"


async def test_a_name_that_was_not_told_opens_nothing(home: Path) -> None:
    """A server that listens on every address is reached by the names that it was given alone."""
    public, private = certificate(home)
    trusting = ssl.create_default_context(cafile=str(public))
    words = ("--host", "127.0.0.1", "--name", "vivo.test", "--certificate", str(public),
             "--key", str(private))  # fmt: skip
    async with serving(home, *words, tls=trusting) as server:
        assert server.link.startswith("https://vivo.test:")
        assert (await server.ask("/whoami", Host=f"vivo.test:{server.port}")).status == 401
        assert (await server.ask("/whoami", Host=f"other.test:{server.port}")).status == 403


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--certificate", "here.pem"), "A certificate and its key go together"),
        (("--certificate", "no.pem", "--key", "no.pem"), "There is no file no.pem"),
        (("--host", "203.0.113.7", "--certificate", "c", "--key", "k"), "There is no file c"),
    ],
)
async def test_a_wrong_use_is_one_sentence(
    home: Path, words: tuple[str, ...], sentence: str
) -> None:
    """Said before anything listens."""
    with pytest.raises(AssertionError, match=sentence):
        async with serving(home, *words):
            pass


async def test_a_file_that_is_no_certificate_is_one_sentence(home: Path) -> None:
    """Not a page of Python's own."""
    (home / "c").write_text("nothing")
    with pytest.raises(AssertionError) as told:
        async with serving(home, "--certificate", "c", "--key", "c"):
            pass
    assert "no certificate and key in PEM" in str(told.value)
    assert "Traceback" not in str(told.value)
