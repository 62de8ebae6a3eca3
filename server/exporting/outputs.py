"""What cells showed, as a notebook's outputs: folded from the events of a session. Pure.

Texts of one stream that follow each other are one output; displays that were updated are as they
were last; what was cleared is gone. The runs stand in the document where their text is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ...parallel.messages import RunRecord
from ...parallel.runs import RunTable
from ...parallel.wire import Message
from ..anchors import Anchors
from .documents import ExportDocument, Output


@dataclass
class RunOutputs:
    """The outputs of one run."""

    outputs: list[Output] = field(default_factory=list)
    clears_next: bool = False
    """Whether they are cleared when the next one comes."""

    def add(self, output: Output) -> None:
        """Another output, in order."""
        if self.clears_next:
            self.outputs.clear()
            self.clears_next = False
        last = self.outputs[-1] if self.outputs else None
        is_text = output["output_type"] == "stream" and last is not None
        if is_text and last is not None and last.get("name") == output["name"]:
            last["text"] += output["text"]
            return
        self.outputs.append(output)


class OutputFold:
    """Events of a session in, the outputs of each of its runs out."""

    def __init__(self) -> None:
        self.runs = RunTable()
        self._outputs: dict[str, RunOutputs] = {}
        self._displays: dict[str, list[Output]] = {}

    def outputs_of(self, run: str) -> list[Output]:
        """What a run showed."""
        kept = self._outputs.get(run)
        return kept.outputs if kept is not None else []

    def add(self, message: Message) -> None:
        """One event, in order."""
        self.runs.fold(message.metadata)
        vivo = message.metadata.get("vivo") or {}
        run = vivo.get("run")
        if run is None:
            return
        kept = self._outputs.setdefault(run, RunOutputs())
        content = message.content
        if message.type == "clear_output":
            if content.get("wait"):
                kept.clears_next = True
            else:
                kept.outputs.clear()
        elif message.type == "update_display_data":
            self._update(content)
        elif message.type == "status":
            for entry in vivo.get("payload") or ():
                if entry.get("source") == "page":
                    kept.add(_display(entry))
        elif (output := _output(message.type, content)) is not None:
            kept.add(output)
            shown_as = (content.get("transient") or {}).get("display_id")
            if shown_as is not None:
                self._displays.setdefault(shown_as, []).append(output)

    def _update(self, content: dict[str, Any]) -> None:
        shown_as = str((content.get("transient") or {}).get("display_id"))
        for output in self._displays.get(shown_as, ()):
            output.update(data=content["data"], metadata=content.get("metadata") or {})


def _output(kind: str, content: dict[str, Any]) -> Output | None:
    if kind == "stream":
        return {"output_type": "stream", "name": content["name"], "text": content["text"]}
    if kind == "display_data":
        return _display(content)
    if kind == "execute_result":
        count = {"execution_count": content["execution_count"]}
        return {**_display(content), "output_type": "execute_result", **count}
    if kind == "error":
        told = {key: content[key] for key in ("ename", "evalue")}
        traceback = list(content.get("traceback") or ())
        return {"output_type": "error", **told, "traceback": traceback}
    return None


def _display(content: dict[str, Any]) -> Output:
    metadata = content.get("metadata") or {}
    return {"output_type": "display_data", "data": dict(content["data"]), "metadata": metadata}


def place_in_script(
    document: ExportDocument, lines: list[str], records: list[RunRecord], fold: OutputFold
) -> int:
    """Give the cells of a script the outputs of the runs whose text stands there; how many runs."""
    anchors = Anchors(lines)
    for record in records:
        if record.status in ("ok", "error"):
            anchors.adopt(record)
    count = 0
    for cell in document.cells:
        if cell.kind != "code" or cell.lines is None:
            continue
        for anchor in anchors.anchors:
            if cell.lines[0] <= anchor.start and anchor.end <= cell.lines[1]:
                cell.outputs += fold.outputs_of(anchor.record.id)
                cell.execution_count = anchor.record.execution_count
                count += 1
    return count


def place_in_notebook(document: ExportDocument, records: list[RunRecord], fold: OutputFold) -> int:
    """Give the cells of a notebook the outputs of the newest run of each one's text."""
    newest = {
        record.source.strip(): record for record in records if record.status in ("ok", "error")
    }
    count = 0
    for cell in document.cells:
        record = newest.get(cell.source.strip()) if cell.kind == "code" else None
        if record is not None:
            cell.outputs = fold.outputs_of(record.id)
            cell.execution_count = record.execution_count
            count += 1
    return count
