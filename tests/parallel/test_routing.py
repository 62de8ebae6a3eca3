"""What is printed lands in the cell that caused it, whole, in order within its source."""

from __future__ import annotations

import re

import pytest
from vivo.parallel.client import SessionClient

from .dialogues import Dialogue

pytestmark = pytest.mark.sessions

PREPARED = """
import asyncio, ctypes, logging, os, signal, sys, threading, time, warnings
from concurrent.futures import ThreadPoolExecutor
go = threading.Event()
libc = ctypes.CDLL(None)
pool = ThreadPoolExecutor(2)
"""
# What one cell starts, what a later one does that lets it print, and whose its text is.
LATER = {
    "a thread": (
        "t = threading.Thread(target=lambda: (go.wait(), print('text')))\nt.start()",
        "go.set(); t.join()", 1,
    ),
    "a timer": (
        "t = threading.Timer(0, lambda: (go.wait(), print('text')))\nt.start()",
        "go.set(); t.join()", 1,
    ),
    "a task": (
        "async def later():\n    while not go.is_set(): await asyncio.sleep(0.001)\n"
        "    print('text')\n"
        "task = asyncio.create_task(later())",
        "go.set(); await task", 1,
    ),
    "a callback of the loop": (
        "def later():\n    if go.is_set():\n        print('text')\n        done.set_result(1)\n"
        "    else: loop.call_later(0.001, later)\n"
        "loop = asyncio.get_running_loop()\ndone = loop.create_future()\nloop.call_soon(later)",
        "go.set(); await done", 1,
    ),
    "a pool of an earlier cell": ("1", "pool.submit(print, 'text').result()", 2),
    "a worker that an earlier cell began": (
        "pool.submit(print, 'first').result()", "pool.submit(print, 'text').result()", 2,
    ),
    "a thread pool of asyncio's": ("1", "await asyncio.to_thread(print, 'text')", 2),
    "a handler of logging's": (
        "log = logging.getLogger('mine')\nlog.addHandler(logging.StreamHandler())",
        "log.warning('text')", 2,
    ),
    "a warning": (
        "warnings.simplefilter('always')\ndef careless(): warnings.warn('text')", "careless()", 2,
    ),
    "a destructor": (
        "class Loud:\n    def __del__(self): print('text')\nloud = Loud()", "del loud", 2,
    ),
    "a signal's handler": (
        "def heard(*_): print('text')\nsignal.signal(signal.SIGUSR1, heard);",
        "os.kill(os.getpid(), signal.SIGUSR1)\nfor _ in range(1000): pass", 2,
    ),
    "C's stdio": ("1", "libc.printf(b'text\\n');", 2),
    "a child": ("1", "import subprocess\nsubprocess.run(['echo', 'text']);", 2),
    "a child that was forked": (
        "1", "pid = os.fork()\nif not pid: print('text'), os._exit(0)\nos.waitpid(pid, 0);", 2,
    ),
}  # fmt: skip


async def texts(client: SessionClient, *runs: str) -> dict[str, str]:
    """What the runs have printed so far, both streams."""
    last = (await client.session())["last"]
    found = dict.fromkeys(runs, "")
    async for event in client.events(after=0):
        run = event.metadata["vivo"].get("run")
        if event.type == "stream" and run in found:
            found[run] += event.content["text"]
        if event.metadata["vivo"]["seq"] >= last:
            break
    return found


@pytest.mark.parametrize("kind", LATER)
async def test_text_lands_in_the_cell_that_caused_it(client: SessionClient, kind: str) -> None:
    """In the one that started it, or gave it its work; and in no other."""
    first, second, owner = LATER[kind]
    await (await client.execute(PREPARED)).finished()
    cells = []
    for code in (first, second):
        record = await (await client.execute(code)).finished()
        assert record.error is None, record.error
        cells.append(record.id)
    found = await texts(client, *cells)
    assert [("text" in found[cell]) for cell in cells] == [owner == 1, owner == 2], found


@pytest.mark.parametrize("how", ["print", "write", "printf"])
async def test_ten_megabytes_from_c_do_not_deadlock(
    client: SessionClient, dialogue: Dialogue, how: str
) -> None:
    """With the interpreter's lock held: the keeper reads what no thread of the engine could."""
    await dialogue.run("import ctypes\nlibc = ctypes.PyDLL(None)\ndata = b'x' * 9999 + b'\\n'")
    calls = {
        "print": "print((data * 1000).decode(), end='')",
        "write": "libc.write(1, data * 1000, 10_000_000);",
        "printf": "libc.printf(b'%s', data * 1000)\nlibc.fflush(None);",
    }
    status, text = await dialogue.run(f"print('before')\n{calls[how]}\nprint('after')")
    assert status == "ok"
    assert text == "before\n" + ("x" * 9999 + "\n") * 1000 + "after\n"


SOURCES = """
import asyncio, multiprocessing, os, subprocess, sys, threading
from concurrent.futures import ThreadPoolExecutor
COUNT = 300
def lines(source):
    for number in range(COUNT):
        print(f"{source} {number}", flush=True)
async def ticking(source):
    for number in range(COUNT):
        print(f"{source} {number}")
        await asyncio.sleep(0)
threads = [threading.Thread(target=lines, args=(f"thread{n}",)) for n in range(3)]
forked = multiprocessing.get_context("fork").Process(target=lines, args=("forked",))
told = f"for n in range({COUNT}): print(f'child {{n}}', flush=True)"
child = subprocess.Popen([sys.executable, "-c", told])
pool = ThreadPoolExecutor(2)
forked.start()
for each in threads: each.start()
work = [pool.submit(lines, f"pool{n}") for n in range(2)]
tasks = [asyncio.create_task(ticking(f"task{n}")) for n in range(3)]
lines("main")
await asyncio.gather(*tasks)
for each in threads: each.join()
for each in work: each.result()
forked.join()
child.wait()
"""


async def test_each_source_is_in_order_while_many_write(dialogue: Dialogue) -> None:
    """Threads, a pool, tasks, children, at once: every line whole, once, in its source's order."""
    status, text = await dialogue.run(SOURCES)
    assert status == "ok", text[-2000:]
    found: dict[str, list[int]] = {}
    for line in re.findall(r"([a-z]+\d*) (\d+)", text):
        found.setdefault(line[0], []).append(int(line[1]))
    names = {"main", "forked", "child", "thread0", "thread1", "thread2", "pool0", "pool1", "task0",
             "task1", "task2"}  # fmt: skip
    assert set(found) == names
    for name, numbers in found.items():
        assert numbers == list(range(300)), name


async def test_what_the_user_puts_in_place_of_stdout_is_the_users(dialogue: Dialogue) -> None:
    """For a block, or for good; the session's own stream comes back with it."""
    code = (
        "import contextlib, io\nkept = io.StringIO()\nwith contextlib.redirect_stdout(kept):\n"
        "    print('hidden')\nprint('shown', kept.getvalue().strip())"
    )
    assert await dialogue.run(code) == ("ok", "shown hidden\n")
    code = (
        "import sys\nbefore, sys.stdout = sys.stdout, io.StringIO()\nprint('caught')\n"
        "text, sys.stdout = sys.stdout.getvalue(), before\nprint('again', text.strip())"
    )
    assert await dialogue.run(code) == ("ok", "again caught\n")


@pytest.mark.parametrize("way", ["fork", "spawn", "forkserver"])
async def test_workers_of_every_kind_print_into_their_cell(
    client: SessionClient, home: object, way: str
) -> None:
    """One cell after the other; but the server of forks is the first one's, with all it starts."""
    module = "def speak(word):\n    print(word, flush=True)\n    return word\n"
    code = f"open('speaking.py', 'w').write({module!r})\nimport multiprocessing, speaking\n"
    code += f"context = multiprocessing.get_context({way!r})"
    await (await client.execute(code)).finished()
    cells = []
    for word in ("one", "two"):
        code = f"with context.Pool(1) as workers: workers.map(speaking.speak, [{word!r}] * 3)"
        record = await (await client.execute(code)).finished()
        assert record.error is None, record.error
        cells.append(record.id)
    texts_of: list[list[str]] = []
    while sum(map(len, texts_of)) < 6:  # text in an earlier cell's pipes is read in its own time
        found = await texts(client, *cells)
        texts_of = [found[cell].split() for cell in cells]
    if way == "forkserver":
        assert texts_of == [["one"] * 3 + ["two"] * 3, []]
    else:
        assert texts_of == [["one"] * 3, ["two"] * 3]
