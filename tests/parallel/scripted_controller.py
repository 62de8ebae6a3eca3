"""A controller of a few lines, which runs tasks itself, and fails as it is told to."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import zmq
from vivo.parallel import cluster_messages as declared
from vivo.parallel.cluster import loop
from vivo.parallel.cluster.balanced import LoadBalancedView
from vivo.parallel.cluster.controller_link import ControllerLink
from vivo.parallel.wire import Codec, Message

KEY = "a key"


class ScriptedController:
    """Answers what a client asks, with the messages as they are declared."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.tasks: dict[str, declared.Task] = {}
        """What was submitted, and how often by :attr:`submitted`."""
        self.submitted: list[str] = []
        self.collected: set[str] = set()
        self.functions: dict[str, bytes] = {}
        self.results: dict[str, tuple[declared.TaskResult, list[bytes]]] = {}
        self.is_mute = False
        """Whether it takes tasks in and says nothing: as one that is killed then."""
        self.holds = False
        """Whether it does not run what it takes in."""
        self._codec = Codec(KEY.encode(), is_asked=True)
        self._context = zmq.Context()
        self._stop = threading.Event()
        self._thread: threading.Thread
        self.start()

    def start(self) -> None:
        """Begin, or begin again with what was taken in."""
        self._stop.clear()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def stop(self) -> None:
        """End, with all connections."""
        self._stop.set()
        self._thread.join()

    def close(self) -> None:
        """End for good."""
        self.stop()
        self._context.term()

    def _serve(self) -> None:
        socket = self._context.socket(zmq.ROUTER)
        socket.linger = 0
        socket.bind(self.address)
        while not self._stop.is_set():
            if not socket.poll(10):
                continue
            message = self._codec.decode(socket.recv_multipart())
            kind = message.type.removeprefix("vivo_").removesuffix("_request")
            content = getattr(self, f"_{kind}")(message)
            if not self.is_mute:
                self._send(socket, message, f"vivo_{kind}_reply", {"status": "ok", **content})
                self._tell_results(socket, message)
        socket.close()

    def _send(
        self, socket: Any, message: Message, kind: str, content: Any, buffers: Any = ()
    ) -> None:
        frames = self._codec.encode(
            kind,
            content,
            parent=message.raw_header,
            identities=message.identities,
            buffers=buffers,
        )
        socket.send_multipart(frames)

    def _collected(self, message: Message) -> dict[str, Any]:
        self.collected |= set(message.content["tasks"])
        return {}

    def _submit(self, message: Message) -> dict[str, Any]:
        request = msgspec.convert(message.content, declared.SubmitRequest)
        for digest, index in request.functions.items():
            self.functions[digest] = message.buffers[index]
        at = len(request.functions)
        accepted, unknown = [], set()
        for task in request.tasks:
            buffers = message.buffers[at : at + task.buffers]
            at += task.buffers
            if task.function not in self.functions:
                unknown.add(task.function)
                continue
            accepted.append(task.id)
            self.submitted.append(task.id)
            if task.id not in self.tasks:
                self.tasks[task.id] = task
                if not self.holds:
                    self.results[task.id] = self._run(task, buffers)
        assert at == len(message.buffers)
        return {"accepted": accepted, "unknown_functions": sorted(unknown)}

    def _run(
        self, task: declared.Task, buffers: list[bytes]
    ) -> tuple[declared.TaskResult, list[bytes]]:
        function = pickle.loads(self.functions[task.function])
        arguments, keywords = pickle.loads(buffers[0], buffers=buffers[1:])
        try:
            value = pickle.dumps(function(*arguments, **keywords))
        except Exception as error:  # noqa: BLE001 - whatever the task raises
            told = declared.CallError(type(error).__name__, str(error), ["remote lines"])
            made = declared.TaskResult(task.id, "error", 1, 3, error=told)
            return made, [pickle.dumps(error)]
        return declared.TaskResult(task.id, "ok", 1, 3), [value]

    def _collect(self, message: Message) -> dict[str, Any]:
        wanted = message.content["tasks"]
        self.collected -= set(wanted)
        return {
            "pending": [t for t in wanted if t in self.tasks and t not in self.results],
            "unknown": [t for t in wanted if t not in self.tasks],
        }

    def _cancel(self, message: Message) -> dict[str, Any]:
        for each in message.content["tasks"]:
            self.results[each] = declared.TaskResult(each, "cancelled"), []
        return {"outcomes": dict.fromkeys(message.content["tasks"], "cancelled")}

    def _tell_results(self, socket: Any, message: Message) -> None:
        ready = [key for key in self.results if key not in self.collected]
        told = [msgspec.to_builtins(self.results[key][0]) for key in ready]
        buffers = [buffer for key in ready for buffer in self.results[key][1]]
        if told:
            self._send(socket, message, "vivo_results", {"results": told}, buffers)


@contextmanager
def controlled(home: Path) -> Iterator[tuple[ScriptedController, LoadBalancedView]]:
    """A scripted controller and a view of it."""
    controller = ScriptedController(f"ipc://{home}/c")
    made = loop.acquire()
    link = ControllerLink("scripted", controller.address, KEY)
    yield controller, LoadBalancedView(made, link)
    made.call(link.close)
    loop.release()
    controller.close()
