"""What a cluster does, as lines of text; and the same again and again."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

_SECONDS = 1.0


def lines(told: dict[str, Any]) -> list[str]:
    """A ``vivo_status_reply`` as a table."""
    queue = told.get("queue", {})
    count = len(told["engines"])
    shown = [
        f"{told['cluster']}  {told['launcher']}  {count} engine{'s' if count != 1 else ''}"
        + (f", {told['awaited']} on their way" if told["awaited"] else ""),
        f"tasks: {queue.get('waiting', 0)} wait, {queue.get('running', 0)} run, "
        f"{queue.get('done', 0)} done, {queue.get('failed', 0)} failed"
        f"; {told.get('rates', {}).get('tasks', 0.0):.1f} a second",
    ]
    rows: list[tuple[str, ...]] = [
        ("ENGINE", "STATE", "PID", "HOST", "MEMORY", "TASKS", "DONE", "FAILED")
    ]
    for each in told["engines"]:
        memory = f"{each['memory'] >> 20} MB" if each["memory"] else "–"
        pid, host, tasks = each["engine_pid"] or "–", each["host"] or "–", each.get("tasks", 0)
        facts = (each["number"], each["state"], pid, host, memory, tasks)
        rows.append((*map(str, facts), str(each["done"]), str(each["failed"])))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = (f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
        shown.append("  ".join(cells).rstrip())
    shown += [
        f"engine {each['number']}: {each['reason']}" for each in told["engines"] if each["reason"]
    ]
    dask = told.get("dask", {})
    shown += [
        f"Dask's {name}: {dask[name]}" for name in ("scheduler", "dashboard") if dask.get(name)
    ]
    launching = [told["launching"]] if told.get("launching") else []
    if told.get("refused"):
        launching.append(f"a connection to the engines' port was refused: {told['refused']}")
    return [*shown, *launching, *told["problems"]]


def watch(ask: Callable[[], dict[str, Any]]) -> int:
    """Show what a cluster does until Ctrl-C; in place on a terminal, else one after the other."""
    in_place = sys.stdout.isatty()
    count = 0
    try:
        while True:
            shown = lines(ask())
            if in_place and count:
                sys.stdout.write(f"\x1b[{count}F\x1b[J")
            sys.stdout.write("\n".join(shown) + "\n")
            sys.stdout.flush()
            count = len(shown)
            time.sleep(_SECONDS)
    except KeyboardInterrupt:
        return 0
