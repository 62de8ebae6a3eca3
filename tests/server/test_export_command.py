"""``vivo export`` and the server's command, on files that a real session ran."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from vivo.server.exporting.convert import ExportError, write_file
from vivo.server.lsp_client import ResponseError

from .editors import Editor, end_all, make_editor
from .test_notebooks import NotebookEditor

VIVO = str(Path(sys.executable).parent / "vivo")
SCRIPT = """\
# %% Head [markdown]
# # Bessel

# %% Streams tags=["io"]
import sys
print("a")
print("b")
print("err", file=sys.stderr)
6 * 7

# %%
%precision 3
from IPython.display import display, HTML, clear_output
print("gone")
clear_output()
handle = display("first", display_id=True)
handle.update(HTML("<b>second</b>"))

# %% never runs

never = 1

# %% fails
1 / 0
"""


def vivo(*words: str, status: int = 0) -> str:
    done = subprocess.run([VIVO, *words], capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stderr
    return done.stdout if status == 0 else done.stderr


async def test_a_script_becomes_a_notebook_with_what_its_cells_showed(editor: Editor) -> None:
    """By the command line, beside a live session and after its end, and by the server's command."""
    editor.open(SCRIPT, "bessel.py")
    for code in ("import sys", "%precision 3", "1 / 0"):
        await editor.run_cell(SCRIPT.split("\n").index(code))
    source = editor.folder / "bessel.py"
    target = editor.folder / "bessel.ipynb"
    vivo("export", str(source))
    held = json.loads(target.read_text())
    nbformat.validate(held)
    kinds = [(cell["cell_type"], "".join(cell["source"])[:6]) for cell in held["cells"]]
    assert kinds[0] == ("markdown", "# Bess")
    streams, displays, never, fails = held["cells"][1:]
    assert streams["metadata"] == {"tags": ["io"], "title": "Streams"}
    assert streams["execution_count"] == 1
    texts = {each["name"]: "".join(each["text"]) for each in streams["outputs"][:2]}
    assert texts == {"stdout": "a\nb\n", "stderr": "err\n"}
    assert streams["outputs"][2] == {
        "output_type": "execute_result", "execution_count": 1, "metadata": {},
        "data": {"text/plain": ["42"]},
    }  # fmt: skip
    (display,) = displays["outputs"]
    assert "".join(display["data"]["text/html"]) == "<b>second</b>"
    assert (never["outputs"], never["execution_count"]) == ([], None)
    assert fails["outputs"][0]["ename"] == "ZeroDivisionError"
    assert target.read_text().endswith("}\n")
    told = vivo("export", str(source), status=2)
    assert f"{target} exists already" in told
    assert "--force" in told
    first = target.read_bytes()
    argument = {"uri": editor.uri, "form": "notebook", "path": None}
    exported = await editor.client.command("vivo.server.exportDocument", argument)
    assert (exported["text"].encode(), exported["cells"], exported["runs"]) == (first, 5, 3)
    page = await editor.client.command("vivo.server.exportDocument", {**argument, "form": "html"})
    assert "<h1>Bessel</h1>" in page["text"]
    assert "<b>second</b>" in page["text"]
    with pytest.raises(ResponseError, match="exists already"):
        await editor.client.command("vivo.server.exportDocument", {**argument, "path": str(target)})
    await end_all(editor)
    vivo("export", str(source), "--force")
    assert target.read_bytes() == first
    again = vivo("export", str(target), "-o", "-", "--to", "script")
    assert again == SCRIPT
    bare = json.loads(vivo("export", str(source), "-o", "-", "--no-outputs"))
    assert not any(cell.get("outputs") for cell in bare["cells"])


async def test_a_buffer_is_exported_as_it_is(editor: Editor) -> None:
    """Also unsaved and in no file, with its outputs; magics as comments if that is wished."""
    editor.uri = "untitled:Untitled-1"
    editor.client.open(editor.uri, "# %%\n%precision 3\n1 / 3\n")
    await editor.run_cell(1)

    async def exported(**how: Any) -> Any:
        argument = {"uri": editor.uri, **how}
        return await editor.client.command("vivo.server.exportDocument", argument)

    done = await exported(form="notebook")
    (cell,) = json.loads(done["text"])["cells"]
    assert cell["outputs"][-1]["data"] == {"text/plain": ["0.333"]}
    done = await exported(form="script", commentMagics=True)
    assert "# %precision 3\n1 / 3\n" in done["text"]
    editor.uri = "untitled:Untitled-2"
    with pytest.raises(ResponseError, match="neither open nor a file"):
        await exported(form="notebook")


async def test_a_notebooks_own_outputs_go_along_or_a_sessions(home: Path) -> None:
    """A page of a notebook shows what is in the file; a named session's runs if that is asked."""
    made = await make_editor(home)
    editor = NotebookEditor(made.client, made.folder)
    try:
        (cell,) = editor.open_notebook(["6 * 7"], "own.ipynb")
        output = {"output_type": "stream", "name": "stdout", "text": ["from the file"]}
        code = {"cell_type": "code", "id": "a", "metadata": {}, "source": "6 * 7"}
        cells = [{**code, "execution_count": 3, "outputs": [output]}]
        held = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
        editor.path.write_text(json.dumps(held))
        await editor.run_whole(cell)
        session = editor.told["vivo/status"][-1]["sessionId"]
        own = vivo("export", str(editor.path), "--to", "html", "-o", "-")
        assert "from the file" in own
        other = vivo("export", str(editor.path), "--to", "html", "-o", "-", "--session", session)
        assert "from the file" not in other
        assert "<pre>42</pre>" in other
        told = vivo("export", str(editor.path), "--to", "html", "--session", "none", status=2)
        assert "No session none" in told
    finally:
        await end_all(editor)
        await editor.client.close()


def test_what_cannot_be_exported_is_told_in_a_sentence(tmp_path: Path) -> None:
    """A missing file, one that is no notebook, one onto itself, a folder that is not there."""
    script, broken = tmp_path / "a.py", tmp_path / "b.ipynb"
    script.write_text("x\n")
    broken.write_text("{}")
    assert f"There is no file {tmp_path}/none.ipynb" in vivo(
        "export", str(tmp_path / "none.ipynb"), status=2
    )
    assert "cannot be read as a notebook" in vivo("export", str(broken), status=2)
    assert "is a script already" in vivo("export", str(script), "--to", "script", status=2)
    target = str(tmp_path / "no" / "a.ipynb")
    assert "cannot be written" in vivo("export", str(script), "-o", target, status=2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.py", "b.ipynb"]


def test_a_file_that_comes_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    """Nor is a link that leads nowhere; what is overwritten keeps who may read it."""
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ExportError, match="exists already"):
        write_file(tmp_path / "link", "x", overwrite=False)
    kept = tmp_path / "kept"
    kept.write_text("old")
    kept.chmod(0o640)
    write_file(kept, "new", overwrite=True)
    assert (kept.read_text(), kept.stat().st_mode & 0o777) == ("new", 0o640)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept", "link"]
