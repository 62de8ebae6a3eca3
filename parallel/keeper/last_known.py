"""What the keeper answers for a lane that does not: code in C that holds the interpreter's lock.

Pure: requests and answers go in with the time, answers that are due come out. Rules:

1. A request that the lane has not answered by its deadline is answered from what was known last,
   once, marked as busy and with the time of that knowledge. The lane's own answer is then late:
   it is taken in as knowledge and goes to nobody.
2. While a cell runs, and nothing has come from the lane since an answer was overdue, later requests
   wait :data:`BEHIND_DEADLINE` alone, and beyond :data:`MAXIMUM_OVERDUE` they are not even sent:
   an hour of requests does not pile up in front of the lane.
3. What is kept is bounded: :data:`MAXIMUM_KEPT` answers of each kind, the newest.
4. A fresh engine knows nothing of what the last one held.
"""

from __future__ import annotations

import json
import re
from collections import OrderedDict
from typing import Any

from .parts import Waiting

BUSY_DEADLINE = 0.5
"""Seconds that the lane has beside a running cell; it needs some milliseconds."""
IDLE_DEADLINE = 2.0
"""Seconds that it has otherwise, and for a search of the history."""
BEHIND_DEADLINE = 0.05
MAXIMUM_OVERDUE = 32
MAXIMUM_KEPT = 64
_MAXIMUM_MATCHES = 1000
_MAXIMUM_ROWS = 5000
_WORD = re.compile(r"[^\W\d]\w*\Z|\Z")
_BARE = re.compile(r"(?<![\w.])[^\W\d]\w*\Z")

Kept = OrderedDict[str, tuple[float, dict[str, Any]]]


class LastKnown:
    """The requests that wait for the lane, and what its answers were."""

    def __init__(self) -> None:
        self._pending: dict[int, tuple[float, Waiting]] = {}
        self._overdue: dict[int, Waiting] = {}
        self._is_behind = False
        self._kept: dict[str, Kept] = {kind: OrderedDict() for kind in _ANSWERS}
        self._rows: OrderedDict[str, tuple[float, dict[str, Any]]] = OrderedDict()
        """The rows of variables that were shown, by name."""

    # --- Requests --------------------------------------------------------------------------

    @property
    def deadline(self) -> float | None:
        """When the next answer is due; None while nothing waits."""
        return min(due for due, _ in self._pending.values()) if self._pending else None

    def has_no_room_for(self, waiting: Waiting, *, is_busy: bool) -> bool:
        """Whether a request would only wait behind others that are overdue (rule 2)."""
        room = MAXIMUM_OVERDUE if is_busy and self._is_behind else 8 * MAXIMUM_OVERDUE
        return len(self._overdue) >= room and waiting.request.type in _ANSWERS

    def is_overdue(self, number: int) -> bool:
        """Whether a request has had its answer already."""
        return number in self._overdue

    def asked(self, number: int, waiting: Waiting, now: float, *, is_busy: bool) -> None:
        """The lane is asked; debugging and the like may take their time."""
        kind = waiting.request.type
        if kind not in _ANSWERS:
            return
        patient = kind == "history_request" or not is_busy
        patience = IDLE_DEADLINE if patient else BUSY_DEADLINE
        if self._is_behind and is_busy:
            patience = BEHIND_DEADLINE
        self._pending[number] = now + patience, waiting

    def answered(self, number: int, content: dict[str, Any], now: float) -> bool:
        """The lane has answered; whether that is the answer for the client (rule 1)."""
        self._is_behind = False
        pending = self._pending.pop(number, None)
        overdue = self._overdue.pop(number, None)
        waiting = pending[1] if pending is not None else overdue
        if waiting is not None and content.get("status") == "ok":
            self._learn(waiting.request.type, waiting.request.content, content, now)
        return overdue is None

    def due(self, now: float) -> list[Waiting]:
        """The requests whose time is over; their answers are :meth:`answer`."""
        found = {n: waiting for n, (due, waiting) in self._pending.items() if due <= now}
        for number in found:
            del self._pending[number]
        self._overdue |= found
        self._is_behind = self._is_behind or bool(found)
        return list(found.values())

    def reset(self) -> None:
        """The engine is gone (rule 4)."""
        self._pending.clear()
        self._overdue.clear()
        self._is_behind = False
        self._rows.clear()
        for kind, kept in self._kept.items():
            if kind != "history_request":
                kept.clear()

    # --- Knowledge -------------------------------------------------------------------------

    def answer(self, kind: str, asked: dict[str, Any]) -> tuple[dict[str, Any], float | None]:
        """The content of an answer without the lane, and the time of what it tells."""
        content, known = _ANSWERS[kind](self, asked)
        return {"status": "ok", **content}, known

    def _learn(self, kind: str, asked: dict[str, Any], content: dict[str, Any], now: float) -> None:
        if kind == "vivo_variables_request" and not asked.get("path"):
            for row in content["variables"]:
                self._rows[row["name"]] = now, {**row, "changed": False}
                self._rows.move_to_end(row["name"])
            while len(self._rows) > _MAXIMUM_ROWS:
                self._rows.popitem(last=False)
        key = _key(asked)
        if content.get("pending"):
            return
        if kind == "complete_request":
            if not 0 < len(content["matches"]) <= _MAXIMUM_MATCHES:
                return
            key = _text_before(asked)[: content["cursor_start"]].rpartition("\n")[2]
        elif kind == "history_request" and len(content["history"]) > _MAXIMUM_MATCHES:
            return
        kept = self._kept[kind]
        kept[key] = now, content
        kept.move_to_end(key)
        if len(kept) > MAXIMUM_KEPT:
            kept.popitem(last=False)

    def _complete(self, asked: dict[str, Any]) -> tuple[dict[str, Any], float | None]:
        text = _text_before(asked)
        word = _WORD.search(text)
        typed = word[0] if word else ""
        start = len(text) - len(typed)
        head = text[:start].rpartition("\n")[2]
        matches: list[str] = []
        known, content = self._kept["complete_request"].get(head, (None, None))
        if content is not None:
            matches = [each for each in content["matches"] if each.startswith(typed)]
        elif typed and _BARE.search(text):
            matches = sorted(name for name in self._rows if name.startswith(typed))
            known = min((self._rows[name][0] for name in matches), default=None)
        if not matches:
            known = None
        found = {"matches": matches, "cursor_start": start, "cursor_end": len(text)}
        return {**found, "metadata": {"vivo": {"busy": True, "known": known}}}, known

    def _inspect(self, asked: dict[str, Any]) -> tuple[dict[str, Any], float | None]:
        known, content = self._kept["inspect_request"].get(_key(asked), (None, None))
        if content is None:
            code, text = asked.get("code"), _text_before(asked)
            rest = re.match(r"\w*", code[len(text) :]) if isinstance(code, str) else None
            word = _BARE.search(text + (rest[0] if rest else ""))
            known, row = self._rows.get(word[0] if word else "", (None, None))
            data = {"text/plain": f"{row['name']}: {row['type']}\n{row['text']}"} if row else {}
            content = {"found": bool(row), "data": data}
        return {**content, "metadata": {"vivo": {"busy": True, "known": known}}}, known

    def _variables(self, asked: dict[str, Any]) -> tuple[dict[str, Any], float | None]:
        known, content = self._kept["vivo_variables_request"].get(_key(asked), (None, None))
        if content is None:
            wanted = str(asked.get("filter") or "").lower()
            names = [] if asked.get("path") else sorted(self._rows)
            names = [name for name in names if wanted in name.lower()]
            start, count = asked.get("start", 0), asked.get("count", 100)
            chosen = [self._rows[name] for name in names[start : start + count]]
            known = min((at for at, _ in chosen), default=None)
            content = {"variables": [row for _, row in chosen], "total": len(names)}
        return {**content, "busy": True, "known": known}, known

    def _table(self, asked: dict[str, Any]) -> tuple[dict[str, Any], float | None]:
        known, content = self._kept["vivo_table_request"].get(_key(asked), (None, None))
        return {**(content or {"found": False}), "busy": True, "known": known}, known

    def _history(self, asked: dict[str, Any]) -> tuple[dict[str, Any], float | None]:
        known, content = self._kept["history_request"].get(_key(asked), (None, None))
        return content or {"history": []}, known

    def _is_complete(self, asked: dict[str, Any]) -> tuple[dict[str, Any], float | None]:
        return {"status": "unknown", "indent": ""}, None


def _key(asked: dict[str, Any]) -> str:
    return json.dumps(asked, sort_keys=True)


def _text_before(asked: dict[str, Any]) -> str:
    """The text before the cursor."""
    code, cursor = asked.get("code"), asked.get("cursor_pos")
    text = code if isinstance(code, str) else ""
    return text[: max(0, cursor)] if isinstance(cursor, int) else text


_ANSWERS: dict[str, Any] = {
    "complete_request": LastKnown._complete,
    "inspect_request": LastKnown._inspect,
    "vivo_variables_request": LastKnown._variables,
    "vivo_table_request": LastKnown._table,
    "history_request": LastKnown._history,
    "is_complete_request": LastKnown._is_complete,
}
