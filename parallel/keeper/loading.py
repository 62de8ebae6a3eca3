"""What a keeper loads, without what it would load for nothing.

Its engine's first cell waits for a keeper that has loaded its modules, and on a machine with few
cores the engine's own loading waits beside it.
"""

from __future__ import annotations

import sys

_UNUSED = "typing_extensions"


def load_msgspec() -> None:
    """Load msgspec without ``typing_extensions``.

    It takes from there what Python's own typing lacked before 3.11, and goes without where that is
    not installed. It would bring ``inspect``, ``ast`` and ``tokenize``: a third of msgspec's time.
    """
    if _UNUSED in sys.modules or "msgspec" in sys.modules:
        return
    sys.modules[_UNUSED] = None  # type: ignore[assignment] # how Python says: not to be imported
    try:
        import msgspec  # noqa: F401 - for those who import it later
    finally:
        del sys.modules[_UNUSED]
