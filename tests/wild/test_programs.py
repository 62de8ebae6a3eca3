"""Programs that magics call, where they are installed: uv, pip, Ruby."""

from __future__ import annotations

from .conftest import Notebook


async def test_uv_and_pip_work_on_the_sessions_environment(notebook: Notebook) -> None:
    """They list what is installed in the session's own environment."""
    for magic in ("%uv pip list", "%pip list"):
        shown = await notebook.run(magic)
        assert any(line.startswith("uv ") for line in shown.text.splitlines())
        assert "Restart the session" in shown.text
    assert (await notebook.run("%uv --version")).text.startswith("uv ")


async def test_a_cell_of_ruby(notebook: Notebook) -> None:
    """Its output is shown; its failure is the cell's."""
    assert (await notebook.run("%%ruby\nputs 6 * 7")).text == "42\n"
    await notebook.run("%%ruby\nexit 3", error="CalledProcessError")
    assert (await notebook.run("_exit_code")).value == "3"
