"""Pictures of ``vivo console`` in real terminals, by each way in which terminals draw them."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from vivo.parallel.registry import Registry

from .screens import DEADLINE, screen

VIVO = str(Path(sys.executable).parent / "vivo")
WIDTH, HEIGHT = 200, 100
RED = bytes((255, 0, 0))
PICTURE = f"""
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


def until(is_so: Callable[[], object]) -> None:
    deadline = time.monotonic() + DEADLINE
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        pytest.param(["kitty", "--config", "NONE"], {}, id="kitty"),
        pytest.param(["mlterm", "-e"], {}, id="sixel, mlterm"),
        pytest.param(["xterm", "-ti", "vt340", "-e"], {"VIVO_IMAGES": "sixel"}, id="sixel, xterm"),
        pytest.param(["mlterm", "-e"], {"VIVO_IMAGES": "iterm2"}, id="iTerm2's, in mlterm"),
        pytest.param(["konsole", "--nofork", "-e"], {}, id="iTerm2's, in konsole"),
        pytest.param(
            ["konsole", "--nofork", "-e"], {"VIVO_IMAGES": "kitty"}, id="kitty's, in konsole"
        ),
    ],
)
def test_a_picture_is_drawn_in_a_real_terminal(
    home: Path, words: list[str], told: dict[str, str]
) -> None:
    """Each of its pixels, once, where it was shown; the prompt is below it."""
    (home / "pictures.py").write_text(PICTURE)
    seen = home / "screen"
    seen.mkdir()
    with screen(folder=seen) as display:
        # kitty draws by OpenGL, which has no graphics card here.
        environment = {**display.environment, "LIBGL_ALWAYS_SOFTWARE": "1", **told}
        terminal = subprocess.Popen(
            [*words, VIVO, "console", "--new"], cwd=home, env=environment, stderr=subprocess.DEVNULL
        )
        try:
            until(lambda: Registry().live())
            display.focus(".*")
            display.type("from pictures import red; display(red)")
            assert display.pixels(RED) == 0
            display.press("Return")
            until(lambda: display.pixels(RED) == WIDTH * HEIGHT)
            display.type("exit")
            display.press("Return")
            assert terminal.wait(DEADLINE) == 0
        finally:
            terminal.kill()
            terminal.wait()
    subprocess.run([VIVO, "sessions", "end", "--all"], capture_output=True, check=True)
