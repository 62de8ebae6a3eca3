"""Why an engine ended before it was ready, in one sentence. Pure."""

from __future__ import annotations

import re
import sys

_LACKS = re.compile(r"(?:ModuleNotFoundError|ImportError): No module named '([\w.]+)'")


def early_failure(python: str, ended: str, text: str) -> str:
    """The sentence; ``ended`` says how the process did, ``text`` is the last that it wrote."""
    lines = text.strip().splitlines()
    last = lines[-1] if lines else ""
    lacks = _LACKS.match(last)
    if lacks is not None and lacks[1].partition(".")[0] in sys.stdlib_module_names:
        return (
            f"{python} is incomplete: its standard library has no {lacks[1]}. Install all of it, "
            "or choose another interpreter."
        )
    told = f": {last}" if last else ""
    return (
        f"{python} cannot run an engine ({ended}){told}. See whether `{python} -c pass` ends well, "
        "or choose another interpreter."
    )
