"""What code in the wild calls on ``get_ipython()`` beyond a shell's own methods.

A part of :class:`vivo.core.shell.Shell`. Extensions, notebooks and libraries were written for
IPython's ``InteractiveShell``; each name here is one that they use, with the meaning they expect.
Rules:

1. Nothing here holds state of its own that a part of the shell holds already: it is another way
   to reach it.
2. What costs an import is made when it is first asked for.
3. An instance's own ``showtraceback`` or ``_showtraceback`` (rich puts one) shows the errors of
   cells instead of the front end; one that raises is taken out.
"""

from __future__ import annotations

import contextlib
import functools
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING, Any, cast

from .callbacks import CallbackError, call
from .errors import UsageError
from .execution import call_user_code
from .safe import isinstance_exact

if TYPE_CHECKING:
    import ast

    from .events import EventRegistry
    from .execution import ExecutionResult
    from .formatters import DisplayFormatters
    from .frontend import FrontEnd
    from .inline_options import InlineOptions
    from .magics.registry import MagicRegistry
    from .results import ResultStore
    from .settings import Settings
    from .shell import Shell
    from .shim.formatters import DisplayFormatter
    from .shim.hooks import Hooks
    from .shim.magic import MagicsManager
    from .tracebacks import TracebackReport
    from .transform import Transformer


LineTransformer = Callable[[list[str]], list[str]]


class Compatible:
    """The names of IPython's shell, for code that was written for it."""

    namespace: dict[str, Any]
    module: ModuleType
    settings: Settings
    front_end: FrontEnd
    formatters: DisplayFormatters
    magics: MagicRegistry
    events: EventRegistry
    results: ResultStore
    transformer: Transformer
    tree_transformers: list[ast.NodeTransformer]
    last_error: BaseException | None

    @property  # type: ignore[misc]
    def __class__(self) -> type[Any]:
        """What ``isinstance`` sees: of IPython's kind where IPython is installed and imported."""
        from .shim import installed

        return installed.claimed_class(type(self))

    # --- The namespace ---------------------------------------------------------------------

    @property
    def user_ns(self) -> dict[str, Any]:
        """The user's variables."""
        return self.namespace

    user_global_ns = user_ns

    @property
    def user_module(self) -> ModuleType:
        """The user's module."""
        return self.module

    @property
    def user_ns_hidden(self) -> dict[str, Any]:
        """The variables that are the shell's own."""
        own = cast("Shell", self).user_names()
        return {name: value for name, value in self.namespace.items() if name not in own}

    def push(
        self, variables: Mapping[str, Any] | str | Iterable[str], interactive: bool = True
    ) -> None:
        """Give the user variables: a mapping, or names of the caller's own."""
        if isinstance(variables, Mapping):
            self.namespace.update(variables)
            return
        names = variables.split() if isinstance(variables, str) else list(variables)
        frame = sys._getframe(1)
        for name in names:
            if name in frame.f_locals:
                self.namespace[name] = frame.f_locals[name]
            elif name in frame.f_globals:
                self.namespace[name] = frame.f_globals[name]
            else:
                raise UsageError(f"The caller has no variable {name} to push.")

    def ev(self, expr: str) -> Any:
        """The value of an expression in the user's namespace."""
        return call_user_code(eval, expr, self.namespace)

    def ex(self, cmd: str) -> None:
        """Run statements in the user's namespace."""
        call_user_code(exec, cmd, self.namespace)

    def drop_by_id(self, variables: Mapping[str, Any]) -> None:
        """Take variables away from the user where they are still these very objects."""
        for name, value in variables.items():
            if self.namespace.get(name) is value:
                del self.namespace[name]

    def del_var(self, varname: str, by_name: bool = False) -> None:
        """Delete a variable, as ``%xdel`` does. Raises :class:`UsageError` if there is none."""
        if varname not in self.namespace:
            raise UsageError(f"There is no variable {varname}.")
        if by_name:
            del self.namespace[varname]
        else:
            cast("Shell", self).run_line_magic("xdel", varname)

    def get_local_scope(self, stack_depth: int) -> dict[str, Any]:
        """The variables of a frame above the caller."""
        return sys._getframe(stack_depth + 1).f_locals

    def var_expand(self, cmd: str, depth: int = 0, formatter: Any = None) -> str:
        """A text with ``$name`` and ``{expression}`` replaced by values of a frame's."""
        return cast("Shell", self).expand(cmd, sys._getframe(depth + 1))

    # --- Magics ----------------------------------------------------------------------------

    @functools.cached_property
    def magics_manager(self) -> MagicsManager:
        """The magics as extensions look at them."""
        from .shim.magic import MagicsManager

        return MagicsManager(self)

    def register_magics(self, *magic_objects: Any) -> None:
        """Register classes whose methods are magics (``@magics_class``), or their instances."""
        from .shim.registering import register_instance

        for given in magic_objects:
            if not getattr(given, "registered", False):
                name = getattr(given, "__name__", type(given).__name__)
                raise UsageError(f"{name} is no class of magics: it lacks @magics_class.")
            instance = given(shell=self) if isinstance(given, type) else given
            register_instance(cast("Shell", self), instance)
            self.magics_manager.registry[type(instance).__name__] = instance

    def find_magic(self, magic_name: str, magic_kind: str = "line") -> Callable[..., Any] | None:
        """A magic as a function of ``line``, or of ``line, cell``; None if there is none."""
        entry = self.magics.find(magic_name, magic_kind)
        if entry is None:
            return None
        plain = getattr(entry.function, "__wrapped__", None)
        if plain is not None:
            return cast("Callable[..., Any]", plain)
        from .shim.registering import as_function

        return as_function(cast("Shell", self), magic_name, entry)

    def find_line_magic(self, magic_name: str) -> Callable[..., Any] | None:
        """A line magic as a function; None if there is none."""
        return self.find_magic(magic_name)

    def find_cell_magic(self, magic_name: str) -> Callable[..., Any] | None:
        """A cell magic as a function; None if there is none."""
        return self.find_magic(magic_name, "cell")

    @functools.cached_property
    def extension_manager(self) -> Any:
        """What loads extensions."""
        from .shim.hooks import ExtensionManager

        return ExtensionManager(cast("Shell", self))

    # --- Display ---------------------------------------------------------------------------

    @functools.cached_property
    def display_formatter(self) -> DisplayFormatter:
        """The formatters, as libraries address them."""
        from .shim.formatters import DisplayFormatter

        return DisplayFormatter(self.formatters)

    @property
    def display_pub(self) -> Any:
        """Where displays go; a library may put a publisher of its own in place."""
        from .shim.publishing import DisplayPublisher, Redirected

        if isinstance(self.front_end, Redirected):
            return self.front_end.publisher
        return DisplayPublisher(self)

    @display_pub.setter
    def display_pub(self, publisher: Any) -> None:
        from .shim.publishing import DisplayPublisher, Redirected

        front_end = self.front_end
        if isinstance(front_end, Redirected):
            front_end = front_end.front_end
        if type(publisher) is not DisplayPublisher:
            front_end = cast("FrontEnd", Redirected(front_end, publisher))
        self.front_end = front_end

    def showtraceback(
        self,
        exc_tuple: Any = None,
        filename: str | None = None,
        tb_offset: int | None = None,
        exception_only: bool = False,
        running_compiled_code: bool = False,
    ) -> None:
        """Show an error, the one being handled by default."""
        from .tracebacks import report_of

        try:
            kind, error, _ = self._get_exc_info(exc_tuple)
        except ValueError:
            cast("Shell", self).warn("There is no error to show.")
            return
        report = report_of(error, secret_words=self.settings.secret_words)
        self._showtraceback(kind, error, report.lines(self.settings.xmode))

    showsyntaxerror = showtraceback

    def get_exception_only(self, exc_tuple: Any = None) -> str:
        """An error without its traceback: ``ZeroDivisionError: division by zero``."""
        from .tracebacks import described

        return described(self._get_exc_info(exc_tuple)[1]) + "\n"

    def _get_exc_info(
        self, exc_tuple: Any = None
    ) -> tuple[type[BaseException], BaseException, TracebackType | None]:
        """An error in three parts: the given one, the one being handled, or the last cell's.

        Raises ``ValueError`` if there is none.
        """
        from .tracebacks import traceback_of

        error = exc_tuple[1] if exc_tuple else sys.exc_info()[1] or self.last_error
        if error is None:
            raise ValueError("There is no error to show.")
        return type(error), error, traceback_of(error)

    def _showtraceback(self, etype: type, evalue: BaseException, stb: list[str]) -> None:
        """Show an error. Libraries put a function of their own in its place (rule 3)."""
        from .tracebacks import report_of

        self.front_end.error(report_of(evalue, secret_words=self.settings.secret_words))

    def show_failure(self, error: BaseException, report: TracebackReport) -> None:
        """Show the error of a cell, by a library's function where one has been put (rule 3)."""
        replaced = vars(self).keys() & {"showtraceback", "showsyntaxerror", "_showtraceback"}
        if not replaced or report.plain:
            self.front_end.error(report)
            return
        name = "showsyntaxerror" if isinstance_exact(error, SyntaxError) else "showtraceback"
        try:
            call(f"The replacement {{}} of {name}", getattr(self, name))
        except CallbackError as failure:
            for each in replaced:
                vars(self).pop(each, None)
            self.front_end.error(report)
            cast("Shell", self).warn(str(failure))

    @functools.cached_property
    def InteractiveTB(self) -> Any:  # noqa: N802 - the name they use
        """What writes tracebacks."""
        from .shim.tracebacks import AutoFormattedTB

        return AutoFormattedTB(self.settings.xmode)

    def set_next_input(self, text: str, replace: bool = False) -> None:
        """Offer a text as the next input."""
        self.front_end.set_next_input(text, replace=replace)

    @property
    def colors(self) -> str:
        """The colour scheme, by name: front ends choose their colours themselves."""
        return "neutral"

    # --- Input -----------------------------------------------------------------------------

    @functools.cached_property
    def input_transformers_cleanup(self) -> list[LineTransformer]:
        """Functions of a cell's lines, called before anything else is made of them."""
        return []

    @functools.cached_property
    def input_transformers_post(self) -> list[LineTransformer]:
        """Functions of a cell's lines, called when magics and commands are Python."""
        return []

    def transform_cell(self, source: str) -> str:
        """The Python of a cell, by the shell's rules and by what users have registered."""
        if "IPython.core.interactiveshell" in sys.modules:
            from .shim.installed import chosen_interactivity

            chosen_interactivity(self)
        held = vars(self)  # a shell that nobody has asked for these lists has none
        if before := held.get("input_transformers_cleanup"):
            source = self._transformed_by(before, source)
        source = self.transformer.transform(source)
        if after := held.get("input_transformers_post"):
            source = self._transformed_by(after, source)
        return source

    def _transformed_by(self, functions: list[LineTransformer], source: str) -> str:
        """A text after some functions of its lines. One that raises is taken out, once told."""
        lines = source.splitlines(keepends=True)
        for function in tuple(functions):
            try:
                lines = call("The input transformer {}", function, lines)
            except CallbackError as failure:
                if failure.kind == "SyntaxError":
                    continue  # it has no word for this cell, and what follows says what is wrong
                functions.remove(function)
                cast("Shell", self).warn(str(failure))
        return "".join(lines)

    @property
    def input_transformer_manager(self) -> Any:
        """What transforms cells: it has ``transform_cell`` and ``check_complete``."""
        from .shim.hooks import TransformerManager

        return TransformerManager(cast("Shell", self))

    @property
    def ast_transformers(self) -> list[ast.NodeTransformer]:
        """Asked to change the tree of every cell before it is compiled."""
        return self.tree_transformers

    # --- Hooks -----------------------------------------------------------------------------

    @functools.cached_property
    def hooks(self) -> Hooks:
        """What extensions put in place of the shell's own ways."""
        from .shim.hooks import Hooks

        return Hooks(cast("Shell", self))

    def set_hook(
        self,
        name: str,
        hook: Callable[..., Any],
        priority: int = 50,
        str_key: str | None = None,
        re_key: str | None = None,
    ) -> None:
        """Have a function called for something by name; the lowest priority is asked first.

        ``complete_command`` completes the command ``str_key``, or those that match ``re_key``.
        Raises :class:`UsageError` for a name that there is not.
        """
        self.hooks.set(name, hook, priority, str_key=str_key, re_key=re_key)

    def set_custom_exc(
        self, exc_tuple: tuple[type[BaseException], ...], handler: Callable[..., Any] | None
    ) -> None:
        """Show errors of some classes by ``handler(shell, type, error, traceback, tb_offset=…)``.

        Without a handler they are shown as usual again.
        """
        handlers = cast("Shell", self).exception_handlers
        for kind in exc_tuple:
            if handler is None:
                handlers.unregister(kind)
            else:
                handlers.register(kind, _custom_handler(handler))

    # --- Configuration ---------------------------------------------------------------------

    @property
    def config(self) -> Any:
        """A configuration that extensions may read and set; nothing of the shell's is in it."""
        from .shim.hooks import configuration

        self._configuration = configuration(self._configuration)
        return self._configuration

    @config.setter
    def config(self, value: Any) -> None:
        self._configuration = value

    _configuration: Any = None

    @functools.cached_property
    def configurables(self) -> list[Any]:
        """The objects of extensions that take part in the configuration."""
        return [self]

    def _find_my_config(self, cfg: Any) -> Any:
        """The part of a configuration that is the shell's: a child of ours asks for it."""
        return type(cfg)()

    def has_trait(self, name: str) -> bool:
        """Whether the shell has an attribute: libraries ask for ``kernel``."""
        return hasattr(self, name)

    parent: Any = None

    @property
    def ast_node_interactivity(self) -> str:
        """Which expressions of a cell show their value: the setting ``interactivity``."""
        return self.settings.interactivity

    @ast_node_interactivity.setter
    def ast_node_interactivity(self, value: str) -> None:
        from .shim.spellings import value_of

        self.settings.set("interactivity", value_of(value))

    @functools.cached_property
    def db(self) -> dict[str, Any]:
        """A place where extensions keep what they like, for the session's life."""
        return {}

    # --- Programs --------------------------------------------------------------------------

    def safe_execfile(
        self,
        fname: str | Path,
        *where: dict[str, Any],
        exit_ignore: bool = False,
        raise_exceptions: bool = False,
        shell_futures: bool = False,
    ) -> None:
        """Run a Python file in a namespace (the user's by default); its error is shown."""
        path = Path(fname).expanduser()
        namespace = where[0] if where else self.namespace
        local = where[1] if len(where) > 1 else namespace
        try:
            code = compile(path.read_bytes(), str(path), "exec", dont_inherit=True)
            call_user_code(exec, code, namespace, local)
        except SystemExit as error:
            if error.code not in (None, 0) and not exit_ignore:
                self.showtraceback()
        except Exception:
            if raise_exceptions:
                raise
            self.showtraceback()

    def safe_execfile_ipy(
        self, fname: str | Path, shell_futures: bool = False, raise_exceptions: bool = False
    ) -> None:
        """Run a file of cells (``.ipy``) as if typed."""
        text = Path(fname).expanduser().read_text("utf-8")
        result = cast("Shell", self).run_cell(text, store_history=False)
        if raise_exceptions:
            result.raise_error()

    def run_code(self, code_obj: Any, result: ExecutionResult | None = None) -> bool:
        """Run code in the user's namespace; whether it raised, and then it was shown."""
        try:
            call_user_code(exec, code_obj, self.namespace)
        except Exception:  # noqa: BLE001 - whatever the code raises
            self.showtraceback()
            return True
        return False

    def mktempfile(self, data: str | None = None, prefix: str = "vivo_edit_") -> str:
        """The name of a new temporary file, with a text in it if one is given."""
        import tempfile

        descriptor, name = tempfile.mkstemp(".py", prefix, text=True)
        os.close(descriptor)
        Path(name).write_text(data or "", "utf-8")
        return name

    @contextlib.contextmanager
    def builtin_trap(self) -> Iterator[None]:
        """Nothing to set up: ``get_ipython`` and ``display`` are there for all code."""
        yield

    # --- Figures and windows ---------------------------------------------------------------

    @functools.cached_property
    def inline_options(self) -> InlineOptions:
        """How inline figures are drawn: ``%config InlineBackend.…``."""
        from .inline_options import InlineOptions

        return InlineOptions()

    def enable_matplotlib(self, gui: str | None = None) -> tuple[str | None, str]:
        """Choose matplotlib's backend; the toolkit and the backend."""
        cast("Shell", self).run_line_magic("matplotlib", gui or "")
        return gui, str(sys.modules["matplotlib"].get_backend())

    def enable_pylab(
        self, gui: str | None = None, import_all: bool = True, welcome_message: bool = False
    ) -> tuple[str | None, str]:
        """Import numpy and matplotlib as an interactive workspace, without a word."""
        from .figures import enter_pylab

        enter_pylab(cast("Shell", self), gui or "", everything=import_all)
        return gui, str(sys.modules["matplotlib"].get_backend())

    # --- History ---------------------------------------------------------------------------

    @functools.cached_property
    def history_manager(self) -> Any:
        """The inputs and results, as libraries look at them."""
        from .shim.hooks import HistoryManager

        return HistoryManager(cast("Shell", self))


def _custom_handler(handler: Callable[..., Any]) -> Callable[..., bool]:
    """A handler as extensions write it, as the shell's registry asks it."""

    def handle(shell: Shell, error: BaseException, report: TracebackReport) -> bool:
        handler(shell, type(error), error, error.__traceback__, tb_offset=None)
        return True

    handle.__qualname__ = getattr(handler, "__qualname__", repr(handler))
    return handle
