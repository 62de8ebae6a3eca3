"""JupyterLab in a browser, on the kernel vivo."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .conftest import install_kernel
from .labs import lab_server

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
BIN = ROOT / ".venv-jupyter/bin"
SHOTS = ROOT / "tests/editors/shots"
CELLS = (
    "# A damped oscillation",
    """\
import numpy as np
import matplotlib.pyplot as plt

time = np.linspace(0, 30, 600)
plt.figure(figsize=(7, 2.4))
for rate in (0.05, 0.1, 0.2):
    plt.plot(time, np.exp(-rate * time) * np.cos(time), label=f"rate {rate}")
plt.legend()
plt.xlabel("time / s");""",
    """\
from ipywidgets import FloatSlider, Label, VBox

slider = FloatSlider(value=0.2, min=0, max=1, step=0.1, description="rate")
label = Label("rate 0.2")
slider.observe(lambda change: setattr(label, "value", f"rate {change['new']:.1f}"), "value")
VBox([slider, label])""",
    """\
import threading

moved = threading.Event()
slider.observe(lambda change: moved.set(), "value")
print("waits for the slider")
if moved.wait(30):
    print("the slider moved")""",
)


def notebook() -> dict[str, Any]:
    """The cells as a notebook of the kernel vivo."""
    cells: list[dict[str, Any]] = [
        {"cell_type": "markdown", "id": "title", "metadata": {}, "source": CELLS[0]}
    ]
    for number, source in enumerate(CELLS[1:]):
        made = {"cell_type": "code", "id": f"cell-{number}", "metadata": {}, "source": source}
        cells.append({**made, "execution_count": None, "outputs": []})
    kernel = {"name": "vivo", "display_name": "Python (vivo)", "language": "python"}
    return {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}


@pytest.fixture
def lab(jupyter_home: Path) -> Iterator[str]:
    """The address of the notebook in a JupyterLab of its own."""
    install_kernel(jupyter_home, "--python", str(BIN / "python"))
    work = jupyter_home / "work"
    work.mkdir()
    (work / "oscillation.ipynb").write_text(json.dumps(notebook()))
    with lab_server(BIN / "jupyter-lab", jupyter_home, work) as address:
        yield f"{address}/tree/oscillation.ipynb?token=secret"


@pytest.mark.timeout(180)
def test_a_notebook_with_a_plot_and_a_widget(lab: str, jupyter_home: Path) -> None:
    """The plot is drawn, the widget answers, also while a cell runs; no cell is left waiting."""
    SHOTS.mkdir(exist_ok=True)
    shot = SHOTS / "jupyterlab.png"
    words = [str(BIN / "python"), str(HERE / "browse.py"), lab, str(shot)]
    result = subprocess.run(words, capture_output=True, text=True, check=False, env=os.environ)
    assert result.returncode == 0, result.stderr + (jupyter_home / "lab.log").read_text()
    found = json.loads(result.stdout)
    assert found["kernel"] == "Python (vivo)"
    assert found["plot"][0] > 300
    assert found["prompts"] == ["[1]:", "[2]:", "[3]:"]
    assert found["outside"] == []
