"""A small picture of a large PNG, by the standard library alone. Pure.

What matplotlib draws is 8 bits a sample, not interlaced: such a picture is read (PNG
specification, section 9: filtering), every n-th pixel of every n-th row is kept. Others, and those
that would take long, are left as they are: there is no thumbnail.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_SAMPLES = {0: 1, 2: 3, 4: 2, 6: 4}
_LARGEST = 8_000_000  # bytes of pixels: a second or two of work
_STEPS = (2, 3, 4, 6, 8, 12)


def thumbnail(raw: bytes, limit: int) -> bytes | None:
    """A PNG of at most ``limit`` bytes; None if none can be made of this one."""
    if len(raw) <= limit:
        return raw
    try:
        width, height, kind, lines = _read(raw)
        rows = list(_unfiltered(lines, width * _SAMPLES[kind], height, _SAMPLES[kind]))
    except (ValueError, KeyError, IndexError, struct.error, zlib.error):
        return None
    for step in _STEPS:
        made = _written(rows, kind, step)
        if len(made) <= limit:
            return made
    return None


def _chunks(raw: bytes) -> Iterator[tuple[bytes, bytes]]:
    position = len(_SIGNATURE)
    while position + 8 <= len(raw):
        (length,) = struct.unpack(">I", raw[position : position + 4])
        yield raw[position + 4 : position + 8], raw[position + 8 : position + 8 + length]
        position += 12 + length


def _read(raw: bytes) -> tuple[int, int, int, bytes]:
    if raw[:8] != _SIGNATURE:
        raise ValueError("no PNG")
    data = b""
    width = height = kind = 0
    for name, content in _chunks(raw):
        if name == b"IHDR":
            width, height, depth, kind, _, _, interlaced = struct.unpack(">IIBBBBB", content)
            if depth != 8 or interlaced or width * height * _SAMPLES[kind] > _LARGEST:
                raise ValueError("a PNG of another kind, or too large")
        elif name == b"IDAT":
            data += content
    size = height * (1 + width * _SAMPLES[kind])
    lines = zlib.decompressobj().decompress(data, size)
    if len(lines) < size or not size:
        raise ValueError("a PNG that is cut")
    return width, height, kind, lines


def _unfiltered(lines: bytes, length: int, height: int, back: int) -> Iterator[bytearray]:
    before = bytearray(length)
    for number in range(height):
        start = number * (length + 1)
        row = bytearray(lines[start + 1 : start + 1 + length])
        kind = lines[start]
        if kind == 1:
            for at in range(back, length):
                row[at] = (row[at] + row[at - back]) & 255
        elif kind == 2:
            row = bytearray((a + b) & 255 for a, b in zip(row, before, strict=True))
        elif kind == 3:
            for at in range(length):
                left = row[at - back] if at >= back else 0
                row[at] = (row[at] + (left + before[at]) // 2) & 255
        elif kind == 4:
            _paeth(row, before, back)
        elif kind:
            raise ValueError("no filter of PNG's")
        before = row
        yield row


def _paeth(row: bytearray, before: bytearray, back: int) -> None:
    for at in range(len(row)):
        left, corner = (row[at - back], before[at - back]) if at >= back else (0, 0)
        above = before[at]
        to_left, to_above = abs(above - corner), abs(left - corner)
        to_corner = abs(left + above - 2 * corner)
        if to_left <= to_above and to_left <= to_corner:
            row[at] = (row[at] + left) & 255
        else:
            row[at] = (row[at] + (above if to_above <= to_corner else corner)) & 255


def _written(rows: list[bytearray], kind: int, step: int) -> bytes:
    samples = _SAMPLES[kind]
    kept = rows[::step]
    width = len(range(0, len(rows[0]) // samples, step))
    data = bytearray()
    for row in kept:
        thin = bytearray(width * samples)
        for sample in range(samples):
            thin[sample::samples] = row[sample :: samples * step]
        data += b"\0" + thin
    header = struct.pack(">IIBBBBB", width, len(kept), 8, kind, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(data), 9)), (b"IEND", b""))
    return _SIGNATURE + b"".join(
        struct.pack(">I", len(content))
        + name
        + content
        + struct.pack(">I", zlib.crc32(name + content))
        for name, content in parts
    )
