"""The debugger in every Python at hand, from 3.10 on, where nothing is installed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ..core.test_every_python import pythons
from .debugging import DebugFrontEnd
from .jupyter import Kernel, started

pytestmark = pytest.mark.sessions

CELL = "def double(number):\n    doubled = number * 2\n    return doubled\ndouble(2)\n"


@pytest.fixture(params=sorted(pythons().items()), ids=lambda each: ".".join(map(str, each[0])))
def kernel(
    request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch, jupyter: Kernel
) -> Iterator[Kernel]:
    """A kernel whose user's code runs in that Python."""
    with started("--python", request.param[1]) as made:
        yield made


def test_stop_interrupt_and_leave(kernel: Kernel) -> None:
    """A stop with its variables, a step, an interrupt at a stop, and no tracing afterwards."""
    debugger = DebugFrontEnd(kernel)
    debugger.attach()
    debugger.breakpoints(debugger.dump(CELL), 2)
    running = kernel.execute(CELL)
    frame = debugger.stop()
    assert debugger.variables(frame)["number"]["value"] == "2"
    debugger.ask("next", threadId=frame["thread"])
    frame = debugger.stop()
    assert (frame["name"], frame["line"]) == ("double", 3)
    kernel.ask("interrupt_request", channel="control")
    assert kernel.reply(running)["ename"] == "KeyboardInterrupt"
    running = kernel.execute(CELL)
    debugger.stop()
    debugger.ask("disconnect")
    assert kernel.reply(running)["status"] == "ok"
    code = "import sys\nassert sys.gettrace() is None\n"
    code += "assert not hasattr(sys, 'monitoring') or not sys.monitoring.get_tool(0)"
    assert kernel.run(code)["status"] == "ok"
