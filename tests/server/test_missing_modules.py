"""A module that is missing leads on by one click: install it, or choose another interpreter."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from vivo.server.distributions import distribution_of, has_pip, is_known, missing_distribution
from vivo.server.lsp_client import ResponseError

from .editors import Editor, editing
from .test_code_actions import OPENING, actions, execute, titles

TEXT = "# %%\nimport tqdm\ntqdm.__version__\n# %%\nimport nobodys_own\n"


@pytest.fixture
def python(home: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An interpreter of an environment with pip alone, whose index is a folder with one wheel."""
    subprocess.run([sys.executable, "-m", "venv", str(home / "env")], check=True)
    index = home / "index"
    index.mkdir()
    made = "tqdm-9.9.9.dist-info"
    with zipfile.ZipFile(index / "tqdm-9.9.9-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tqdm/__init__.py", "__version__ = '9.9.9'\n")
        wheel.writestr(f"{made}/METADATA", "Metadata-Version: 2.1\nName: tqdm\nVersion: 9.9.9\n")
        wheel.writestr(f"{made}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\n"
                                        "Tag: py3-none-any\n")  # fmt: skip
        wheel.writestr(f"{made}/RECORD", "tqdm/__init__.py,,\n")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    return str(home / "env" / "bin" / "python")


def told(editor: Editor) -> list[str]:
    return [each["message"] for each in editor.told.get("window/showMessage", [])]


@pytest.mark.sessions
async def test_a_missing_module_is_installed_by_one_click(home: Path, python: str) -> None:
    """Into the environment of the session; what is not known to many is not offered."""
    async with editing(home, OPENING, python=python) as editor:
        editor.open(TEXT)
        assert (await editor.run_cell(1))["status"] == "error"
        found = await actions(editor, 1)
        (install,) = [each for each in found if each["title"].startswith("Install ")]
        shown = "~/env/bin/python"
        assert install["title"] == f"Install tqdm into this session's environment ({shown})"
        assert install["isPreferred"] is True
        started = await execute(editor, install)
        assert (await editor.end_of(started["executionId"]))["status"] == "ok"
        await editor.until(lambda: told(editor))
        assert told(editor) == ["tqdm is installed in ~/env: run the cell again."]
        assert (await editor.run_cell(1))["value"] == {"text/plain": "'9.9.9'"}
        assert (await editor.run_cell(4))["status"] == "error"
        offered = titles(await actions(editor, 4))
        assert f"Choose another interpreter than {shown}…" in offered
        assert not [each for each in offered if each.startswith("Install")]
        with pytest.raises(ResponseError, match="installs only what is widely known"):
            await editor.start("installPackage", package="nobodys-own")
        started = await editor.start("installPackage", package="pandas")  # the index has none
        await editor.end_of(started["executionId"])
        await editor.until(lambda: len(told(editor)) > 1)
        assert told(editor)[1] == "pandas was not installed in ~/env: the output of pip says why."


@pytest.mark.sessions
async def test_another_interpreter_is_chosen_by_one_click(home: Path, python: str) -> None:
    """The client asks its user; nothing is installed where the workspace is not trusted."""
    asked: list[dict[str, Any]] = []
    other = home / ".venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(other)], check=True)

    async def answer(params: dict[str, Any]) -> dict[str, Any] | None:
        asked.append(params)
        titles = [each["title"] for each in params["actions"]]
        assert not [each for each in titles if each.startswith(("2.", "3.6", "3.7", "3.8", "3.9"))]
        return {"title": next(each for each in titles if "(~/.venv/bin/python)" in each)}

    async with editing(home, OPENING, python=python, trusted=False) as editor:
        editor.client.on_request["window/showMessageRequest"] = answer
        editor.open(TEXT)
        await editor.run_cell(1)
        found = await actions(editor, 1)
        assert not [each for each in titles(found) if each.startswith("Install")]
        with pytest.raises(ResponseError, match="not trusted: nothing is installed"):
            await editor.start("installPackage", package="tqdm")
        (choose,) = [each for each in found if each["title"].startswith("Choose another")]
        editor.client.notify(
            "workspace/didChangeConfiguration",
            {"settings": {"vivo": {"python": python, "trusted": True}}},
        )
        session = await execute(editor, choose)
        assert asked[0]["message"].endswith("instead of ~/env/bin/python?")
        assert session["python"] == str(other / "bin" / "python")
        ended = await editor.run_cell(1)
        assert ended["sessionId"] == session["sessionId"]


def test_only_what_is_widely_known_is_told() -> None:
    """By the module's name, at the top level alone."""
    for message, expected in (
        ("No module named 'numpy'", "numpy"), ("No module named 'sklearn'", "scikit-learn"),
        ("No module named 'numpy.nothing'", None), ("No module named 'nunpy'", None),
        ("No module named 'numpy'; 'numpy' is not a package", "numpy"), ("numpy", None),
    ):  # fmt: skip
        assert missing_distribution("ModuleNotFoundError", message) == expected
    assert missing_distribution("ImportError", "No module named 'numpy'") is None
    assert distribution_of("PIL") == "pillow"
    assert (is_known("pillow"), is_known("PIL"), is_known("--index-url=x")) == (True, False, False)


def test_an_environment_without_pip_is_known_by_its_files(tmp_path: Path) -> None:
    """As uv makes them; of an interpreter in no environment nothing is said."""
    python = tmp_path / "env" / "bin" / "python"
    assert has_pip(str(python))
    python.parent.mkdir(parents=True)
    (tmp_path / "env" / "pyvenv.cfg").write_text("home = /usr/bin\n")
    assert not has_pip(str(python))
    (tmp_path / "env/lib/python3.12/site-packages/pip").mkdir(parents=True)
    assert has_pip(str(python))
