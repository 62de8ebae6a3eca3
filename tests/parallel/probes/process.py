"""What a program finds in its process: run as a cell, or by a plain Python from its input.

Before it stand three assignments: RESULT, the file for what is found; CHILD, the path of the
program for children; NAMES, modules that are looked for. Runs in Python 3.10 and newer.
"""

import os
import sys

modules_at_first = sorted(sys.modules)
names_at_first = sorted(globals())


def children():
    """What children find that are started in three ways."""
    import json
    import subprocess
    import tempfile

    child = globals()["CHILD"]

    def by_popen(file):
        words = [sys.executable, child]
        subprocess.run(words, stdin=subprocess.DEVNULL, stdout=file, check=True)

    def by_system(file):
        here = f"/proc/{os.getpid()}/fd/{file.fileno()}"
        os.system(f'exec "{sys.executable}" "{child}" </dev/null >{here}')

    def by_fork(file):
        pid = os.fork()
        if not pid:
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.dup2(file.fileno(), 1)
            os.execv(sys.executable, [sys.executable, child])
        os.waitpid(pid, 0)

    found = {}
    for way in (by_popen, by_system, by_fork):
        with tempfile.TemporaryFile("w+") as file:
            way(file)
            file.seek(0)
            found[way.__name__] = json.load(file)
    return found


def descriptors():
    """The open descriptors, and which of them a child would inherit."""
    opened, inheritable = [], []
    for number in map(int, os.listdir("/proc/self/fd")):
        try:
            if os.get_inheritable(number):
                inheritable.append(number)
            opened.append(number)
        except OSError:
            pass  # that of the listing
    return {"descriptors": sorted(opened), "inheritable": sorted(inheritable)}


def process():
    """What belongs to the process."""
    import locale
    import resource
    import signal
    import tempfile

    mask = os.umask(0)
    os.umask(mask)
    limits = [name for name in dir(resource) if name.startswith("RLIMIT_")]
    handled = set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}
    return {
        "environment": dict(os.environ),
        "folder": os.getcwd(),
        "umask": mask,
        "temporary": tempfile.gettempdir(),
        "limits": {name: resource.getrlimit(getattr(resource, name)) for name in limits},
        "priority": os.nice(0),
        "signals": {each.name: str(signal.getsignal(each)) for each in sorted(handled)},
        "blocked": sorted(map(int, signal.pthread_sigmask(signal.SIG_BLOCK, ()))),
        "locale": locale.setlocale(locale.LC_ALL),
        "encodings": [
            sys.getfilesystemencoding(),
            sys.getfilesystemencodeerrors(),
            sys.getdefaultencoding(),
            locale.getpreferredencoding(False),
        ],
    }


def interpreter():
    """What belongs to the interpreter."""
    import asyncio
    import faulthandler
    import gc
    import logging
    import multiprocessing
    import site
    import threading
    import warnings

    hooks = ("excepthook", "displayhook", "breakpointhook", "unraisablehook")
    return {
        "path": sys.path,
        "argv": sys.argv,
        "orig_argv": sys.orig_argv,
        "flags": repr(sys.flags),
        "options": [sys.warnoptions, sys._xoptions],
        "prefixes": [sys.executable, sys.prefix, sys.base_prefix, sys.exec_prefix],
        "meta_path": [getattr(each, "__name__", type(each).__name__) for each in sys.meta_path],
        "path_hooks": [each.__qualname__ for each in sys.path_hooks],
        "bytecode": [sys.dont_write_bytecode, sys.pycache_prefix],
        "site": [site.getsitepackages(), site.getusersitepackages(), site.ENABLE_USER_SITE],
        "filters": [repr(each) for each in warnings.filters],
        "recursion": sys.getrecursionlimit(),
        "switch_interval": sys.getswitchinterval(),
        "digits": sys.get_int_max_str_digits(),
        "collector": [gc.isenabled(), gc.get_threshold()],
        "hooks": {name: type(getattr(sys, name)).__name__ for name in hooks},
        "thread_hook": threading.excepthook.__name__,
        "tracing": [str(sys.gettrace()), str(sys.getprofile())],
        "faulthandler": faulthandler.is_enabled(),
        "logging": [str(each) for each in logging.getLogger().handlers],
        "asyncio": type(asyncio.get_event_loop_policy()).__name__,
        "multiprocessing": multiprocessing.get_start_method(),
        "builtins": sorted(vars(sys.modules["builtins"])),
        "threads": [each.name for each in threading.enumerate()],
        "modules": modules_at_first,
        "standard": sorted(sys.stdlib_module_names),
        "names": names_at_first,
    }


def packages():
    """What is installed, as far as a program can see."""
    import importlib.metadata
    import importlib.util
    import pkgutil

    names = globals()["NAMES"]
    return {
        "distributions": sorted(
            each.metadata["Name"] for each in importlib.metadata.distributions()
        ),
        "importable": sorted(each.name for each in pkgutil.iter_modules()),
        "found": [name for name in names if importlib.util.find_spec(name) is not None],
    }


if "RESULT" in globals():
    import json

    answer = {"children": children(), **descriptors()}
    for look in (interpreter, process, packages):
        answer.update(look())
    with open(globals()["RESULT"], "w") as result:
        json.dump(answer, result)
