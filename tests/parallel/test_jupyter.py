"""vivo as a Jupyter kernel: jupyter_client starts it and drives it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from queue import Empty
from typing import Any

import pytest
from jupyter_client.manager import KernelManager

from .jupyter import started

VIVO = str(Path(sys.executable).parent / "vivo")


@pytest.fixture
def kernel(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[KernelManager, Any]]:
    """The kernel named vivo, installed under a prefix and started."""
    prefix = home / "prefix"
    words = [VIVO, "kernelspec", "install", "--prefix", str(prefix)]
    told = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    assert str(prefix / "share/jupyter/kernels/vivo") in told
    monkeypatch.setenv("JUPYTER_PATH", str(prefix / "share" / "jupyter"))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(home / "run"))
    with started() as made:
        yield made.manager, made.client


def reply(client: Any, message: str) -> dict[str, Any]:
    while True:
        got: dict[str, Any] = client.get_shell_msg(timeout=20)
        if got["parent_header"]["msg_id"] == message:
            return got


def events(client: Any, message: str) -> list[dict[str, Any]]:
    found = []
    while True:
        event = client.get_iopub_msg(timeout=20)
        if event["parent_header"].get("msg_id") == message:
            found.append(event)
            if event["content"].get("execution_state") == "idle":
                return found


def test_jupyter_client_drives_it(kernel: tuple[KernelManager, Any]) -> None:
    """Execute, complete, inspect, history, input, interrupt, as any kernel."""
    manager, client = kernel
    message = client.execute("print('hi'); 6 * 7", user_expressions={"x": "1 + 1"})
    content = reply(client, message)["content"]
    assert content["status"] == "ok"
    assert content["user_expressions"]["x"]["data"]["text/plain"] == "2"
    kinds = [kind for kind, _ in groupby(events(client, message), key=lambda e: e["msg_type"])]
    assert kinds == ["status", "execute_input", "stream", "execute_result", "status"]
    assert "print" in reply(client, client.complete("pri", 3))["content"]["matches"]
    assert reply(client, client.inspect("print"))["content"]["found"]
    assert reply(client, client.history(hist_access_type="tail", n=1))["content"]["history"]
    assert reply(client, client.is_complete("if x:"))["content"]["status"] == "incomplete"
    info = reply(client, client.kernel_info())["content"]
    assert (info["implementation"], info["protocol_version"]) == ("vivo", "5.4")

    message = client.execute("input('? ')", allow_stdin=True)
    assert client.get_stdin_msg(timeout=20)["content"]["prompt"] == "? "
    client.input("typed")
    shown = [e for e in events(client, message) if e["msg_type"] == "execute_result"]
    assert shown[0]["content"]["data"]["text/plain"] == "'typed'"

    message = client.execute("while True: pass")
    while client.get_iopub_msg(timeout=20)["msg_type"] != "execute_input":
        continue
    manager.interrupt_kernel()
    assert reply(client, message)["content"]["ename"] == "KeyboardInterrupt"

    message = client.execute("1 / 0")
    error = reply(client, message)["content"]
    assert error["status"] == "error"
    assert any("division by zero" in line for line in error["traceback"])


def test_a_restart_forgets_the_variables(kernel: tuple[KernelManager, Any]) -> None:
    """The launcher restarts the whole process."""
    manager, client = kernel
    reply(client, client.execute("x = 1"))
    manager.restart_kernel(now=False)
    client.wait_for_ready(timeout=30)
    assert reply(client, client.execute("x"))["content"]["ename"] == "NameError"
    with pytest.raises(Empty):
        client.get_stdin_msg(timeout=0.01)


def test_a_bad_connection_file_gets_one_sentence(home: Path) -> None:
    """Exit status 2, no traceback."""
    (home / "bad.json").write_text("{")
    words = [VIVO, "kernel", "-f", str(home / "bad.json")]
    result = subprocess.run(words, capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert result.stderr.strip().endswith("names the right ones.")
    assert len(result.stderr.strip().splitlines()) == 1


def test_the_debugger_asks_any_front_end(kernel: tuple[KernelManager, Any]) -> None:
    """``%debug`` after an error and ``breakpoint()``, each line through the stdin channel."""
    _, client = kernel

    def dialogue(code: str, *answers: str) -> str:
        message = client.execute(code, allow_stdin=True, stop_on_error=False)
        for answer in answers:
            assert client.get_stdin_msg(timeout=20)["content"]["prompt"] == "vdb> "
            client.input(answer)
        shown = events(client, message)
        reply(client, message)
        return "".join(e["content"]["text"] for e in shown if e["msg_type"] == "stream")

    dialogue("def half(n):\n    return n / 0\nhalf(12)")
    assert "12" in dialogue("%debug", "p n", "up", "q")
    assert "5" in dialogue("width = 5\nbreakpoint()\nwidth", "p width", "c")
    dialogue("%pdb on")
    assert "14" in dialogue("half(7)", "p n * 2", "q")
