"""Handlers that users register for classes of errors (paper: PyRAF, PyMAD)."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from vivo.core import Shell, interrupts


class InstrumentError(Exception):
    """Something is wrong with an instrument."""


class MotorError(InstrumentError):
    """A motor does not move."""


def test_the_nearest_class_is_asked_first(shell: Shell, shown: Any) -> None:
    """Subclasses are caught; one that passes leaves the error to the next."""
    asked: list[str] = []

    def for_instruments(*_: Any) -> bool:
        asked.append("instrument")
        return True

    def for_motors(running: Shell, error: BaseException, report: Any) -> bool:
        asked.append(f"motor: {error} {report.frames[-1].line}")
        return str(error) == "jammed"

    shell.namespace.update(InstrumentError=InstrumentError, MotorError=MotorError)
    shell.exception_handlers.register(InstrumentError, for_instruments)
    shell.exception_handlers.register(MotorError, for_motors)
    result = shell.run_cell("x = 1\nraise MotorError('jammed')")
    assert (result.status, asked) == ("error", ["motor: jammed 2"])
    shell.run_cell("raise MotorError('slow')")
    assert asked[1:] == ["motor: slow 1", "instrument"]
    assert shown.of("error") == []
    shell.run_cell("1 / 0")
    assert len(shown.of("error")) == 1
    shell.exception_handlers.unregister(MotorError)
    shell.run_cell("raise MotorError('jammed')")
    assert asked[-1] == "instrument"
    with pytest.raises(TypeError):
        shell.exception_handlers.register("MotorError", for_motors)  # type: ignore[arg-type]


def test_an_interrupted_handler_stays_and_the_error_is_shown(shell: Shell, shown: Any) -> None:
    """An interrupt is the user's, and no fault of the handler."""
    asked: list[str] = []

    def slow(running: Shell, *_: Any) -> bool:
        asked.append("slow")
        if len(asked) == 1:
            interrupts.handle(running, sys._getframe())
        return True

    shell.exception_handlers.register(ZeroDivisionError, slow)
    shell.run_cell("1 / 0")
    assert shown.of("error")[-1].name == "ZeroDivisionError"
    shell.run_cell("1 / 0")
    assert asked == ["slow", "slow"]
    assert len(shown.of("error")) == 1


def test_a_handler_that_exits_or_an_error_of_a_hostile_class_does_no_harm(
    shell: Shell, shown: Any, capsys: Any
) -> None:
    """Whatever the handler raises; whatever the error's metaclass says."""

    def leaves(*_: Any) -> bool:
        raise SystemExit("leave")

    shell.exception_handlers.register(Exception, leaves)
    shell.run_cell(
        "class M(type):\n    def __getattribute__(cls, name): raise SystemExit(name)\n"
        "class E(Exception, metaclass=M): pass"
    )
    assert shell.run_cell("raise E").status == "error"
    assert "leaves of Exception raised SystemExit: leave" in capsys.readouterr().err
    assert shown.of("error")[-1].name == "E"


def test_a_handler_that_fails_is_taken_out(shell: Shell, shown: Any, capsys: Any) -> None:
    """With one message; the error is shown as usual, and the next one too."""

    def broken(*_: Any) -> bool:
        raise LookupError("mend me")

    shell.exception_handlers.register(ZeroDivisionError, broken)
    shell.run_cell("1 / 0")
    said = capsys.readouterr().err
    assert "raised LookupError: mend me. It is taken out" in said
    assert shown.of("error")[-1].name == "ZeroDivisionError"
    shell.run_cell("1 / 0")
    assert capsys.readouterr().err == ""
    assert len(shown.of("error")) == 2
