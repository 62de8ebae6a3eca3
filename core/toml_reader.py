"""Reading profiles: the part of TOML that they need, with the line of every key.

The standard library's reader gives no line numbers, and Python 3.10 has none. Read here: tables,
dotted and quoted keys, strings (also multi-line and literal), integers, floats, booleans, arrays,
inline tables, comments. Dates and arrays of tables are refused: no profile has any.

Source: https://toml.io/en/v1.0.0
"""

from __future__ import annotations

import re
from typing import Any

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_NUMBER = re.compile(r"[+-]?(?:0x[0-9a-fA-F_]+|0o[0-7_]+|0b[01_]+|[0-9][0-9_]*(?:\.[0-9_]+)?"
                     r"(?:[eE][+-]?[0-9_]+)?|inf|nan)")  # fmt: skip
_ESCAPES = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", '"': '"', "\\": "\\"}


class TomlError(ValueError):
    """The text is no TOML that is read here; ``line`` is 1-based."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


def read_toml(text: str) -> tuple[dict[str, Any], dict[tuple[str, ...], int]]:
    """The tables of a text, and the 1-based line of each key, by its path.

    Raises :class:`TomlError`.
    """
    return _Reader(text.replace("\r\n", "\n")).read()


class _Reader:
    """One reading: where it is, and what it has found."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.root: dict[str, Any] = {}
        self.lines: dict[tuple[str, ...], int] = {}
        self._tables: set[tuple[str, ...]] = set()

    @property
    def line(self) -> int:
        """The 1-based line."""
        return self.text.count("\n", 0, self.position) + 1

    def fail(self, message: str) -> TomlError:
        """The error for this place."""
        return TomlError(self.line, message)

    def peek(self, count: int = 1) -> str:
        """What comes next; empty at the end."""
        return self.text[self.position : self.position + count]

    def blanks(self, *, lines: bool = False) -> None:
        """Go past blanks; with ``lines`` past line ends and comments too."""
        while character := self.peek():
            if character in " \t" or (lines and character == "\n"):
                self.position += 1
            elif lines and character == "#":
                self._comment()
            else:
                return

    def _comment(self) -> None:
        end = self.text.find("\n", self.position)
        self.position = len(self.text) if end < 0 else end

    def end_of_line(self) -> None:
        """Go past the end of the line; nothing but a comment may stand there."""
        self.blanks()
        if self.peek() == "#":
            self._comment()
        if self.peek() not in ("", "\n"):
            raise self.fail(f"nothing may follow here, but there is {self.peek(20)!r}")

    def read(self) -> tuple[dict[str, Any], dict[tuple[str, ...], int]]:
        """Read it all."""
        table: tuple[str, ...] = ()
        while True:
            self.blanks(lines=True)
            if not self.peek():
                return self.root, self.lines
            if self.peek() == "[":
                table = self._header()
            else:
                self._pair(self._table(table), table)
            self.end_of_line()

    def _header(self) -> tuple[str, ...]:
        if self.peek(2) == "[[":
            raise self.fail("an array of tables ([[...]]) has no place in a profile")
        line = self.line
        self.position += 1
        self.blanks()
        path = self._path()
        self.blanks()
        if self.peek() != "]":
            raise self.fail("the table's name wants a closing ]")
        self.position += 1
        if path in self._tables:
            raise TomlError(line, f"the table [{'.'.join(path)}] stands twice")
        self._tables.add(path)
        self.lines.setdefault(path, line)
        self._table(path)
        return path

    def _table(self, path: tuple[str, ...]) -> dict[str, Any]:
        held = self.root
        for key in path:
            held = held.setdefault(key, {})
            if not isinstance(held, dict):
                raise self.fail(f"{key} is a value already and cannot be a table too")
        return held

    def _path(self) -> tuple[str, ...]:
        """A dotted key."""
        path = [self._key()]
        self.blanks()
        while self.peek() == ".":
            self.position += 1
            self.blanks()
            path.append(self._key())
            self.blanks()
        return tuple(path)

    def _key(self) -> str:
        if self.peek() in ('"', "'"):
            return self._string()
        match = _BARE.match(self.text, self.position)
        if match is None:
            raise self.fail(f"a key is wanted here, not {self.peek(20)!r}")
        self.position = match.end()
        return match[0]

    def _pair(self, table: dict[str, Any], above: tuple[str, ...]) -> None:
        line = self.line
        path = self._path()
        self.blanks()
        if self.peek() != "=":
            raise self.fail(f"{'.'.join(path)} wants = and a value")
        self.position += 1
        self.blanks()
        value = self._value((*above, *path))
        for key in path[:-1]:
            table = table.setdefault(key, {})
            if not isinstance(table, dict):
                raise TomlError(line, f"{key} is a value already and cannot be a table too")
        if path[-1] in table:
            raise TomlError(line, f"the key {'.'.join(path)} stands twice")
        table[path[-1]] = value
        self.lines[(*above, *path)] = line

    def _value(self, path: tuple[str, ...]) -> Any:
        character = self.peek()
        if character in ('"', "'"):
            return self._string()
        if character == "[":
            return self._array(path)
        if character == "{":
            return self._inline_table(path)
        for word, value in (("true", True), ("false", False)):
            if self.text.startswith(word, self.position):
                self.position += len(word)
                return value
        return self._number()

    def _number(self) -> int | float:
        match = _NUMBER.match(self.text, self.position)
        word = self.text[self.position :].split("\n", 1)[0].strip()
        if match is None:
            raise self.fail(
                f"a value is wanted here, not {word[:30]!r}" if word else "a value is missing"
            )
        self.position = match.end()
        plain = match[0].replace("_", "")
        if self.peek() in ("-", ":") and plain.isdecimal():
            raise self.fail("dates and times have no place in a profile")
        if re.fullmatch(r"[+-]?\d+", plain):
            return int(plain)
        if plain[:2] in ("0x", "0o", "0b"):
            return int(plain, 0)
        return float(plain)

    def _array(self, path: tuple[str, ...]) -> list[Any]:
        line = self.line
        self.position += 1
        found: list[Any] = []
        while True:
            self.blanks(lines=True)
            if self.peek() == "]":
                self.position += 1
                return found
            found.append(self._value(path))
            self.blanks(lines=True)
            if self.peek() == ",":
                self.position += 1
            elif self.peek() != "]":
                raise TomlError(line, "the list that begins here wants a comma or a closing ]")

    def _inline_table(self, path: tuple[str, ...]) -> dict[str, Any]:
        self.position += 1
        found: dict[str, Any] = {}
        self.blanks()
        if self.peek() == "}":
            self.position += 1
            return found
        while True:
            self.blanks()
            self._pair_inside(found, path)
            self.blanks()
            if self.peek() == "}":
                self.position += 1
                return found
            if self.peek() != ",":
                raise self.fail("the table wants a comma or a closing }")
            self.position += 1

    def _pair_inside(self, found: dict[str, Any], path: tuple[str, ...]) -> None:
        self._pair(found, path)

    def _string(self) -> str:
        quote = self.peek()
        if self.peek(3) == quote * 3:
            return self._long_string(quote)
        self.position += 1
        start = self.position
        while (character := self.peek()) not in ("", "\n"):
            if character == quote:
                raw = self.text[start : self.position]
                self.position += 1
                return raw if quote == "'" else self._unescaped(raw)
            self.position += 2 if character == "\\" and quote == '"' else 1
        raise self.fail("the string is not closed on its line")

    def _long_string(self, quote: str) -> str:
        self.position += 3
        if self.peek() == "\n":
            self.position += 1
        start = self.position
        while self.peek(3) != quote * 3:
            if not self.peek():
                raise self.fail("the string is never closed")
            self.position += 2 if self.peek() == "\\" and quote == '"' else 1
        while self.text.startswith(quote, self.position + 3):
            self.position += 1  # up to two quotes may stand before the closing ones
        raw = self.text[start : self.position]
        self.position += 3
        if quote == "'":
            return raw
        return self._unescaped(re.sub(r"(?<!\\)((?:\\\\)*)\\[ \t]*\n\s*", r"\1", raw))

    def _unescaped(self, raw: str) -> str:
        def replaced(match: re.Match[str]) -> str:
            code = match[1]
            if code[0] in "uU":
                try:
                    return chr(int(code[1:], 16))
                except (ValueError, OverflowError):
                    raise self.fail(f"\\{code} is no character") from None
            if code not in _ESCAPES:
                raise self.fail(f"\\{code} means nothing in a string")
            return _ESCAPES[code]

        return re.sub(r"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.|\Z)", replaced, raw, flags=re.DOTALL)
