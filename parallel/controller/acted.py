"""Requests that change a cluster, each done once: however often it is sent, and over a resume.

A client whose link was cut sends again what was not answered; whoever has heard a message may send
it again too, and a resumed controller does not remember what it was sent before. So what came of
each such request stands in a file of the cluster's, a line of JSON each.
"""

from __future__ import annotations

import json
import logging
import os
from collections import OrderedDict
from pathlib import Path
from typing import Any

from ...core.private_files import open_file

_log = logging.getLogger(__name__)
_MOST = 10_000


class Acted:
    """What came of requests, by their ids."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._answers: OrderedDict[str, dict[str, Any]] = OrderedDict()
        try:
            lines = path.read_bytes().splitlines()
        except FileNotFoundError:
            return
        for line in lines[-_MOST:]:
            try:
                told = json.loads(line)
                self._answers[str(told["request"])] = dict(told["answer"])
            except (ValueError, TypeError, KeyError):
                continue  # the controller was killed as it wrote it

    def answer(self, request: str) -> dict[str, Any] | None:
        """What was answered to a request; None for one that is new."""
        return self._answers.get(request)

    def note(self, request: str, answer: dict[str, Any]) -> None:
        """A request was done."""
        self._answers[request] = answer
        if len(self._answers) > _MOST:
            self._answers.popitem(last=False)
        line = json.dumps({"request": request, "answer": answer}).encode() + b"\n"
        try:
            descriptor = open_file(self._path, os.O_WRONLY | os.O_APPEND)
            try:
                os.write(descriptor, line)
            finally:
                os.close(descriptor)
        except OSError as error:  # a full disk: it is known as long as this process lives
            _log.error("%s cannot be written: %s.", self._path, error.strerror)
