"""Digests by Python's own SHA-256 and by OpenSSL's: the same, whichever takes a message."""

from __future__ import annotations

import hashlib
import hmac
import json
import subprocess
import sys
from typing import Any

import pytest
from vivo.parallel.digests import LONG, Signer

SIZES = [0, 1, 63, 64, 65, LONG - 1, LONG, 3 * LONG]
KEEPERS = """
import json, sys
from vivo.parallel.keeper.loading import load_hmac
load_hmac()
from vivo.parallel.digests import Signer
def digest(signer, size):
    taken = signer.begin(size)
    taken.update(b"x" * (size // 2))
    taken.update(b"x" * (size - size // 2))
    return taken.hexdigest()
signer = Signer(b"key")
before = digest(signer, 10), "libcrypto" in open("/proc/self/maps").read()
print(json.dumps([before, {size: digest(signer, size) for size in SIZES}]))
"""


def expected(key: bytes, size: int) -> str:
    return hmac.new(key, b"x" * size, hashlib.sha256).hexdigest()


@pytest.mark.parametrize("key", [b"", b"key", b"k" * 64, b"k" * 65, b"k" * 200])
def test_a_digest_is_that_of_hmac(key: bytes) -> None:
    """Of any key, and of messages on either side of what is long; one signer makes many."""
    signer = Signer(key)
    for size in SIZES + SIZES:
        taken = signer.begin(size)
        taken.update(b"x" * size)
        assert taken.hexdigest() == expected(key, size)
        assert signer.digest(b"x" * size) == expected(key, size)


def test_a_keepers_digests_are_the_same_without_openssl_and_with_it() -> None:
    """It signs short messages without loading OpenSSL, and long ones with it."""
    code = KEEPERS.replace("SIZES", repr(SIZES))
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    (short, has_openssl), found = json.loads(told.stdout)
    assert (short, has_openssl) == (expected(b"key", 10), False)
    assert found == {str(size): expected(b"key", size) for size in SIZES}


@pytest.mark.parametrize("missing", ["_md5", "_hashlib"])
def test_a_python_that_lacks_either_signs_too(missing: str) -> None:
    """One without hashes of its own loads OpenSSL; one without OpenSSL does without."""
    code = f"import sys; sys.modules[{missing!r}] = None\n" + KEEPERS.replace("SIZES", repr(SIZES))
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    found: Any = json.loads(told.stdout)[1]
    assert found == {str(size): expected(b"key", size) for size in SIZES}
    assert told.stderr == b""
