"""Clients of a session in processes of their own, that tests stop and let go on."""

from __future__ import annotations

import select
import subprocess
import sys

# Each prints the number of every event that it gets.
PLAIN = """
import json, sys, zmq
from vivo.parallel.connection import read_connection
socket = zmq.Context().socket(zmq.SUB)
socket.setsockopt(zmq.SUBSCRIBE, b"")
socket.connect(read_connection(sys.argv[1]).address("iopub"))
while True:
    frames = socket.recv_multipart()
    if "seq" in json.loads(frames[5]).get("vivo", {}):
        print(json.loads(frames[5])["vivo"]["seq"], flush=True)
    if b"all is over" in frames[6]:
        break
"""
OURS = """
import asyncio, sys
from vivo.parallel.client import SessionClient
async def main():
    client = await SessionClient.connect(sys.argv[1])
    async for event in client.events(after=0):
        print(event.metadata["vivo"]["seq"], flush=True)
        if "all is over" in str(event.content):
            break
    await client.close()
asyncio.run(main())
"""


class Subscriber:
    """A process that prints the numbers of the events it gets."""

    def __init__(self, program: str, connection_file: str) -> None:
        command = [sys.executable, "-c", program, connection_file]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def first(self) -> int:
        """Wait for its next number."""
        assert self.process.stdout is not None
        return int(self.process.stdout.readline())

    def rest(self) -> list[int]:
        """All numbers until it ends."""
        assert self.process.stdout is not None
        return [int(line) for line in self.process.stdout]

    @property
    def has_printed(self) -> bool:
        """Whether a number is here that was not read."""
        return bool(select.select([self.process.stdout], [], [], 0)[0])

    def close(self) -> None:
        """End it, also if it is stopped."""
        self.process.kill()
        self.process.communicate()
