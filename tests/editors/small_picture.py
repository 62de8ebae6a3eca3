"""Write a picture of an editor as a small PNG: `small_picture.py FROM TO`. Run by .venv-tutorial, which has Pillow."""

from __future__ import annotations

import sys

from PIL import Image

MOST_COLOURS = 96

source, target = sys.argv[1:]
with Image.open(source) as picture:
    few = picture.convert("RGB").quantize(MOST_COLOURS, dither=Image.Dither.NONE)
    few.save(target, optimize=True)
