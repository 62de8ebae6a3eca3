"""Columns in characters and in the units that a client counts. Pure.

LSP counts a line's columns in UTF-8 bytes, UTF-16 units or characters, as both sides agree. A
position beyond a line is put at its end; one inside a character at its beginning.
"""

from __future__ import annotations

_ERRORS = "surrogatepass"  # half a pair may stand in a text: JSON can say it
_WIDE = 0xFFFF


def units_of(text: str, encoding: str) -> int:
    """How many units a text has."""
    if encoding == "utf-32" or text.isascii():
        return len(text)
    if encoding == "utf-8":
        return len(text.encode("utf-8", _ERRORS))
    return len(text.encode("utf-16-le", _ERRORS)) // 2


def column_of(line: str, units: int, encoding: str) -> int:
    """The column in characters that is so many units behind a line's beginning."""
    if units <= 0:
        return 0
    if encoding == "utf-32" or line.isascii():
        return min(units, len(line))
    # No character has less than one unit: those behind need not be looked at.
    column = 0
    for character in line[:units]:
        units -= _width(ord(character), encoding)
        if units < 0:
            break
        column += 1
    return column


def _width(code: int, encoding: str) -> int:
    if encoding == "utf-8":
        return 1 if code < 0x80 else 2 if code < 0x800 else 3 if code <= _WIDE else 4
    return 2 if code > _WIDE else 1
