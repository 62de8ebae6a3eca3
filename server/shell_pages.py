"""``docs/magics.md`` and ``docs/settings.md``: what the core declares, as pages.

Every sentence comes from where the thing itself is declared: a magic's docstring and options, the
texts below the settings and the keys of profiles. ``%name?`` and ``%config`` show the same.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import itertools
import re
import textwrap
from typing import Any

from ..core import Shell
from ..core.inline_options import InlineOptions
from ..core.magics import SUBJECTS
from ..core.magics.registry import Magic
from ..core.profiles import BUILT_IN, FILTERS, Profile
from ..core.settings import SettingDocumentation, documentation
from ..core.shim.spellings import PREFIX, SETTINGS, setting_of
from ..parallel.engine import cluster_magics


def field_docs(kind: type) -> dict[str, str]:
    """The strings that stand below a class's fields."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(kind)))
    body = tree.body[0].body  # type: ignore[attr-defined]
    found = {}
    for field, doc in itertools.pairwise(body):
        is_doc = isinstance(doc, ast.Expr) and isinstance(doc.value, ast.Constant)
        if isinstance(field, ast.AnnAssign) and is_doc:
            found[field.target.id] = " ".join(str(doc.value.value).split())  # type: ignore[union-attr]
    return found


# --- Magics --------------------------------------------------------------------------------------


def magics_page() -> str:
    """Every magic and alias, by subject."""
    shell = Shell()
    shell.magics.add_group(cluster_magics)  # which the sessions' shells have
    subjects = {**SUBJECTS, "cluster_magics": cluster_magics.SUBJECT}
    try:
        magics, aliases = list(shell.magics), dict(shell.aliases)
    finally:
        shell.close()
    lines = [
        "# Magics",
        "",
        "Generated from what the magics declare, by `make docs`; `%name?` tells the same.",
        "`%name` is a line magic, and may stand without its `%` where nothing else has its name;",
        "`%%name` is a cell magic, on the first line of its cell. Options come first, short ones",
        "may be joined (`-in 5`), and `--` ends them. [The guide](shell.md) shows them at work.",
        "",
    ]
    groups = {module: _groups(module, magics) for module in subjects}
    for module, title in subjects.items():
        names = " ".join(f"[{_headline(group)}](#{_anchor(group)})" for group in groups[module])
        lines += [f"- {title}: {names}"]
    lines.append("")
    for module, title in subjects.items():
        lines += [f"## {title}", ""]
        for group in groups[module]:
            lines += _magic(group)
    lines += ["## Aliases", "", "Commands that are at hand as magics are; `%alias` makes more.", ""]
    lines += ["| alias | command |", "|---|---|"]
    lines += [f"| `{name}` | `{_cell(command)}` |" for name, command in sorted(aliases.items())]
    return "\n".join(lines) + "\n"


def _groups(module: str, magics: list[Magic]) -> list[list[Magic]]:
    """The magics of a subject; several names of one function together."""
    groups: dict[int, list[Magic]] = {}
    for entry in sorted(magics, key=lambda entry: entry.name.lower()):
        if str(entry.function.__module__).rpartition(".")[2] == module:
            groups.setdefault(id(entry.function), []).append(entry)
    return list(groups.values())


def _headline(group: list[Magic]) -> str:
    marks = {"line": "%", "cell": "%%"}
    return " ".join(f"`{marks[kind]}{entry.name}`" for entry in group for kind in entry.kinds)


def _anchor(group: list[Magic]) -> str:
    """The anchor of the headline: its letters, digits, underscores and hyphens for blanks."""
    return _headline(group).lower().replace("%", "").replace("`", "").replace(" ", "-")


def _magic(group: list[Magic]) -> list[str]:
    entry = group[0]
    lines = [f"### {_headline(group)}", "", _markdown(entry.documentation), ""]
    lines += ["```text", *(each.usage for each in group), "```", ""]
    if entry.options:
        lines += ["| option | |", "|---|---|"]
        lines += [
            f"| `{_cell(option.spelling)}` | {_cell(_markdown(option.description))} |"
            for option in entry.options
        ]
        lines.append("")
    return lines


def _markdown(text: str) -> str:
    """A docstring's text: its code as code, and bare names of magics as code too."""
    parts = re.split(r"(``.+?``)", text)
    for number in range(0, len(parts), 2):
        parts[number] = re.sub(r"(?<!\w)(%{1,2}[a-z]\w*)", r"`\1`", parts[number])
    return "".join(parts).replace("``", "`")


def _cell(text: str) -> str:
    """A text as a table's cell holds it."""
    return text.replace("|", "\\|")


# --- Settings and profiles -----------------------------------------------------------------------

_SETTING_IT = """\
There are three ways, and each refuses an unknown name or a value of the wrong type, with the
nearest name:

- `%config NAME = VALUE` changes a setting of the running session; `%config` lists all, and
  `%config NAME` gives one's value.
- A profile's file sets it for every session that loads the profile.
- A program that has a shell of its own calls `shell.configure("NAME", value)`, or makes the shell
  with `Shell(settings=Settings(NAME=value))`.
"""

_PROFILES = """\
A profile is a file of plain text, `NAME.toml`, in `~/.config/vivo/profiles/` (or where
`$XDG_CONFIG_HOME` says). `vivo run --profile NAME`, `vivo kernel --profile NAME`, the editor's
setting, `%profile NAME` in a session and `Shell(profile="NAME")` load it; a path that ends in .toml
will do. A profile called `default` is loaded by every session that names none.

An unknown key or a wrong value is one sentence with the file, its line and the nearest key, and
nothing of the profile is done. What fails while it is done (a module that is not there) is told,
and the session goes on.

```toml
inherits = "physics"
modules = ["numpy as np"]
startup = ["~/constants.py", "g = 9.81"]

[settings]
xmode = "Verbose"

[aliases]
recent = "ls -lt | head -%s"
```
"""


def settings_page() -> str:
    """Every setting, every key of a profile, and the profiles that are there."""
    lines = [
        "# Settings and profiles",
        "",
        "Generated from `core/settings.py` and `core/profiles.py` by `make docs`.",
        "",
        "## Settings",
        "",
        _SETTING_IT,
    ]
    for entry in documentation():
        lines += _setting(entry)
    lines += [
        "### IPython's names",
        "",
        "Notebooks set these by `%config`; they mean the settings above. Those of IPython's that",
        "would change nothing here are taken and do nothing.",
        "",
        "| name | setting |",
        "|---|---|",
        *(f"| `{name}` | `{setting_of(name)}` |" for name in SETTINGS),
        "",
        "### Inline figures",
        "",
        "What only matplotlib understands has IPython's names, and is set by `%config` alone.",
        "",
        "| option | default | |",
        "|---|---|---|",
        *_inline_options(),
        "",
        "## Profiles",
        "",
        _PROFILES,
        "### Keys",
        "",
        "| key | type | |",
        "|---|---|---|",
    ]
    docs = field_docs(Profile)
    for name, kind in Profile.__annotations__.items():
        if name not in ("name", "path", "summary"):
            told = _cell(docs[name].replace("``", "`"))
            lines.append(f"| `{name}` | {_TOML_TYPES[kind]} | {told} |")
    lines += ["", "### The profiles that are there", ""]
    for name, profile in BUILT_IN.items():
        lines += _built_in(name, profile)
    return "\n".join(lines).rstrip() + "\n"


_TOML_TYPES = {
    "str | None": "string",
    "list[str]": "list of strings",
    "dict[str, Any]": "table",
    "dict[str, str]": "table of strings",
}


def _setting(entry: SettingDocumentation) -> list[str]:
    example = _other_value(entry)
    kind = type(entry.default).__name__.replace("tuple", "list of str")
    return [
        f"### `{entry.name}`",
        "",
        _markdown(entry.text),
        "",
        f"- Type: `{kind}`. Values: {entry.values}.",
        f"- Default: `{_python(entry.default)}`.",
        f"- Session: `%config {entry.name} = {_python(example)}`. Profile, below `[settings]`: "
        f"`{entry.name} = {_toml(example)}`.",
        "",
    ]


def _inline_options() -> list[str]:
    defaults = InlineOptions()
    return [
        f"| `{PREFIX}{name}` | `{getattr(defaults, name)!r}` | {_cell(_markdown(text))} |"
        for name, text in field_docs(InlineOptions).items()
    ]


def _other_value(entry: SettingDocumentation) -> Any:
    """A value that is not the default, for the example."""
    if isinstance(entry.default, tuple):
        return (entry.choices or ("password", "pin"))[:2]
    if entry.choices:
        return next(each for each in reversed(entry.choices) if each != entry.default)
    return not entry.default if isinstance(entry.default, bool) else entry.default // 2


def _python(value: Any) -> str:
    return repr(list(value) if isinstance(value, tuple) else value).replace("'", '"')


def _toml(value: Any) -> str:
    return _python(value).lower() if isinstance(value, bool) else _python(value)


def _built_in(name: str, profile: Profile) -> list[str]:
    lines = [f"#### `{name}`", "", profile.summary.replace("``", "`"), "", "```toml"]
    for key in ("inherits", "modules", "startup", "extensions", "filters"):
        if value := getattr(profile, key):
            lines.append(f"{key} = {_python(value)}")
    lines += ["```", ""]
    for entry in profile.filters:
        assert entry in FILTERS
        module = importlib.import_module(f"..core.filters.{entry}", __package__)
        _, _, rules = inspect.getdoc(module).partition("Rules:\n\n")  # type: ignore[union-attr]
        lines += ["What the filter does:", "", rules.replace("``", "`"), ""]
    return lines
