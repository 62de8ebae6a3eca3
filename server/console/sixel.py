"""A PNG as sixels, for terminals that know no other pictures. Pure, standard library only.

Sources: PNG (W3C, third edition), sections 9 and 11; DEC VT330/VT340 programmer manual,
chapter 14. Transparent pixels are mixed with white. What is rare in figures is refused and shown
as a path: interlaced files, palettes, and depths other than eight bits.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

_CHANNELS = {0: 1, 2: 3, 4: 2, 6: 4}
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PIXELS = 4_000_000  # beyond this the path is enough
_LEVELS = 6  # of each of red, green and blue


def sixel_of_png(picture: bytes) -> str:
    """The escape codes that draw a PNG; empty if it cannot be read here."""
    try:
        width, rows = _decoded(picture)
    except (ValueError, struct.error, zlib.error, IndexError):
        return ""
    out = [f'\x1bP0;1;0q"1;1;{width};{len(rows)}']
    for index in range(_LEVELS**3):
        red, green, blue = index // 36, index // 6 % 6, index % 6
        out.append(f"#{index};2;{red * 20};{green * 20};{blue * 20}")
    for top in range(0, len(rows), 6):
        out.append(_band(rows[top : top + 6]))
        out.append("-")
    return "".join(out) + "\x1b\\"


def _band(rows: list[bytes]) -> str:
    """Six rows: for each colour in them, the bits of its pixels in every column."""
    bits: dict[int, bytearray] = {}
    for number, row in enumerate(rows):
        for column, colour in enumerate(row):
            if colour not in bits:
                bits[colour] = bytearray(len(row))
            bits[colour][column] |= 1 << number
    return "$".join(f"#{colour}{_runs(columns)}" for colour, columns in bits.items())


def _runs(columns: bytearray) -> str:
    """Columns of bits as sixel characters, repeated ones counted."""
    out, at = [], 0
    while at < len(columns):
        end = at
        while end < len(columns) and columns[end] == columns[at]:
            end += 1
        character, count = chr(63 + columns[at]), end - at
        out.append(f"!{count}{character}" if count > 3 else character * count)
        at = end
    return "".join(out)


def _decoded(picture: bytes) -> tuple[int, list[bytes]]:
    """The width, and each row as colour numbers. Raises :class:`ValueError` for other kinds."""
    if not picture.startswith(_SIGNATURE):
        raise ValueError("this is no PNG")
    width = height = channels = 0
    packed = b""
    for kind, body in _chunks(picture):
        if kind == b"IHDR":
            width, height, depth, colours, _, _, interlaced = struct.unpack(">IIBBBBB", body)
            if depth != 8 or interlaced or colours not in _CHANNELS or width * height > _PIXELS:
                raise ValueError("a kind of PNG that is not drawn here")
            channels = _CHANNELS[colours]
        elif kind == b"IDAT":
            packed += body
    if not channels:
        raise ValueError("a PNG without a header")
    raw = zlib.decompressobj().decompress(packed, (width * channels + 1) * height)
    return width, [_numbers(row, channels) for row in _rows(raw, width, height, channels)]


def _chunks(picture: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(_SIGNATURE)
    while at + 8 <= len(picture):
        length, kind = struct.unpack_from(">I4s", picture, at)
        yield kind, picture[at + 8 : at + 8 + length]
        at += length + 12


def _rows(raw: bytes, width: int, height: int, channels: int) -> Iterator[bytearray]:
    """The rows with their filters undone."""
    stride = width * channels
    if len(raw) < (stride + 1) * height:
        raise ValueError("a PNG that was cut off")
    before = bytearray(stride)
    for number in range(height):
        at = number * (stride + 1)
        row = bytearray(raw[at + 1 : at + 1 + stride])
        _unfilter(raw[at], row, before, channels)
        yield row
        before = row


def _unfilter(kind: int, row: bytearray, above: bytearray, step: int) -> None:
    if kind == 0:
        return
    if kind > 4:
        raise ValueError(f"there is no filter {kind}")
    for at in range(len(row)):
        left = row[at - step] if at >= step else 0
        up = above[at]
        corner = above[at - step] if at >= step else 0
        if kind == 1:
            guess = left
        elif kind == 2:
            guess = up
        elif kind == 3:
            guess = (left + up) // 2
        else:
            guess = _paeth(left, up, corner)
        row[at] = (row[at] + guess) & 255


def _paeth(left: int, up: int, corner: int) -> int:
    estimate = left + up - corner
    return min((left, up, corner), key=lambda value: abs(estimate - value))


def _numbers(row: bytearray, channels: int) -> bytes:
    """Each pixel's colour number, of 6 × 6 × 6."""
    alpha = row[channels - 1 :: channels] if channels in (2, 4) else None
    planes = [row[plane::channels] for plane in ((0, 0, 0) if channels < 3 else (0, 1, 2))]
    if alpha is not None and alpha.count(255) != len(alpha):
        planes = [
            bytearray(
                255 + (value - 255) * cover // 255
                for value, cover in zip(plane, alpha, strict=True)
            )
            for plane in planes
        ]
    red, green, blue = (plane.translate(_LEVEL) for plane in planes)
    return bytes(36 * r + 6 * g + b for r, g, b in zip(red, green, blue, strict=True))


_LEVEL = bytes((value * (_LEVELS - 1) + 127) // 255 for value in range(256))
