"""What input filters share: tokens in, replaced tokens out, every line in its place."""

from __future__ import annotations

import io
import tokenize
import warnings
from dataclasses import dataclass

_SKIPPED = (tokenize.NL, tokenize.NEWLINE, tokenize.COMMENT, tokenize.INDENT, tokenize.DEDENT)


@dataclass(frozen=True)
class Replacement:
    """A piece of one line, and what stands there instead. Columns are 0-based, in characters."""

    line: int
    """1-based."""
    start: int
    end: int
    text: str


def tokens_of(source: str) -> list[tokenize.TokenInfo]:
    """The tokens of a text that say something; those before the first that cannot be read."""
    found = []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # 3kg reads as a number and a name, with a warning
            for token in tokenize.generate_tokens(io.StringIO(source).readline):
                if token.type not in _SKIPPED:
                    found.append(token)
    except (tokenize.TokenError, SyntaxError, ValueError):
        pass  # what is typed may be unfinished; Python tells what is wrong with it
    return found


def replaced(source: str, replacements: list[Replacement]) -> str:
    """The text with its replacements made."""
    if not replacements:
        return source
    lines = source.split("\n")
    for entry in sorted(replacements, key=lambda each: (each.line, each.start), reverse=True):
        line = lines[entry.line - 1]
        lines[entry.line - 1] = line[: entry.start] + entry.text + line[entry.end :]
    return "\n".join(lines)
