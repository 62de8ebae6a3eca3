"""Room for many connections: the limit of open files, which is 1024 in most shells.

Standard library only: clients of clusters run in any interpreter.
"""

from __future__ import annotations

_FOR_OTHERS = 256  # what a program has open beside


def make_room(count: int) -> None:
    """Let this process have so many descriptors beside its own, as far as it may."""
    try:
        import resource
    except ImportError:  # no Unix
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count + _FOR_OTHERS
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        # No more than that: children have it too, and some close every descriptor they may have.
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
