"""What this process has allocated: bytes and objects in use, not what it once needed."""

from __future__ import annotations

import ctypes
import gc
import sys

import pytest


class AllocatedByC(ctypes.Structure):
    """``struct mallinfo2`` of glibc."""

    _names = "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost"
    _fields_ = tuple((name, ctypes.c_size_t) for name in _names.split())


def allocated() -> tuple[int, int]:
    """Bytes that libraries and large objects hold, and how many small objects Python holds."""
    tell = ctypes.CDLL(None).mallinfo2
    tell.restype = AllocatedByC
    gc.collect()
    told = tell()
    return told.uordblks + told.hblkhd, sys.getallocatedblocks()


needs_its_allocator = pytest.mark.skipif(
    not hasattr(ctypes.CDLL(None), "mallinfo2"), reason="needs glibc 2.33"
)
