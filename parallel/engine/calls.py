"""Calls in the engine: functions that a client or a controller sends, on the main thread.

A call is a function and its arguments, pickled; its result goes back pickled, large arrays as
buffers of their own (pickle protocol 5). Rules:

1. Calls run between cells, in the order they came, in the cells' context; what one prints or
   shows is that call's.
2. A call that was revoked before it began never begins; one that runs is interrupted as a cell is.
3. A result is kept until the keeper says that whoever wanted it has it: a new keeper gets it
   again.
4. A function is unpickled once; globals that it did not bring along it finds in the session's
   namespace.
5. No call ends the engine.
6. The last error of a call of a client's is there for a post-mortem; that of a task is not: nobody
   knows where it ran, and what its frames hold would stay.
"""

from __future__ import annotations

import builtins
import signal
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from types import FunctionType
from typing import TYPE_CHECKING, Any

from ...core import interrupts
from ...core.execution import call_user_code
from ...core.interrupts import guarded
from .. import sharing
from ..cluster.pickled_functions import names_of
from ..cluster.pickling import dumps, loads
from .routing import current_run

if TYPE_CHECKING:
    from ...core.shell import Shell
    from .beside import Interrupter
    from .channel import Channel
    from .front_end import EngineFrontEnd
    from .output import Output

_MOST_FUNCTIONS = 1000
_FINISHED = 1000  # calls that are remembered, so that a late order finds that they are over


class UnknownFunctionError(LookupError):
    """A call names a function that this process was not given, or has let go of."""


class Calls:
    """The calls of an engine."""

    def __init__(
        self, output: Output, shell: Shell, front_end: EngineFrontEnd, session: str
    ) -> None:
        self._session = session
        self._output, self._shell, self._front_end = output, shell, front_end
        self._functions: OrderedDict[str, Callable[..., Any]] = OrderedDict()
        self._lent: dict[str, set[str]] = {}  # by function, the names that it was lent
        self._lock = threading.Lock()
        self._revoked: set[str] = set()
        self._begun: OrderedDict[str, None] = OrderedDict()
        self._running: dict[str, Any] | None = None  # the header of the call that runs
        self._interrupted: str | None = None  # the serial of the one that was interrupted last
        self._signalled: str | None = None  # and of the last that has got its signal
        self.interrupter: Interrupter | None = None
        """What interrupts calls where no signal reaches their thread."""
        self.on_end: Callable[[str], None] = lambda call: None
        """Told of each end."""
        self.held: OrderedDict[str, tuple[dict[str, Any], tuple[Any, ...]]] = OrderedDict()
        """The ends of calls that nobody has confirmed (rule 3)."""
        self._built_in: dict[str, Callable[..., Any]] = {
            "vivo:push": self._push,
            "vivo:pull": self._pull,
        }

    @property
    def current(self) -> str | None:
        """The call that runs."""
        running = self._running
        return None if running is None else running["run"]

    @property
    def is_interrupted(self) -> bool:
        """Whether the call that runs is told to end: a signal that comes beside it has its use."""
        running = self._running
        return running is not None and running["serial"] == self._interrupted

    def _has_missed(self) -> bool:
        # A handler of the program's is left alone: it may count.
        ours = getattr(self._shell, "interrupt_handler", None)
        is_ours = signal.getsignal(signal.SIGINT) is ours
        return is_ours and self._signalled != self._interrupted

    def signal_came(self) -> None:
        """It has got it now."""
        self._signalled = self._interrupted

    # --- On the lane -----------------------------------------------------------------------

    def order(self, header: dict[str, Any]) -> None:
        """Do what a frame on the lane says."""
        if header["type"] == "revoke":
            self.revoke(header)
        elif header["type"] == "calls_stored":
            self.confirmed(header)
        else:
            self.send_held()

    def revoke(self, header: dict[str, Any]) -> None:
        """Let calls not begin, and tell which had not; with ``interrupt``, end those that have."""
        revoked = []
        with self._lock:
            for serial in header["serials"]:
                if serial not in self._begun:
                    self._revoked.add(serial)
                    revoked.append(serial)
            running = self._running
            if header.get("interrupt") and running and running["serial"] in header["serials"]:
                self._interrupted = running["serial"]  # before the signal, which may come too early
                self._interrupt(running)
            if header.get("asked"):
                # Before the main thread can come to one of them, and tell that it was aborted: who
                # is told so first takes it for cancelled.
                self._output.channel.send({"type": "revoked", "serials": revoked})

    def _interrupt(self, running: dict[str, Any]) -> None:
        if self.interrupter is not None:
            self.interrupter.interrupt(running["run"])
            return
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        # A signal that comes right before a wait in C begins does not end that.
        interrupts.send_again(lambda: self._running is running and self._has_missed())

    def confirmed(self, header: dict[str, Any]) -> None:
        """Let go of results that have arrived."""
        for call in header["calls"]:
            told, _ = self.held.pop(call, ({}, ()))
            sharing.drop(told.get("shared", ()))

    def told(self, channel: Channel) -> list[dict[str, Any]]:
        """What a new keeper needs to know: the calls that run, wait here, or are not confirmed."""
        waiting = [header for header, _ in channel.peek("call")]
        running = [] if self._running is None else [self._running]
        held = [header for header, _ in self.held.values()]
        return [
            {
                "call": each["run"],
                "serial": each["serial"],
                "is_task": each.get("is_task", False),
            }
            for each in (*held, *running, *waiting)
        ]

    # --- On the main thread ----------------------------------------------------------------

    def handle(self, header: dict[str, Any], buffers: list[bytes]) -> None:
        """Run a call and tell of its end."""
        if "stored" in header:
            self.confirmed({"calls": header["stored"]})
        header.setdefault("serial", header["run"])
        if not self._begin(header):
            self._end(header, {"status": "aborted"}, ())
            return
        told: tuple[dict[str, Any], tuple[Any, ...]] | None = None
        if self.interrupter is not None:
            self.interrupter.begin(header["run"])
        try:
            told = self._shell._context.run(self._run, header, buffers)
        except KeyboardInterrupt as error:  # it came as the call ended
            told = self._failure(error)
        finally:
            if self.interrupter is not None:
                self.interrupter.end()
            with self._lock:
                pass  # a signal for this call has been sent by now, and comes before the next line
            with self._lock:
                self._running = None
            self._end(header, *(told or ({"status": "aborted"}, ())))

    def _begin(self, header: dict[str, Any]) -> bool:
        serial = header["serial"]
        with self._lock:
            if serial in self._revoked:
                self._revoked.remove(serial)
                return False
            self._begun[serial] = None
            if len(self._begun) > _FINISHED:
                self._begun.popitem(last=False)
            self._running = header
        return True

    def _end(self, asked: dict[str, Any], told: dict[str, Any], buffers: tuple[Any, ...]) -> None:
        call = asked["run"]
        if self._front_end.limit is not None:
            self._front_end.limit.ended(call)
        left, shared = sharing.share(buffers, self._session)
        header = {"type": "call_done", "run": call, "serial": asked["serial"], **told}
        if asked.get("is_task"):
            header["is_task"] = True
        if shared:
            header["shared"] = shared
        # Of what is in the user's memory a copy is kept, since the user may change it.
        buffers = tuple(bytes(each) for each in left)
        self.held[call] = header, buffers
        self._output.channel.send(header, buffers)
        self.on_end(call)

    def send_held(self) -> None:
        """Tell a new keeper again of what is not confirmed."""
        for header, buffers in tuple(self.held.values()):
            self._output.channel.send(header, buffers)

    @guarded
    def _run(
        self, header: dict[str, Any], buffers: list[bytes]
    ) -> tuple[dict[str, Any], tuple[Any, ...]]:
        shell = self._shell
        token = current_run.set(header["run"])
        shell.is_running, shell.interrupt_pending = True, False
        started = time.time()
        try:
            taken = sharing.take(buffers, header.get("shared", ()))
            function = self._function(header, taken)
            first = 1 if header.get("has_function") else 0
            arguments, keywords = call_user_code(loads, taken[first:])
            call = partial(function, *arguments, **keywords)
            if shell.interrupt_pending or self.is_interrupted:  # before there was a call to end
                shell.interrupt_pending = False
                raise KeyboardInterrupt
            value = call_user_code(call)
            pickled = call_user_code(_dumps, value)
            return {"status": "ok", "started": started, "finished": time.time()}, pickled
        except UnknownFunctionError:
            return {"status": "unknown_function"}, ()
        except BaseException as error:  # noqa: BLE001 - rule 5: whatever the call raises
            told, pickled = self._failure(error, keeps=not header.get("is_task"))
            return {**told, "started": started, "finished": time.time()}, pickled
        finally:
            shell.is_running = False
            current_run.reset(token)

    def _failure(
        self, error: BaseException, *, keeps: bool = False
    ) -> tuple[dict[str, Any], tuple[Any, ...]]:
        from ...core.tracebacks import leave_out_own_frames, report_of

        leave_out_own_frames(error)
        report = report_of(error, secret_words=self._shell.settings.secret_words)
        pickled: tuple[Any, ...]
        try:
            pickled = _dumps(error)
        except BaseException:  # noqa: BLE001 - an exception need not pickle; its report tells of it
            pickled = ()
        if keeps:
            self._shell._keep(error, report)
        told = self._front_end.described(report)
        # Whoever reads it is elsewhere, and cannot look: the values are told too.
        told["traceback"] = report.lines("Verbose", colour=False)
        return {"status": "error", "error": told}, pickled

    def _function(self, header: dict[str, Any], buffers: list[Any]) -> Callable[..., Any]:
        """The function of a call, which knows the session's names (rule 4)."""
        digest = header["function"]
        if (built_in := self._built_in.get(digest)) is not None:
            return built_in
        function = self._functions.get(digest)
        if function is None:
            if not header.get("has_function"):
                raise UnknownFunctionError(digest)
            function = call_user_code(loads, buffers[:1])
            self._functions[digest] = function
            if len(self._functions) > _MOST_FUNCTIONS:
                self._lent.pop(self._functions.popitem(last=False)[0], None)
        else:
            self._functions.move_to_end(digest)
        if isinstance(function, FunctionType):
            self._lend_names(function, self._lent.setdefault(digest, set()))
        return function

    def _lend_names(self, function: FunctionType, lent: set[str]) -> None:
        own, namespace = function.__globals__, self._shell.namespace
        if own is namespace or own.get("__name__") not in ("__main__", None):
            return  # a function of a module has its own
        for name in names_of(function.__code__):
            is_open = name not in own or name in lent
            if is_open and name in namespace and not hasattr(builtins, name):
                own[name] = namespace[name]
                lent.add(name)

    # --- Functions of ours -----------------------------------------------------------------

    def _push(self, values: dict[str, Any]) -> None:
        self._shell.namespace.update(values)

    def _pull(self, expressions: list[str]) -> list[Any]:
        namespace = self._shell.namespace
        return [
            namespace[each] if each in namespace else eval(each, namespace) for each in expressions
        ]


def _dumps(value: Any) -> tuple[Any, ...]:
    return tuple(dumps(value, "the result"))
