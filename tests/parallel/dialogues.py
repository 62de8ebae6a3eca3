"""A front end with a user in front of it, for tests that answer questions."""

from __future__ import annotations

from vivo.parallel.client import SessionClient


class Dialogue:
    """A front end with a user in front of it: answers what is asked, in order."""

    def __init__(self, client: SessionClient) -> None:
        self.client = client
        self.asked: list[tuple[str, bool]] = []
        self.answers: list[str] = []
        client.on_input = self._answer

    async def _answer(self, prompt: str, password: bool, run: str | None) -> str | None:
        self.asked.append((prompt, password))
        return self.answers.pop(0) if self.answers else None

    async def run(self, code: str, *answers: str) -> tuple[str, str]:
        """Run a cell, answering; its status and all its text."""
        self.answers = list(answers)
        self.asked = []
        after = (await self.client.session())["last"]
        execution = await self.client.execute(code)
        text = ""
        async for event in self.client.events(after=after):
            if event.metadata["vivo"].get("run") != execution.id:
                continue
            if event.type == "stream":
                text += event.content["text"]
            if event.type == "error":
                text += "\n".join(event.content["traceback"])
            if event.type == "status" and event.content["execution_state"] == "idle":
                break
        return (await execution.finished()).status, text

    async def value(self, code: str) -> str:
        """The plain text of a cell's value."""
        record = await (await self.client.execute(code)).finished()
        assert record.status == "ok", record.error
        return str(record.values[-1].data["text/plain"])

    async def text_of(self, run: str, wanted: str) -> None:
        """Wait until a run has printed a text."""
        text = ""
        async for event in self.client.events(after=0):
            if event.type == "stream" and event.metadata["vivo"].get("run") == run:
                text += event.content["text"]
                if wanted in text:
                    return
