"""A JupyterLab of its own for a test."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def prefer(home: Path, plugin: str, **settings: object) -> None:
    """Set what a user of JupyterLab sets in its settings editor."""
    extension, _, name = plugin.rpartition(":")
    folder = home / "jupyter/lab/user-settings" / extension
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.jupyterlab-settings").write_text(json.dumps(settings))


@contextmanager
def lab_server(program: Path, home: Path, work: Path, *words: str) -> Iterator[str]:
    """JupyterLab on a folder; gives its address, of which only the loopback interface knows."""
    quiet = {"fetchNews": "false", "checkForUpdates": False}
    prefer(home, "@jupyterlab/apputils-extension:notification", **quiet)
    command = [
        str(program), "--no-browser", "--allow-root", "--ip=127.0.0.1", "--port=0",
        "--IdentityProvider.token=secret", f"--ServerApp.root_dir={work}",
        "--LabApp.extension_manager=readonly", *words,
    ]  # fmt: skip
    with subprocess.Popen(command, cwd=work, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        told = ""
        for line in server.stderr:
            told += line
            if address := re.search(r"http://127\.0\.0\.1:\d+/lab", line):
                break
        else:
            pytest.fail(f"JupyterLab did not start:\n{told}")
        with (home / "lab.log").open("w") as log:
            drain = subprocess.Popen(["cat"], stdin=server.stderr, stdout=log)
        try:
            yield address[0]
        finally:
            server.terminate()
            server.wait(20)
            drain.wait(20)
