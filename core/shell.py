"""The shell: an object that runs cells, without a terminal.

It puts the parts together (transformer, compiler, results, history, magics, formatters, inspector,
completer), which know nothing of each other.

Rules:

1. :meth:`Shell.run_cell` never raises for what a cell does: the error is in its result.
2. ``SystemExit`` ends the cell, not the session.
3. Several shells live side by side in one process; the one that runs a cell is
   :func:`current_shell`.
4. ``complete``, ``inspect`` and ``is_complete`` run no user code and may be called from another
   thread while a cell runs.
"""

from __future__ import annotations

import ast
import contextvars
import functools
import sys
import threading
import types
from collections import deque
from types import ModuleType
from typing import TYPE_CHECKING, Any

from . import figures, scenes
from .callbacks import CallbackError, call
from .commanding import Commanding
from .compatibility import Compatible
from .compiler import TREE_FLAGS, Compiler, SourceRegistry, forget_warnings
from .debugging import Debugging
from .displaying import display
from .errors import AlreadyReportedError, UsageError
from .events import EventRegistry
from .exception_handlers import ExceptionHandlers
from .execution import CellRun, ExecutionResult, StatementValue, call_user_code
from .extensions import Extensions
from .failing import Failing
from .formatters import DisplayFormatters
from .frontend import FrontEnd, TerminalFrontEnd
from .interrupts import as_interrupt, guarded
from .knowing import Knowing
from .leaving import Leave
from .macro import Macro
from .magics.registry import MagicRegistry
from .results import ResultStore
from .running import Part, await_user_code, parts_of, wants_loop
from .safe import type_qualname
from .session_log import SessionLog
from .settings import Settings
from .transform import Transformer

if TYPE_CHECKING:
    import asyncio

    from .event_loops import EventLoop
    from .history import History
    from .magics.reloading import AutoReload
    from .profiles import Profile
    from .store import Store
    from .tracebacks import TracebackReport

_shells: list[Shell] = []
"""The shells of this process, the one that ran last at the end."""


_context_of: contextvars.ContextVar[Shell] = contextvars.ContextVar("vivo_context_of")
"""In a shell's context: the shell. Callbacks and start-up code that run there may run cells."""


def current_shell() -> Shell | None:
    """The shell that runs a cell now, or ran one last; None if there is none.

    In the cells of a subshell, that one.
    """
    own = _context_of.get(None)
    if own is not None and own.parent is not None:
        return own
    return _shells[-1] if _shells else None


def set_context(shell: Shell) -> None:
    """Let what runs in a shell's context know the shell."""
    shell._context.run(_context_of.set, shell)


def _visited(transformer: ast.NodeTransformer, tree: ast.Module) -> ast.Module:
    """The tree that a user's transformer makes of a cell's."""
    made = transformer.visit(tree)
    if not isinstance(made, ast.Module):
        raise TypeError("visit gives no module")
    return ast.fix_missing_locations(made)


class Shell(Commanding, Failing, Knowing, Compatible):
    """An interactive shell.

    ``module`` is the user's module (a new ``__main__``-like one by default); ``history`` keeps
    inputs in memory by default; ``profile`` names one to load.
    """

    def __init__(
        self,
        *,
        front_end: FrontEnd | None = None,
        module: ModuleType | None = None,
        history: History | None = None,
        settings: Settings | None = None,
        inherit_streams: bool = False,
        profile: str | None = None,
    ) -> None:
        self.parent: Shell | None = None
        """The shell whose namespace this one shares; see :mod:`.subshell`."""
        self.settings = settings or Settings()
        self.front_end: FrontEnd = front_end or TerminalFrontEnd(self.settings)
        self.module = module or types.ModuleType("__main__", "The user's namespace.")
        self.namespace: dict[str, Any] = self.module.__dict__
        self.inherit_streams = inherit_streams
        """Whether child processes may write to this process's own standard streams."""
        self.shows_last = False
        """Whether what is being shown ends its cell: nothing but hooks comes between."""
        self.tidies_later = False
        """Whether the one who runs cells calls :meth:`tidy` after each, when its end is told."""
        self.execution_count = 1
        self.results = ResultStore(
            self.namespace,
            maximum_count=self.settings.maximum_results,
            maximum_bytes=self.settings.maximum_result_bytes,
        )
        self._history = history
        self._unwritten: deque[tuple[int, str, str]] = deque()
        """Inputs on their way into the history."""
        self._writing = threading.RLock()
        self.magics = MagicRegistry()
        self.aliases: dict[str, str] = {}
        self.last_edited: tuple[str, int, str | None] | None = None
        """What %edit opened last: file, line, and the macro that it came from."""
        self.formatters = DisplayFormatters()
        self.formatters.complain = self.warn
        self.events = EventRegistry(self.warn)
        self.sources = SourceRegistry()
        self.compiler = Compiler()
        self.transformer = Transformer(
            is_magic=self._is_magic,
            is_cell_magic=self._is_cell_magic,
            is_shadowed=self._is_shadowed,
            is_callable=self._is_callable,
        )
        self.transformer.complain = self.warn
        self.profiles: list[Profile] = []
        """The profiles that were loaded, in order."""
        self.exception_handlers = ExceptionHandlers(self.warn)
        self.tree_transformers: list[ast.NodeTransformer] = []
        """Asked to change the tree of every cell before it is compiled."""
        self.last_error: BaseException | None = None
        self.last_report: TracebackReport | None = None
        self.debugging = Debugging(self)
        self.extensions = Extensions(self)
        self.log = SessionLog()
        self.before_doctest_mode: tuple[str, bool] | None = None
        self.is_running = False
        self.interrupt_pending = False
        self.cancel_pending = False
        """Whether the loop is still to cancel what is awaited, for an interrupt."""
        self.interrupt_next = False
        """Whether an interrupt came for the cell that is about to run."""
        self.awaiting: asyncio.Task[Any] | None = None
        self.can_exit = False
        """Whether ``exit`` leaves: there is a loop that asks ``exit_requested`` after each cell."""
        self.exit_requested = False
        self.auto_reload: AutoReload | None = None
        """When edited modules are reloaded; made when it is first asked for."""
        self.event_loop: EventLoop | None = None
        """The toolkit's loop that runs while the session waits."""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._context = contextvars.copy_context()
        set_context(self)
        self._depth = 0
        self._reserved: dict[str, Any] = {}
        self._load()
        _shells.append(self)
        if profile is not None:
            self.load_profile(profile)
        self.initialized()

    def _load(self) -> None:
        from .magics import add_all_groups

        add_all_groups(self)
        self.namespace.setdefault("__builtins__", sys.modules["builtins"])
        self._reserved = {
            "get_ipython": self._get_ipython,
            "display": display,
            "exit": Leave(self),
            "quit": Leave(self),
        }
        for name, value in self._reserved.items():
            if name == "get_ipython" or name not in self.namespace:  # a program's own name stays
                self.namespace[name] = value
        if self.settings.inline_figures:
            figures.install(self.formatters)
            scenes.install(self.formatters)

    def _get_ipython(self) -> Shell:
        own = _context_of.get(None)
        return own if own is not None and own.parent is self else self

    def initialized(self) -> None:
        """Tell those who wait for the shell to be ready, once."""
        self.events.trigger_once("shell_initialized", self)

    def load_profile(self, name: str) -> None:
        """Load a profile by its name or path. Raises :class:`UsageError` if it cannot be read."""
        from .profiles import apply_profile, find_profile

        apply_profile(self, find_profile(name))

    def configure(self, name: str, value: Any) -> None:
        """Change a setting, and what depends on it. Raises :class:`UsageError`."""
        self.settings.set(name, value)
        self.results.maximum_count = self.settings.maximum_results
        self.results.maximum_bytes = self.settings.maximum_result_bytes
        self.results.enforce_budget()

    # --- Cells -----------------------------------------------------------------------------

    def run_cell(
        self,
        source: str,
        *,
        filename: str | None = None,
        first_line: int = 1,
        run_id: str | None = None,
        store_history: bool = True,
        silent: bool = False,
        values: str = "",
    ) -> ExecutionResult:
        """Run a cell.

        ``filename`` and ``first_line`` (1-based) say where the cell stands; ``silent`` shows no
        value and counts nothing. ``values`` (last, all, assignments) is of a front end that shows
        them beside the code: see :class:`.previews`.
        """
        with CellRun(self, source, store_history and not silent) as result:
            result.has_previews = bool(values)
            told = filename, first_line, run_id, silent, values.replace("last", "")
            parts, needs_loop = self._prepare(result, *told)
            if needs_loop:
                self._run_in_loop(parts, result, silent)
            elif parts and (self._depth > 1 or _context_of.get(None) is self):
                self._run_parts(parts, result, silent)  # in its context already
            elif parts:
                self._context.run(self._run_parts, parts, result, silent)
        return result

    async def run_cell_async(
        self,
        source: str,
        *,
        filename: str | None = None,
        first_line: int = 1,
        run_id: str | None = None,
        store_history: bool = True,
        silent: bool = False,
    ) -> ExecutionResult:
        """Run a cell inside a running event loop; see :meth:`run_cell`."""
        with CellRun(self, source, store_history and not silent) as result:
            parts, _ = self._prepare(result, filename, first_line, run_id, silent)
            await self._await_parts(parts, result, silent)
        return result

    def _make_current(self) -> None:
        if self.parent is None and _shells[-1:] != [self]:
            if self in _shells:
                _shells.remove(self)
            _shells.append(self)

    def _prepare(
        self,
        result: ExecutionResult,
        filename: str | None,
        first_line: int,
        run_id: str | None,
        silent: bool,
        interactivity: str = "",
    ) -> tuple[list[Part], bool]:
        """Transform, remember and compile a cell: its parts, and whether they need the loop."""
        if not silent:
            self.events.trigger("pre_execute")
            self.events.trigger("pre_run_cell", result)
        self.transformer.automagic = self.settings.automagic and self.magics.automagic
        self.transformer.comment_magics = self.settings.comment_magics
        self.transformer.autocall = self.settings.autocall
        self.formatters.maximum_seconds = self.settings.maximum_display_seconds
        self.formatters.maximum_growth = self.settings.maximum_display_growth
        self.compiler.allow_await(self.settings.autoawait)
        self.transformer.first_line = first_line
        result.transformed = self.transform_cell(result.source)
        count = result.execution_count
        if count is not None:
            self.results.add_input(count, result.source)
            self._unwritten.append((count, result.source, result.transformed))
            if not self.tidies_later:
                self.write_history()
            self.log.add_input(result.source, result.transformed)
        name = filename or (f"<cell {count}>" if count is not None else "<silent cell>")
        name = self.sources.register(name, first_line, result.source, run_id)
        if filename is not None:
            self.namespace["__file__"] = name  # getsource of a class looks there
        forget_warnings(self.namespace)
        try:
            tree = self.transformer.take_tree(result.transformed, first_line)
            if tree is None or self.compiler.flags != TREE_FLAGS:
                tree = self.compiler.parse(result.transformed, name, first_line)
            if self.tree_transformers:
                tree = self._transform_tree(tree)
            parts = parts_of(
                tree,
                name,
                result.transformed,
                first_line,
                interactivity or self.settings.interactivity,
                self.compiler,
            )
            text = None if self.tree_transformers else result.transformed
            needs_loop = any(part.awaits for part in parts) or wants_loop(tree, text)
        except Exception as error:  # noqa: BLE001 - SyntaxError, or what compiling hostile text gives
            self._fail(result, error.with_traceback(None))
            return [], False
        return parts, needs_loop

    def _transform_tree(self, tree: ast.Module) -> ast.Module:
        for transformer in tuple(self.tree_transformers):
            name = type_qualname(type(transformer))
            try:
                tree = call(f"The tree transformer {name}", _visited, transformer, tree)
            except CallbackError as failure:
                if failure.kind == "InputRejected":
                    raise UsageError(f"{name} does not take this cell: {failure.message}") from None
                self.tree_transformers.remove(transformer)
                self.warn(str(failure))
        return tree

    @guarded
    def _run_parts(self, parts: list[Part], result: ExecutionResult, silent: bool) -> None:
        try:
            for part in parts:
                if self.interrupt_pending:  # here, where one that comes now is raised at once
                    self.interrupt_pending = False
                    raise KeyboardInterrupt
                if part.statement is None or part.assigned:
                    call_user_code(exec, part.code, self.namespace)
                    part.tell_assigned(self, result)
                else:
                    value = call_user_code(eval, part.code, self.namespace)
                    self._show(value, part, result, silent, is_last=part is parts[-1])
        except BaseException as error:  # noqa: BLE001 - rule 1: whatever the user's code raises
            self._fail(result, error)

    @guarded
    async def _await_parts(self, parts: list[Part], result: ExecutionResult, silent: bool) -> None:
        try:
            for part in parts:
                if self.interrupt_pending:  # here, where one that comes now is raised at once
                    self.interrupt_pending = False
                    raise KeyboardInterrupt
                value = call_user_code(eval, part.code, self.namespace)
                if part.awaits:
                    value = await await_user_code(value)
                part.tell_assigned(self, result)
                if part.statement is not None and not part.assigned:
                    self._show(value, part, result, silent)
        except BaseException as error:  # noqa: BLE001 - rule 1: whatever the user's code raises
            if result.error is None:  # else the cell is over, and this was left of it
                self._fail(result, as_interrupt(self, error))

    def _run_in_loop(self, parts: list[Part], result: ExecutionResult, silent: bool) -> None:
        coroutine = self._await_parts(parts, result, silent)
        if sys.version_info >= (3, 11):
            task = self.loop.create_task(coroutine, context=self._context)
        else:
            task = self.loop.create_task(coroutine)
        self.awaiting = task
        try:
            self.loop.run_until_complete(task)
        except BaseException as error:  # noqa: BLE001 - another task may raise out of the loop
            self._fail(result, error)
            task.cancel()  # what is left of the cell must not go on in a later one
        finally:
            self.awaiting = None

    @property
    def history(self) -> History:
        """The inputs, of this session and of earlier ones; in memory unless one was given.

        An input is in it before its cell runs. With ``tidies_later`` it is by the time that
        somebody looks, or at :meth:`tidy`: who sets that answers for what is lost until then.
        """
        self.write_history()
        return self._made_history()

    def write_history(self) -> None:
        """Write the inputs that are still on their way."""
        if not self._unwritten:
            return
        with self._writing:  # another thread that looks finds them written, not on their way
            while waiting := tuple(self._unwritten):
                self._made_history().add_all(waiting)
                for _ in waiting:  # not before: an interrupt may come in between
                    self._unwritten.popleft()

    def _made_history(self) -> History:
        if self._history is None:
            self._history = self._new_history()
        return self._history

    def _new_history(self) -> History:
        from .history import History

        return History()

    @functools.cached_property
    def store(self) -> Store:
        """The values and bookmarks that outlive the session."""
        from .store import Store

        return Store()

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The shell's one event loop, made at first use."""
        if self._loop is None or self._loop.is_closed():
            import asyncio

            self._loop = asyncio.new_event_loop()
            asyncio.set_event_loop(self._loop)
        return self._loop

    @property
    def has_background_tasks(self) -> bool:
        """Whether tasks wait to go on between cells."""
        if self._loop is None or self._loop.is_closed():
            return False
        import asyncio

        return bool(asyncio.all_tasks(self._loop))

    def _show(
        self,
        value: Any,
        part: Part,
        result: ExecutionResult,
        silent: bool,
        *,
        is_last: bool = False,
    ) -> None:
        if value is None or silent:
            return
        if type(value) is Macro:
            self._run_macro(value)
            return
        result.value = value
        count = result.execution_count
        if count is not None:
            self.results.add_value(count, value)  # also if its rendering is interrupted
        data, metadata = call_user_code(self.formatters.format, value)
        if count is not None:
            if self.settings.history_outputs and "text/plain" in data:
                self.history.add_output(count, data["text/plain"])
            if self.log.logs_output:
                self.log.add_output(data.get("text/plain", ""))
        if not data:
            return
        statement = part.statement
        assert statement is not None
        last = statement.end_lineno or statement.lineno
        result.add_value(value, StatementValue(statement.lineno, last, data, metadata))
        self.shows_last = is_last and self._depth == 1
        self.front_end.result(count if count is not None else self.execution_count, data, metadata)
        self.shows_last = False

    def _run_macro(self, macro: Macro) -> None:
        """A macro's name alone on a line: its text runs as a cell."""
        if self.run_cell(macro.value, store_history=False).error is not None:
            raise AlreadyReportedError

    def tidy(self) -> None:
        """After a cell: free what the user deleted, write what of the history waits."""
        self.results.follow_deletions()
        self.write_history()

    def _end_of_cell(self, result: ExecutionResult) -> None:
        if not self.tidies_later:
            self.tidy()
        if "matplotlib" in sys.modules:
            try:
                figures.at_cell_end(self)
            except Exception as error:  # noqa: BLE001 - a figure may fail to draw in any way
                self._fail(result, error)
        self.events.trigger("post_execute")
        self.events.trigger("post_run_cell", result)

    # --- The whole -------------------------------------------------------------------------

    def reset(self, *, results: bool = True) -> None:
        """Forget the user's variables, private ones too, and results; inputs and history stay.

        ``results`` says whether the results go too.
        """
        if results:
            self.results.clear()
        kept = self.results.own_names()
        for name in tuple(self.namespace):
            is_pythons = len(name) > 4 and name.startswith("__") and name.endswith("__")
            if name not in kept and not is_pythons:
                del self.namespace[name]
        self.namespace.update(self._reserved)

    def enable_gui(self, name: str | None = None) -> None:
        """Run a toolkit's event loop while the session waits; none with ``off`` or None.

        Raises :class:`UsageError` for an unknown toolkit, or one that cannot run here.
        """
        from .event_loops import make_loop

        if self.event_loop is not None and self.event_loop.name == name:
            return
        made = make_loop(name or "off", self)
        if self.event_loop is not None:
            self.event_loop.stop()
        self.event_loop = made

    def close(self) -> None:
        """End the shell: its history's session, its loop, its place among the shells."""
        self._forget_error()
        if self.event_loop is not None:
            self.event_loop.stop()
        self.log.stop()
        self.results.clear()
        if self._history is not None or self._unwritten:  # what nothing asked for is not made
            self.history.close()
        if self._loop is not None and not self._loop.is_closed():
            self._cancel_tasks(self._loop)
            self._loop.close()
        if self in _shells:
            _shells.remove(self)

    def forget_own_names(self) -> None:
        """Take the shell's own names out of the module: it was somebody's before (``embed``)."""
        self.results.forget_names()
        for name, value in self._reserved.items():
            if self.namespace.get(name) is value:
                del self.namespace[name]

    @staticmethod
    def _cancel_tasks(loop: asyncio.AbstractEventLoop) -> None:
        import asyncio

        tasks = asyncio.all_tasks(loop)
        for task in tasks:
            task.cancel()
        if tasks:
            loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
