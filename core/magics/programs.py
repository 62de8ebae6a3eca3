"""``%run``: a program runs as if typed, and its results update the session."""

from __future__ import annotations

import os
import sys
import time
import tokenize
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from ..errors import AlreadyReportedError, UsageError
from ..execution import call_user_code
from .code import show_seconds
from .debugging import place_of_breakpoint
from .options import Option, split_words
from .profiling import PROFILE_OPTIONS, profiled, report
from .registry import MagicCall, magic

_OPTIONS = (
    Option("-i", "interactive", "run in the session's own namespace"),
    Option("-n", "not_main", "set __name__ to the file's name, not to __main__"),
    Option("-e", "ignore_exit", "let sys.exit() pass without a word"),
    Option("-t", "timed", "print the time it took"),
    Option("-N", "repeats", "run so many times (with -t)", "N", 1, int),
    Option("-m", "module", "run a module, found on sys.path", "MODULE"),
    Option("-G", "no_glob", "leave * and ? in the arguments to the program"),
    Option("-d", "debugged", "run it in the debugger"),
    Option("-b", "breakpoint", "with -d: run to this line first", "FILE:LINE"),
    Option("-p", "profiled", "run it under the profiler"),
    *PROFILE_OPTIONS,
)


@magic("run", arguments="FILE [ARGUMENT …]", options=_OPTIONS)
def run(call: MagicCall) -> None:
    """Run a program as if typed: its variables are then the session's.

    The program gets its own ``__name__``, ``__file__`` and ``sys.argv``. A file that ends in
    .ipy or .ipynb may hold magics.
    """
    options = call.options
    words = split_words(call.arguments)
    if options.module is None and not words:
        raise UsageError("%run wants a file, or -m and a module.")
    if options.module is not None:
        options.spec = _module_spec(options.module)
        path, name = Path(str(options.spec.origin)), options.module
        arguments = words
    else:
        path, arguments = _file(words[0]), words[1:]
        name = path.stem
    if not options.no_glob:
        arguments = _expanded(arguments)
    if options.profiled:
        stats = profiled(lambda: _run_once(call, path, name, arguments))
        report(call, stats, options)
        return
    started, cpu = time.perf_counter(), time.process_time()
    for _ in range(max(1, options.repeats)):
        _run_once(call, path, name, arguments)
    if options.timed:
        wall, used = time.perf_counter() - started, time.process_time() - cpu
        print(f"CPU time: {show_seconds(used)}, wall time: {show_seconds(wall)}")
        if options.repeats > 1:
            print(f"{options.repeats} runs, {show_seconds(wall / options.repeats)} each")


def _file(name: str) -> Path:
    path = Path(name).expanduser()
    for candidate in (path, *(path.with_name(path.name + end) for end in (".py", ".ipy"))):
        if candidate.is_file():
            return candidate.resolve()
    raise UsageError(f"%run: there is no file {path} (looked in {Path.cwd()}).")


def _module_spec(name: str) -> ModuleSpec:
    """What ``python -m`` would run: the module, or a package's ``__main__``."""
    import importlib.util

    search = list(sys.path)
    sys.path.insert(0, str(Path.cwd()))
    importlib.invalidate_caches()  # the file may be younger than the last look into its folder
    try:
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.submodule_search_locations is not None:
            spec = importlib.util.find_spec(f"{name}.__main__")
    except (ImportError, ValueError) as error:
        raise UsageError(f"%run -m {name}: {error}.") from None
    finally:
        sys.path[:] = search
    if spec is None or not spec.origin or not spec.origin.endswith(".py"):
        raise UsageError(f"%run -m: no module {name} that is a Python file is on sys.path.")
    return spec


def _expanded(words: list[str]) -> list[str]:
    import glob

    found: list[str] = []
    for word in words:
        matches = sorted(glob.glob(os.path.expanduser(word))) if set(word) & set("*?[") else []  # noqa: PTH111, PTH207
        found += matches or [word]
    return found


def read_source(path: Path) -> str:
    """A program's text, by its coding line. Raises :class:`UsageError` if it is not that."""
    try:
        with tokenize.open(path) as stream:
            return stream.read()
    except (UnicodeDecodeError, SyntaxError, LookupError) as error:
        raise UsageError(
            f"{path} cannot be read as text: {error}. Save it as UTF-8, or name its encoding in "
            "a comment on its first line: # -*- coding: latin-1 -*-"
        ) from None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from None


def _run_once(call: MagicCall, path: Path, name: str, arguments: list[str]) -> None:
    options = call.options
    run_name = name if options.not_main else "__main__"
    if path.suffix in (".ipy", ".ipynb"):
        _run_cells(call, path, arguments)
        return
    code = compile(read_source(path), str(path), "exec", dont_inherit=True)
    if options.interactive:
        _run_inside(call, path, code, run_name, arguments)
    else:
        _run_apart(call, path, code, run_name, arguments)


def _run_cells(call: MagicCall, path: Path, arguments: list[str]) -> None:
    """Run a file of cells as if typed: magics work, and the namespace is the session's."""
    shell = call.shell
    cells = notebook_cells(path) if path.suffix == ".ipynb" else [read_source(path)]
    kept = shell.namespace.get("__file__")
    try:
        with _as_program(path, arguments, None):
            for number, cell in enumerate(cells, 1):
                filename = f"{path}#cell-{number}" if path.suffix == ".ipynb" else str(path)
                result = shell.run_cell(cell, filename=filename, store_history=False)
                if result.error is not None:
                    raise AlreadyReportedError from None
    finally:
        if kept is not None:
            shell.namespace["__file__"] = kept


def notebook_cells(path: Path) -> list[str]:
    """The code cells of a notebook. Raises :class:`UsageError` if it is none."""
    from ..notebook_files import NotebookFileError, read_notebook

    try:
        cells = read_notebook(path)["cells"]
    except NotebookFileError as error:
        raise UsageError(str(error)) from None
    return [cell["source"] for cell in cells if cell["cell_type"] == "code"]


def _run_inside(
    call: MagicCall, path: Path, code: CodeType, run_name: str, arguments: list[str]
) -> None:
    """``-i``: run in the session's own namespace."""
    namespace = call.shell.namespace
    kept = {key: namespace.get(key) for key in ("__name__", "__file__")}
    namespace |= {"__file__": str(path), "__name__": run_name}
    try:
        with _as_program(path, arguments, None):
            _execute(call, path, code, namespace)
    finally:
        namespace.update({key: value for key, value in kept.items() if value is not None})


def _run_apart(
    call: MagicCall, path: Path, code: CodeType, run_name: str, arguments: list[str]
) -> None:
    """Run in a module of the program's own; the session gets its names afterwards."""
    shell, options = call.shell, call.options
    module = ModuleType(run_name)
    module.__dict__.update(
        __file__=str(path), __builtins__=shell.namespace["__builtins__"],
        get_ipython=shell.namespace.get("get_ipython"),
    )  # fmt: skip
    folder = str(path.parent)
    if options.module:
        module.__spec__, module.__package__ = options.spec, options.spec.parent
        folder = str(Path.cwd())
    main = module if run_name == "__main__" else None
    try:
        with _as_program(path, arguments, main, folder):
            _execute(call, path, code, module.__dict__)
    finally:
        # Functions of the program keep its module's globals alive; the session gets the names.
        updates = {key: value for key, value in vars(module).items() if not _is_dunder(key)}
        updates.pop("get_ipython", None)
        shell.namespace.update(updates)
        shell.namespace["__run_module__"] = module


def _is_dunder(name: str) -> bool:
    return name.startswith("__") and name.endswith("__")


def _execute(call: MagicCall, path: Path, code: CodeType, namespace: dict[str, Any]) -> None:
    options, process = call.options, os.getpid()
    try:
        if options.debugged or options.breakpoint:
            wanted = options.breakpoint
            place = place_of_breakpoint("run", wanted, path) if wanted else None
            call.shell.debugging.run_code(code, namespace, None, place)
        else:
            call_user_code(exec, code, namespace)
        if os.getpid() != process:
            sys.exit()  # a child that the program forked off ends with the program
    except SystemExit as error:
        if os.getpid() != process:
            raise
        if options.ignore_exit or error.code in (None, 0):
            return
        raise UsageError(f"The program ended with exit status {error.code!r}.") from None


@contextmanager
def _as_program(
    path: Path, arguments: list[str], module: ModuleType | None, folder: str | None = None
) -> Iterator[None]:
    """What a program finds around it, and the session again afterwards.

    ``folder`` is where its imports are looked for first: its own, if nothing is said.
    """
    argv, search, main = sys.argv, list(sys.path), sys.modules.get("__main__")
    streams = sys.stdout, sys.stderr, sys.stdin
    sys.argv = [str(path), *arguments]
    sys.path.insert(0, folder or str(path.parent))
    if module is not None:
        sys.modules["__main__"] = module
    try:
        yield
    finally:
        sys.argv = argv
        sys.path[:] = search
        sys.stdout, sys.stderr, sys.stdin = streams
        if main is not None:
            sys.modules["__main__"] = main
