"""What the engine shows, as messages on iopub: a function for each kind of event. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .state import SessionState


def _show_result(header: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    keys = ("execution_count", "data", "metadata")
    return "execute_result", {key: header[key] for key in keys}


def _show_display(header: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    name = "update_display_data" if header["type"] == "update" else "display_data"
    transient = {"display_id": header["display_id"]} if header["display_id"] else {}
    return name, {"data": header["data"], "metadata": header["metadata"], "transient": transient}


def _show_error(header: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    return "error", {key: header[key] for key in ("ename", "evalue", "traceback")}


def _show_clear(header: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    return "clear_output", {"wait": header["wait"]}


SHOWN: dict[str, Callable[[dict[str, Any]], tuple[str, dict[str, Any]]]] = {
    "result": _show_result,
    "display": _show_display,
    "update": _show_display,
    "error": _show_error,
    "clear": _show_clear,
}
"""By the type of the engine's event: the message's type and content."""


def show(state: SessionState, header: dict[str, Any]) -> None:
    """Publish what the engine shows; what is cleared again and again within its limit."""
    kind, run = header["type"], header["run"]
    name, content = SHOWN[kind](header)
    state.calls.shown(run, name, content)
    if kind == "clear":
        state.floods.clear(run, wait=bool(header["wait"]))
        return
    if state.floods.cleared:
        state.floods.release_clearing(run)
    extra = {"report": header["report"]} if kind == "error" else None
    state.publish(name, state.parent_of(run), content, run, extra=extra)
