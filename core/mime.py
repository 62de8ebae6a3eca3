"""What may stand in a MIME bundle: content that fits its type, and that a wire can carry.

Rules:

1. Text types hold ``str``; images and PDF hold ``bytes``, or ``str`` in base64; JSON types hold
   plain data, copied here so that nothing changes it on its way. What is no JSON in it becomes its
   text.
2. What does not fit is refused with a sentence, before it is shown to anyone.
"""

from __future__ import annotations

from typing import Any

from .safe import ExactTypes, isinstance_exact, type_name

MAXIMUM_CONTENT = 100_000_000
"""Characters or bytes of one content: what is larger no front end shows."""
_MAXIMUM_DEPTH = 200
_PLAIN = ExactTypes(bool, int, float, str)
_BINARY = ("image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf")
_SCRIPTS = ("application/javascript", "application/ecmascript", "application/xml")


class UnfitContentError(ValueError):
    """A content does not fit its MIME type; the text says how."""


def content_of(mime: str, content: Any) -> Any:
    """The content of a MIME type, checked. Raises :class:`UnfitContentError`."""
    if mime in _BINARY:
        return _checked(content, (bytes, bytearray, memoryview, str), "bytes")
    if mime.startswith("text/") or mime in _SCRIPTS or mime.endswith("+xml"):
        return _checked(content, (str,), "a str")
    if isinstance_exact(content, str) or isinstance_exact(content, bytes):
        return _checked(content, (str, bytes), "a str")
    return plain_json(content)


def _checked(content: Any, kinds: tuple[type, ...], wanted: str) -> Any:
    for kind in kinds:
        if isinstance_exact(content, kind):
            size = memoryview(content).nbytes if kind is memoryview else kind.__len__(content)  # type: ignore[attr-defined]
            if size > MAXIMUM_CONTENT:
                raise UnfitContentError(f"its {size:,} characters are more than can be shown")
            # A str of its own class becomes a plain one.
            return "".join([content]) if kind is str else content
    raise UnfitContentError(f"it is to be {wanted}, and not of type {type_name(content)}")


def plain_json(content: Any, depth: int = 0) -> Any:
    """A copy of JSON data in plain types. Raises :class:`UnfitContentError` for other data."""
    if content is None or type(content) in _PLAIN:
        return content
    if depth > _MAXIMUM_DEPTH:
        raise UnfitContentError("it is nested too deeply, or contains itself")
    if isinstance_exact(content, dict):
        held: dict[Any, Any] = content
        return {_key(key): plain_json(entry, depth + 1) for key, entry in dict.items(held)}
    for sequence in (list, tuple):
        if isinstance_exact(content, sequence):
            return [plain_json(entry, depth + 1) for entry in sequence.__iter__(content)]
    if isinstance_exact(content, str):
        return "".join([content])
    if isinstance_exact(content, int):
        return int.__int__(content)
    if isinstance_exact(content, float):
        return float.__float__(content)
    return repr(content)


def _key(key: Any) -> str:
    return "".join([key]) if isinstance_exact(key, str) else str(key)
