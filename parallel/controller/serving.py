"""What clients ask of a controller, a function for each request, found by name in a table."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from ..cluster_messages import RestartEnginesRequest, ScaleRequest, StatusRequest
from ..wire import Message

if TYPE_CHECKING:
    from .controller import Controller

Handler = Callable[["Controller", Message], None]


def handle(controller: Controller, message: Message) -> None:
    """Answer a client's message; one that nobody knows is answered with that."""
    handler = HANDLERS.get(message.type)
    if handler is not None:
        handler(controller, message)
    elif message.type.endswith("_request"):
        sentence = f"This controller knows no {message.type}: it may be older than its client."
        controller.answer(message, {"status": "error", "ename": "UsageError", "evalue": sentence})


def _status(controller: Controller, message: Message) -> None:
    if msgspec.convert(message.content, StatusRequest).wait:
        controller.answer_later(message)
    else:
        tell_status(controller, message)


def tell_status(controller: Controller, message: Message) -> None:
    """Answer a ``vivo_status_request``."""
    entry = controller.entry
    content: dict[str, Any] = {
        "status": "ok",
        "cluster": entry.name,
        "id": entry.id,
        "launcher": entry.launcher,
        "started": controller.started,
        "now": time.time(),
        "awaited": controller.engines.awaited,
        "launching": controller.launching.status,
        "problems": list(controller.problems),
        "unstarted": controller.engines.unstarted,
        "refused": controller.refused if controller.engines.awaited else "",
        "engines": [
            {**each, "tasks": controller.farm.tasks_of(each["id"])}
            for each in controller.engines.status()
        ],
        **controller.farm.status(),
    }
    if hasattr(controller.launcher, "facts"):
        content[entry.launcher] = controller.launcher.facts()
    controller.answer(message, content)


def _once(action: Callable[[Controller, Message], dict[str, Any] | None]) -> Handler:
    """A handler that does a request once: sent again it gets the same answer."""

    def handle_once(controller: Controller, message: Message) -> None:
        told = message.content.get("request")
        request = told if isinstance(told, str) and told else message.id
        answer = controller.acted.answer(request)
        if answer is None:
            answer = action(controller, message)
            if answer is None:
                return  # it was refused, and changed nothing
            controller.acted.note(request, answer)
        controller.answer(message, answer)

    return handle_once


def _when_known(handler: Handler) -> Handler:
    """A handler that waits, after a controller was taken up again, for the engines that there are:
    their numbers are not free, and can be named."""

    def handle(controller: Controller, message: Message) -> None:
        if controller.knows_engines:
            handler(controller, message)
        else:
            controller.spawn(controller.handle_when_known(message))

    return handle


def _scale(controller: Controller, message: Message) -> dict[str, Any] | None:
    wanted = msgspec.convert(message.content, ScaleRequest)
    if _has_unknown(controller, message, wanted.remove):
        return None
    sentence = getattr(controller.launcher, "cannot_add", "") if wanted.add > 0 else ""
    if sentence:
        controller.answer(message, {"status": "error", "ename": "UsageError", "evalue": sentence})
        return None
    numbers = controller.start_engines(wanted.add) if wanted.add > 0 else []
    for each in tuple(controller.engines):
        if each.number in wanted.remove:
            controller.lose(each.id, "dead", "it was taken out of the cluster", None, None)
            controller.order(each, "shutdown_request", {"restart": False})
            controller.engines.gone(each.id)
    return {"status": "ok", "numbers": numbers}


def _restart(controller: Controller, message: Message) -> dict[str, Any] | None:
    """Give engines a fresh process."""
    if sentence := getattr(controller.launcher, "cannot_restart", ""):
        controller.answer(message, {"status": "error", "ename": "UsageError", "evalue": sentence})
        return None
    wanted = msgspec.convert(message.content, RestartEnginesRequest).engines
    if _has_unknown(controller, message, wanted or []):
        return None
    restarted = []
    for each in controller.engines:
        if wanted is None or each.number in wanted:
            controller.lose(each.id, "dead", "it is restarted", None, None)
            controller.order(each, "vivo_restart_request", {})
            restarted.append(each.number)
    return {"status": "ok", "numbers": restarted}


def _has_unknown(controller: Controller, message: Message, numbers: list[int]) -> bool:
    """Whether some engines are not there; then that is answered."""
    known = {each.number for each in controller.engines}
    unknown = [number for number in numbers if number not in known]
    if unknown:
        named, there = ", ".join(map(str, unknown)), ", ".join(map(str, sorted(known))) or "none"
        sentence = f"The cluster has no engine {named}; it has {there}."
        controller.answer(message, {"status": "error", "ename": "UsageError", "evalue": sentence})
    return bool(unknown)


def _detach(controller: Controller, message: Message) -> dict[str, Any]:
    controller.detach()
    return {"status": "ok"}


def _stop(controller: Controller, message: Message) -> dict[str, Any]:
    controller.stop()
    return {"status": "ok"}


def _submit(controller: Controller, message: Message) -> None:
    controller.farm.submit(message)


def _collect(controller: Controller, message: Message) -> None:
    controller.farm.collect(message)


def _collected(controller: Controller, message: Message) -> None:
    controller.farm.collected(message)


def _cancel(controller: Controller, message: Message) -> None:
    controller.farm.cancel(message)


def _monitor(controller: Controller, message: Message) -> None:
    controller.monitoring.asked(message)


def _engine(controller: Controller, message: Message) -> None:
    controller.monitoring.engine(message)


def _interrupt(controller: Controller, message: Message) -> None:
    controller.monitoring.interrupt(message)


HANDLERS: dict[str, Handler] = {
    "vivo_status_request": _status,
    "vivo_monitor_request": _monitor,
    "vivo_engine_request": _engine,
    "vivo_interrupt_engines_request": _interrupt,
    "vivo_scale_request": _when_known(_once(_scale)),
    "vivo_restart_engines_request": _when_known(_once(_restart)),
    "vivo_detach_request": _once(_detach),
    "vivo_stop_request": _once(_stop),
    "vivo_submit_request": _submit,
    "vivo_collect_request": _collect,
    "vivo_collected_request": _collected,
    "vivo_cancel_request": _cancel,
}
