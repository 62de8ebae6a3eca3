"""What a Jupyter launcher runs: ``python -u kernel_script.py CONNECTION_FILE [PYTHON]``.

The engine is a fork of this process, taken before anything else is loaded, wherever it comes to
the same as starting the interpreter once more. That saves a start; and since all libraries have the
same addresses in both processes then, what the processor knows of one's branches holds for the
other's too: a tenth of the time of a short cell.

Elsewhere (other flags, most ``PYTHON…`` variables, another interpreter for the cells, threads that
the environment's ``.pth`` files have started) Python starts anew here, where nothing of the user's
comes before our modules, and starts the engine. There ``-S`` leaves the environment's packages off
the path at first: finding them takes as long as starting Python, and starting an engine needs none
of it. :func:`vivo.parallel.kernel.run_kernel` makes up for it.
"""

import os
import sys
from importlib.machinery import SourceFileLoader

_ALONE = ["-E", "-P", "-S"]
_HARMLESS = {  # to a keeper
    "PYTHONBREAKPOINT",
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONHASHSEED",
    "PYTHONIOENCODING",
    "PYTHONSTARTUP",
    "PYTHONUNBUFFERED",
    "PYTHONUTF8",
}


def main() -> int:
    """Make ``vivo`` importable, as it is for an engine, and keep the session."""
    here = os.path.dirname(os.path.abspath(__file__))
    if not sys.flags.safe_path:
        del sys.path[0]  # the script's own folder: its modules are none of the user's
    if not (is_forking := _may_fork()) and not sys.flags.ignore_environment:
        script = os.path.abspath(__file__)
        os.execv(sys.executable, [sys.executable, *_ALONE, script, *sys.argv[1:]])
    path = os.path.join(here, "engine", "bootstrap.py")
    bootstrap = type(sys)("vivo_bootstrap")
    try:
        SourceFileLoader(bootstrap.__name__, path).exec_module(bootstrap)
    except OSError:
        raise ImportError(f"vivo is not whole: {path} is not there; install it again") from None
    bootstrap.offer(os.path.dirname(here))
    engine = None
    if is_forking:
        child = __import__("vivo.parallel.keeper.child", fromlist=["fork_child"])
        try:
            engine = child.fork_child()
        except OSError:
            pass  # nor will it be started; then it is said why
        if type(engine) is tuple:
            bootstrap.serve(*engine)
            return 0
    kernel = __import__("vivo.parallel.kernel", fromlist=["main"])
    return int(kernel.main(engine))


def _may_fork() -> bool:
    """Whether an interpreter that is started for the cells would be what this one is."""
    if sys.platform != "linux" or sys.orig_argv[1:] != ["-u", *sys.argv]:
        return False
    if sys.argv[2:] not in ([], [sys.executable]):
        return False
    if any(name.startswith("PYTHON") and name not in _HARMLESS for name in os.environ):
        return False
    if None in (sys.stdin, sys.stdout, sys.stderr) or sys.gettrace() or sys.getprofile():
        return False
    try:
        os.getcwd()
        return len(os.listdir("/proc/self/task")) == 1
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(main())
