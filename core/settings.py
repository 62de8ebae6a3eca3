"""What can be set in a shell: one typed object, one way to change it."""

from __future__ import annotations

from typing import Any, NamedTuple

from .errors import UsageError, nearest
from .traceback_values import SECRET_WORDS

INTERACTIVITY = ("last_expr", "all", "none", "last_expr_or_assign")
FIGURE_FORMATS = ("png", "svg", "retina", "jpeg", "pdf")


class Settings:
    """The settings of a shell, with their defaults; what differs is given by name.

    No dataclass: those load :mod:`inspect`, which is a fifth of a shell's start.
    """

    interactivity: str = "last_expr"
    """Which expressions of a cell show their value: the last statement if it is an expression, all,
    none, or the last statement's also if it assigns."""
    xmode: str = "Context"
    """How tracebacks are written (%xmode): Minimal is the error alone, Plain what Python writes,
    Context with the lines around, Verbose with the values of variables too."""
    automagic: bool = True
    """Whether ``ls`` runs as ``%ls`` where nothing is called so (%automagic)."""
    pdb: bool = False
    """Whether every error enters the debugger at once (%pdb)."""
    autoawait: bool = True
    """Whether cells may await at their top level (%autoawait)."""
    autocall: int = 0
    """Whether ``f x`` means ``f(x)``: 0 never, 1 with arguments, 2 also without (%autocall)."""
    secret_words: tuple[str, ...] = SECRET_WORDS
    """Names that contain one of these words have their values hidden in tracebacks."""
    colours: bool = True
    """Whether tracebacks are coloured where the front end shows colours (%colors)."""
    maximum_display_seconds: int = 20
    """After how many seconds the rendering of a value is given up; 0 is never."""
    maximum_display_growth: int = 2**31
    """By how many bytes the session may grow in the rendering of a value; 0 is without limit."""
    comment_magics: bool = False
    """Whether ``# %time f()`` runs as ``%time f()``."""
    maximum_results: int = 1000
    """How many values Out keeps; the oldest go first."""
    maximum_result_bytes: int = 2**30
    """How many bytes of values Out keeps, an array's buffer counted; the oldest go first."""
    inline_figures: bool = False
    """Whether matplotlib's figures become output of their cell. Sessions of editors, notebooks and
    consoles have it on."""
    figure_formats: tuple[str, ...] = ("png",)
    """The formats in which figures are shown; retina is PNG at twice the resolution."""
    history_outputs: bool = False
    """Whether the texts of values are kept in the history too."""

    _CHOICES = {  # noqa: RUF012 - a table of the class, not a setting
        "interactivity": INTERACTIVITY,
        "xmode": ("Plain", "Context", "Verbose", "Minimal"),
        "figure_formats": FIGURE_FORMATS,
        "autocall": (0, 1, 2),
    }
    _FROM_NOTHING = (  # numbers that are counts: 0 and up
        "maximum_display_seconds",
        "maximum_display_growth",
        "maximum_results",
        "maximum_result_bytes",
    )

    def __init__(self, **values: Any) -> None:
        for name, value in values.items():
            self.set(name, value)

    def __repr__(self) -> str:
        changed = ", ".join(f"{name}={value!r}" for name, value in vars(self).items())
        return f"Settings({changed})"

    def check_name(self, name: str) -> None:
        """Raise :class:`UsageError` with the nearest name if there is no such setting."""
        if name not in NAMES:
            near = nearest(name, NAMES)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(NAMES)}."
            raise UsageError(f"There is no setting {name}; {hint}")

    def texts_of(self, name: str) -> list[str]:
        """What may be typed as the value of a setting, as far as that can be listed."""
        if isinstance(getattr(self, name, None), bool):
            return ["True", "False"]
        return [repr(choice) for choice in self._CHOICES.get(name, ())]

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
        if name in self._FROM_NOTHING and value < 0:
            raise UsageError(f"{name} is 0 or more, not {value!r}.")
        choices = self._CHOICES.get(name)
        if isinstance(value, tuple) and any(type(word) is not str for word in value):
            raise UsageError(f"{name} wants words, not {value!r}.")
        for word in value if isinstance(value, tuple) else (value,):
            if choices and word not in choices:
                raise UsageError(f"{name} can be {', '.join(map(str, choices))}; not {word!r}.")
        setattr(self, name, value)


NAMES = tuple(Settings.__annotations__)
"""The names of all settings, in the order in which they are told."""


class SettingDocumentation(NamedTuple):
    """What there is to say of a setting."""

    name: str
    type: str
    default: Any
    text: str
    choices: tuple[Any, ...]
    minimum: int | None
    """The least number that it takes; None if it is no number or takes each."""

    @property
    def values(self) -> str:
        """What it can be, in words."""
        choices = ", ".join(map(str, self.choices))
        if isinstance(self.default, tuple):
            return f"words: {choices}" if choices else "words"
        if choices:
            return choices
        if isinstance(self.default, bool):
            return "True or False"
        return "a whole number" + (f", {self.minimum} or more" if self.minimum is not None else "")


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
            texts[entry.target.id] = " ".join(str(after.value.value).split())
    return [
        SettingDocumentation(
            name,
            str(Settings.__annotations__[name]),
            getattr(Settings, name),
            texts.get(name, ""),
            tuple(Settings._CHOICES.get(name, ())),
            0 if name in Settings._FROM_NOTHING else None,
        )
        for name in NAMES
    ]
