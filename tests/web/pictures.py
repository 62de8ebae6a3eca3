"""A picture that cells show, and tests look for."""

WIDTH, HEIGHT = 200, 100
RED = bytes((255, 0, 0))
CELL = f"""
import struct, zlib

class Picture:
    def _repr_png_(self):
        def chunk(kind, data):
            whole = kind + data
            return struct.pack(">I", len(data)) + whole + struct.pack(">I", zlib.crc32(whole))
        rows = (b"\\0" + b"\\xff\\0\\0" * {WIDTH}) * {HEIGHT}
        head = struct.pack(">IIBBBBB", {WIDTH}, {HEIGHT}, 8, 2, 0, 0, 0)
        return (b"\\x89PNG\\r\\n\\x1a\\n" + chunk(b"IHDR", head)
                + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))

red = Picture()
"""
"""Makes ``red``, all of it red."""
