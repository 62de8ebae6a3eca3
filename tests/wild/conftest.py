"""Sessions in environments as users have them, driven by a Jupyter client from outside.

``run.sh`` makes two environments: one with the libraries and without IPython, one where IPython is
installed too. A test that takes ``notebook`` runs in both.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.asynchronous import AsyncKernelClient
from vivo.parallel.launch import SessionOptions, end_session, start_session

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENTS = {
    "without IPython": ROOT / ".venv-wild",
    "with IPython": ROOT / ".venv-wild-ipython",
}
SECONDS = 15

Event = dict[str, Any]


class Shown(list[Event]):
    """What a request had for an answer on iopub, in order."""

    def of(self, *kinds: str) -> list[Event]:
        """The messages of some types."""
        return [event for event in self if event["msg_type"] in kinds]

    @property
    def text(self) -> str:
        """What was printed."""
        return "".join(event["content"]["text"] for event in self.of("stream"))

    @property
    def bundles(self) -> list[dict[str, Any]]:
        """What was displayed, values of cells too."""
        shown = self.of("display_data", "execute_result", "update_display_data")
        return [event["content"]["data"] for event in shown]

    @property
    def pages(self) -> str:
        """What the pager was given."""
        told = self.of("status")[-1]["metadata"]["vivo"].get("payload", ())
        return "".join(page["data"]["text/plain"] for page in told if page["source"] == "page")

    @property
    def value(self) -> str:
        """The plain text of the cell's value."""
        return str(self.of("execute_result")[-1]["content"]["data"]["text/plain"])


class Notebook:
    """A session, as a notebook's front end sees it."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.earlier: list[Event] = []

    async def run(self, code: str, *, error: str | None = None) -> Shown:
        """Run a cell; what it showed. The cell's error fails the test, unless it is awaited."""
        shown = await self.answer(self.client.execute(code, stop_on_error=False))
        raised = [event["content"] for event in shown.of("error")]
        names = [content["ename"] for content in raised]
        assert names == ([error] if error else []), "\n".join(
            line for content in raised for line in content["traceback"]
        )
        return shown

    async def answer(self, message: str) -> Shown:
        """All that a message had for an answer, until its idle status."""
        shown = Shown()
        while True:
            event = await self.client.get_iopub_msg(timeout=SECONDS)
            if event["parent_header"].get("msg_id") != message:
                self.earlier.append(event)
                continue
            shown.append(event)
            if event["content"].get("execution_state") == "idle":
                return shown

    def send(self, kind: str, content: dict[str, Any], buffers: list[bytes] | None = None) -> str:
        """Send a comm message; its id."""
        session, channel = self.client.session, self.client.shell_channel
        message = session.msg(kind, content)
        session.send(channel.socket, message, buffers=buffers)
        return str(message["header"]["msg_id"])

    async def update(self, comm: str, **state: Any) -> Shown:
        """Change a widget as its view does; what came of it."""
        data = {"method": "update", "state": state, "buffer_paths": []}
        return await self.answer(self.send("comm_msg", {"comm_id": comm, "data": data}))

    async def request(self, kind: str, content: dict[str, Any]) -> dict[str, Any]:
        """The content of the reply to a request on the shell channel."""
        message = self.client.session.msg(kind, content)
        self.client.shell_channel.send(message)
        while True:
            reply = await self.client.get_shell_msg(timeout=SECONDS)
            if reply["parent_header"].get("msg_id") == message["header"]["msg_id"]:
                told: dict[str, Any] = reply["content"]
                return told


@pytest.fixture(params=list(ENVIRONMENTS))
def environment(request: pytest.FixtureRequest) -> Path:
    """The folder of each environment in turn."""
    folder = ENVIRONMENTS[request.param]
    assert (folder / "bin" / "python").exists(), "make test-wild makes the environments"
    return folder


@pytest.fixture
async def notebook(home: Path, environment: Path) -> AsyncIterator[Notebook]:
    """A session whose user's Python is the environment's."""
    python = str(environment / "bin" / "python")
    entry = await start_session(SessionOptions(python=python, cwd=str(home)))
    client: Any = AsyncKernelClient()
    client.load_connection_file(entry.connection_file)
    client.start_channels(hb=False)
    try:
        await client.wait_for_ready(timeout=SECONDS)
        yield Notebook(client)
    finally:
        client.stop_channels()
        client.context.destroy(linger=0)
        await end_session(entry.id)
