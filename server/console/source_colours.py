"""The source lines of a traceback in colours: the engine sends them plain. Pure.

A traceback numbers its lines, behind a mark in colour (:mod:`vivo.core.traceback_text`).
Lines whose numbers follow each other are one piece of source: it is painted as a whole, so that a
text over several lines stays one, and put back line by line. What is no such line stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

_NUMBERED = re.compile(
    r"(?P<mark>.*?\x1b\[\d+m(?:--> |    ) *(?P<number>\d+)\x1b\[0m) (?P<source>.*)"
)
_CARETS = re.compile(r"[\s|]*\x1b\[\d+m\^+\x1b\[0m$")

Painter = Callable[[str], str]
"""Gives a source with colours, its lines the same."""


def paint_sources(lines: Sequence[str], paint: Painter) -> list[str]:
    """The lines of a traceback with their source lines painted."""
    shown = list(lines)
    piece: list[tuple[int, re.Match[str]]] = []
    for at, line in enumerate(shown):
        found = _NUMBERED.fullmatch(line)
        if found is None:
            if piece and not _CARETS.fullmatch(line):
                _paint_piece(shown, piece, paint)
                piece = []
            continue
        if piece and int(found["number"]) != int(piece[-1][1]["number"]) + 1:
            _paint_piece(shown, piece, paint)
            piece = []
        piece.append((at, found))
    _paint_piece(shown, piece, paint)
    return shown


def _paint_piece(shown: list[str], piece: list[tuple[int, re.Match[str]]], paint: Painter) -> None:
    painted = paint("\n".join(found["source"] for _, found in piece)).split("\n")
    if len(painted) != len(piece):
        return  # a painter that keeps no lines: rather no colours
    for (at, found), line in zip(piece, painted, strict=True):
        shown[at] = f"{found['mark']} {line}"
