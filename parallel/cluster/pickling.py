"""Functions, arguments and results as buffers, and back.

Rules:

1. Plain pickle does what it can; what the calling session defines (``__main__``), and what pickle
   cannot, cloudpickle does, by value.
2. The memory of arrays is not copied into the pickle: it travels beside it (protocol 5), and what
   comes back is over the memory it was received into, which may be written to.
3. A function is known by the SHA-256 of its pickle: the same text is sent to an engine once.
"""

from __future__ import annotations

import hashlib
import mmap
import pickle
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ...core.errors import UsageError
from ..engine import helpers
from . import pickled_functions

if TYPE_CHECKING:
    from .zmtp import Frame

_PACKAGE = "cloudpickle"


def dumps(value: Any, what: str = "what is to be sent") -> list[Frame]:
    """A value pickled, then its buffers. Raises :class:`UsageError` for what cannot be pickled."""
    found: list[pickle.PickleBuffer] = []
    try:
        data = pickle.dumps(value, protocol=5, buffer_callback=found.append)
        if b"__main__" in data:  # by reference: nobody else could import it
            raise pickle.PicklingError
    except Exception:  # noqa: BLE001 - what it says is said by cloudpickle, if that fails too
        found.clear()
        data = _by_cloudpickle(value, what, found.append)
    return [data, *map(_raw, found)]


def _by_cloudpickle(value: Any, what: str, *callback: Callable[[Any], Any]) -> bytes:
    from .sources import cloudpickled  # which loads much, and is often not needed

    try:
        return cloudpickled(value, *callback)
    except UsageError:
        raise  # there is no cloudpickle
    except Exception as error:  # noqa: BLE001 - pickling calls the user's code: it is told as it is
        raise UsageError(
            f"{what[0].upper()}{what[1:]} cannot be sent ({type(error).__name__}: {error}): make "
            "it where it is used, or send what it is made of."
        ) from None


def name_of(function: Any) -> str:
    """A function as people call it."""
    return str(getattr(function, "__name__", type(function).__name__))


def _raw(buffer: pickle.PickleBuffer) -> memoryview:
    return buffer.raw()


def dumps_function(function: Callable[..., Any]) -> tuple[str, bytes]:
    """The digest of a function, and its pickle.

    Raises :class:`UsageError`, also for what is no function.
    """
    if not callable(function):
        raise UsageError(f"A function is called first, then its arguments: {function!r} is none.")
    if (before := pickled_functions.known(function)) is not None:
        return before
    try:
        data = pickle.dumps(function, protocol=5)
        if b"__main__" in data:
            raise pickle.PicklingError
    except Exception:  # noqa: BLE001 - as in dumps
        data = _by_cloudpickle(function, f"the function {name_of(function)}, with what it uses,")
        pickled = hashlib.sha256(data).hexdigest(), data
        pickled_functions.remember(function, pickled)
        return pickled
    return hashlib.sha256(data).hexdigest(), data


def loads(buffers: Sequence[Frame | mmap.mmap]) -> Any:
    """What was pickled: the pickle, then its buffers. Raises whatever unpickling it raises."""
    data, *others = buffers
    data = bytes(data)
    if b"cloudpickle" in data:
        helpers.load(_PACKAGE)
    own = [bytearray(each) if isinstance(each, bytes) else each for each in others]
    return pickle.loads(data, buffers=own)


def size_of(buffers: Sequence[Frame]) -> int:
    """Bytes in all."""
    return sum(each.nbytes if isinstance(each, memoryview) else len(each) for each in buffers)
