"""Cells that never end by themselves: what an interrupt is tried and measured on."""

from __future__ import annotations

PREPARED = """
import asyncio, itertools, multiprocessing, os, queue, re, select, signal, socket, subprocess
import threading, time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
import numpy as np
left, right = socket.socketpair()
out, into = os.pipe()
server = socket.create_server(("127.0.0.1", 0))
million = np.random.rand(1_000_000)
matrix = np.random.rand(400, 400)
pool = ThreadPoolExecutor(2)
with open("looping.py", "w") as file:
    file.write("print('begun')\\nwhile True: pass\\n")
if not os.path.exists("fifo"):
    os.mkfifo("fifo")
def numbers():
    while True:
        yield 1
async def ticks():
    while True:
        await asyncio.sleep(0.001)
        yield 1
def sleep_as_one_of_two(number):
    # An interrupt while a worker takes its task off the pool's pipe breaks the pool's own protocol
    # (an EOFError when it is closed, or a lock that is held for ever): it has begun when both
    # workers have their tasks.
    marks = os.open("taken", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(marks, b".")
    if os.fstat(marks).st_size == 2:
        os.write(1, b"begun\\n")
    time.sleep(1000)
class Locked:
    async def __aenter__(self): pass
    async def __aexit__(self, *error): pass
"""

BEGUN = "print('begun')\n"

PYTHON = {
    "a loop": "while True: pass",
    "a generator": "for _ in numbers(): pass",
    "a comprehension": "[None for _ in numbers() if False]",
    "an iterator in C over Python": "set(map(lambda each: 1, itertools.count()))",
    "a loop that catches errors": "while True:\n    try: 1 / 0\n    except Exception: pass",
    "a loop of prints": "while True: print('text')",
    "a loop of displays": "while True: display(1)",
    "threads that work": (
        "halt = False\ndef spin():\n    while not halt: pass\n"
        "threads = [threading.Thread(target=spin) for _ in range(3)]\n"
        "try:\n    for each in threads: each.start()\n    while True: pass\n"
        "finally: halt = True"
    ),
    "a pattern": "re.match(r'(a+)+$', 'a' * 60 + 'b')",
    "a big power": "10 ** 10 ** 9",
    "%run": "%run looping.py",
    "an import": "import sys; sys.modules.pop('looping', None)\nimport looping",
    "asyncio.run": "async def main():\n    while True: await asyncio.sleep(1)\nasyncio.run(main())",
}
NUMPY = {
    "numpy by chunks": "while True: np.sin(million)",
    "np.vectorize": "while True: np.vectorize(lambda each: each + 1)(million)",
    "numpy's sort": "while True: np.sort(million[:100_000])",
    "numpy's matmul": "while True: matrix @ matrix",
}
WAITS = {
    "time.sleep": "time.sleep(1000)",
    "a lock": "lock = threading.Lock()\nlock.acquire()\nlock.acquire()",
    "a queue": "queue.Queue().get()",
    "a simple queue": "queue.SimpleQueue().get()",
    "an event": "threading.Event().wait()",
    "a condition": "condition = threading.Condition()\nwith condition: condition.wait()",
    "a thread's end": (
        "gate = threading.Event()\nthread = threading.Thread(target=gate.wait)\nthread.start()\n"
        "try: thread.join()\nfinally: gate.set()"
    ),
    "a pool of threads": (
        "gate = threading.Event()\ntry: pool.submit(gate.wait).result()\nfinally: gate.set()"
    ),
    "a socket": "left.recv(1)",
    "accept": "server.accept()",
    "select": "select.select([left], [], [])",
    "a pipe": "os.read(out, 1)",
    "opening a fifo": "open('fifo')",
    "signal.pause": "signal.pause()",
}
AWAITS = {
    "await asyncio.sleep": "await asyncio.sleep(1000)",
    "await a task group": (
        "async with asyncio.TaskGroup() as group:\n"
        "    for _ in range(3): group.create_task(asyncio.sleep(1000))"
    ),
    "await gather": "await asyncio.gather(*(asyncio.sleep(1000) for _ in range(3)))",
    "await a thread": (
        "gate = threading.Event()\ntry: await asyncio.to_thread(gate.wait)\nfinally: gate.set()"
    ),
    "await wait_for": "await asyncio.wait_for(asyncio.sleep(1000), 1000)",
    "async for": "async for _ in ticks(): pass",
    "async with": "async with Locked(): await asyncio.Event().wait()",
    "a loop in a coroutine": "await asyncio.sleep(0)\nwhile True: pass",
    "await a process": (
        "child = await asyncio.create_subprocess_exec('sleep', '1000')\nawait child.wait()"
    ),
}
CHILDREN = {
    "subprocess.run": "subprocess.run(['sleep', '1000'])",
    "check_output": "subprocess.check_output('exec sleep 1000', shell=True)",
    "lines of a child": (
        "child = subprocess.Popen(['sleep', '1000'], stdout=subprocess.PIPE)\n"
        "for line in child.stdout: pass"
    ),
    "!": "!sleep 1000",
    "x = !": "x = !sleep 1000",
    "%%bash": "%%bash\necho begun\nsleep 1000",
    "Pool.map": (
        "open('taken', 'w').close()\n"
        "with multiprocessing.Pool(2) as workers: workers.map(sleep_as_one_of_two, range(4))"
    ),
    "a pool of processes": (
        "open('taken', 'w').close()\n"
        "with ProcessPoolExecutor(2) as workers: list(workers.map(sleep_as_one_of_two, range(2)))"
    ),
}
QUESTIONS = {
    "input": "input('? ')",
    "getpass": "import getpass\ngetpass.getpass('? ')",
    "a line of sys.stdin": "import sys\nsys.stdin.readline()",
    "a breakpoint": "breakpoint()\n1",
}
KINDS = PYTHON | NUMPY | WAITS | AWAITS | CHILDREN | QUESTIONS


def cell(code: str) -> str:
    """The cell of a kind: it prints when it begins."""
    tells = code.startswith("%") or "import looping" in code or "sleep_as_" in code
    return code if tells else BEGUN + code
