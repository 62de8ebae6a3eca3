"""Scenarios: a source with what an editor must show at its places, replayed over stdio.

A file is one scenario. Comments below a line say what is expected at a column of it::

    value = [1]
    # <- hover: live list          column 0
    total = value.app
    #                ^ complete: append·live -apple

==============  ================================================================
``hover``       ``live TEXT``, ``static TEXT`` or ``none``: what the hover contains
``complete``    labels that are there (``name``, ``name·live``, ``name·static``) or not (``-name``)
``definition``  the line that is led to; ``run LINE`` in a document of what ran; ``none``
``signature``   the label, and behind ``@`` the number of the active parameter
``token``       ``live function``, ``stale variable``, …; ``none``
``value``       the label at the end of the line; ``none``
``lens``        the titles of the line, joined by ``|``
``diagnostic``  a part of the message on the line; ``none``
==============  ================================================================

``kind[when]`` is looked at in that step alone. Behind ``# --- file NAME`` another file begins.
Behind ``# --- steps`` stand the steps; without them all cells run, then everything is looked at::

    # run LINE-OF-TEXT      the cell with that text; ``run all`` runs the file's cells
    # check WHEN            look at what is expected then (without a word: what has no ``[when]``)
    # edit OLD => NEW       replace the first OLD; ``\\n`` is a line end
    # in NAME               the file that the following steps are about
    # rename NAME           the file is closed, and opened under another name
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .editors import Editor

_ANNOTATION = re.compile(
    r"^\s*#(?:(?P<pad>\s*)\^|\s*(?P<first><-)) (?P<kind>[a-z]+)(?:\[(?P<when>\w+)\])?"
    r": (?P<wanted>.*)$"
)
_LEGEND = ["variable", "function", "class", "namespace"], ["live", "stale", "unknown"]


@dataclass
class Expected:
    """What is expected at a place."""

    line: int
    column: int
    kind: str
    when: str
    wanted: str
    anchor: str
    """The text of the line, by which it is found after edits."""


@dataclass
class ScenarioFile:
    """A file of a scenario."""

    name: str
    text: str
    expected: list[Expected] = field(default_factory=list)


@dataclass
class Scenario:
    """A scenario: files, and steps."""

    name: str
    files: list[ScenarioFile]
    steps: list[str]


def read_scenario(path: Path) -> Scenario:
    """The scenario of a file."""
    files = [ScenarioFile("cells.py", "")]
    steps: list[str] = []
    lines: list[str] = []
    in_steps = False
    for content in [*path.read_text("utf-8").split("\n"), "# --- end"]:
        if content.startswith("# --- "):
            if not in_steps:
                files[-1].text = "\n".join(lines)
                files[-1].expected = _expected(lines)
                lines = []
            if content.startswith("# --- file "):
                files.append(ScenarioFile(content[11:].strip(), ""))
                in_steps = False
            else:
                in_steps = content == "# --- steps"
        elif in_steps:
            if content.startswith("# "):
                steps.append(content[2:].rstrip())
        else:
            lines.append(content)
    return Scenario(path.stem, files, steps or ["run all", "check"])


def _expected(lines: list[str]) -> list[Expected]:
    found = []
    above = 0
    for number, content in enumerate(lines):
        match = _ANNOTATION.match(content)
        if match is None:
            above = number
            continue
        column = 0 if match["first"] else content.index("^")
        found.append(
            Expected(
                above, column, match["kind"], match["when"] or "", match["wanted"].strip(),
                lines[above],
            )
        )  # fmt: skip
    return found


class Replay:
    """Replays a scenario in an editor; what is not as expected is collected."""

    def __init__(self, editor: Editor, scenario: Scenario, folder: Path) -> None:
        self.editor = editor
        self.scenario = scenario
        self.folder = folder
        self.texts = {each.name: each.text for each in scenario.files}
        self.expected = {each.name: each.expected for each in scenario.files}
        self.versions: dict[str, int] = {}
        self.failures: list[str] = []
        self.file = scenario.files[0].name

    @property
    def uri(self) -> str:
        return (self.folder / self.file).as_uri()

    async def play(self) -> list[str]:
        """Play all steps; the failures."""
        for name, text in self.texts.items():
            (self.folder / name).write_text(text, "utf-8")
        for name in self.texts:
            self.file = name
            self.editor.client.open(self.uri, self.texts[name])
            self.versions[name] = 1
        self.file = self.scenario.files[0].name
        for step in self.scenario.steps:
            word, _, rest = step.partition(" ")
            await getattr(self, f"_{word}")(rest)
        return self.failures

    async def _in(self, name: str) -> None:
        self.file = name

    async def _run(self, wanted: str) -> None:
        self.editor.uri = self.uri
        lines = self.texts[self.file].split("\n")
        if wanted == "all":
            started = await self.editor.start("runAll")
        else:
            line = next(n for n, each in enumerate(lines) if each.strip() == wanted)
            position = {"line": line, "character": 0}
            started = await self.editor.start("runCell", position=position)
        for run in started["executionIds"]:
            await self.editor.end_of(run)

    async def _edit(self, told: str) -> None:
        old, _, new = told.replace("\\n", "\n").partition(" => ")
        text = self.texts[self.file]
        at = text.index(old)
        start, end = _position(text, at), _position(text, at + len(old))
        self.texts[self.file] = text[:at] + new + text[at + len(old) :]
        self.versions[self.file] += 1
        change = {"range": {"start": start, "end": end}, "text": new}
        self.editor.client.notify(
            "textDocument/didChange",
            {
                "textDocument": {"uri": self.uri, "version": self.versions[self.file]},
                "contentChanges": [change],
            },
        )

    async def _rename(self, name: str) -> None:
        self.editor.client.notify("textDocument/didClose", {"textDocument": {"uri": self.uri}})
        (self.folder / self.file).rename(self.folder / name)
        self.texts[name] = self.texts.pop(self.file)
        self.expected[name] = self.expected.pop(self.file)
        self.file = name
        self.versions[name] = 1
        self.editor.client.open(self.uri, self.texts[name])

    async def _check(self, when: str) -> None:
        lines = self.texts[self.file].split("\n")
        self.editor.uri = self.uri
        for each in self.expected[self.file]:
            if each.when != when.strip():
                continue
            near = [n for n, text in enumerate(lines) if text == each.anchor]
            line = min(near, key=lambda n: abs(n - each.line), default=each.line)
            position = {"line": line, "character": _units(lines[line][: each.column])}
            told = await getattr(self, f"_look_{each.kind}")(position, each.wanted)
            if told is not None:
                self.failures.append(
                    f"{self.scenario.name} {self.file}:{line + 1} {each.kind}[{when}] wanted "
                    f"{each.wanted!r}: {told}"
                )

    # --- What is looked at: what is wrong, or None -------------------------------------------

    async def _look_hover(self, position: dict[str, int], wanted: str) -> str | None:
        hover = await self.editor.ask("hover", position=position)
        shown = hover["contents"]["value"] if hover else ""
        if wanted == "none":
            return shown or None
        kind, _, text = wanted.partition(" ")
        is_there = f"*{kind}*" in shown and text in shown
        return None if is_there else repr(shown[:300])

    async def _look_complete(self, position: dict[str, int], wanted: str) -> str | None:
        for _ in range(20):
            told = await self.editor.ask("completion", position=position)
            if not told["isIncomplete"]:
                break  # as an editor does, which asks again at the next letter
        found = {
            each["label"]: each["detail"].rpartition(" · ")[2].split(",")[0]
            for each in told["items"]
        }
        for word in wanted.split():
            name, _, source = word.partition("·")
            if name.startswith("-") and not source and name not in found:
                if name[1:] in found:
                    return f"{name[1:]} is there, {found[name[1:]]}"
            elif name not in found or (source and found[name] != source):
                near = dict(list(found.items())[:15])
                return f"{name} is {found.get(name, 'not there')}: {near}"
        return None

    async def _look_definition(self, position: dict[str, int], wanted: str) -> str | None:
        return await self._led_to("definition", position, wanted)

    async def _look_typedefinition(self, position: dict[str, int], wanted: str) -> str | None:
        return await self._led_to("typeDefinition", position, wanted)

    async def _led_to(self, method: str, position: dict[str, int], wanted: str) -> str | None:
        told = await self.editor.ask(method, position=position)
        if not told:
            return None if wanted == "none" else "nothing"
        uri, line = told[0]["uri"], told[0]["range"]["start"]["line"]
        if uri.startswith("vivo-run:"):
            content = await self.editor.client.request("vivo/document", {"uri": uri})
            found = "run " + content["text"].split("\n")[line].strip()
        else:
            name = Path(uri).name
            text = self.texts.get(name) or Path(uri.removeprefix("file://")).read_text("utf-8")
            found = text.split("\n")[line].strip()
        return None if found == wanted else repr(found)

    async def _look_signature(self, position: dict[str, int], wanted: str) -> str | None:
        told = await self.editor.ask("signatureHelp", position=position)
        if not told:
            return None if wanted == "none" else "nothing"
        label = told["signatures"][0]["label"]
        found = f"{label} @{told.get('activeParameter')}"
        return None if found == wanted else found

    async def _look_token(self, position: dict[str, int], wanted: str) -> str | None:
        told = await self.editor.ask("semanticTokens/full")
        line = column = 0
        types, modifiers = _LEGEND
        data = told["data"]
        found = "none"
        for index in range(0, len(data), 5):
            down, right, _, kind, bits = data[index : index + 5]
            line, column = line + down, right if down else column + right
            if (line, column) == (position["line"], position["character"]):
                marks = [name for bit, name in enumerate(modifiers) if bits >> bit & 1]
                found = f"{' '.join(marks)} {types[kind]}"
        return None if found == wanted else found

    async def _look_value(self, position: dict[str, int], wanted: str) -> str | None:
        labels = [label for line, label in await self.editor.labels() if line == position["line"]]
        found = " | ".join(labels) or "none"
        return None if found == wanted else repr(found)

    async def _look_lens(self, position: dict[str, int], wanted: str) -> str | None:
        lenses = await self.editor.ask("codeLens")
        found = "|".join(
            each["command"]["title"]
            for each in lenses
            if each["range"]["start"]["line"] == position["line"]
        )
        return None if found == wanted else repr(found)

    async def _look_diagnostic(self, position: dict[str, int], wanted: str) -> str | None:
        await self.editor.ask("codeLens")  # what was published before its answer has come
        found = [
            each["message"]
            for each in self.editor.diagnostics()
            if each["range"]["start"]["line"] == position["line"]
        ]
        if wanted == "none":
            return repr(found) if found else None
        return None if any(wanted in each for each in found) else repr(found)


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _position(text: str, index: int) -> dict[str, Any]:
    before = text[:index]
    return {
        "line": before.count("\n"),
        "character": _units(before.rpartition("\n")[2]),
    }
