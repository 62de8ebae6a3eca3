"""Replies whose buffers are in shared memory, for whoever cannot take them from there."""

from __future__ import annotations

import msgspec

from .. import sharing
from .instructions import Reply


def fetched(reply: Reply) -> Reply:
    """The reply with its shared buffers read; with an error in place of what is not there."""
    try:
        buffers = sharing.read(reply.buffers, reply.shared)
    except sharing.SharingError as error:
        told = {"ename": "SharingError", "evalue": f"The result is lost: {error}.", "traceback": []}
        content = {**reply.content, "status": "error", "error": told}
        return msgspec.structs.replace(reply, content=content, buffers=[], shared=[])
    return msgspec.structs.replace(reply, buffers=buffers, shared=[])
