"""Large buffers that come in parts: put together in shared memory, where the engine takes them.

So a buffer is checked and stored while more of it is on its way. Rules:

1. The parts of one buffer come in order. One that comes again, after a link was cut, is answered
   and no more; one before which another is missing is refused.
2. A buffer has its name only once it is whole: a call that names one that is not fails.
3. Of those that no engine has taken the last :data:`_MOST` are kept; of such as are not whole,
   whose client may be gone, the last :data:`_MOST_COMING`.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from typing import Any

import msgspec

from .. import sharing
from ..spares import write_all
from .instructions import Reply, Store

_MOST, _MOST_COMING = 64, 8


class Upload(msgspec.Struct):
    """A buffer that is coming."""

    descriptor: int
    received: int = 0


class Uploads:
    """Those of a session."""

    def __init__(self, session: str) -> None:
        self._session = session
        self._coming: OrderedDict[str, Upload] = OrderedDict()
        self._whole: OrderedDict[str, None] = OrderedDict()

    def store(self, part: Store) -> Reply:
        """Store a part; the reply to it."""
        try:
            self._store(part)
        except (sharing.SharingError, OSError) as error:
            self._give_up(name_of(self._session, part.upload))
            told = {"ename": "SharingError", "evalue": f"A part cannot be taken: {error}."}
            content: dict[str, Any] = {"status": "error", **told, "traceback": []}
            return msgspec.structs.replace(part.reply, content=content)
        return part.reply

    def _store(self, part: Store) -> None:
        name = name_of(self._session, part.upload)
        if part.is_given_up:
            self.discard([name])
            return
        upload = self._coming.get(name)
        end = part.offset + len(part.data)
        if upload is None:
            if name in self._whole:
                return  # rule 1
            if part.offset:
                raise sharing.SharingError("what comes before it is not here")
            upload = self._coming[name] = Upload(sharing.reserve(name, part.size))
            if len(self._coming) > _MOST_COMING:
                self._give_up(next(iter(self._coming)))
        if end <= upload.received:
            return  # rule 1
        if part.offset != upload.received or end > part.size:
            raise sharing.SharingError("what comes before it is not here")
        write_all(upload.descriptor, part.data, part.offset)
        upload.received = end
        if end == part.size:
            os.close(self._coming.pop(name).descriptor)
            sharing.complete(name)
            self._whole[name] = None
            if len(self._whole) > _MOST:
                self.discard([next(iter(self._whole))])

    def _give_up(self, name: str) -> None:
        upload = self._coming.pop(name, None)
        if upload is not None:
            os.close(upload.descriptor)
            sharing.abandon(name)

    def discard(self, names: list[str]) -> None:
        """Nobody takes these any more."""
        for each in names:
            self._give_up(each)
            self._whole.pop(each, None)
        sharing.drop([0, each, 0] for each in names)


def name_of(session: str, upload: str) -> str:
    """Under which name a session's engine finds a buffer."""
    return f"{session}-{upload}"
