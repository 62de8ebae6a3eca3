"""What ``Output`` widgets capture: outputs that answer the message such a widget names. Pure.

Jupyter leaves that to the front end: within ``with out:`` the widget's ``msg_id`` is that of the
request that runs, and its outputs belong into the widget's ``outputs``. Rules:

1. Of several widgets that name one message the last that began has the output.
2. ``outputs`` are those of a notebook's cell (nbformat 4); text of one stream is joined.
3. They are bounded, in number and in characters of a stream: the oldest go first.
"""

from __future__ import annotations

from typing import Any

MAXIMUM_OUTPUTS = 500
MAXIMUM_TEXT = 200_000
_KINDS = (
    "stream",
    "display_data",
    "execute_result",
    "error",
    "update_display_data",
    "clear_output",
)


class CapturedOutputs:
    """The ``Output`` widgets of a session that capture now, and which are to be cleared."""

    def __init__(self) -> None:
        self._by_message: dict[str, list[str]] = {}
        self._named: dict[str, str] = {}
        self._to_clear: set[str] = set()
        self._displays: dict[str, dict[int, str]] = {}
        """By widget: which of its outputs has a display's id."""

    def named(self, comm: str, message: object) -> None:
        """A widget names the message whose outputs it captures; ``""`` ends that."""
        before = self._named.pop(comm, None)
        if before is not None:
            captors = self._by_message[before]
            captors.remove(comm)
            if not captors:
                del self._by_message[before]
        if isinstance(message, str) and message:
            self._named[comm] = message
            self._by_message.setdefault(message, []).append(comm)

    def captor_of(self, kind: str, message: str | None) -> str | None:
        """The widget that an event's output belongs to; None if that is its cell (rule 1)."""
        captors = self._by_message.get(message or "")
        return captors[-1] if captors and kind in _KINDS else None

    def forget(self, comm: str) -> None:
        """A widget was closed."""
        self.named(comm, "")
        self._to_clear.discard(comm)
        self._displays.pop(comm, None)

    def clear(self) -> None:
        """The engine is gone."""
        self.__init__()  # type: ignore[misc]

    def taken(
        self, comm: str, outputs: list[dict[str, Any]], kind: str, content: dict[str, Any]
    ) -> list[dict[str, Any]]:
        """A widget's outputs once it has taken another (rules 2 and 3)."""
        if kind == "clear_output" and content.get("wait"):
            self._to_clear.add(comm)
            return outputs
        if kind == "clear_output" or comm in self._to_clear:
            self._to_clear.discard(comm)
            self._displays.pop(comm, None)
            outputs = []
        if kind == "clear_output":
            return outputs
        shown = (content.get("transient") or {}).get("display_id")
        if kind == "update_display_data":
            return self._updated(comm, outputs, shown, content)
        last = outputs[-1] if outputs else None
        if kind == "stream" and last is not None and last.get("name") == content["name"]:
            text = str(last.get("text", "")) + content["text"]
            return [*outputs[:-1], {**last, "text": text[-MAXIMUM_TEXT:]}]
        outputs = [*outputs, output_of(kind, content)]
        if shown:
            self._displays.setdefault(comm, {})[len(outputs) - 1] = shown
        surplus = len(outputs) - MAXIMUM_OUTPUTS
        if surplus > 0:
            outputs = outputs[surplus:]
            known = self._displays.get(comm, {})
            self._displays[comm] = {at - surplus: each for at, each in known.items()}
        return outputs

    def _updated(
        self, comm: str, outputs: list[dict[str, Any]], shown: object, content: dict[str, Any]
    ) -> list[dict[str, Any]]:
        places = [at for at, each in self._displays.get(comm, {}).items() if each == shown]
        outputs = list(outputs)
        for at in places:
            if 0 <= at < len(outputs):
                news = {"data": content.get("data", {}), "metadata": content.get("metadata", {})}
                outputs[at] = {**outputs[at], **news}
        return outputs


def output_of(kind: str, content: dict[str, Any]) -> dict[str, Any]:
    """An output as a notebook's cell has it."""
    fields = {
        "stream": ("name", "text"),
        "display_data": ("data", "metadata"),
        "execute_result": ("data", "metadata", "execution_count"),
        "error": ("ename", "evalue", "traceback"),
    }[kind]
    made = {"output_type": kind, **{name: content.get(name) for name in fields}}
    if kind == "stream":
        made["text"] = str(made["text"])[-MAXIMUM_TEXT:]
    return made
