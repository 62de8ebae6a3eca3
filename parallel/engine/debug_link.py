"""The way to debugpy's tracer (pydevd), which speaks the Debug Adapter Protocol.

It is reached through a socketpair of this process: no port is open that another user of the
machine could connect to, and no adapter process starts. Rules:

1. The tracer is started once, and stays; what ends is its tracing.
2. The threads of ours are marked, so that it neither traces nor stops them.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Any

from . import helpers

_CHUNK = 2**16
_RUNNING, _SUSPENDED = 1, 2  # the tracer's states of a thread
_END_OF_HEAD = b"\r\n\r\n"


def unmarked(thread: threading.Thread) -> threading.Thread:
    """Mark a thread of ours: the tracer leaves it alone."""
    thread.pydev_do_not_trace = True  # type: ignore[attr-defined]
    thread.is_pydev_daemon_thread = True  # type: ignore[attr-defined]
    return thread


class DebugLink:
    """The tracer of this process, and the messages to it and from it."""

    def __init__(self, arrived: Callable[[dict[str, Any]], None]) -> None:
        """Start the tracer; ``arrived`` is called with each of its messages, on a thread of ours.

        Raises :class:`UsageError` if debugpy is not to be had.
        """
        self._arrived = arrived
        self._sequence = 0
        self._unwritten: set[str] = set()
        debugpy = helpers.load("debugpy")
        hook = sys.breakpointhook
        self._pydevd, self._tracing, self._threads = _load_tracer()
        sys.breakpointhook = hook
        constants = import_module("_pydevd_bundle.pydevd_constants")
        self.uses_monitoring: bool = constants.PYDEVD_USE_SYS_MONITORING
        self._socket, theirs = socket.socketpair()
        connect = self._pydevd.start_client
        self._pydevd.start_client = lambda host, port: theirs
        try:
            self._pydevd.settrace(
                host="localhost",
                port=1,
                suspend=False,
                patch_multiprocessing=False,
                block_until_connected=True,
                wait_for_ready_to_run=False,
                notify_stdin=False,
                dont_trace_start_patterns=(str(Path(str(debugpy.__file__)).resolve().parent),),
                dont_trace_end_patterns=(),
            )
        finally:
            self._pydevd.start_client = connect
        self._tracer.disable_tracing()  # of the thread that starts it, which is ours
        unmarked(threading.Thread(target=self._read, name="vivo-debug", daemon=True)).start()

    @property
    def _tracer(self) -> Any:
        return self._pydevd.get_global_debugger()

    def send(self, message: dict[str, Any]) -> int:
        """Send a request; gives the number that its response will name."""
        self._sequence += 1
        text = json.dumps({**message, "type": "request", "seq": self._sequence}).encode()
        self._socket.sendall(b"Content-Length: %d" % len(text) + _END_OF_HEAD + text)
        return self._sequence

    def _read(self) -> None:
        held = b""
        while data := self._socket.recv(_CHUNK):
            held += data
            while (at := held.find(_END_OF_HEAD)) >= 0:
                length = int(held[:at].rpartition(b":")[2])
                start = at + len(_END_OF_HEAD)
                if len(held) < start + length:
                    break
                text, held = held[start : start + length], held[start + length :]
                self._arrived(json.loads(text))

    def include(self, path: str) -> None:
        """Count a file among the user's own, a library's too: they set a breakpoint in it.

        Files that a rule of ours hides stay hidden: the first rule that fits holds.
        """
        self._note_unwritten(path)
        filtering = import_module("_pydevd_bundle.pydevd_filtering")
        wanted = filtering.ExcludeFilter(path, exclude=False, is_path=True)
        rules = self._tracer._files_filtering._exclude_filters
        if wanted not in rules:
            self._tracer.set_exclude_filters([*rules, wanted])

    def _note_unwritten(self, path: str) -> None:
        """Have breakpoints taken for code that runs under a name which is no file's: a notebook's
        cell. The tracer takes none where there is no file.
        """
        if not self._unwritten:
            files: Any = import_module("pydevd_file_utils")
            exists = files.exists
            files.exists = lambda name: name in self._unwritten or exists(name)
        self._unwritten.add(path)

    # --- Tracing ---------------------------------------------------------------------------

    def trace_all(self) -> None:
        """Trace every thread of the user's, also what it is doing now."""
        tracer = self._tracer
        tracer.patch_threads()
        tracer.enable_tracing(tracer.trace_dispatch, apply_to_all_threads=True)
        tracer.set_tracing_for_untraced_contexts()
        tracer.disable_tracing()  # of this thread, which is ours

    def trace_caller(self) -> None:
        """Trace the calling thread, whatever an exception out of the tracer has done to it."""
        self._tracer.enable_tracing(None if self.uses_monitoring else self._tracer.trace_dispatch)

    @property
    def is_caller_stopped(self) -> bool:
        """Whether the calling thread, in a signal handler, is at a stop."""
        information = self._threads.set_additional_thread_info(threading.current_thread())
        return bool(information.pydev_state == _SUSPENDED)

    def leave_caller(self) -> None:
        """Trace nothing until the next cell, and let no step go on in that."""
        information = self._threads.set_additional_thread_info(threading.current_thread())
        information.pydev_step_cmd = -1
        information.pydev_step_stop = None
        information.pydev_state = _RUNNING
        information.update_stepping_info()
        if self.uses_monitoring:
            # Its flag of a thread can be set by that thread alone: who attaches while a cell
            # runs finds it set.
            self.trace_caller()
        else:
            self.untrace_caller()

    def untrace_caller(self) -> None:
        """Trace the calling thread no more."""
        self._tracer.disable_tracing()

    def untrace_all(self) -> None:
        """Trace no thread; what runs goes on at full speed."""
        threading.settrace(None)
        if self.uses_monitoring:
            # from Python 3.12 on: events of the interpreter, which cost nothing once given back
            monitoring = import_module("_pydevd_sys_monitoring.pydevd_sys_monitoring")
            monitoring.stop_monitoring(all_threads=True)
            return
        self._tracing.set_trace_to_threads(_trace_nothing)
        for top in sys._current_frames().values():
            frame: FrameType | None = top
            while frame is not None:
                frame.f_trace = None
                frame = frame.f_back

    def stop_at(self, frame: FrameType) -> None:
        """Stop the calling thread in a frame of its own."""
        self._pydevd.settrace(suspend=True, trace_only_current_thread=True, stop_at_frame=frame)


def _trace_nothing(frame: FrameType, event: str, argument: Any) -> None:
    sys.settrace(None)


def _load_tracer() -> tuple[Any, Any, Any]:
    import warnings

    environment = dict(os.environ)
    # It would warn, on the cell's fd 2, that frozen modules of the standard library have no lines.
    os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"
    try:
        with helpers.standard_library_first(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import_module("debugpy._vendored.force_pydevd")
            return (
                import_module("pydevd"),
                import_module("pydevd_tracing"),
                import_module("_pydevd_bundle.pydevd_additional_thread_info"),
            )
    finally:
        for name in [name for name in os.environ if name.startswith("PYDEVD_")]:
            if name in environment:
                os.environ[name] = environment[name]
            else:
                del os.environ[name]  # children of the user's are none of the debugger's
