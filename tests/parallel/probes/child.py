"""What a child process finds: its facts, as JSON, on its standard output."""

import json
import os
import resource
import sys

# Signals 32 and 33, which no program can use: posix_spawn of glibc leaves the first ignored.
OF_THE_C_LIBRARY = 0b11 << 31


def facts():
    """The facts, by name."""
    opened = []
    for number in map(int, os.listdir("/proc/self/fd")):
        try:
            os.fstat(number)
            opened.append(number)
        except OSError:
            pass  # that of the listing
    with open("/proc/self/status") as status:
        masks = [line.split()[1] for line in status if line[:6] in ("SigBlk", "SigIgn")]
    signals = [f"{int(mask, 16) & ~OF_THE_C_LIBRARY:016x}" for mask in masks]
    mask = os.umask(0)
    limits = [name for name in dir(resource) if name.startswith("RLIMIT_")]
    return {
        "environment": dict(os.environ),
        "folder": os.getcwd(),
        "umask": mask,
        "signals": signals,
        "limits": {name: resource.getrlimit(getattr(resource, name)) for name in limits},
        "priority": os.nice(0),
        "descriptors": sorted(opened),
        "path": sys.path,
        "flags": repr(sys.flags),
        "modules": sorted(sys.modules),
    }


if __name__ == "__main__":
    print(json.dumps(facts()))
