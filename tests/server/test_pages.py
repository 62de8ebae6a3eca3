"""Pages of cells: what is shown, and that nothing in them acts."""

from __future__ import annotations

import base64
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from vivo.server.exporting import ansi, markdown, page
from vivo.server.exporting.documents import ExportCell, ExportDocument
from vivo.server.exporting.sanitizing import sanitized

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n").decode()
EVIL = (
    "<script>alert(1)</script><img src=x onerror=alert(1)><a href='javascript:alert(1)'>x</a>"
    "<svg onload=alert(1)></svg><iframe src='//evil'></iframe><p onclick='x'>kept</p></div></body>"
)
TEXTS = st.one_of(
    st.text(max_size=60),
    st.lists(
        st.sampled_from(
            ["<", ">", '"', "'", "=", "/", "script", "img", " on", "src", "&lt;", "x", "p", "<!--",
             "-->", "javascript:", "style", "a ", "href", "[", "](", ")", "!", "`", "\n", "**", "|",
             "- ", "<p>", "</p>", "<table>", "\x1b[31m", "\x1b[0m", "\0"]
        ),
        max_size=14,
    ).map("".join),
)  # fmt: skip


MIMES = ("text_html", "text_markdown", "text_plain", "text_latex", "image_png", "image_svg_xml",
         "application_json")  # fmt: skip


class Strict(HTMLParser):
    """Reads a page as a browser would, and notes what acts, loads, or is not balanced."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "iframe", "object", "embed", "svg", "form", "link", "base"):
            self.wrong.append(f"<{tag}>")
        for name, value in attrs:
            if name.startswith("on") or (name == "src" and not (value or "").startswith("data:")):
                self.wrong.append(f"{name}={value}")
            if name == "href" and not re.match("https?:|mailto:|#", value or "", re.IGNORECASE):
                self.wrong.append(f"{name}={value}")
        if tag not in ("br", "hr", "img", "col", "meta"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        self.text += data


def read(text: str) -> Strict:
    reader = Strict()
    reader.feed(text)
    reader.close()
    assert reader.wrong == []
    assert reader.open == []
    return reader


def shown(*outputs: dict[str, Any], active: bool = False, **cell: Any) -> str:
    document = ExportDocument([ExportCell("code", "x", outputs=list(outputs), **cell)])
    return page.write(document, "work.py", active=active)


def display(**data: Any) -> dict[str, Any]:
    bundle = {
        key.replace("_", "/", 1).replace("_xml", "+xml"): value for key, value in data.items()
    }
    return {"output_type": "display_data", "data": bundle, "metadata": {}}


@given(TEXTS)
@example(EVIL)
@example("0******")
def test_nothing_that_cells_hold_or_made_acts_in_a_page(text: str) -> None:
    """As a source, a title, a text, a stream, an error, or any form of a value."""
    outputs = [
        {"output_type": "stream", "name": "stdout", "text": text},
        {"output_type": "error", "ename": text, "evalue": text, "traceback": []},
        *(display(**{mime: text}) for mime in MIMES),
    ]  # fmt: skip
    cells = [
        ExportCell("markdown", text, attachments={text: {"image/png": text}}),
        ExportCell("raw", text),
        ExportCell("code", text, metadata={"title": text, "tags": [text]}, outputs=outputs),
    ]
    document = ExportDocument(cells, {"kernelspec": {"language": text}})
    written = page.write(document, text)
    reader = read(written)
    assert written.index("Content-Security-Policy") < written.index("<title>")
    visible = "".join(text.split()).replace("\0", "")
    if not re.search(r"[\x00-\x1f\x7f\x80-\x9f]", visible):
        assert visible in "".join(reader.text.split())


@given(TEXTS)
@example(EVIL)
@example("<table><tr><td>1</table><b>")
def test_html_is_balanced_and_harmless(text: str) -> None:
    """Whatever comes in; and cleaning again changes nothing."""
    clean = sanitized(text)
    read(f"<div>{clean}</div>")
    assert sanitized(clean) == clean


def test_tables_and_pictures_are_shown() -> None:
    """A data frame's table with its labels, PNG and SVG as pictures."""
    frame = (
        "<div><style scoped>.x{}</style><table border='1' class='dataframe'><thead>"
        "<tr style='text-align: right;'><th></th><th>a&lt;b</th></tr></thead>"
        "<tbody><tr><th>0</th><td>1.5</td></tr></tbody></table></div>"
    )
    written = shown(display(text_html=frame, text_plain="a"), display(image_png=PNG + "\n"),
                    display(image_svg_xml="<svg><script>1</script></svg>"))  # fmt: skip
    assert '<table border="1" class="dataframe">' in written
    assert '<tr style="text-align: right;">' in written
    assert "<td>1.5</td>" in written
    assert f'<img alt="" src="data:image/png;base64,{PNG}">' in written
    svg = base64.b64encode(b"<svg><script>1</script></svg>").decode()
    assert f'src="data:image/svg+xml;base64,{svg}"' in written
    assert ".x{}" not in written
    read(written)


def test_active_content_is_shown_to_those_who_ask_for_it() -> None:
    """In a frame that reaches nothing of the page; else a note stands for it."""
    bokeh = "<div id='plot'></div><script>draw('plot')</script>"
    plain = shown(display(text_html=bokeh))
    assert "draw(" not in plain
    assert "Active content is left out" in plain
    active = shown(display(text_html=bokeh), active=True)
    assert '<iframe sandbox="allow-scripts" srcdoc="&lt;div id=' in active
    assert "allow-same-origin" not in active


def test_code_titles_counts_and_errors_are_shown() -> None:
    """With colours where pygments is there; a traceback has its own."""
    error = {"output_type": "error", "ename": "E", "evalue": "no",
             "traceback": ["\x1b[31mE\x1b[0m: <no>"]}  # fmt: skip
    result = {**display(text_plain="42"), "output_type": "execute_result", "execution_count": 7}
    written = shown(error, result, metadata={"title": "Load", "tags": ["slow"]}, execution_count=7)
    assert '<span class="ansi-red">E</span>: &lt;no&gt;' in written
    assert "[7]" in written
    assert "→ [7]" in written
    assert 'Load <span class="tag">slow</span>' in written
    assert '<span class="n">x</span>' in written


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\x1b[1;31mb\x1b[39mc\x1b[0md", '<span class="ansi-bold ansi-red">b</span>'
         '<span class="ansi-bold">c</span>'),
        ("a\x1b[38;5;208mb\x1b[0md", '<span style="color:#ff8700">b</span>'),
        ("a\x1b[48;2;1;2;3mb\x1b[md", '<span style="background:#010203">b</span>'),
        ("a\x1b[97;100mb\x1b[22;49;39md",
         '<span class="ansi-bright-white ansi-on-bright-black">b</span>'),
        ("a\x1b[2K\x1b]0;t\x07\x1b[?25l<b>\x08d", "&lt;b&gt;"),
    ],
)  # fmt: skip
def test_colours_of_a_terminal_become_spans(text: str, expected: str) -> None:
    """Named, of 256 and of all; other sequences and controls go."""
    assert ansi.as_html(text) == f"a{expected}d"


def test_a_progress_bar_is_what_it_was_in_the_end() -> None:
    """What a carriage return overwrote is gone, the rest of a longer line stays."""
    assert ansi.overwritten("10%\r50%\r100%\nx\r\n") == "100%\nx\n"
    assert ansi.overwritten("abcdef\rxy") == "xycdef"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# A *b*", "<h1>A <em>b</em></h1>"),
        ("a **b** `c*d*` \\*e", "<p>a <strong>b</strong> <code>c*d*</code> *e</p>"),
        ("- a\n- b\n  - c\n\n1. d",
         "<ul><li>a</li><li>b\n<ul><li>c</li></ul></li></ul>\n<ol><li>d</li></ol>"),
        ("| a | b |\n|---|:-:|\n| 1 | 2 |", "<table><thead><tr><th>a</th><th>b</th></tr></thead>"
         "<tbody><tr><td>1</td><td>2</td></tr></tbody></table>"),
        ("```python\n<x>\n```", "<pre><code>&lt;x&gt;</code></pre>"),
        ("[a](https://b.c?d=1&e) [f](javascript:g)",
         '<p><a href="https://b.c?d=1&amp;e">a</a> <a>f</a></p>'),
        ("> a\n> b\n\n---", "<blockquote><p>a\nb</p></blockquote>\n<hr>"),
        ("$a_b_c$ snake_case_name", "<p>$a_b_c$ snake_case_name</p>"),
        ("![p](attachment:p.png)", f'<p><img alt="p" src="data:image/png;base64,{PNG}"></p>'),
    ],
)  # fmt: skip
def test_text_cells_are_markdown(text: str, expected: str) -> None:
    """As far as a page needs it."""
    assert markdown.as_html(text, {"p.png": {"image/png": PNG}}) == expected
