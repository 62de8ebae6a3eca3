"""Magics of settings and profiles: config, profile."""

from __future__ import annotations

from ast import literal_eval
from typing import Any

from ..settings import documentation
from ..shim.spellings import PREFIX, SETTINGS, setting_of, value_of
from .registry import MagicCall, magic


@magic("config", arguments="[NAME [= VALUE]]", expands=False)
def config(call: MagicCall) -> Any:
    """Show the settings, or change one.

    Without a name all are listed with their values; with a name its value is given.
    ``%config xmode = "Verbose"`` sets one: an unknown name or a value of the wrong type is refused.
    """
    settings = call.shell.settings
    name, equals, value = (part.strip() for part in call.arguments.partition("="))
    if not name:
        for entry in documentation():
            print(f"{entry.name} = {getattr(settings, entry.name)!r}  ({entry.values})")
            print(f"    {entry.text}")
        return None
    if name == PREFIX.rstrip("."):
        return call.shell.inline_options
    if name.startswith(PREFIX) and name not in SETTINGS:
        return _inline_option(call, name.removeprefix(PREFIX), value if equals else None)
    known = setting_of(name)
    if known is None:
        return None  # a notebook sets what has no meaning here
    name = known
    if not equals:
        settings.check_name(name)
        return getattr(settings, name)
    call.shell.configure(name, value_of(_parsed(value)))
    return None


def _parsed(value: str) -> Any:
    try:
        return literal_eval(value)
    except (ValueError, SyntaxError):
        return value


def _inline_option(call: MagicCall, name: str, value: str | None) -> Any:
    options = call.shell.inline_options
    if value is not None:
        options.set(name, _parsed(value))
        return None
    options.check_name(name)
    return getattr(options, name)


@magic("profile", arguments="[NAME|FILE.toml]")
def profile(call: MagicCall) -> None:
    """Load a profile into this session, or tell what is loaded.

    The name is that of a file in the folder of profiles, or a path that ends in .toml.
    """
    from ..profiles import apply_profile, find_profile, names

    if call.arguments:
        apply_profile(call.shell, find_profile(call.arguments))
        return
    for loaded in call.shell.profiles:
        print(f"{loaded.name}: {loaded.path or 'built in'}")
    if not call.shell.profiles:
        print(f"No profile is loaded; there are {', '.join(names())}.")
