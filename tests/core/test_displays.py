"""Displays as users make them: each method of a type, each class, each way to register."""

from __future__ import annotations

import base64
import math
from typing import Any

import pytest
from vivo.core import Shell

PNG = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJ"
    "RU5ErkJggg=="
)


@pytest.mark.parametrize(
    ("method", "mime", "content"),
    [
        ("_repr_html_", "text/html", "<b>x</b>"),
        ("_repr_markdown_", "text/markdown", "**x**"),
        ("_repr_svg_", "image/svg+xml", "<svg/>"),
        ("_repr_latex_", "text/latex", "$x$"),
        ("_repr_json_", "application/json", {"x": [1, 2]}),
        ("_repr_javascript_", "application/javascript", "x()"),
        ("_repr_png_", "image/png", b"\x89PNG"),
        ("_repr_jpeg_", "image/jpeg", b"\xff\xd8"),
        ("_repr_pdf_", "application/pdf", b"%PDF"),
    ],
)
def test_each_method_gives_its_type(
    shell: Shell, shown: Any, method: str, mime: str, content: Any
) -> None:
    """Beside the plain text; (data, metadata) as well; None means that there is none."""
    shell.run_cell(
        f"class A:\n    def {method}(self): return {content!r}\n    __repr__ = lambda _: 'A'"
    )
    shell.run_cell("A()")
    assert shown.of("result")[-1] == {"text/plain": "A", mime: content}
    shell.run_cell(f"class B:\n    def {method}(self): return {content!r}, {{'width': 5}}\nB()")
    assert shown.of("result")[-1][mime] == content
    shell.run_cell(f"class C:\n    def {method}(self): return None\nC()")
    assert list(shown.of("result")[-1]) == ["text/plain"]


@pytest.mark.parametrize(
    ("made", "mime", "content"),
    [
        ("HTML('<p>')", "text/html", "<p>"),
        ("Markdown('*x*')", "text/markdown", "*x*"),
        ("Latex('$x$')", "text/latex", "$x$"),
        ("Math('x^2')", "text/latex", r"$\displaystyle x^2$"),
        ("SVG('<svg></svg>')", "image/svg+xml", "<svg></svg>"),
        ("JSON({'a': [1]})", "application/json", {"a": [1]}),
        ("Javascript('x()')", "application/javascript", "x()"),
        (f"Image(__import__('base64').b64decode('{PNG}'))", "image/png", base64.b64decode(PNG)),
        ("Image(b'\\xff\\xd8\\xff')", "image/jpeg", b"\xff\xd8\xff"),
    ],
)
def test_each_class_says_what_a_text_is(
    shell: Shell, shown: Any, made: str, mime: str, content: Any
) -> None:
    """As a value, and by display()."""
    names = "HTML, Markdown, Latex, Math, SVG, JSON, Javascript, Image"
    shell.run_cell(f"from vivo.core import {names}\n{made}")
    assert shown.of("result")[-1][mime] == content
    shell.run_cell(f"display({made})")
    assert shown.of("display")[-1][mime] == content


def test_a_bundle_may_be_chosen_from(shell: Shell, shown: Any) -> None:
    """``_repr_mimebundle_`` gives data or (data, metadata); display() takes include and exclude."""
    code = (
        "class Both:\n"
        "    def _repr_mimebundle_(self, include=None, exclude=None):\n"
        "        return {'text/html': '<i>', 'text/x-own': 'own'}, {'text/html': {'a': 1}}\n"
    )
    shell.run_cell(code + "Both()")
    assert {"text/html", "text/x-own", "text/plain"} == set(shown.of("result")[-1])
    shell.run_cell("display(Both(), include=['text/html'])")
    assert list(shown.of("display")[-1]) == ["text/html"]
    shell.run_cell("display(Both(), exclude=['text/html'])")
    assert "text/html" not in shown.of("display")[-1]
    shell.run_cell("display(1, clear=True)")
    assert shown.of("clear") == [True]
    shell.run_cell("display({'text/x-own': 'raw'}, raw=True)")
    assert shown.of("display")[-1] == {"text/x-own": "raw"}


def test_formatters_are_registered_by_type_and_by_name(shell: Shell, shown: Any) -> None:
    """Subclasses follow; a deferred name imports nothing; a type's own method is replaced."""
    shell.run_cell("import fractions, sys\nhad = 'colorsys' in sys.modules")
    fraction = shell.run_cell("fractions.Fraction").value
    shell.formatters.register("text/html", fraction, lambda value: f"<sup>{value.numerator}</sup>")
    shell.run_cell("fractions.Fraction(3, 4)")
    assert shown.of("result")[-1]["text/html"] == "<sup>3</sup>"
    shell.run_cell("class Own(fractions.Fraction): pass\nOwn(5, 4)")
    assert shown.of("result")[-1]["text/html"] == "<sup>5</sup>"
    shell.formatters.register("text/plain", "ipaddress.IPv4Address", lambda value: "an address")
    assert shell.run_cell("'ipaddress' in sys.modules").status == "ok"
    shell.run_cell("import ipaddress\nipaddress.ip_address('127.0.0.1')")
    assert shown.of("result")[-1]["text/plain"] == "an address"


def test_displays_are_updated_by_their_id(shell: Shell, shown: Any) -> None:
    """A handle, ``update_display``, and an id of one's own; several values in one call."""
    shell.run_cell("h = display('a', display_id=True)\nh.update('b')\nh.display('c')")
    shell.run_cell("from vivo.core import update_display\ndisplay(1, display_id='mine');")
    shell.run_cell("update_display(2, display_id='mine')\ndisplay('x', 'y')")
    texts = [(kind, data["text/plain"]) for kind, data in shown.shown if "text/plain" in data]
    assert texts == [
        ("display", "'a'"), ("update", "'b'"), ("display", "'c'"),
        ("display", "1"), ("update", "2"), ("display", "'x'"), ("display", "'y'"),
    ]  # fmt: skip


def test_output_is_cleared_at_once_or_when_more_comes(shell: Shell, shown: Any) -> None:
    """``clear_output(wait=True)`` is a front end's to wait for."""
    shell.run_cell("from vivo.core import clear_output\nclear_output()\nclear_output(True)")
    assert shown.of("clear") == [False, True]


@pytest.mark.parametrize(
    ("line", "text"),
    [("3", "3.142"), ("%.4e", "3.1416e+00"), ("0", "3"), ("", "3.141592653589793")],
)
def test_precision_says_how_floats_are_shown(
    shell: Shell, shown: Any, line: str, text: str
) -> None:
    """Digits, a format, and as before; inside containers too, and numpy's follow."""
    shell.run_cell(f"import numpy as np\n%precision {line}")
    shell.run_cell(repr(math.pi))
    assert shown.of("result")[-1]["text/plain"] == text
    shell.run_cell(f"[{math.pi!r}]")
    assert shown.of("result")[-1]["text/plain"] == f"[{text}]"
    shell.run_cell(f"np.array([{math.pi!r}])")
    expected = {"3": "3.142", "": "3.14159265"}.get(line)
    if expected:
        assert shown.of("result")[-1]["text/plain"] == f"array([{expected}])"
    shell.run_cell("%precision")


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("x = [1]\nx.append(x)\nx", "[1, [...]]"),
        ("d = {}\nd['d'] = d\nd", "{'d': {...}}"),
        ("list(range(100_000))", "..."),
        ("{'b': 1, 'a': (1,)}", "{'b': 1, 'a': (1,)}"),
        ("{frozenset({1})}", "{frozenset({1})}"),
        ("set(), frozenset(), (), [], {}", "(set(), frozenset(), (), [], {})"),
    ],
)
def test_values_are_laid_out_within_limits(shell: Shell, shown: Any, code: str, text: str) -> None:
    """Rings are closed, long containers cut, and each type keeps its own brackets."""
    shell.run_cell(code)
    told = shown.of("result")[-1]["text/plain"]
    assert text in told
    assert len(told) < 20_000


def test_a_wide_value_is_laid_out_over_lines(shell: Shell, shown: Any) -> None:
    """One item a line where it does not fit into one; as its repr with %pprint off."""
    code = "{f'a long enough key {n}': list(range(12)) for n in range(4)}"
    shell.run_cell(code)
    lines = shown.of("result")[-1]["text/plain"].split("\n")
    assert len(lines) >= 4
    assert max(map(len, lines)) <= 100
    shell.run_cell("%pprint off")
    shell.run_cell(code)
    assert "\n" not in shown.of("result")[-1]["text/plain"]
