"""A session for a Jupyter launcher, kept in the process that it starts.

The engine is started before anything else is loaded or looked at, so that both start side by side:
what is wrong with an interpreter is found out when it does not answer.
"""

from __future__ import annotations

import gc
import os
import sys

from .keeper.child import start_child

TYPE_CHECKING = False  # typing's own comes with a module that nobody waits for here
if TYPE_CHECKING:
    from .keeper.child import StartedChild


def run_kernel(
    connection_file: str,
    python: str | None = None,
    profile: str | None = None,
    child: StartedChild | None = None,
) -> int:
    """Keep the session until it or its launcher ends. ``python`` is the interpreter of its cells;
    ``child``: its engine, if that was started before.

    Raises :class:`SessionError`, and :class:`ConnectionFileError` for a bad connection file.
    """
    gc.disable()
    interpreter = python or sys.executable
    try:
        folder = os.getcwd()  # noqa: PTH109 - pathlib is loaded beside the engine
        child = child or start_child(interpreter, folder)
    except OSError:
        _use_site()
        from .directories import current_folder
        from .interpreters import check_python

        check_python(interpreter, str(current_folder()))
        raise  # what was wrong is right again
    _use_site()
    from .directories import cache_folder, history_file, scratch_folder
    from .keeper.spawn import EngineProcess

    engine = EngineProcess.of(child)
    cache = str(cache_folder("bytecode"))
    engine.use_cache(cache)
    from .keeper.loading import load_libraries

    load_libraries()
    import msgspec

    from .connection import read_connection
    from .errors import ConnectionFileError, SessionError
    from .frames import Ordering
    from .limits import output_limit

    try:
        connection = read_connection(connection_file)
        limit = output_limit()
    except (ConnectionFileError, SessionError):
        engine.end(0)
        raise
    with scratch_folder("vivo-kernel-") as journal:
        magic = Ordering.new_magic()
        spec = {
            "id": os.urandom(6).hex(),
            "name": "vivo",
            "python": interpreter,
            "cwd": folder,
            "workspace": None,
            "profile": profile,
            "connection": msgspec.structs.asdict(connection),
            "connection_file": connection_file,
            "journal": journal,
            "history": str(history_file()),
            "cache": cache,
            "output_limit": limit,
            "foreign": True,
            "ready": None,
        }
        engine.begin(spec, magic)
        from .keeper.loop import Keeper

        keeper = Keeper(spec, engine, magic)
        gc.freeze()  # what the start has made stays
        gc.enable()
        keeper.run()
    if not keeper.state.python_version:  # it never was ready
        from .interpreters import check_python

        check_python(interpreter, folder)
        return 1
    return 0


def _use_site() -> None:
    """Find the environment's packages, if that was put off (:mod:`.kernel_script`)."""
    if sys.flags.no_site and "site" not in sys.modules:
        import site

        site.main()


def main(child: StartedChild | None = None) -> int:
    """Keep the session that the command line names; ``child`` as for :func:`run_kernel`."""
    try:
        # A launcher's user may add words to those of the kernelspec.
        words = [word for word in sys.argv[1:] if word != "--python"][:2]
        return run_kernel(words[0], words[1] if words[1:] else None, child=child)
    except Exception as error:
        from ..core.errors import VivoError  # not before the engine is there

        if not isinstance(error, VivoError):
            raise
        sys.stderr.write(f"vivo kernel: {error}\n")
        return 2
