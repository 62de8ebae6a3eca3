"""Rich output as libraries make it: pandas, rich, sympy, matplotlib, and IPython's own classes."""

from __future__ import annotations

import base64
from typing import Any

from .conftest import SECONDS, Notebook

PNG = b"\x89PNG\r\n\x1a\n"


def image(bundle: dict[str, Any]) -> bytes:
    return base64.b64decode(bundle["image/png"])


async def test_a_table_of_pandas_is_html(notebook: Notebook) -> None:
    """DataFrames and styles are HTML tables, long ones with their middle left out."""
    shown = await notebook.run("import pandas as pd\npd.DataFrame({'speed': [3.5, 7.25]})")
    assert "<th>speed</th>" in shown.bundles[0]["text/html"]
    assert "speed" in shown.bundles[0]["text/plain"]
    shown = await notebook.run("pd.Series([1, 2], name='counts')")
    assert list(shown.bundles[0]) == ["text/plain"]
    shown = await notebook.run("pd.DataFrame({'n': range(1_000_000)})")
    assert "1000000 rows × 1 columns" in shown.bundles[0]["text/html"]
    assert len(shown.bundles[0]["text/html"]) < 3_000
    shown = await notebook.run("pd.DataFrame({'a': [1, 2]}).style.format('{:.1f}').highlight_max()")
    assert "background-color: yellow" in shown.bundles[0]["text/html"]
    assert ">2.0</td>" in shown.bundles[0]["text/html"]


async def test_arrays_are_shown_short_and_with_the_precision(notebook: Notebook) -> None:
    """numpy's own text, with ``%precision`` for arrays too."""
    shown = await notebook.run("import numpy as np\nnp.arange(10**7)")
    assert shown.value.startswith("array([      0,       1,       2, ..., 9999997")
    await notebook.run("%precision 3")
    assert (await notebook.run("np.array([1 / 3]), 1 / 3")).value == "(array([0.333]), 0.333)"


async def test_pandas_offers_its_tables_as_data(notebook: Notebook) -> None:
    """The option ``table_schema`` adds a formatter of a MIME type of its own, and takes it out."""
    await notebook.run("import IPython, traitlets, pandas as pd\nframe = pd.DataFrame({'a': [1]})")
    await notebook.run("pd.set_option('display.html.table_schema', True)")
    shown = await notebook.run("frame")
    table = shown.bundles[0]["application/vnd.dataresource+json"]
    assert table["data"] == [{"index": 0, "a": 1}]
    await notebook.run("pd.set_option('display.html.table_schema', False)")
    shown = await notebook.run("frame")
    assert "application/vnd.dataresource+json" not in shown.bundles[0]


async def test_pandas_knows_that_this_is_no_terminal(notebook: Notebook) -> None:
    """Wide tables are not cut to a terminal's width."""
    code = (
        "from pandas.io.formats import console\nfrom pandas.core.config_init import is_terminal\n"
    )
    code += "console.in_ipython_frontend(), console.in_interactive_session(), is_terminal()"
    assert (await notebook.run(code)).value == "(True, True, False)"


async def test_rich_prints_html(notebook: Notebook) -> None:
    """``rich.print`` and its tables come as HTML."""
    shown = await notebook.run("import rich\nrich.print('[bold]hi[/bold]')")
    assert "font-weight: bold" in shown.bundles[0]["text/html"]
    code = "from rich.table import Table\nt = Table('name')\nt.add_row('vivo')\nt"
    shown = await notebook.run(code)
    assert "vivo" in shown.bundles[0]["text/html"]


async def test_rich_takes_over_plain_values(notebook: Notebook) -> None:
    """``rich.pretty.install`` prints values itself."""
    await notebook.run("import rich.pretty\nrich.pretty.install()")
    shown = await notebook.run("{'a': [1, 2]}")
    assert "'a'" in str([*shown.bundles, shown.text])
    assert not shown.of("error")


async def test_rich_finds_a_notebook_and_inspects(notebook: Notebook) -> None:
    """Its console is a notebook's, not a terminal's; ``inspect`` is HTML."""
    code = "import rich\nconsole = rich.get_console()\nconsole.is_jupyter, console.is_terminal"
    assert (await notebook.run(code)).value == "(True, False)"
    shown = await notebook.run("rich.inspect([1], methods=True)")
    assert "append" in shown.bundles[0]["text/html"]


async def test_richs_progress_is_drawn_over_in_its_widget(notebook: Notebook) -> None:
    """The bar is an Output widget, each step in place of the one before, and reaches its end."""
    code = "from rich.progress import track\nfor i in track(range(3), description='go'): pass"
    shown = await notebook.run(code)
    assert "OutputModel" in str(shown.of("comm_open"))
    assert {event["content"]["wait"] for event in shown.of("clear_output")} == {True}
    assert any("100%" in bundle.get("text/html", "") for bundle in shown.bundles)
    assert shown.text == ""


async def test_rich_shows_the_errors_of_cells(notebook: Notebook) -> None:
    """After ``rich.traceback.install`` they come by rich, with the user's frames alone."""
    await notebook.run("import rich.traceback\n_ = rich.traceback.install()")
    shown = await notebook.run("def divide(x):\n    return 1 / x\ndivide(0)")
    (bundle,) = shown.bundles
    assert "ZeroDivisionError" in bundle["text/html"]
    assert "divide" in bundle["text/html"]
    assert "vivo" not in bundle["text/html"]
    assert shown.text == ""
    shown = await notebook.run("x = = 1")
    assert "SyntaxError" in shown.bundles[0]["text/html"]
    shown = await notebook.run("%no_such_magic", error="UsageError")
    message = notebook.client.execute("divide(0)")
    assert "ZeroDivisionError" in (await notebook.answer(message)).bundles[0]["text/html"]
    reply = await notebook.client.get_shell_msg(timeout=SECONDS)
    while reply["parent_header"]["msg_id"] != message:
        reply = await notebook.client.get_shell_msg(timeout=SECONDS)
    assert (reply["content"]["status"], reply["content"]["ename"]) == ("error", "ZeroDivisionError")


async def test_a_library_that_fails_to_show_an_error_is_taken_out(notebook: Notebook) -> None:
    """The error is shown as usual, and what is wrong with the library is told."""
    code = "def shows(*words, **named):\n    raise OSError('no way')\n"
    await notebook.run(code + "get_ipython().showtraceback = shows")
    shown = await notebook.run("1 / 0", error="ZeroDivisionError")
    assert "shows of showtraceback raised OSError: no way" in shown.text
    shown = await notebook.run("1 / 0", error="ZeroDivisionError")
    assert shown.text == ""


async def test_sympy_shows_formulas(notebook: Notebook) -> None:
    """``init_printing`` gives LaTeX, a picture, and text in two dimensions."""
    await notebook.run("from sympy import *\ninit_printing()\nx = symbols('x')")
    shown = await notebook.run("x**2 / 2")
    bundle = shown.bundles[0]
    assert bundle["text/latex"] == r"$\displaystyle \frac{x^{2}}{2}$"
    assert bundle["text/plain"].split() == ["2", "x", "──", "2"]
    assert image(bundle).startswith(PNG)
    shown = await notebook.run("[x**2, Integral(x, x)]")
    assert r"\int x\, dx" in shown.bundles[0]["text/latex"]
    assert shown.text == ""


async def test_sympys_session_has_its_symbols_and_formulas(notebook: Notebook) -> None:
    """``init_session`` gives names and printing; told to be quiet, it says nothing of pylab."""
    shown = await notebook.run("from sympy import init_session\ninit_session(quiet=True)")
    assert shown.text.strip() == ""
    shown = await notebook.run("Matrix([[x, 1], [2, y]])")
    assert r"\begin{matrix}x & 1\\2 & y\end{matrix}" in shown.bundles[0]["text/latex"]
    await notebook.run("init_printing(use_unicode=False, use_latex=False)")
    assert (await notebook.run("x**2")).value == " 2\nx "


async def test_sympy_can_be_told_to_show_no_formulas(notebook: Notebook) -> None:
    """``init_printing(use_latex=False)`` takes the formatters out again."""
    await notebook.run("from sympy import *\ninit_printing()\nx = symbols('x')\nx")
    await notebook.run("init_printing(use_latex=False)")
    shown = await notebook.run("[x**2]")
    assert list(shown.bundles[0]) == ["text/plain"]


async def test_figures_are_inline(notebook: Notebook) -> None:
    """A plot is a PNG at the end of its cell, once; formats can be chosen."""
    shown = await notebook.run("import matplotlib.pyplot as plt\nplt.plot([1, 3, 2]);")
    assert [image(bundle)[:8] for bundle in shown.bundles] == [PNG]
    await notebook.run("%config InlineBackend.figure_formats = ['svg']")
    shown = await notebook.run("plt.plot([1, 3, 2]);\nplt.show()\nprint('after')")
    assert "image/svg+xml" in shown.bundles[0]
    assert [e["msg_type"] for e in shown][2:4] == ["display_data", "stream"]


async def test_figures_are_drawn_as_notebooks_ask(notebook: Notebook) -> None:
    """``InlineBackend``'s options, each by the name that notebooks use; wrong ones are refused."""
    await notebook.run("import matplotlib.pyplot as plt")
    plot = "plt.figure(figsize=(1, 1)); plt.plot([1, 3, 2]);"

    async def size(code: str) -> tuple[int, int]:
        (bundle,) = (await notebook.run(code)).bundles
        head = image(bundle)[16:24]
        return int.from_bytes(head[:4], "big"), int.from_bytes(head[4:], "big")

    tight = await size(plot)
    assert await size("%config InlineBackend.figure_format = 'retina'\n" + plot) > tight
    await notebook.run("%config InlineBackend.figure_format = 'png'")
    untrimmed = "%config InlineBackend.print_figure_kwargs = {'bbox_inches': None}\n"
    assert await size(untrimmed + plot) == (100, 100)
    await notebook.run("%config InlineBackend.rc = {'figure.figsize': (3, 2)}")
    assert await size("plt.plot([1, 2]);") == (300, 200)
    shown = await notebook.run("%config InlineBackend.rc = {'no.key': 1}", error="UsageError")
    assert "no.key" in str(shown.of("error"))
    shown = await notebook.run("%config InlineBackend.figure_formt = 'svg'", error="UsageError")
    assert "did you mean InlineBackend.figure_format?" in str(shown.of("error"))
    code = "from matplotlib_inline.backend_inline import set_matplotlib_formats\n"
    code += "set_matplotlib_formats('svg', 'jpeg', bbox_inches='tight')\n"
    shown = await notebook.run(code + plot)
    assert {"image/svg+xml", "image/jpeg"} < set(shown.bundles[0])
    assert "image/png" not in shown.bundles[0]


async def test_figures_that_are_not_closed_go_on(notebook: Notebook) -> None:
    """With ``close_figures`` off a later cell adds to a figure, which is shown when it changed."""
    await notebook.run("%config InlineBackend.close_figures = False")
    shown = await notebook.run("import matplotlib.pyplot as plt\nplt.plot([1, 2]);")
    assert len(shown.bundles) == 1
    assert (await notebook.run("1")).of("display_data") == []
    shown = await notebook.run("plt.plot([2, 1]);\nprint(len(plt.gca().lines))")
    assert shown.text == "2\n"
    assert len(shown.bundles) == 1
    await notebook.run("from matplotlib_inline.backend_inline import set_matplotlib_close")
    shown = await notebook.run("set_matplotlib_close(True)\nplt.plot([3, 3]);")
    assert len(shown.bundles) == 1
    assert (await notebook.run("plt.get_fignums()")).value == "[]"


async def test_a_figure_of_nothing_is_text(notebook: Notebook) -> None:
    """No blank picture is shown for it."""
    shown = await notebook.run("import matplotlib.pyplot as plt\nfigure = plt.figure()")
    assert [set(bundle) for bundle in shown.bundles] == [{"text/plain"}]


DISPLAYS = """
from IPython.display import (
    HTML, Audio, Code, FileLink, GeoJSON, IFrame, Image, JSON, Javascript, Latex, Markdown, Math,
    Pretty, ProgressBar, SVG, Video, YouTubeVideo, clear_output, display, display_html,
    publish_display_data, update_display,
)
import base64
dot = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
open("data.txt", "w").write("x")
for value in (
    HTML("<b>1</b>"), Markdown("*1*"), Latex("$1$"), Math("1"), SVG("<svg></svg>"), JSON({"a": 1}),
    Javascript("1"), GeoJSON({"type": "Point"}), Pretty("plain"), Image(dot), Code("x = 1"),
    IFrame("https://example.org", 30, 40, page=2), YouTubeVideo("id7"), FileLink("data.txt"),
    Audio([0.0, 0.5], rate=8000), Video(url="film.mp4"),
):
    display(value)
"""


async def test_the_classes_of_ipython_display_are_shown(notebook: Notebook) -> None:
    """``from IPython.display import …`` serves each class, shown by its MIME type."""
    shown = await notebook.run(DISPLAYS)
    kinds = [
        "text/html", "text/markdown", "text/latex", "text/latex", "image/svg+xml",
        "application/json", "application/javascript", "application/geo+json", "text/plain",
        "image/png", "text/html", "text/html", "text/html", "text/html", "text/html", "text/html",
    ]  # fmt: skip
    assert len(shown.bundles) == len(kinds)
    for kind, bundle in zip(kinds, shown.bundles, strict=True):
        assert kind in bundle, bundle
    page = [bundle.get("text/html", "") for bundle in shown.bundles]
    assert 'src="https://example.org?page=2"' in page[11]
    assert "youtube.com/embed/id7" in page[12]
    assert "href='data.txt'" in page[13]
    assert "data:audio/wav;base64," in page[14]
    assert '<video src="film.mp4"' in page[15]


async def test_displays_are_updated_and_cleared(notebook: Notebook) -> None:
    """Display ids, handles, ``clear_output`` and MIME bundles reach the front end."""
    code = "from IPython.display import *\nhandle = display('a', display_id='spot')\n"
    code += "handle.update('b')\nupdate_display('c', display_id='spot')\nclear_output(wait=True)\n"
    code += "publish_display_data({'text/plain': 'd'}, {'x': 1})\n"
    code += "display(HTML('<i>e</i>'), include=['text/html'], metadata={'y': 2})"
    shown = await notebook.run(code)
    kinds = ["display_data", "update_display_data", "update_display_data", "clear_output"]
    assert [event["msg_type"] for event in shown][2:-1] == [*kinds, "display_data", "display_data"]
    contents = [event["content"] for event in shown][2:-1]
    assert [c["transient"]["display_id"] for c in contents[:3]] == ["spot"] * 3
    assert contents[3] == {"wait": True}
    assert contents[4]["metadata"] == {"x": 1}
    assert list(contents[5]["data"]) == ["text/html"]
    assert contents[5]["metadata"]["y"] == 2


async def test_a_progress_bar_moves_in_place(notebook: Notebook) -> None:
    """``ProgressBar`` is one display that each step updates."""
    code = "from IPython.display import ProgressBar\nfor step in ProgressBar(3):\n    print(step)"
    shown = await notebook.run(code)
    assert shown.text == "0\n1\n2\n"
    assert len(shown.of("display_data")) == 1
    assert "3/3" in shown.of("update_display_data")[-1]["content"]["data"]["text/plain"]


async def test_pretty_methods_of_classes_are_used(notebook: Notebook) -> None:
    """``_repr_pretty_`` writes the text of a value, also within a list, and knows cycles."""
    code = (
        "class Tree:\n"
        "    def __init__(self): self.inner = None\n"
        "    def _repr_pretty_(self, p, cycle):\n"
        "        if cycle:\n"
        "            p.text('Tree(...)')\n"
        "            return\n"
        "        with p.group(5, 'Tree(', ')'):\n"
        "            p.pretty(self.inner)\n"
        "tree = Tree()\ntree.inner = tree\n[tree, Tree()]"
    )
    assert (await notebook.run(code)).value == "[Tree(Tree(...)), Tree(None)]"
