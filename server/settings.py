"""What the user has set: one object, from ``initializationOptions`` and from changes while it runs.

Rules:

1. Whatever a client sends, settings come out: a value that does not fit is left at what it was, and
   one sentence says so.
2. Keys are camelCase on the wire, as all of ours. Unknown ones are passed over: an editor may keep
   its own beside them.
3. Settings that name programs (``python``, ``cluster``) are the user's, never a workspace's: the
   editors' extensions declare them so, and no file of a workspace is read for them here.
"""

from __future__ import annotations

from typing import Any, Literal

import attrs
from cattrs import Converter
from cattrs.errors import BaseValidationError, CattrsError

from .protocol.declaring import camel

LANE_DEADLINE = 0.15
"""Seconds that a completion or hover waits for the session."""


@attrs.define(frozen=True)
class Settings:
    """The settings of one client."""

    python: str | None = None
    """The interpreter of new sessions; None chooses one by the file's place."""
    profile: str | None = None
    """The profile of new sessions."""
    session_per: Literal["folder", "file"] = "folder"
    """Whether files of a workspace folder share a session, or each has its own."""
    deadline: float = LANE_DEADLINE
    """Seconds that a completion or hover waits for the session."""
    seen: dict[str, Any] = attrs.field(factory=dict)
    """By session, the number of the last event that the client was shown by an earlier server."""
    trusted: bool = True
    """Whether the user trusts the workspace; nothing of an untrusted one runs."""
    stop_on_error: bool = True
    """Whether cells that wait are taken out of the queue when one before them fails."""
    values: Literal["last", "all", "assignments"] = "last"
    """Which values of a cell are shown: of its last expression, of each, of assignments too."""
    value_width: int = 43
    """The most characters of a value beside the code."""
    frame_values: bool = True
    """Whether an error shows the variables of its frames beside the code."""
    warnings: bool = True
    """Whether warnings of a cell are diagnostics."""
    static: Literal["auto", "on", "off"] = "auto"
    """Static completion and hover beside the live ones: ``auto`` asks what the client said of
    itself (``experimental.vivo.static``), else it is on."""
    cluster: dict[str, Any] = attrs.field(factory=dict)
    """What a cluster is started with when code is sent to one: ``launcher``, ``engines``, …."""

    def changed(self, told: Any) -> tuple[Settings, list[str]]:
        """These settings with what a client told; a sentence for each value that does not fit."""
        if not isinstance(told, dict):
            return self, []
        values: dict[str, Any] = {}
        refused: list[str] = []
        for field in attrs.fields(Settings):
            key = camel(field.name)
            if key not in told:
                continue
            value = told[key]
            if value is None or value == "":
                values[field.name] = _default(field)
                continue
            try:
                values[field.name] = _converter.structure(value, _of_value(field.type))
            except (CattrsError, BaseValidationError, TypeError, ValueError, AttributeError):
                old = getattr(self, field.name)
                refused.append(f"The setting {key} cannot be {value!r}: it stays {old!r}.")
        return attrs.evolve(self, **values), refused


def _default(field: Any) -> Any:
    default = field.default
    return default.factory() if isinstance(default, attrs.Factory) else default  # type: ignore[arg-type]


def _of_value(kind: Any) -> Any:
    """A field's type without None."""
    return str if kind == str | None else kind


def _strictly(*accepted: type) -> Any:
    """Of these types and no others: text is no number, nor a number a truth."""

    def structure(value: Any, kind: Any) -> Any:
        if type(value) not in accepted:
            raise TypeError(f"{value!r} is no {accepted[-1].__name__}")
        return accepted[-1](value)

    return structure


_converter = Converter()
for _accepted in ((str,), (bool,), (int,), (int, float)):
    _converter.register_structure_hook(_accepted[-1], _strictly(*_accepted))
attrs.resolve_types(Settings)
