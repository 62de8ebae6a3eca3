"""What a keeper loads, without what it would load for nothing.

Its engine's first cell waits for a keeper that has loaded its modules, and on a machine with few
cores the engine's own loading waits beside it.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType

_HASHES = ("_md5", "_sha1", "_sha3", "_blake2")
_SHA2 = ("_sha2",) if sys.version_info >= (3, 12) else ("_sha256", "_sha512")


def load_libraries() -> None:
    """Load what a keeper is made of, each without what it brings for nothing."""
    load_hmac()
    load_msgspec()
    load_zmq()


def load_msgspec() -> None:
    """Load msgspec without ``typing_extensions``.

    It takes from there what Python's own typing lacked before 3.11, and goes without where that is
    not installed. It would bring ``inspect``, ``ast`` and ``tokenize``: a third of msgspec's time.
    """
    _load("msgspec", without="typing_extensions")


def load_hmac() -> None:
    """Load hmac and hashlib without OpenSSL, if Python has hashes of its own.

    They go without where Python was built so. OpenSSL takes six milliseconds to load and 3.4 MB;
    :mod:`..digests` says what for.
    """
    try:
        for name in (*_HASHES, *_SHA2):
            import_module(name)
    except ImportError:
        return  # with what is there, hmac chooses for itself
    _load("hmac", without="_hashlib")


def load_zmq() -> None:
    """Load pyzmq without pickle, which two methods of sockets use: a keeper unpickles nothing."""
    if "pickle" in sys.modules or "zmq" in sys.modules:
        return
    stand_in = ModuleType("pickle")
    stand_in.DEFAULT_PROTOCOL = 0  # type: ignore[attr-defined] # a default of one of them
    sys.modules["pickle"] = stand_in
    try:
        import_module("zmq")
    except (ImportError, AttributeError):  # another pyzmq wants more of it
        for name in [name for name in sys.modules if name.partition(".")[0] == "zmq"]:
            del sys.modules[name]
    finally:
        del sys.modules["pickle"]
    import_module("zmq")


def _load(name: str, *, without: str) -> None:
    if without in sys.modules or name in sys.modules:
        return
    sys.modules[without] = None  # type: ignore[assignment] # how Python says: not to be imported
    try:
        import_module(name)
    finally:
        del sys.modules[without]
