"""Symbols by their LaTeX and Unicode names: ``\\alpha``, ``\\GREEK SMALL LETTER ALPHA``."""

from __future__ import annotations

import functools
import re
import sys
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .completer import Completion

_LATEX = re.compile(r"\\(?P<prefix>[\^_A-Za-z0-9]+)$")
_NAME = re.compile(r"\\(?P<prefix>[A-Z][A-Z0-9]+(?:[ -][A-Z0-9]+)*[ -]?)$")
_SIGN = re.compile(r"\\(?P<prefix>[^\x00-\x7f])$")
_GREEK = (
    *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa"),
    *("lamda", "mu", "nu", "xi", "omicron", "pi", "rho", "sigma", "tau", "upsilon"),
    *("phi", "chi", "psi", "omega"),
)
_SYMBOLS = {
    "lambda": "λ", "Lambda": "Λ", "hbar": "ℏ", "nabla": "∇", "partial": "∂", "infty": "∞",
    "ell": "ℓ", "aleph": "ℵ", "angstrom": "Å", "sqrt": "√", "sum": "∑", "prod": "∏", "int": "∫",
    "forall": "∀", "exists": "∃", "in": "∈", "notin": "∉", "le": "≤", "ge": "≥", "ne": "≠",
    "approx": "≈", "pm": "±", "times": "×", "cdot": "·", "to": "→", "leftarrow": "←",
    "hat": "\u0302", "bar": "\u0304", "dot": "\u0307", "ddot": "\u0308", "tilde": "\u0303",
    "vec": "\u20d7", "prime": "′", "degree": "°", "_0": "₀", "_1": "₁", "_2": "₂", "_3": "₃",
    "_4": "₄", "_5": "₅", "_6": "₆", "_7": "₇", "_8": "₈", "_9": "₉", "_i": "ᵢ", "_j": "ⱼ",
    "_n": "ₙ", "_x": "ₓ", "^0": "⁰", "^1": "¹", "^2": "²", "^3": "³", "^4": "⁴", "^5": "⁵",
    "^6": "⁶", "^7": "⁷", "^8": "⁸", "^9": "⁹", "^n": "ⁿ",
    "subset": "⊂", "cup": "∪", "cap": "∩", "emptyset": "∅", "equiv": "≡", "ll": "≪",
    "gg": "≫", "sim": "∼", "propto": "∝", "perp": "⊥", "angle": "∠", "star": "⋆", "circ": "∘",
    "otimes": "⊗", "oplus": "⊕", "dagger": "†", "rightarrow": "→", "Rightarrow": "⇒",
    "leftrightarrow": "↔", "mapsto": "↦", "langle": "⟨", "rangle": "⟩", "ldots": "…",
    "varepsilon": "ε", "varphi": "φ", "vartheta": "ϑ",
}  # fmt: skip
_STYLES = {
    "bb": ("MATHEMATICAL DOUBLE-STRUCK", "DOUBLE-STRUCK"),
    "scr": ("MATHEMATICAL SCRIPT", "SCRIPT"),
    "frak": ("MATHEMATICAL FRAKTUR", "BLACK-LETTER"),
    "bf": ("MATHEMATICAL BOLD",),
}
_MAXIMUM_NAMES = 200


def symbols(line: str) -> tuple[str, list[Completion]] | None:
    """What a name behind a backslash at the end of a line stands for, and the text it replaces."""
    from .completer import Completion

    if match := _SIGN.search(line):
        names = [name for name, sign in _table().items() if sign == match["prefix"]]
        names = names or [unicodedata.name(match["prefix"], "")]
        found = [Completion("\\" + name, "symbol", match["prefix"]) for name in names if name]
        return (match[0], found) if found else None
    if match := _LATEX.search(line):
        table, prefix = _table(), match["prefix"]
        if prefix in table:
            return match[0], [Completion(table[prefix], "symbol", match[0])]
        found = [
            Completion("\\" + name, "symbol", sign)
            for name, sign in table.items()
            if name.startswith(prefix)
        ]
        if found:
            return match[0], found
    if match := _NAME.search(line):
        return _by_name(match[0], match["prefix"])
    return None


def _by_name(typed: str, prefix: str) -> tuple[str, list[Completion]] | None:
    from .completer import Completion

    try:
        return typed, [Completion(unicodedata.lookup(prefix), "symbol", typed)]
    except KeyError:
        pass
    begin = [name for name in _names() if name.startswith(prefix)]
    found = [
        Completion("\\" + name, "symbol", unicodedata.lookup(name))
        for name in sorted(begin, key=len)[:_MAXIMUM_NAMES]
    ]
    return (typed, found) if found else None


@functools.cache
def _names() -> tuple[str, ...]:
    """Every name of Unicode but those that are made by counting."""
    counted = (
        "CJK ",
        "HANGUL SYLLABLE ",
        "TANGUT ",
        "NUSHU ",
        "KHITAN ",
        "EGYPTIAN ",
        "CUNEIFORM ",
    )
    names = (unicodedata.name(chr(code), "") for code in range(128, min(sys.maxunicode, 0x20000)))
    return tuple(name for name in names if name and not name.startswith(counted))


@functools.cache
def _table() -> dict[str, str]:
    made = dict(_SYMBOLS)
    for name in _GREEK:
        made.setdefault(name, unicodedata.lookup(f"GREEK SMALL LETTER {name.upper()}"))
        capital = unicodedata.lookup(f"GREEK CAPITAL LETTER {name.upper()}")
        made.setdefault(name.capitalize(), capital)
    for style, families in _STYLES.items():
        for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz":
            case = "CAPITAL" if letter.isupper() else "SMALL"
            for family in families:
                try:
                    made[style + letter] = unicodedata.lookup(f"{family} {case} {letter.upper()}")
                except KeyError:
                    continue
                break
    return made
