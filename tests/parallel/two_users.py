"""A session of one user, and another user who tries to get at it. Run as root; prints JSON.

Root may do all, so neither of the two is root: both are made by dropping every right. The owner may
read what root's home hides (the interpreter may stand there), the stranger may not.

    python two_users.py session BASE NAME=VALUE…    what the stranger gets of a session
    python two_users.py owner                       the owner's part of it
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

OWNER, STRANGER = 54321, 54322
SECRET = "vivo-secret-7261"
LINES = 20_000
CELL = f"""
import base64
from vivo.parallel.engine.cell_files import CellFiles
files = CellFiles()
kept = files.write("{SECRET} = 1")
edited = get_ipython().mktempfile("{SECRET} = 2")
value = "{SECRET}"
get_ipython().run_line_magic("store", "value")
for number in range({LINES}):
    print("{SECRET}", number)
"""


def as_owner(words: list[str]) -> list[str]:
    """A command line that the owner runs."""
    user = [f"--reuid={OWNER}", f"--regid={OWNER}", "--clear-groups"]
    reading = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
    # As they are for access(2) too, which else looks with a plain user's eyes.
    return ["setpriv", *user, *reading, "--securebits=+no_setuid_fixup", sys.executable, *words]


def as_stranger(work: Callable[[], Any]) -> Any:
    """What a function finds that runs as the stranger, in a process of its own."""
    read_end, write_end = os.pipe()
    if (child := os.fork()) == 0:
        try:
            os.setgroups([])
            os.setresgid(STRANGER, STRANGER, STRANGER)
            os.setresuid(STRANGER, STRANGER, STRANGER)
            os.chdir("/")
            with os.fdopen(write_end, "w") as stream:
                json.dump(work(), stream)
        finally:
            os._exit(0)
    os.close(write_end)
    with os.fdopen(read_end) as stream:
        told = stream.read()
    os.waitpid(child, 0)
    return json.loads(told)


def attempts(paths: list[str], sockets: list[str], processes: list[int]) -> dict[str, Any]:
    """What this user can do with another's files, sockets and processes."""
    found: dict[str, Any] = {"read": [], "listed": [], "written": [], "connected": [], "seen": []}
    for path in paths:
        try:
            if os.path.isdir(path):
                os.listdir(path)
                found["listed"].append(path)
            else:
                with open(path, "rb") as stream:
                    stream.read()
                found["read"].append(path)
        except OSError:
            pass
        if os.access(path, os.W_OK):
            found["written"].append(path)
    for path in sockets:
        try:
            with socket.socket(socket.AF_UNIX) as each:
                each.connect(path)
            found["connected"].append(path)
        except OSError:
            pass
    for pid in processes:
        for name in ("cmdline", "environ", "maps", "mem", "fd/0", "cwd"):
            try:
                with open(f"/proc/{pid}/{name}", "rb") as stream:
                    text = stream.read().decode("utf-8", "replace")
            except OSError:
                continue
            if text:  # a process that ends has none
                found["seen"].append([pid, name, text])
    return found


def processes_of(user: int) -> list[int]:
    """The processes of a user."""
    return [
        int(name)
        for name in os.listdir("/proc")
        if name.isdigit() and os.path.exists(f"/proc/{name}") and _owner(name) == user
    ]


def _owner(pid: str) -> int:
    try:
        return os.stat(f"/proc/{pid}").st_uid
    except OSError:
        return -1


def prepare(base: Path) -> dict[str, str]:
    """A home that everybody may look into, and a temporary directory as each machine has one."""
    base.chmod(0o755)
    home, temporary, runtime = base / "home", base / "tmp", base / "run"
    for folder, mode, owner in (
        (home, 0o755, OWNER),
        (temporary, 0o1777, 0),
        (runtime, 0o700, OWNER),
    ):
        folder.mkdir()
        os.chown(folder, owner, owner)
        folder.chmod(mode)
    kept = {"PATH": os.environ["PATH"], "VIVO_TEST_HOME": str(base), "VIVO_OUTPUT_LIMIT": "4096"}
    return {**kept, "HOME": str(home), "TMPDIR": str(temporary), "LANG": "C.UTF-8"}


def session(base: Path, **changes: str) -> dict[str, Any]:
    """What a session of the owner leaves, and what the stranger gets of it."""
    environment = {**prepare(base), **changes}
    pipe = subprocess.PIPE
    words = as_owner([os.path.abspath(__file__), "owner"])
    owner = subprocess.Popen(
        words, stdin=pipe, stdout=pipe, env=environment, cwd=environment["HOME"], umask=0, text=True
    )
    assert owner.stdin is not None
    assert owner.stdout is not None
    with owner, owner.stdin, owner.stdout:
        line = owner.stdout.readline()
        if not line:
            raise SystemExit("the owner's session did not start")
        told = json.loads(line)
        found = [path for path in base.rglob("*") if ".pyc." not in path.name]  # being written
        paths = sorted(map(str, found))
        modes = {path: stat.filemode(os.lstat(path).st_mode) for path in paths}
        sockets = [path for path in paths if modes[path].startswith("s")]
        processes = processes_of(OWNER)
        gets = as_stranger(lambda: attempts(paths, sockets, processes))
        owners_own = {each: os.stat(each).st_uid == OWNER for each in paths}
        hidden = [path for path in paths if owners_own[path] and SECRET.encode() in _bytes(path)]
        owner.stdin.write("\n")
    if owner.returncode:
        raise SystemExit("the owner's session did not end")
    return {**told, "modes": modes, "sockets": sockets, "secrets": hidden, "stranger": gets}


def _bytes(path: str) -> bytes:
    return Path(path).read_bytes() if stat.S_ISREG(os.lstat(path).st_mode) else b""


def trick(base: Path, kind: str) -> dict[str, Any]:
    """What the owner is told where something of the stranger's stands in the way."""
    environment = prepare(base)
    home, temporary, runtime = base / "home", base / "tmp", base / "run"
    ours, trap = temporary / f"vivo-{OWNER}", base / "trap"
    trap.mkdir()
    os.chown(trap, STRANGER, STRANGER)
    trap.chmod(0o777)
    if kind == "a folder":
        ours.mkdir()
        os.chown(ours, STRANGER, STRANGER)
        ours.chmod(0o777)
    elif kind in ("a link to a folder of theirs", "a link to a folder of ours"):
        ours.symlink_to(trap if "theirs" in kind else home)
        os.lchown(ours, STRANGER, STRANGER)
    elif kind == "a file":
        ours.touch()
        os.chown(ours, STRANGER, STRANGER)
    elif kind == "a link to nothing":
        ours.symlink_to(base / "nothing")
        os.lchown(ours, STRANGER, STRANGER)
    elif kind == "a runtime directory of theirs":
        environment["XDG_RUNTIME_DIR"] = str(trap)
    elif kind == "a runtime directory below a folder of theirs":
        below = trap / "run"
        below.mkdir()
        os.chown(below, OWNER, OWNER)
        environment["XDG_RUNTIME_DIR"] = str(below)
    elif kind == "a runtime directory open to all":
        runtime.chmod(0o777)
        environment["XDG_RUNTIME_DIR"] = str(runtime)
    elif kind == "a folder of ours open to all":
        (runtime / "vivo").mkdir()
        os.chown(runtime / "vivo", OWNER, OWNER)
        (runtime / "vivo").chmod(0o777)
        environment["XDG_RUNTIME_DIR"] = str(runtime)
    elif kind == "journals of theirs":
        environment["XDG_STATE_HOME"] = str(trap)
        shutil.copytree(trap, trap / "vivo" / "sessions")
        for folder in (trap / "vivo", trap / "vivo" / "sessions"):
            os.chown(folder, STRANGER, STRANGER)
            folder.chmod(0o777)
    else:
        raise SystemExit(f"no trick is named {kind}")
    action = ["show"] if "journals" in kind else []
    words = as_owner(["-m", "vivo.server.cli", "sessions", *action])
    ended = subprocess.run(
        words, env=environment, cwd="/", umask=0, text=True, capture_output=True, check=False
    )
    return {"status": ended.returncode, "said": ended.stderr, "shown": ended.stdout}


async def be_owner() -> None:
    """Start a session, have it write whatever it writes, and keep it until a line comes."""
    from vivo.parallel.client import SessionClient
    from vivo.parallel.connection import read_connection
    from vivo.parallel.launch import SessionOptions, end_session, start_session
    from vivo.server.console.images import Pictures

    entry = await start_session(SessionOptions())
    client = await SessionClient.connect(entry.connection_file)
    try:
        record = await (await client.execute(CELL)).finished()
        await client.history(n=1)  # whoever looks finds the input written
        assert record.status == "ok", record.error
        Pictures(entry.id, "path").show({"image/svg+xml": f"<svg>{SECRET}</svg>"})
        key = read_connection(entry.connection_file).key
        await asyncio.to_thread(print, json.dumps({"key": key, "id": entry.id}), flush=True)
        await asyncio.to_thread(sys.stdin.readline)
    finally:
        await client.close()
        await end_session(entry.id)


if __name__ == "__main__":
    if sys.argv[1] == "owner":
        asyncio.run(be_owner())
    elif sys.argv[1] == "session":
        print(json.dumps(session(Path(sys.argv[2]), **dict(w.split("=", 1) for w in sys.argv[3:]))))
    else:
        print(json.dumps(trick(Path(sys.argv[2]), sys.argv[3])))
