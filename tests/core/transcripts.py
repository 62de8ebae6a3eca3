"""Transcripts of sessions in a page, replayed: what they type, and whether they show what is shown.

A fence ``session`` is replayed in a shell, cell by cell: what is typed stands behind ``In [n]:``
and its continuations, what the shell shows below. A chapter (``##``) is one session; ``session
new`` starts another one of the same user, and ``--profile NAME`` loads one. A line that ends in
``<TAB>`` asks for completions. What the guide shows behind a question is the answer that is given
to it. A fence ``python`` is a program, and the fence ``text`` below it what it prints. ``…`` stands
for any text.
"""

from __future__ import annotations

import io
import re
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple

import pytest
from vivo.core import History, Settings, Shell
from vivo.core.frontend import TerminalFrontEnd

_FENCE = re.compile(r"^```(?P<info>[^\n]*)\n(?P<body>.*?)^```$", re.DOTALL | re.MULTILINE)
_PROMPT = re.compile(r"^In \[(?P<number>\d+)\]: ?(?P<source>.*)$")
_MORE = re.compile(r"^ +\.\.\.: ?(?P<source>.*)$")


class Fence(NamedTuple):
    """A fence of the guide: what it says it is, its text, and the file's line of its first line."""

    info: str
    body: str
    line: int


class Step(NamedTuple):
    """What is typed, and what is shown then."""

    number: int
    source: str
    expected: list[str]
    line: int


def chapters(page: str) -> dict[str, list[Fence]]:
    """The fences of each chapter of a page."""
    found: dict[str, list[Fence]] = {}
    for chapter in re.finditer(r"^## (?P<title>.+)\n(?P<body>(?:(?!^## )[^\n]*\n)*)", page, re.M):
        found[chapter["title"]] = [
            Fence(
                fence["info"],
                fence["body"],
                page.count("\n", 0, chapter.start("body") + fence.start("body")) + 1,
            )
            for fence in _FENCE.finditer(chapter["body"])
        ]
    return found


def steps(fence: Fence) -> list[Step]:
    """The cells of a transcript."""
    found: list[Step] = []
    for number, text in enumerate(fence.body.splitlines(), fence.line):
        if prompt := _PROMPT.match(text):
            found.append(Step(int(prompt["number"]), prompt["source"], [], number))
        elif (more := _MORE.match(text)) and not found[-1].expected:
            found[-1] = found[-1]._replace(source=f"{found[-1].source}\n{more['source']}")
        else:
            found[-1].expected.append(text)
    return found


class Asking:
    """Answers every question with what the guide shows behind it."""

    def __init__(self) -> None:
        self.shown: list[str] = []

    def expect(self, lines: list[str]) -> None:
        """Take the answers from these lines."""
        self.shown = list(lines)

    def ask(self, prompt: str = "") -> str:
        """The answer, which is then written as a terminal echoes it."""
        while self.shown:
            line = self.shown.pop(0)
            if line.startswith(prompt.rstrip()):
                answer = line[len(prompt) :]
                stands_there = prompt and sys.stdout.getvalue().endswith(prompt)  # type: ignore[attr-defined]
                print(answer if stands_there else prompt + answer)
                return answer
        raise EOFError(f"the guide shows no answer to {prompt!r}")


class FrontEnd(TerminalFrontEnd):
    """A terminal whose user types what the guide shows."""

    has_terminal = False

    def __init__(self, asking: Asking, settings: Settings) -> None:
        super().__init__(settings)
        self.asking = asking

    def read_input(self, prompt: str, *, password: bool) -> str:
        """The next answer."""
        return self.asking.ask(prompt)


def assert_shown(expected: list[str], shown: str, line: int) -> None:
    """The text is the expected one; a lone ``…`` stands for any lines, or for none."""
    wanted = "\n".join(text.rstrip() for text in expected).strip("\n")
    # Other shells of this process have cells of the same number.
    shown = re.sub(r"<cell (\d+) \(\d+\)>", r"<cell \1>", shown)
    got = "\n".join(text.rstrip() for text in shown.splitlines()).strip("\n")
    pattern = ".*?".join(re.escape(part) for part in wanted.split("…"))
    assert re.fullmatch(pattern, got, re.DOTALL), (
        f"Line {line}:\n{got}\n--- is shown, and the guide has:\n{wanted}"
    )


class Replay:
    """A chapter being replayed."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.asking = Asking()
        self.shell: Shell | None = None
        monkeypatch.setattr("builtins.input", self.asking.ask)

    def run(self, fences: list[Fence]) -> None:
        """Replay the sessions, and run the programs."""
        for index, fence in enumerate(fences):
            kind, *words = fence.info.split() or [""]
            if kind == "session":
                self._start(words)
                for step in steps(fence):
                    self._type(step)
            elif kind == "python":
                self._program(fence, fences[index + 1])

    def _start(self, words: list[str]) -> None:
        if self.shell is not None and words:
            self.close()
        if self.shell is None:
            history = History(self.folder / "history.sqlite")
            settings = Settings()
            front_end = FrontEnd(self.asking, settings)
            self.shell = Shell(front_end=front_end, settings=settings, history=history)
            if "--profile" in words:
                self.shell.load_profile(words[words.index("--profile") + 1])

    def _type(self, step: Step) -> None:
        assert self.shell is not None
        assert step.number == self.shell.execution_count, f"line {step.line}"
        out = io.StringIO()
        self.asking.expect(step.expected)
        with redirect_stdout(out), redirect_stderr(out):
            if step.source.endswith("<TAB>"):
                text = step.source.removesuffix("<TAB>")
                print("  ".join(item.text for item in self.shell.complete(text, len(text)).items))
            else:
                self.shell.run_cell(step.source)
        assert_shown(step.expected, out.getvalue(), step.line)

    def _program(self, fence: Fence, after: Fence) -> None:
        assert after.info == "text"
        expected = after.body.splitlines()
        out = io.StringIO()
        self.asking.expect(expected)
        path = self.folder / "program.py"
        path.write_text(fence.body, "utf-8")
        with redirect_stdout(out), redirect_stderr(out):
            exec(compile(fence.body, str(path), "exec"), {"__name__": "__program__"})
        assert_shown(expected, out.getvalue(), fence.line)

    def close(self) -> None:
        """End the session."""
        if self.shell is not None:
            self.shell.close()
            self.shell = None
