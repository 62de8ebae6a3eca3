"""Pictures of ``vivo console`` in real terminals, by each way in which terminals draw them."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from vivo.parallel.registry import Registry

from .pictures import CELL, HEIGHT, RED, WIDTH
from .screens import DEADLINE, screen

VIVO = str(Path(sys.executable).parent / "vivo")


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
    (home / "pictures.py").write_text(CELL)
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
