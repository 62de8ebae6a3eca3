"""What a Jupyter launcher runs: ``python -E -P -S kernel_script.py CONNECTION_FILE [PYTHON]``.

``-S`` leaves the environment's packages off the path at first: finding them takes as long as
starting Python, and starting an engine needs none of it. :func:`vivo.parallel.kernel.run_kernel`
makes up for it once the engine's process is there.
"""

import os
import sys
from importlib.machinery import SourceFileLoader


def main() -> int:
    """Make ``vivo`` importable, as it is for an engine, and keep the session."""
    here = os.path.dirname(os.path.abspath(__file__))
    path = os.path.join(here, "engine", "bootstrap.py")
    bootstrap = type(sys)("vivo_bootstrap")
    try:
        SourceFileLoader(bootstrap.__name__, path).exec_module(bootstrap)
    except OSError:
        raise ImportError(f"vivo is not whole: {path} is not there; install it again") from None
    sys.meta_path.insert(0, bootstrap.Finder(os.path.dirname(here)))
    kernel = __import__("vivo.parallel.kernel", fromlist=["main"])
    return int(kernel.main())


if __name__ == "__main__":
    sys.exit(main())
