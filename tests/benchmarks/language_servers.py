"""The language server beside its peers, at the client, over stdio: in the same run, in turns.

The workspace has a thousand files, the document ten thousand lines and five hundred cells. The
peers (python-lsp-server, jedi-language-server, basedpyright) live in an environment of their own.
A keystroke's cost is what a change adds to a question that costs nothing.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import psutil
from kernels import own_folders
from report import Times, median_of, percentile, promise, promise_ratios, show
from vivo.server.lsp_client import LspClient, ResponseError

ROOT = Path(__file__).resolve().parents[2]
PEERS = ROOT / ".venv-language-servers"
PACKAGES = ("python-lsp-server", "jedi-language-server", "basedpyright", "numpy")
FILES, CELLS, LINES_OF_CELL = 1_000, 500, 20
FIRST_CELL = "# %% first\nimport numpy as np\nvalue = list(range(100))\n# %% sum\n1+1\n"
BUSY = "while True: pass"
HELD = "import re; re.match(r'(a+)+$', 'a' * 60 + 'b')"
CAPABILITIES: dict[str, Any] = {
    "workspace": {"inlayHint": {"refreshSupport": True}, "configuration": True},
    "textDocument": {
        "inlayHint": {}, "publishDiagnostics": {}, "hover": {"contentFormat": ["markdown"]},
        "completion": {"completionItem": {"documentationFormat": ["markdown"]}},
        "documentSymbol": {"hierarchicalDocumentSymbolSupport": True},
    },
}  # fmt: skip
WHOLE = {"start": {"line": 0, "character": 0}, "end": {"line": 60, "character": 0}}


def document() -> str:
    """Ten thousand lines in five hundred cells."""
    cells = [FIRST_CELL]
    for number in range(CELLS - 1):
        body = "".join(
            f"    name_{n} = argument + {n}  # words\n" for n in range(LINES_OF_CELL - 4)
        )
        cells.append(f"# %% cell {number}\ndef function_{number}(argument):\n{body}"
                     f"    return argument\nfunction_{number}({number})\n")  # fmt: skip
    return "".join(cells)


def workspace(folder: Path) -> None:
    """A thousand small modules that import each other."""
    for number in range(FILES):
        other = f"import module_{number - 1}\n" if number else ""
        path = folder / f"module_{number}.py"
        path.write_text(f"{other}def f_{number}(a, b):\n    return a + b\n")


def peers() -> dict[str, list[str]]:
    """The commands of all, ours first; the peers are installed once."""
    ready = PEERS / ".ready"
    if not ready.exists() or ready.read_text() != " ".join(PACKAGES):
        print("installing language servers into .venv-language-servers", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", str(PEERS)], check=True)
        install = [str(PEERS / "bin" / "python"), "-m", "pip", "install", "-q"]
        subprocess.run([*install, "--disable-pip-version-check", *PACKAGES], check=True)
        ready.write_text(" ".join(PACKAGES))
    binaries = PEERS / "bin"
    quiet = ["sh", "-c", 'exec "$0" "$@" 2>/dev/null']  # they log what they do not know
    return {
        "vivo": [sys.executable, "-E", "-P", "-m", "vivo.server.cli", "lsp"],
        "jedi-ls": [*quiet, str(binaries / "jedi-language-server")],
        "pylsp": [*quiet, str(binaries / "pylsp")],
        "basedpyright": [*quiet, str(binaries / "basedpyright-langserver"), "--stdio"],
    }


class Opened:
    """A server with the document open."""

    def __init__(self, client: LspClient, folder: Path) -> None:
        self.client = client
        self.uri = (folder / "large.py").as_uri()
        self.version = 1
        self.text = document()
        self.refreshed = asyncio.Event()
        self.ends: dict[str, asyncio.Future[dict[str, Any]]] = {}
        client.on_request["workspace/inlayHint/refresh"] = self._refresh
        client.on_request["workspace/configuration"] = self._configuration
        client.on_notification["vivo/executionFinished"] = self._ended

    @classmethod
    async def start(cls, words: list[str], folder: Path) -> Opened:
        """Spawned, initialized, the document opened and its symbols answered: ready."""
        opened = cls(await LspClient.start(words), folder)
        options = {"python": sys.executable}
        await opened.client.initialize(folder.as_uri(), CAPABILITIES, options)
        opened.client.open(opened.uri, opened.text)
        await opened.ask("documentSymbol")
        return opened

    async def _refresh(self, params: Any) -> None:
        self.refreshed.set()

    async def _configuration(self, params: dict[str, Any]) -> list[Any]:
        return [{} for _ in params["items"]]

    def _ended(self, told: dict[str, Any]) -> None:
        self._end_of(told["executionId"]).set_result(told)

    def _end_of(self, run: str) -> asyncio.Future[dict[str, Any]]:
        return self.ends.setdefault(run, asyncio.get_running_loop().create_future())

    async def ask(self, method: str, **params: Any) -> Any:
        document = {"textDocument": {"uri": self.uri}}
        return await self.client.request(f"textDocument/{method}", document | params)

    def change(self, line: int, character: int, to: int, text: str) -> None:
        """One change, as a keystroke makes it."""
        self.version += 1
        place = {"start": {"line": line, "character": character},
                 "end": {"line": line, "character": to}}  # fmt: skip
        self.client.notify("textDocument/didChange", {
            "textDocument": {"uri": self.uri, "version": self.version},
            "contentChanges": [{"range": place, "text": text}],
        })  # fmt: skip

    async def run(self, line: int) -> str:
        place = {"uri": self.uri, "position": {"line": line, "character": 0}}
        started: dict[str, Any] = await self.client.command("vivo.server.runCell", place)
        return str(started["executionId"])

    async def ended(self, run: str) -> dict[str, Any]:
        return await asyncio.wait_for(self._end_of(run), 60)


async def timed(question: Callable[[], Awaitable[Any]]) -> float:
    start = time.perf_counter()
    await question()
    return time.perf_counter() - start


async def answers_static(opened: Opened, place: dict[str, int]) -> bool:
    """Whether a server has anything to say there: who has not is not compared."""
    try:
        found = await opened.ask("completion", position=place)
    except ResponseError:
        return False
    return bool(found and (found if isinstance(found, list) else found["items"]))


async def starts(folder: Path, commands: dict[str, list[str]], rounds: int) -> None:
    """From the spawn to the symbols of the opened document; then static completion."""
    ready: Times = {name: [] for name in commands}
    first: Times = {name: [] for name in commands}
    later: Times = {name: [] for name in commands}
    silent = set()
    for _ in range(rounds):
        for name, words in commands.items():
            start = time.perf_counter()
            opened = await Opened.start(words, folder)
            ready[name].append(time.perf_counter() - start)
            opened.change(1, 18, 18, "\nnp.linalg.")
            place = {"line": 2, "character": 10}
            first[name].append(
                await timed(lambda o=opened, p=place: o.ask("completion", position=p))
            )
            for letter in "so":
                opened.change(2, place["character"], place["character"], letter)
                place = {"line": 2, "character": place["character"] + 1}
                took = await timed(lambda o=opened, p=place: o.ask("completion", position=p))
                later[name].append(took)
            if not await answers_static(opened, place):
                silent.add(name)
            await opened.client.close()
    show("spawn to ready: the symbols of 10,000 lines, in a workspace of 1,000 files", ready)
    promise_ratios("ready", ready, {"jedi-ls": 1.0})
    for title, times in (("first", first), ("later", later)):
        spoken = {name: values for name, values in times.items() if name not in silent}
        show(f"static completion of np.linalg., {title}", spoken)
        if "vivo" in spoken and "jedi-ls" in spoken:
            promise_ratios(f"static completion, {title}", spoken, {"jedi-ls": 0.5})
        else:
            print(f"  nothing to compare: no answer from {', '.join(sorted(silent))}")


async def keystrokes(folder: Path, commands: dict[str, list[str]], rounds: int) -> None:
    """What a change costs: a change and a cheap question, less the question alone."""
    costs: Times = {}
    processor = 0.0
    for name, words in commands.items():
        opened = await Opened.start(words, folder)
        question = lambda o=opened: _cheap(o)  # noqa: E731
        values: list[float] = []
        server = psutil.Process(opened.client.process.pid)
        for number in range(rounds * 20):
            line = 25 + (number * 37) % 9_000
            alone = await timed(question)
            start = time.perf_counter()
            if number % 10:
                opened.change(line, 0, 0, "x")
            else:
                opened.change(line, 0, 0, "\n")
            await question()
            values.append(max(0.0, time.perf_counter() - start - alone))
        costs[name] = values
        if name == "vivo":
            processor = await _processor_time(opened, server)
        await opened.client.close()
    show("a keystroke in 10,000 lines", costs)
    promise("a keystroke, vivo, processor time, mean of 1,000", processor * 1e3, 3, " ms")
    promise("a keystroke, vivo, median", median_of(costs, "vivo"), 3, " ms")
    promise("a keystroke, vivo, p99", percentile(costs["vivo"], 0.99) * 1e3, 3, " ms")


async def _processor_time(opened: Opened, server: psutil.Process) -> float:
    """Seconds of the processor that a keystroke takes, whatever else the machine does."""
    before = sum(server.cpu_times()[:2])
    for number in range(1_000):
        opened.change(25 + (number * 37) % 9_000, 0, 0, "x" if number % 10 else "\n")
    await _cheap(opened)
    return (sum(server.cpu_times()[:2]) - before) / 1_000


async def _cheap(opened: Opened) -> None:
    """A question that is answered from nothing: of a method that nobody has."""
    try:
        await opened.client.request("none/such", {})
    except ResponseError:
        return


async def live(folder: Path, words: list[str], rounds: int) -> None:
    """Runs, completion and hover, idle, busy and hung."""
    opened = await Opened.start(words, folder)
    place = {"line": 2, "character": 2}
    opened.change(2, 25, 25, "\nvalue.app")
    end = {"line": 3, "character": 9}
    questions = {
        "completion": lambda: opened.ask("completion", position=end),
        "hover": lambda: opened.ask("hover", position=place),
    }
    try:
        opened.change(3, 0, 9, "")
        await opened.ended(await opened.run(1))
        await _results(opened, rounds)
        opened.change(3, 0, 0, "value.app")
        assert await questions["hover"]() is not None
        for title, code, limit in (("idle", "", 30.0), ("beside a Python loop", BUSY, 80.0)):
            run = await _begin(opened, code) if code else None
            times: Times = {name: [] for name in questions}
            for question in questions.values():
                await question()
            for _ in range(rounds * 10):
                for name, question in questions.items():
                    times[name].append(await timed(question))
            show(f"live, {title}", times)
            for name, values in times.items():
                high = percentile(values, 0.99) * 1e3
                promise(f"live {name} {title}, p99", high, limit, " ms")
            if run is not None:
                await _interrupt(opened, run)
        run = await _begin(opened, HELD)
        times = {name: [await timed(q) for _ in range(10)] for name, q in questions.items()}
        show("live, while C code holds the interpreter's lock", times)
        for name, values in times.items():
            high = max(values) * 1e3
            promise(f"live {name} while it hangs, slowest", high, 150, " ms")
        await _interrupt(opened, run, force=True)
    finally:
        for session in (await opened.client.command("vivo.server.sessions", {}))["sessions"]:
            argument = {"sessionId": session["sessionId"]}
            await opened.client.command("vivo.server.endSession", argument)
        await opened.client.close()


async def _results(opened: Opened, rounds: int) -> None:
    """From the run command of ``1+1`` to its value, asked for at the refresh and answered."""
    values = []
    around = {"start": {"line": 4, "character": 0}, "end": {"line": 6, "character": 0}}
    for _ in range(rounds * 10):
        opened.refreshed.clear()
        start = time.perf_counter()
        run = await opened.run(5)
        hints: list[Any] = []
        while not hints:
            await asyncio.wait_for(opened.refreshed.wait(), 60)
            opened.refreshed.clear()
            hints = await opened.ask("inlayHint", range=around)
        values.append(time.perf_counter() - start)
        await opened.ended(run)
        await opened.client.command("vivo.server.clear", {"uri": opened.uri})
    show("from the run command of 1+1 to the refreshed value", {"vivo": values})
    promise("the value of 1+1, median", median_of({"vivo": values}, "vivo"), 15, " ms")


async def _begin(opened: Opened, code: str) -> str:
    """Run something that goes on; its id, once it is running."""
    running = asyncio.Event()
    opened.client.on_notification["vivo/executionStarted"] = lambda told: running.set()
    argument = {"uri": opened.uri, "text": code}
    started = await opened.client.command("vivo.server.runText", argument)
    await asyncio.wait_for(running.wait(), 60)
    return str(started["executionId"])


async def _interrupt(opened: Opened, run: str, *, force: bool = False) -> None:
    argument = {"uri": opened.uri, "executionId": run, "force": force}
    ended = asyncio.create_task(opened.ended(run))
    await asyncio.sleep(0)
    await opened.client.command("vivo.server.interrupt", argument)
    await ended


def run(rounds: int) -> None:
    """Measure and print, in folders of our own."""
    commands = peers()
    os.environ["VIRTUAL_ENV"] = str(PEERS)  # where numpy is, for all alike
    with own_folders(), tempfile.TemporaryDirectory(prefix="vb-") as name:
        folder = Path(name)
        workspace(folder)
        (folder / "large.py").write_text(document())
        asyncio.run(starts(folder, commands, max(3, rounds // 4)))
        asyncio.run(keystrokes(folder, commands, rounds))
        asyncio.run(live(folder, commands["vivo"], rounds))
