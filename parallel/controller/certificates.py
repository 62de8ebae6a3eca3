"""A cluster's own certificate and its key, made with it: what its hosts prove themselves by.

It is made by the library ``cryptography``, which the controller's interpreter alone needs: the
standard library reads certificates and makes none.
"""

from __future__ import annotations

import datetime
from pathlib import Path

from ..directories import write_private
from ..errors import SessionError

_YEARS = 10


def make_certificate(path: Path, name: str, now: datetime.datetime | None = None) -> None:
    """Write a new key (P-256) and a certificate for it, signed by itself, into a private file.

    It is valid for ten years from the day before ``now``.

    Raises :class:`SessionError` if cryptography is not installed.
    """
    try:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.x509.oid import NameOID
    except ImportError:
        raise SessionError(
            "Between hosts a cluster's messages are encrypted, and the library that makes its "
            "certificate is missing: install vivo[tls] (or cryptography) beside vivo, or start the "
            "cluster unencrypted (encrypt=False, --no-encrypt)."
        ) from None
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"vivo {name}")])
    now = now or datetime.datetime.now(datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))  # the hosts' clocks may differ
        .not_valid_after(now + datetime.timedelta(days=365 * _YEARS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    write_private(path, private + certificate.public_bytes(serialization.Encoding.PEM))
