"""The pure parts of what is shown: labels, renderings, thumbnails, bars, blobs, suggestions."""

from __future__ import annotations

import base64
import hashlib
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lsprotocol import types
from vivo.core.previews import LINE_MIME, assigned_data, markdown_table, with_preview
from vivo.core.traceback_values import HIDDEN, SECRET_WORDS
from vivo.parallel.messages import TableReply
from vivo.server.bars import Bars, line_of_bar
from vivo.server.blobs import BlobStore, Place, by_reference, is_reference, matching
from vivo.server.lsp.capabilities import capabilities_of
from vivo.server.renderings import (
    LARGEST_PICTURE,
    MAXIMUM,
    fenced,
    png_size,
    rendering_of,
    rendering_of_table,
)
from vivo.server.suggestions import code_to_complete, misspelled, near, place_in
from vivo.server.thumbnails import thumbnail
from vivo.server.values import line_of, names_label, one_line, value_label

# --- Labels ----------------------------------------------------------------------------------


@given(st.text(max_size=3000), st.integers(2, 200))
def test_a_line_is_one_line_of_its_width(text: str, limit: int) -> None:
    """Whatever the text is; and a short one is whole."""
    made = one_line(text, limit)
    assert len(made) <= limit
    assert "\n" not in made
    folded = " ".join(text.split())
    assert made == folded if len(folded) <= limit and len(text) < 4 * limit else True
    assert made.rstrip("…") == folded[: len(made.rstrip("…"))]


@given(
    st.lists(st.tuples(st.from_regex(r"[a-z]{1,12}", fullmatch=True), st.text(max_size=50))),
    st.integers(8, 100),
)
def test_names_fit_their_width(values: list[tuple[str, str]], limit: int) -> None:
    """As many as there is room for, whole or with what is cut marked."""
    assert len(names_label(values, "", limit)) <= limit


def test_names_that_the_line_names_come_first() -> None:
    """Of many variables those that the failing line is about are seen."""
    values = [("first", "1"), ("other", "[1, 2]"), ("wanted", "'x'")]
    assert names_label(values, "return wanted / 0", 20) == "wanted = 'x' …"
    assert names_label(values, "", 43) == "first = 1 · other = [1, 2] · wanted = 'x'"


def test_a_label_says_what_it_is() -> None:
    """Stale, pinned; a table by its line."""
    assert value_label("a\n b", is_stale=True) == "⟶ (stale) a b"
    assert value_label("1", is_pinned=True, is_stale=True) == "⟶ (pinned) 1"
    assert value_label("x" * 100, limit=0) == "⟶ xxxxxxx…"
    assert line_of({"text/plain": "a\nb", LINE_MIME: "<table 1×2>"}) == "<table 1×2>"
    assert line_of({}) == ""


# --- Previews --------------------------------------------------------------------------------


class Hostile:
    """What runs as soon as anything but its type is looked at."""

    def __getattribute__(self, name: str) -> Any:
        raise AssertionError(f"{name} was asked for")

    __repr__ = __len__ = __eq__ = __hash__ = None  # type: ignore[assignment]


def test_assigned_values_run_no_code_of_the_users() -> None:
    """Nor do they tell what looks like a secret, nor names that are gone."""
    held = {"a": Hostile(), "api_token": 1, "b": 2, "c": 2}
    assert assigned_data(held, ("a",), SECRET_WORDS)["text/plain"].endswith("Hostile>")
    assert assigned_data(held, ("api_token",), SECRET_WORDS) == {"text/plain": HIDDEN}
    told = assigned_data(held, ("b", "api_token"), SECRET_WORDS)
    assert told[LINE_MIME] == f"b = 2 · api_token = {HIDDEN}"
    assert assigned_data(held, ("b", "c"), SECRET_WORDS) == {"text/plain": "2"}
    assert assigned_data(held, ("gone",), SECRET_WORDS) == {}


def test_a_preview_is_a_corner() -> None:
    """Of ten million numbers as of ten; what is no table has none."""
    data = {"text/plain": "array\n…"}
    told = with_preview(np.zeros((1000, 1000)), data)
    assert told["text/markdown"].startswith("`numpy.ndarray` · 1000×1000 · `float64`")
    assert len(told["text/markdown"]) < 2000
    assert told[LINE_MIME].startswith("<numpy.ndarray 1000×1000 float64")
    assert with_preview({"a": 1}, data) is data
    assert with_preview([1, 2], data) is data
    assert with_preview(np.float64(1), data) is data
    own = {"text/plain": "x", "text/markdown": "# its own"}
    assert with_preview([[1]], own)["text/markdown"] == "# its own"


@given(st.lists(st.text(max_size=60), min_size=1, max_size=4))
def test_cells_of_a_table_are_no_markup(cells: list[str]) -> None:
    """Each row has the same columns, and nothing in it ends the table or begins a tag."""
    table = markdown_table(["0"], cells, [None] * len(cells), [cells], 1, len(cells))
    for line in table.split("\n"):
        bare = line.replace("\\\\", "").replace("\\|", "")
        assert bare.count("|") == len(cells) + 2
        assert "<" not in line


# --- Renderings ------------------------------------------------------------------------------


@given(st.text(alphabet="`ab\n", max_size=60))
def test_a_fence_cannot_be_ended_by_its_text(text: str) -> None:
    """Three, four or more of its marks in the text."""
    first, *lines, last = fenced(text).split("\n")
    assert first == f"{last}text"
    assert set(last) == {"`"}
    assert all(not line.startswith(last) for line in lines)


def picture(width: int, height: int, kind: int = 6, seed: int = 0) -> bytes:
    """A PNG of noise, each row with another filter."""
    samples = {0: 1, 2: 3, 4: 2, 6: 4}[kind]
    random = np.random.default_rng(seed)
    pixels = random.integers(0, 256, (height, width * samples), dtype=np.uint8)
    lines, before = b"", np.zeros(width * samples, dtype=np.uint8)
    for number, row in enumerate(pixels):
        lines += bytes([number % 5]) + filtered(number % 5, row, before, samples)
        before = row
    header = struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(lines)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )


def filtered(kind: int, row: Any, before: Any, back: int) -> bytes:
    """A row as the PNG specification's filters leave it (section 9.2)."""
    made = bytearray()
    for at, value in enumerate(row):
        left = int(row[at - back]) if at >= back else 0
        above = int(before[at])
        corner = int(before[at - back]) if at >= back else 0
        estimate = left + above - corner
        nearest = min((left, above, corner), key=lambda each: abs(estimate - each))
        guess = (0, left, above, (left + above) // 2, nearest)[kind]
        made.append((int(value) - guess) % 256)
    return bytes(made)


def pixels_of(raw: bytes) -> Any:
    from io import BytesIO

    import matplotlib.image

    return (matplotlib.image.imread(BytesIO(raw)) * 255).round().astype(int)


@pytest.mark.parametrize("kind", [0, 2, 6])
def test_a_thumbnail_is_every_nth_pixel(kind: int) -> None:
    """For each filter and kind of PNG, as another reader reads it."""
    raw = picture(40, 31, kind)
    small = thumbnail(raw, len(raw) // 2)
    assert small is not None
    assert len(small) <= len(raw) // 2
    whole, part = pixels_of(raw), pixels_of(small)
    step = round(40 / part.shape[1])
    assert (part == whole[::step, ::step]).all()


def test_what_is_no_such_png_has_no_thumbnail() -> None:
    """Cut, of another kind, absurd in its header: none, and quickly."""
    raw = picture(30, 30)
    assert thumbnail(raw, len(raw)) is raw
    assert thumbnail(raw[:-200], 100) is None
    assert thumbnail(b"GIF89a" * 100, 100) is None
    huge = raw[:16] + struct.pack(">II", 2**30, 2**30) + raw[24:]
    assert thumbnail(huge, 100) is None
    deep = raw[:24] + b"\x10" + raw[25:]
    assert thumbnail(deep, 100) is None


@given(st.binary(max_size=400))
@settings(max_examples=50)
def test_bytes_of_any_kind_break_no_thumbnail(noise: bytes) -> None:
    """What a cell displays may say that it is a PNG."""
    head = picture(4, 4)[:41]
    thumbnail(head + noise, 10)
    png_size(noise)


def test_a_rendering_is_bounded_and_shows_pictures_to_who_can_see_them() -> None:
    """Text and Markdown of any length; a picture, or what it is in words."""
    raw = picture(20, 10)
    data = {"image/png": base64.b64encode(raw).decode(), "text/plain": "<Figure>"}
    assert rendering_of(data, images=True).startswith("![figure](data:image/png;base64,")
    assert rendering_of(data) == f"*figure: 20×10 PNG, {max(1, len(raw) // 1000)} kB*"
    large = {**data, "image/png": base64.b64encode(raw + b"0" * LARGEST_PICTURE).decode()}
    assert rendering_of(large, images=True).startswith("*figure: 20×10 PNG, 6")
    assert len(rendering_of({"text/plain": "`" * MAXIMUM})) < MAXIMUM
    assert rendering_of({"text/markdown": "x" * MAXIMUM, "text/plain": "y"}) == fenced("y")
    assert rendering_of({"text/markdown": "*own*", "text/plain": "y"}) == "*own*"
    assert rendering_of({"image/png": "no base64!", "text/plain": "y"}, images=True)


def test_a_live_table_is_rendered_as_a_preview_is() -> None:
    """From what the session tells of a corner; nothing of what is no table."""
    told = TableReply(True, 9, 1, ["0"], ["a"], ["int8"], [["7"]])
    table = "|  | a |\n| --- | ---: |\n| **0** | 7 |\n| … | … |"
    assert rendering_of_table("Frame", told) == f"`Frame` · 9×1 · `int8`\n\n{table}"
    assert rendering_of_table("int", TableReply(False)) == ""


# --- Bars ------------------------------------------------------------------------------------


def test_bars_are_lines_that_are_written_over() -> None:
    """One, nested ones, counters; printed text is none, before and after."""
    bars = Bars()
    assert not bars.write("begun\n")
    assert not bars.write("\r  0%|   |")
    assert bars.write("\r 50%|#  |")
    assert bars.label == "50%|#  |"
    assert not bars.write("\r 50%|#  |")
    bars.write("\n\r  0%|inner\r 10%|inner\x1b[A")
    assert bars.label == "50%|#  | · 10%|inner"
    bars.write("\r 60%|## |")
    assert bars.label == "60%|## | · 10%|inner"
    bars.write("\n\ndone\n")
    assert bars.label == "60%|## | · 10%|inner"
    nested = Bars()
    for text in ("\router 0", "\n", "\rinner 0", "\x1b[A", "\n", "\r       ", "\x1b[A"):
        nested.write(text)
    assert nested.write("\router 1")
    assert nested.label == "outer 1"
    assert bars.display("7/9 [00:01]")
    assert bars.label.endswith("7/9 [00:01]")


@given(st.lists(st.text(alphabet="ab\r\n\x1b[A23B;m", max_size=30), max_size=30))
def test_any_text_leaves_a_bounded_label(texts: list[str]) -> None:
    """Also what is no sequence of a terminal's; split anywhere it says the same of plain text."""
    bars = Bars()
    for text in texts:
        before = bars.label
        assert bars.write(text) == (bars.label != before)
    assert len(bars.label) <= 3 * 510
    assert "\n" not in bars.label
    assert "\r" not in bars.label


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("x = 1\nfor i in tqdm(range(3)):\n    pass\nfor j in x:\n    pass", 1),
        ("def f():\n    for i in tqdm.trange(9):\n        pass\nf()", 1),
        ("while True:\n    step()\nprint()", 0),
        ("for i in a:\n    b\nfor j in a:\n    b", 3),
        ("f()\ng(\n  1)\n", 2),
        ("%time f()\n", 0),
    ],
)
def test_where_a_bar_stands(source: str, line: int) -> None:
    """Beside its loop if that is known, else at the end."""
    assert line_of_bar(source) == line


# --- Blobs -----------------------------------------------------------------------------------


@given(st.lists(st.binary(min_size=1, max_size=50), max_size=40), st.integers(0, 200))
def test_a_store_is_bounded_and_gives_what_it_holds(blobs: list[bytes], maximum: int) -> None:
    """The last ones, by their hash; where each is stays known."""
    store = BlobStore(maximum)
    for number, raw in enumerate(blobs):
        name = store.put(raw, Place("s", number, "image/png"))
        assert name == hashlib.sha256(raw).hexdigest()
        assert store.size <= maximum
        assert store.get(name) in (raw, None)
        assert (store.get(name) is None) == (len(raw) > maximum)
        assert store.place_of(name) == Place("s", number, "image/png")
    held = {raw for raw in blobs if store.get(hashlib.sha256(raw).hexdigest()) is not None}
    assert sum(map(len, held)) == store.size


def test_references_are_hashes_and_nothing_else() -> None:
    """Text and JSON stay; what is fetched again is what was meant."""
    store = BlobStore()
    svg = "<svg>é</svg>"
    data = {"image/svg+xml": svg, "text/plain": "t", "application/json": {"a": 1}, "x/y": "AAEC"}
    told = by_reference(data, store, "s", 1)
    assert told["text/plain"] == "t"
    assert told["application/json"] == {"a": 1}
    assert told["image/svg+xml"]["size"] == len(svg.encode())
    name = told["x/y"]["blob"]
    assert store.get(name) == b"\0\1\2" == matching(data, name)
    assert matching(data, "0" * 64) is None
    for text in ("", "a" * 63, "A" * 64, "../" + "a" * 61, "a" * 64 + "\n", "a" * 65):
        assert not is_reference(text)
    assert is_reference(name)


# --- Suggestions -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "message", "line", "code", "names", "wanted", "place"),
    [
        ("NameError", "name 'prnt' is not defined", "x.prnt = prnt(1)", "", ["print", "sprint"],
         ["print", "sprint"], (9, 13)),
        ("AttributeError", "module 'numpy' has no attribute 'aray'", "aray = np.aray(1)", "np.",
         ["array", "asarray", "__array__"], ["array", "asarray"], (10, 14)),
        ("AttributeError", "'A' object has no attribute 'Fit'", "a[0].b.Fit", "a[0].b.",
         ["a.fit", "bit"], ["fit", "bit"], (7, 10)),
        ("ImportError", "cannot import name 'sqr' from 'math' (x.so)", "from math import sqr",
         "from math import ", ["sqrt", "sin"], ["sqrt"], (17, 20)),
        ("ModuleNotFoundError", "No module named 'os.pth'", "import os.pth", "import os.",
         ["os.path"], ["os.path"], (7, 13)),
        ("ModuleNotFoundError", "No module named 'numpi'", "import numpi as np", "import n",
         ["numpy"], ["numpy"], (7, 12)),
    ],
)  # fmt: skip
def test_what_is_not_there_and_what_comes_near(
    error: str,
    message: str,
    line: str,
    code: str,
    names: list[str],
    wanted: list[str],
    place: tuple[int, int],
) -> None:
    """By the error's message and its line; nearest first."""
    wrong = misspelled(error, message, line)
    assert wrong is not None
    assert code_to_complete(wrong) == code
    assert near(wrong, names) == wanted
    assert place_in(line, wrong, None) == place


def test_other_errors_ask_for_no_other_name() -> None:
    """Nor does an attribute of what the line does not show."""
    assert misspelled("ValueError", "name 'x' is not defined", "x") is None
    assert misspelled("AttributeError", "'A' object has no attribute 'b'", "f()") is None
    wrong = misspelled("NameError", "name 'x' is not defined", "y")
    assert wrong is not None
    assert place_in("y + xx", wrong, None) is None
    assert place_in("x = x + 1", wrong, 4) == (4, 5)


# --- Capabilities ----------------------------------------------------------------------------


def test_who_says_nothing_can_nothing() -> None:
    """And odd experimental capabilities are passed over."""
    nothing = capabilities_of(types.ClientCapabilities())
    assert nothing.values_by == "diagnostics"
    for experimental in (None, {"vivo": 3}, {"vivo": None}, {"other": {"blobs": True}}):
        told = capabilities_of(types.ClientCapabilities(experimental=experimental))
        assert told == nothing
    told = capabilities_of(types.ClientCapabilities(experimental={"vivo": {"blobs": True}}))
    assert told.blobs
