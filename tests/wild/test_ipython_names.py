"""Code that was written for IPython: its names, its shell, its extensions, with it and without."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from .conftest import SECONDS, Notebook, Shown

EXTENSION = '''
from IPython.core.magic import Magics, cell_magic, line_magic, magics_class, needs_local_scope
from IPython.core.magic_arguments import argument, magic_arguments, parse_argstring


@magics_class
class Words(Magics):
    @magic_arguments()
    @argument("-n", "--times", type=int, default=1, help="How often.")
    @argument("word")
    @line_magic
    def say(self, line):
        """Say a word."""
        options = parse_argstring(self.say, line)
        return [options.word] * options.times

    @needs_local_scope
    @cell_magic
    def count(self, line, cell, local_ns=None):
        """Count the lines of a cell."""
        self.shell.user_ns[line or "counted"] = len(cell.splitlines())


def load_ipython_extension(ipython):
    ipython.register_magics(Words)
    ipython.push({"loaded": True})
    ipython.events.register("post_run_cell", note)


def unload_ipython_extension(ipython):
    ipython.events.unregister("post_run_cell", note)


def note(result):
    print("cell", result.execution_count, "success" if result.success else "failed")
'''


async def test_get_ipython_is_the_session(notebook: Notebook) -> None:
    """As a builtin and by import: one object, which runs magics and holds the user's names."""
    code = "import IPython\nfrom IPython import get_ipython as imported\n"
    code += "imported() is get_ipython() is IPython.get_ipython(), IPython.version_info[0] >= 8"
    assert (await notebook.run(code)).value == "(True, True)"
    code = "type(get_ipython()).__name__, get_ipython().user_ns['IPython'] is IPython"
    assert (await notebook.run(code)).value == "('ZMQInteractiveShell', True)"
    code = "get_ipython().run_line_magic('who_ls', 'module')"
    assert (await notebook.run(code)).value == "['IPython']"
    await notebook.run("get_ipython().run_cell_magic('capture', 'kept', 'print(1)')")
    assert (await notebook.run("kept.stdout")).value == r"'1\n'"
    shown = await notebook.run("get_ipython().run_cell('a = 6 * 7\\nprint(a)').success")
    assert (shown.text, shown.value) == ("42\n", "True")


async def test_a_module_asks_for_the_session(notebook: Notebook, home: Path) -> None:
    """A module of the user's finds out where it runs, as pandas, tqdm and plotly do."""
    (home / "asks.py").write_text(
        "from IPython import get_ipython\nfrom IPython.display import HTML, display\n"
        "def in_notebook():\n    return 'IPKernelApp' in get_ipython().config\n"
        "def show():\n    display(HTML('<b>from a module</b>'))\n"
    )
    assert (await notebook.run("import asks\nasks.in_notebook()")).value == "True"
    shown = await notebook.run("asks.show()")
    assert shown.bundles[0]["text/html"] == "<b>from a module</b>"


async def test_magics_by_decorator(notebook: Notebook) -> None:
    """``register_line_magic`` and its kin make magics of functions."""
    code = (
        "from IPython.core.magic import register_cell_magic, register_line_magic\n"
        "@register_line_magic\ndef shout(line):\n    return line.upper()\n"
        "@register_cell_magic\ndef reverse(line, cell):\n    return cell.strip()[::-1]\n"
    )
    await notebook.run(code)
    assert (await notebook.run("x = %shout hello\nx")).value == "'HELLO'"
    assert (await notebook.run("%%reverse\nabc")).value == "'cba'"


async def test_an_extension_on_disk(notebook: Notebook, home: Path) -> None:
    """Its class of magics, options by argparse, names and hooks; unloaded, the hooks are gone."""
    (home / "words_extension.py").write_text(EXTENSION)
    await notebook.run("%load_ext words_extension")
    shown = await notebook.run("%say -n 3 ho")
    assert shown.value == "['ho', 'ho', 'ho']"
    assert "success" in shown.text
    await notebook.run("%%count lines\na\nb")
    assert (await notebook.run("lines, loaded")).value == "(2, True)"
    shown = await notebook.run("%say?")
    assert "--times" in shown.pages
    assert "How often." in shown.pages
    await notebook.run("%unload_ext words_extension")
    assert (await notebook.run("1")).text == ""


async def test_formatters_and_hooks_by_their_old_names(notebook: Notebook) -> None:
    """``display_formatter.formatters``, ``events``, ``set_custom_exc`` and the like."""
    code = (
        "class Point:\n    pass\n"
        "html = get_ipython().display_formatter.formatters['text/html']\n"
        "html.for_type(Point, lambda point: '<i>point</i>')\nPoint()"
    )
    assert (await notebook.run(code)).bundles[0]["text/html"] == "<i>point</i>"
    code = (
        "def told(self, kind, error, trace, tb_offset=None):\n    print('handled', kind.__name__)\n"
        "get_ipython().set_custom_exc((ZeroDivisionError,), told)"
    )
    await notebook.run(code)
    message = await notebook.answer(notebook.client.execute("1 / 0", stop_on_error=False))
    assert "handled ZeroDivisionError" in message.text
    code = "from IPython.utils.capture import capture_output\n"
    code += "with capture_output() as got:\n    print('inside')\ngot.stdout"
    assert (await notebook.run(code)).value == r"'inside\n'"


async def test_an_edited_package_takes_effect(notebook: Notebook, home: Path) -> None:
    """``%autoreload 2``: functions, instances, ``super()`` and enums of a package on disk."""
    package = home / "shapes"
    package.mkdir()
    (package / "__init__.py").write_text("from .areas import Square, Colour\n")
    text = (
        "import enum\nclass Colour(enum.Enum):\n    RED = 1\n"
        "class Shape:\n    def name(self):\n        return 'shape'\n"
        "class Square(Shape):\n    def name(self):\n        return 'a ' + super().name()\n"
    )
    (package / "areas.py").write_text(text)
    await notebook.run("%load_ext autoreload\n%autoreload 2\nfrom shapes import Square, Colour")
    shown = await notebook.run("square, red = Square(), Colour.RED\nsquare.name()")
    assert shown.value == "'a shape'"
    edited = text.replace("'shape'", "'form'").replace("'a '", "'one square '")
    (package / "areas.py").write_text(edited.replace("RED = 1", "RED = 1\n    BLUE = 2"))
    assert (await notebook.run("square.name()")).value == "'one square form'"
    code = "isinstance(square, Square), red is Colour.RED, [each.name for each in Colour]"
    assert (await notebook.run(code)).value == "(True, True, ['RED', 'BLUE'])"


async def test_columns_of_a_table_are_completed(notebook: Notebook) -> None:
    """A DataFrame's columns complete as keys and as attributes, and its methods beside them."""
    code = "import pandas as pd\nframe = pd.DataFrame({'speed': [1.0], 'spin rate': [2]})"
    await notebook.run(code)

    async def complete(text: str) -> list[str]:
        told = await notebook.request("complete_request", {"code": text, "cursor_pos": len(text)})
        return list(told["matches"])

    assert [each.strip("'\"]") for each in await complete("frame['sp")] == ["speed", "spin rate"]
    assert {"frame.speed", "speed"} & set(await complete("frame.spee"))
    assert any(each.endswith("groupby") for each in await complete("frame.group"))
    assert any(each.endswith("mean") for each in await complete("frame['speed'].mea"))


@pytest.mark.parametrize("stop", ["set_trace()", "Pdb().set_trace()"], ids=["set_trace", "Pdb"])
async def test_set_trace_of_ipython_stops_where_it_is_called(notebook: Notebook, stop: str) -> None:
    """The debugger asks the front end, in the frame that called it, and lets go or quits."""
    code = f"from IPython.core.debugger import Pdb, set_trace\ndef work(x):\n    {stop}\n"
    await notebook.run(code + "    x = x + 1\n    return x * 2")
    answers = ["p 'x is', x", "pinfo x", "c", "q"]
    asked: list[str] = []

    def answer(message: dict[str, Any]) -> None:
        asked.append(message["content"]["prompt"])
        notebook.client.input(answers[len(asked) - 1])

    shown = Shown()
    reply = await notebook.client.execute_interactive(
        "work(20)", stdin_hook=answer, output_hook=shown.append, timeout=SECONDS
    )
    assert reply["content"]["status"] == "ok"
    assert "('x is', 20)" in shown.text
    assert re.search(r"Type:\s+int", shown.text)
    assert shown.value == "42"
    reply = await notebook.client.execute_interactive(
        "work(30)", stdin_hook=answer, output_hook=shown.append, timeout=SECONDS
    )
    assert reply["content"]["ename"] == "UsageError"
    assert len(asked) == 4
    assert (
        await notebook.run("import sys\nwork.__name__, sys.gettrace()")
    ).value == "('work', None)"


async def test_labels_of_tables_are_completed(notebook: Notebook) -> None:
    """Labels of rows and columns by ``loc``, in lists, of a Series, and of the first of levels."""
    code = (
        "import pandas as pd\n"
        "d = {'alpha': {'beta': 1}}\n"
        "frame = pd.DataFrame({'speed': [1.0], 'spin rate': [2]}, index=['row one'])\n"
        "series = pd.Series([1], index=['label'])\n"
        "levels = pd.DataFrame([[1]], columns=pd.MultiIndex.from_tuples([('one', 'x')]))\n"
        "long = pd.Series(range(10**6), index=pd.MultiIndex.from_product([['l'], range(10**6)]))"
    )
    await notebook.run(code)
    cases = {
        "d['alpha']['be": ["'beta'"],
        "frame['spi": ["'spin rate'"],
        "frame[['speed', 'sp": ["'speed'", "'spin rate'"],
        "frame.loc['ro": ["'row one'"],
        "frame.loc[:, 'spe": ["'speed'"],
        "frame.loc['row one', \"spe": ['"speed"'],
        "frame.at['row one', 'spe": ["'speed'"],
        "series['la": ["'label'"],
        "series.loc['la": ["'label'"],
        "levels['o": ["'one'"],
        "long['": ["'l'"],
    }
    for text, expected in cases.items():
        told = await notebook.request("complete_request", {"code": text, "cursor_pos": len(text)})
        assert told["matches"] == expected, text
