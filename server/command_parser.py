"""The parser of the ``vivo`` command: a mistyped command is answered with the nearest one."""

from __future__ import annotations

import argparse
from typing import Any, NoReturn

from ..core.errors import nearest

_SUBCOMMANDS = argparse._SubParsersAction


class CommandParser(argparse.ArgumentParser):
    """An argument parser whose subcommands may be mistyped: one sentence tells what was meant."""

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """Raise ``argparse.ArgumentError``, with the nearest choice, for what is none of them."""
        if action.choices is None or value in action.choices:
            return
        known = [str(choice) for choice in action.choices]
        found = nearest(str(value), known)
        told = f"did you mean {found[0]}" if found else f"there are {', '.join(known)}"
        raise argparse.ArgumentError(None, f"there is no {_kind(action)} {value!r}; {told}")

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As argparse does, but words that no option takes are this command's mistake."""
        found, rest = super().parse_known_args(args, namespace)
        has_more = any(isinstance(each, _SUBCOMMANDS) for each in self._actions)
        if rest and not has_more:
            wrong = rest[0].partition("=")[0]
            if not wrong.startswith("-"):
                self.error(f"there is no place for {wrong!r}")
            known = nearest(wrong, list(self._option_string_actions))
            told = f"; did you mean {known[0]}" if known else ""
            self.error(f"there is no option {wrong}{told}")
        return found, rest

    def error(self, message: str) -> NoReturn:
        """Say what is wrong in one line, and end with status 2."""
        self.exit(
            2, f"{self.prog}: {message.removesuffix('.')}; `{self.prog} --help` tells more.\n"
        )


def _kind(action: argparse.Action) -> str:
    """What an action's values are called."""
    return str(action.metavar or (action.option_strings or [action.dest])[0]).lower()
