"""A cell as the keeper sends it, run in a shell: what is reported of its end."""

from __future__ import annotations

from typing import Any

from ...core.execution import ExecutionResult
from ...core.shell import Shell
from .front_end import EngineFrontEnd, plain_bundle


def run_cell(shell: Shell, front_end: EngineFrontEnd, header: dict[str, Any]) -> ExecutionResult:
    """Run the cell of an ``execute`` frame."""
    # Cells that a cell runs itself take numbers too: the shell may be ahead of the keeper.
    shell.execution_count = max(shell.execution_count, header["execution_count"])
    front_end.begin(header["run"])
    return shell.run_cell(
        header["code"],
        filename=header["path"],
        first_line=header["first_line"],
        run_id=header["run"],
        store_history=header["store_history"],
        silent=header["silent"],
        values=header.get("values", ""),
    )


def done_frame(
    shell: Shell, front_end: EngineFrontEnd, header: dict[str, Any], result: ExecutionResult
) -> dict[str, Any]:
    """What is reported of a cell's end; its user expressions are evaluated here."""
    run = header["run"]
    done: dict[str, Any] = {
        "type": "done",
        "run": run,
        "status": result.status,
        "values": [
            {
                "first_line": value.first_line,
                "last_line": value.last_line,
                "data": plain_bundle(value.data),
            }
            for value in result.values
        ],
        "payload": front_end.end(run),
        "user_expressions": {},
    }
    if warned := front_end.warned.pop(run, None):
        done["warnings"] = warned
    if result.report is not None:
        done["error"] = front_end.described(result.report)
    elif header["user_expressions"]:
        front_end.release()
        shown = shell.user_expressions(header["user_expressions"])
        for entry in shown.values():
            if "data" in entry:
                entry["data"] = plain_bundle(entry["data"])
        done["user_expressions"] = shown
    result.error = None
    return done


def failed_frame(front_end: EngineFrontEnd, run: str, error: BaseException) -> dict[str, Any]:
    """What is reported of a cell that something raised out of, beside the main thread."""
    from ...core.tracebacks import report_of

    return {
        "type": "done",
        "run": run,
        "status": "error",
        "values": [],
        "payload": front_end.end(run),
        "user_expressions": {},
        "error": front_end.described(report_of(error)),
    }
