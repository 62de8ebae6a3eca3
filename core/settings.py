"""What can be set in a shell: one typed object, one way to change it."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, fields
from typing import Any

from .errors import UsageError
from .traceback_values import SECRET_WORDS

INTERACTIVITY = ("last_expr", "all", "none", "last_expr_or_assign")
FIGURE_FORMATS = ("png", "svg", "retina", "jpeg", "pdf")


@dataclass
class Settings:
    """The settings of a shell, with their defaults."""

    interactivity: str = "last_expr"
    """Which expressions of a cell show their value: last_expr, all, none, last_expr_or_assign."""
    xmode: str = "Context"
    """How tracebacks are written: Plain, Context, Verbose or Minimal."""
    automagic: bool = True
    """Whether ``ls`` runs as ``%ls`` where nothing is called so."""
    pdb: bool = False
    """Whether every error enters the debugger (%pdb)."""
    autoawait: bool = True
    """Whether cells may await at their top level."""
    autocall: int = 0
    """Whether ``f x`` means ``f(x)``: 0 never, 1 with arguments, 2 also without."""
    secret_words: tuple[str, ...] = SECRET_WORDS
    """Names that contain one of these words have their values hidden in tracebacks."""
    colours: bool = True
    """Whether tracebacks are coloured where the front end shows colours."""
    maximum_display_seconds: int = 20
    """After how many seconds the rendering of a value is given up; 0 is never."""
    maximum_display_growth: int = 2**31
    """By how many bytes the session may grow in the rendering of a value; 0 is without limit."""
    comment_magics: bool = False
    """Whether ``# %time f()`` runs as ``%time f()``."""
    maximum_results: int = 1000
    """How many values Out keeps."""
    maximum_result_bytes: int = 2**30
    """How many bytes of values Out keeps."""
    inline_figures: bool = False
    """Whether matplotlib's figures become output of their cell."""
    figure_formats: tuple[str, ...] = ("png",)
    """How figures are shown: png, svg, retina, jpeg, pdf."""
    history_outputs: bool = False
    """Whether the texts of values are kept in the history too."""

    _CHOICES = {  # noqa: RUF012 - a table of the class, not a setting
        "interactivity": INTERACTIVITY,
        "xmode": ("Plain", "Context", "Verbose", "Minimal"),
        "figure_formats": FIGURE_FORMATS,
        "autocall": (0, 1, 2),
    }

    def check_name(self, name: str) -> None:
        """Raise :class:`UsageError` with the nearest name if there is no such setting."""
        names = [field.name for field in fields(self)]
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(names)}."
            raise UsageError(f"There is no setting {name}; {hint}")

    def set(self, name: str, value: Any) -> None:
        """Change a setting. Raises :class:`UsageError` for an unknown name or an unfit value."""
        self.check_name(name)
        current = getattr(self, name)
        if isinstance(current, tuple) and isinstance(value, (list, str)):
            value = (value,) if isinstance(value, str) else tuple(value)
        if type(value) is not type(current):
            wanted = type(current).__name__
            article = "an" if wanted[0] in "aeiou" else "a"
            raise UsageError(
                f"{name} wants {article} {wanted}, not {value!r} ({type(value).__name__})."
            )
        choices = self._CHOICES.get(name)
        if isinstance(value, tuple) and any(type(word) is not str for word in value):
            raise UsageError(f"{name} wants words, not {value!r}.")
        for word in value if isinstance(value, tuple) else (value,):
            if choices and word not in choices:
                raise UsageError(f"{name} can be {', '.join(map(str, choices))}; not {word!r}.")
        setattr(self, name, value)


@dataclass(frozen=True)
class SettingDocumentation:
    """What there is to say of a setting."""

    name: str
    type: str
    default: Any
    text: str
    choices: tuple[Any, ...]


def documentation() -> list[SettingDocumentation]:
    """Every setting with the sentence that stands below it in the class."""
    import ast
    import inspect

    body = ast.parse(inspect.getsource(Settings)).body[0]
    assert isinstance(body, ast.ClassDef)
    texts: dict[str, str] = {}
    for entry, after in zip(body.body, body.body[1:], strict=False):
        if (
            isinstance(entry, ast.AnnAssign)
            and isinstance(entry.target, ast.Name)
            and isinstance(after, ast.Expr)
            and isinstance(after.value, ast.Constant)
        ):
            texts[entry.target.id] = str(after.value.value)
    return [
        SettingDocumentation(
            field.name,
            str(field.type),
            field.default,
            texts.get(field.name, ""),
            tuple(Settings._CHOICES.get(field.name, ())),
        )
        for field in fields(Settings)
    ]
