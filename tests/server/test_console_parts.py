"""The console's parts without a terminal: transcript, screen, interrupts, pictures, its pager."""

from __future__ import annotations

import asyncio
import base64
import fnmatch
import re
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vivo.core.shell import Shell
from vivo.parallel.errors import SessionError
from vivo.parallel.processes import process_started, this_host
from vivo.parallel.registry import Registry, SessionEntry
from vivo.parallel.wire import Message
from vivo.server.console.attach import named
from vivo.server.console.editing import painted
from vivo.server.console.images import Pictures, draw, protocol_of
from vivo.server.console.pager import fits
from vivo.server.console.screen import Screen
from vivo.server.console.searching import OlderInputs, SessionHistory, pattern_of
from vivo.server.console.sixel import sixel_of_png
from vivo.server.console.source_colours import paint_sources
from vivo.server.console.transcript import Ladder, Transcript, plain


def event(kind: str, run: str, content: dict[str, Any], **vivo: Any) -> Message:
    header = {"msg_id": "e", "msg_type": kind}
    return Message(header, {"msg_id": run}, {"vivo": {"seq": 1, "run": run, **vivo}}, content)


def begun(run: str, code: str, count: int, client: str) -> Message:
    content = {"code": code, "execution_count": count}
    return event("execute_input", run, content, record={"id": run, "client": client})


def ended(run: str, status: str = "ok") -> Message:
    content = {"execution_state": "idle"}
    return event("status", run, content, record={"id": run, "status": status})


def printed(run: str, text: str) -> Message:
    return event("stream", run, {"name": "stdout", "text": text})


def shown(transcript: Transcript, *events: Message) -> str:
    return "".join(transcript.feed(each).text for each in events)


def test_what_was_typed_here_is_not_repeated_and_what_others_sent_is_named() -> None:
    """Own input stands on the screen already; another's comes with the client's name."""
    transcript = Transcript(colour=False)
    transcript.mine.add("a")
    assert shown(transcript, begun("a", "1", 1, "console"), printed("a", "x\n")) == "x\n"
    text = shown(transcript, begun("b", "y = 1\ny", 2, "vscode"))
    assert text == "In [2] (vscode): y = 1\n            ...: y\n"
    assert transcript.running is not None
    assert not transcript.runs_mine


def test_output_of_an_earlier_cell_is_said_to_be_its() -> None:
    """A thread of cell 1 that prints while cell 2 runs is not taken for cell 2."""
    transcript = Transcript(colour=False)
    transcript.mine |= {"a", "b"}
    shown(transcript, begun("a", "", 1, "console"), begun("b", "", 2, "console"))
    shown(transcript, printed("b", "two"))
    assert shown(transcript, printed("a", "one\n")) == "\n[output of In [1]]\none\n"


def test_a_line_that_a_cell_leaves_open_is_ended() -> None:
    """The next prompt stands on a line of its own."""
    transcript = Transcript(colour=False)
    transcript.mine.add("a")
    text = shown(transcript, begun("a", "", 1, "console"), printed("a", "half"), ended("a"))
    assert text == "half\n"


def test_without_colour_no_escape_code_comes_out() -> None:
    """Tracebacks, titles and colours that a cell printed are taken out."""
    transcript = Transcript(colour=False)
    trace = {"traceback": ["\x1b[31mValueError\x1b[0m: no"], "ename": "", "evalue": ""}
    assert shown(transcript, event("error", "a", trace)).endswith("ValueError: no\n")
    assert shown(transcript, printed("a", "\x1b]0;title\x07\x1b[1mbold\x1b[m\n")) == "bold\n"
    assert "\x1b[31m" in shown(Transcript(colour=True), event("error", "a", trace))


def test_a_cell_that_was_taken_out_of_the_queue_is_said_to_be() -> None:
    """Nobody waits for the value of a cell that will not run."""
    transcript = Transcript(colour=False)
    transcript.mine.add("a")
    assert "not run" in shown(transcript, ended("a", "aborted"))


def test_each_press_of_ctrl_c_means_more_and_a_new_cell_begins_anew() -> None:
    """Interrupt, stack, restart; another client's cell is asked about first."""
    ladder = Ladder()
    assert [ladder.press("a", mine=True) for _ in range(4)] == [
        "interrupt",
        "stack",
        "restart",
        "restart",
    ]
    assert [ladder.press("b", mine=False) for _ in range(3)] == ["ask", "interrupt", "stack"]
    assert ladder.press("c", mine=True) == "interrupt"


def test_the_screen_gives_whole_lines_once_and_keeps_the_open_one() -> None:
    """A carriage return begins the open line anew, also across two writes."""
    screen = Screen()
    screen.write("a\nstep 1")
    assert (screen.take(), screen.partial) == ("a\n", "step 1")
    screen.write("\r")
    assert screen.shown.rstrip("\r") == "step 1"
    screen.write("step 2")
    assert (screen.take(), screen.partial) == ("", "step 2")
    screen.write("\r\nb\r\n")
    assert screen.take() == "step 2\nb\n"


@given(st.lists(st.text("ab\r\n", max_size=6)))
def test_text_in_pieces_is_the_text_as_one(pieces: list[str]) -> None:
    """How the wire cut the text does not show."""
    parts, whole = Screen(), Screen()
    taken = ""
    for piece in pieces:
        parts.write(piece)
        taken += parts.take()
    whole.write("".join(pieces))
    assert (taken, parts.partial) == (whole.take(), whole.partial)


def png(width: int, rows: list[bytes], channels: int, filters: list[int]) -> bytes:
    """A PNG of eight bits with these filtered rows."""
    colours = {1: 0, 3: 2, 2: 4, 4: 6}[channels]
    body = b"".join(bytes([kind]) + row for kind, row in zip(filters, rows, strict=True))

    def chunk(kind: bytes, content: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + checksum

    header = struct.pack(">IIBBBBB", width, len(rows), 8, colours, 0, 0, 0)
    packed = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(body)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + packed


def test_a_png_becomes_sixels() -> None:
    """Two red columns beside a blue one, the second row told by the difference to the first."""
    red, blue = b"\xff\x00\x00", b"\x00\x00\xff"
    drawn = sixel_of_png(png(3, [red + red + blue, bytes(9)], 3, [0, 2]))
    assert drawn.startswith('\x1bP0;1;0q"1;1;3;2')
    assert drawn.endswith("#180BB?$#5??B-\x1b\\")


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n" + b"\xff" * 40])
def test_a_picture_that_cannot_be_read_is_not_drawn(content: bytes) -> None:
    """Its path is shown all the same."""
    assert sixel_of_png(content) == ""


def test_pictures_go_to_files_and_to_terminals_that_can(home: Path) -> None:
    """The path is always there; kitty and iTerm2 get theirs in the text."""
    content = png(1, [b"\x00"], 1, [0])
    data = {"image/png": base64.b64encode(content).decode(), "text/plain": "<Figure>"}
    told = Pictures("abc", "path").show(data)
    assert told is not None
    path = Path(told.removeprefix("[picture: ").removesuffix("]"))
    assert path.read_bytes() == content
    assert draw(content, "image/png", "kitty").startswith("\x1b_Ga=T,f=100,m=0;iVBOR")
    assert draw(content, "image/png", "iterm2").startswith("\x1b]1337;File=inline=1;size=")
    assert draw(bytes(9000), "image/png", "kitty").count("\x1b_G") == 3
    assert Pictures("abc", "path").show({"text/plain": "1"}) is None


@pytest.mark.parametrize(
    ("environment", "protocol"),
    [
        ({"TERM": "xterm-256color"}, "path"),
        ({"TERM": "xterm-kitty"}, "kitty"),
        ({"TERM": "xterm-kitty", "TMUX": "/tmp/x"}, "path"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, "iterm2"),
        ({"TERM": "xterm-256color", "KONSOLE_VERSION": "221203"}, "iterm2"),
        ({"TERM": "xterm-256color", "KONSOLE_VERSION": "211203"}, "path"),
        ({"TERM": "foot"}, "sixel"),
        ({"TERM": "xterm", "VIVO_IMAGES": "sixel"}, "sixel"),
    ],
)
def test_the_environment_tells_what_a_terminal_draws(
    environment: dict[str, str], protocol: str
) -> None:
    """A multiplexer passes nothing on; VIVO_IMAGES overrides."""
    assert protocol_of(environment) == protocol


def test_only_what_does_not_fit_the_screen_is_paged() -> None:
    """Wrapped lines count for what they take."""
    assert fits("a\nb", 80, 24)
    assert not fits("\n".join("x" * 30), 80, 24)
    assert not fits("x" * 80 * 30, 80, 24)


def entry_of(session: str, folder: Path) -> SessionEntry:
    import os

    host, boot, owner = this_host()
    return SessionEntry(
        id=session, name="work", owner=owner, host=host, boot=boot, keeper_pid=os.getpid(),
        keeper_started=process_started(os.getpid()) or 0.0, python="python", cwd=str(folder),
        workspace=None, created=0.0, connection_file="", journal="",
    )  # fmt: skip


def test_a_session_that_has_ended_is_answered_with_what_can_be_done(home: Path) -> None:
    """Its transcript is there, and its inputs can be run again."""
    ended = entry_of("feed", home)
    ended.keeper_started = 1.0
    Registry().add(ended)
    with pytest.raises(
        SessionError, match=r"The session feed has ended: `vivo sessions show feed`"
    ):
        named("fee", Registry())


def test_an_unknown_session_is_answered_with_those_that_there_are(home: Path) -> None:
    """One sentence: what is wrong, and what could be meant."""
    registry = Registry()
    with pytest.raises(
        SessionError, match="There is no session x; there are none; `vivo session start` starts one"
    ):
        named("x", registry)
    for session in ("abc1", "abc2"):
        registry.add(entry_of(session, home))
    assert named("abc1", registry).id == "abc1"
    with pytest.raises(SessionError, match=r"there are abc1 \(work, in .*\), abc2"):
        named("x", registry)
    with pytest.raises(SessionError, match="abc is the beginning of several sessions: abc1"):
        named("abc", registry)


def test_the_sources_of_a_traceback_are_painted_and_nothing_else() -> None:
    """A text over several lines keeps its colour; marks, carets and message stay as they are."""
    shell = Shell()
    result = shell.run_cell('def f(x):\n    text = """a\n    def b"""\n    return 1 / x\nf(0)')
    assert result.report is not None
    lines = [line for block in result.report.lines(colour=True) for line in block.split("\n")]
    painted_lines = paint_sources(lines, painted)
    assert [plain(line) for line in painted_lines] == [plain(line) for line in lines]
    kept = [new for new, old in zip(painted_lines, lines, strict=True) if new == old]
    assert any("ZeroDivisionError" in line for line in kept)
    inside = next(line for line in painted_lines if "def b" in line)
    assert "\x1b[35mdef" not in inside  # it is no keyword there
    failing = next(line for line in painted_lines if "--> " in plain(line) and "return" in line)
    assert "\x1b[35mreturn\x1b[0m" in failing
    shell.close()


def test_a_search_finds_what_is_older_than_what_is_loaded() -> None:
    """Inputs that a search brings stand behind all others, each once, also in an open prompt."""

    async def scenario() -> list[str]:
        history = SessionHistory(["old", "new"])
        got: list[str] = []
        loaded = asyncio.Event()

        async def read() -> None:
            async for text in history.load():
                got.append(text)
                if text == "oldest":
                    loaded.set()

        reading = asyncio.create_task(read())
        while len(got) < 2:
            await asyncio.sleep(0)
        assert history.add_older(["new", "older", "older", "oldest"])
        await loaded.wait()
        assert not history.add_older(["oldest"])
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        return got

    assert asyncio.run(scenario()) == ["new", "old", "older", "oldest"]


def test_what_is_searched_for_stands_for_itself() -> None:
    """Stars and brackets of Python are no pattern."""
    matched = re.compile(fnmatch.translate(pattern_of("a[*] = b?")))
    assert matched.match("x = 1\na[*] = b? # c")
    assert not matched.match("ab = bc")


def test_only_the_last_text_that_is_searched_for_is_asked_for() -> None:
    """Not each letter; what comes is put behind the others, and drawn."""

    async def scenario() -> tuple[list[str], list[str]]:
        history, asked, drawn = SessionHistory(["new"]), [], asyncio.Event()

        async def search(pattern: str, count: int) -> list[str]:
            asked.append(pattern)
            return ["oldest", "older"]

        older = OlderInputs(history, search, drawn.set)
        for text in ("o", "ol", "old"):
            older.changed(text)
        await drawn.wait()
        older.stop()
        return asked, history.get_strings()

    assert asyncio.run(scenario()) == (["*old*"], ["oldest", "older", "new"])
