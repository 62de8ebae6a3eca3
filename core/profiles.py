"""Profiles: plain-text files that make a shell what its user wants it to be.

A profile is ``NAME.toml`` in the folder ``vivo/profiles`` of the user's configuration (or a path)::

    inherits = "physics"
    modules = ["numpy as np", "math"]
    startup = ["~/science/constants.py", "g = 9.81"]
    extensions = ["line_profiler"]
    filters = ["my_package.filters:shout"]

    [settings]
    xmode = "Verbose"

    [aliases]
    recent = "ls -lt | head"

    [magics]
    plot = "my_package.magics:plot"

Rules:

1. An unknown key, or a value of the wrong type, is one sentence with file, line and the nearest
   known key, before anything of the profile is done.
2. What fails when it is done (a module, a start-up file) is told, and the session goes on.

Source: the paper, "Base layer" and Fig. 7.
"""

from __future__ import annotations

import importlib
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import UsageError, nearest
from .profile_folder import profiles_folder
from .settings import Settings
from .toml_reader import TomlError, read_toml
from .tracebacks import described

if TYPE_CHECKING:
    from .shell import Shell

_LISTS = ("modules", "startup", "extensions", "filters")
_TABLES = ("settings", "aliases", "magics")
_KEYS = ("inherits", *_LISTS, *_TABLES)
FILTERS = ("physics", "exact")


@dataclass
class Profile:
    """What a profile asks for."""

    name: str
    path: Path | None = None
    """Its file; None for a built-in one."""
    summary: str = ""
    """What it is for, of a built-in one."""
    inherits: str | None = None
    """The name of a profile that is loaded first."""
    modules: list[str] = field(default_factory=list)
    """Modules to import: ``numpy``, ``numpy as np``."""
    startup: list[str] = field(default_factory=list)
    """Files to run (they end in .py or .ipy; seen from the profile's folder), or lines of code,
    which may be magics."""
    extensions: list[str] = field(default_factory=list)
    """Extensions to load: modules that have ``load_ipython_extension(shell)``."""
    filters: list[str] = field(default_factory=list)
    """Input filters: ``physics``, ``exact``, or ``module:function``, a function of a cell's text
    that gives the text to run, of as many lines."""
    settings: dict[str, Any] = field(default_factory=dict)
    """A table of settings, those of this page."""
    aliases: dict[str, str] = field(default_factory=dict)
    """A table of aliases: a name and its command, in which ``%s`` is a word and ``%l`` the line."""
    magics: dict[str, str] = field(default_factory=dict)
    """A table of magics: a name and its ``module:function``, a plain one that is called with the
    line, or one that is decorated with ``@magic``."""


BUILT_IN = {
    "physics": Profile(
        "physics",
        summary="Quantities as one writes them: ``g = 9.8 m/s^2``. Needs pint.",
        filters=["physics"],
    ),
    "exact": Profile(
        "exact",
        summary="Exact integers and ratios, and ``^`` as power, after Sage. Needs sympy.",
        filters=["exact"],
    ),
    "pylab": Profile(
        "pylab",
        summary="numpy and matplotlib as an interactive workspace. Needs both.",
        startup=["%pylab"],
    ),
}


def names() -> list[str]:
    """The profiles that there are."""
    own = [path.stem for path in profiles_folder().glob("*.toml")]
    return sorted({*own, *BUILT_IN})


def find_profile(name: str) -> Profile:
    """The profile of a name, or of a path that ends in .toml. Raises :class:`UsageError`."""
    path = Path(name).expanduser() if name.endswith(".toml") else profiles_folder() / f"{name}.toml"
    if path.is_file():
        return read_profile(path)
    if name in BUILT_IN:
        return BUILT_IN[name]
    near = nearest(name, names())
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(names())}."
    raise UsageError(f"There is no profile {name} (looked for {path}); {hint}")


def default_profile() -> Profile | None:
    """The user's profile ``default``, which every session loads; None if there is none."""
    path = profiles_folder() / "default.toml"
    return read_profile(path) if path.is_file() else None


def read_profile(path: Path) -> Profile:
    """A user's profile. Raises :class:`UsageError` with file and line (rule 1)."""
    try:
        held, lines = read_toml(path.read_text("utf-8"))
    except TomlError as error:
        raise UsageError(f"{path}, line {error.line}: {error}.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"The profile {path} cannot be read: {error}.") from None
    return _Checker(path, lines).profile(held)


class _Checker:
    """Turns tables into a profile, and tells where they do not fit."""

    def __init__(self, path: Path, lines: dict[tuple[str, ...], int]) -> None:
        self.path, self.lines = path, lines

    def fail(self, key: tuple[str, ...], told: str) -> UsageError:
        """The sentence for a key."""
        return UsageError(f"{self.path}, line {self.lines.get(key, 1)}: {told}")

    def profile(self, held: dict[str, Any]) -> Profile:
        """The profile, everything checked."""
        made = Profile(self.path.stem, self.path)
        for key, value in held.items():
            if key not in _KEYS:
                near = nearest(key, _KEYS)
                hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(_KEYS)}."
                raise self.fail((key,), f"a profile has no key {key}; {hint}")
            if key in _TABLES:
                self._table(key, value)
            elif key in _LISTS:
                self._list(key, value)
            elif type(value) is not str:
                raise self.fail((key,), f"{key} wants the name of a profile, not {value!r}.")
            setattr(made, key, value)
        return made

    def _list(self, key: str, value: Any) -> None:
        if type(value) is not list or any(type(entry) is not str for entry in value):
            raise self.fail((key,), f"{key} wants a list of strings, not {value!r}.")

    def _table(self, key: str, value: Any) -> None:
        if type(value) is not dict:
            raise self.fail((key,), f"{key} is a table: write [{key}] and the entries below it.")
        trial = Settings()
        for name, entry in value.items():
            if key == "settings":
                try:
                    trial.set(name, entry)
                except UsageError as error:
                    raise self.fail((key, name), str(error)) from None
            elif type(entry) is not str:
                raise self.fail((key, name), f"{name} wants a string, not {entry!r}.")


def apply_profile(shell: Shell, profile: Profile) -> None:
    """Do what a profile asks for. Raises :class:`UsageError` for one that it inherits and lacks."""
    chain = [profile]
    while (parent := chain[-1].inherits) is not None:
        if any(parent == other.name for other in chain):
            raise UsageError(f"The profile {profile.name} inherits itself, by {parent}.")
        chain.append(find_profile(parent))
    for each in reversed(chain):
        _Application(shell, each).run()
        shell.profiles.append(each)


class _Application:
    """One profile being applied; each step is tried, and told if it fails (rule 2)."""

    def __init__(self, shell: Shell, profile: Profile) -> None:
        self.shell, self.profile = shell, profile

    def run(self) -> None:
        """Settings first, then what they influence, start-up code last."""
        for name, value in self.profile.settings.items():
            self.shell.configure(name, value)
        self.shell.aliases.update(self.profile.aliases)
        for what, entries, action in (
            ("the input filter", self.profile.filters, self._filter),
            ("the module", self.profile.modules, self._module),
            ("the magic", list(self.profile.magics), self._magic),
            ("the extension", self.profile.extensions, self._extension),
            ("the start-up", self.profile.startup, self._startup),
        ):
            for entry in entries:
                try:
                    action(entry)
                except Exception as error:  # noqa: BLE001 - rule 2: whatever the user's code raises
                    self.shell.warn(
                        f"Profile {self.profile.name}: {what} {entry} failed: {described(error)}"
                    )

    def _filter(self, entry: str) -> None:
        if entry in FILTERS:
            module = importlib.import_module(f".filters.{entry}", __package__)
            module.install(self.shell)
        else:
            self.shell.transformer.filters.append(_object(entry))

    def _module(self, entry: str) -> None:
        match = re.fullmatch(r"([\w.]+)(?:\s+as\s+(\w+))?", entry.strip())
        if match is None:
            raise UsageError("write it as `numpy` or `numpy as np`.")
        module = importlib.import_module(match[1])
        root = match[1].split(".", maxsplit=1)[0]
        if match[2]:
            self.shell.namespace[match[2]] = module
        else:
            self.shell.namespace[root] = importlib.import_module(root)

    def _magic(self, entry: str) -> None:
        function = _object(self.profile.magics[entry])
        declared = getattr(function, "__magics__", None)
        if declared:  # @magic: its options and kinds, under the profile's name for it
            self.shell.magics.add(declared[0]._replace(name=entry))
        else:
            self.shell.register_magic_function(function, "line", entry)

    def _extension(self, entry: str) -> None:
        self.shell.run_line_magic("load_ext", entry)

    def _startup(self, entry: str) -> None:
        path = Path(entry).expanduser()
        if path.suffix in (".py", ".ipy") and "\n" not in entry:
            if not path.is_absolute() and self.profile.path is not None:
                path = self.profile.path.parent / path
            self.shell.run_line_magic("run", f"-i {_quoted(str(path))}")
            return
        self.shell.run_cell(entry, store_history=False)


def _quoted(text: str) -> str:
    import shlex

    return shlex.quote(text).replace("$", "$$")


def _object(entry: str) -> Any:
    """What ``module:name`` names. Raises :class:`UsageError` for another form."""
    module, colon, name = entry.partition(":")
    if not colon:
        raise UsageError(f"{entry} is no module:function.")
    return getattr(importlib.import_module(module), name)
