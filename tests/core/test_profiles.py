"""Profiles: a user's TOML, the built-in ones, and what wrong ones are told."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tomllib
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from vivo.core import Shell, UsageError
from vivo.core.filters.exact import exact
from vivo.core.filters.physics import PhysicsFilter
from vivo.core.profiles import default_profile, find_profile
from vivo.core.toml_reader import TomlError, read_toml

from .conftest import Recorder


@pytest.fixture
def profiles(home: Path) -> Iterator[Path]:
    """The user's folder of profiles; modules imported from it are forgotten at the end."""
    folder = home / "config" / "vivo" / "profiles"
    folder.mkdir(parents=True)
    yield folder
    for name, module in tuple(sys.modules.items()):
        if str(getattr(module, "__file__", "")).startswith(str(folder)):
            del sys.modules[name]


def shell_with(profile: str) -> tuple[Shell, Recorder]:
    """A shell with a profile, and what it shows."""
    front_end = Recorder()
    return Shell(front_end=front_end, profile=profile), front_end


def test_a_profile_makes_the_shell_what_its_user_wants(
    profiles: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Settings, aliases, modules, start-up code and files, magics, extensions, filters."""
    monkeypatch.syspath_prepend(str(profiles))
    (profiles / "helpers.py").write_text(
        "def load_ipython_extension(shell):\n    shell.namespace['extended'] = True\n"
        "def shout(line):\n    return line.upper()\n"
        "def percent(source):\n    return source.replace('percent', '/ 100')\n",
        "utf-8",
    )
    (profiles / "constants.py").write_text("speed_of_light = 299_792_458\n", "utf-8")
    (profiles / "mine.toml").write_text(
        'modules = ["math", "fractions as fr", "os.path"]\n'
        'startup = ["constants.py", "half = 5 / 10\\nthird = fr.Fraction(1, 3)"]\n'
        'extensions = ["helpers"]\nfilters = ["helpers:percent"]\n\n'
        '[settings]\nxmode = "Verbose"\nmaximum_results = 7\n\n'
        '[aliases]\nrecent = "echo recent %s"\n\n[magics]\nshout = "helpers:shout"\n',
        "utf-8",
    )
    shell, _ = shell_with("mine")
    held = shell.namespace
    assert (held["half"], held["speed_of_light"], held["extended"]) == (0.5, 299_792_458, True)
    assert held["math"] is math
    assert str(held["third"]) == "1/3"
    assert (shell.settings.xmode, shell.results.maximum_count) == ("Verbose", 7)
    assert shell.run_cell("%shout loud").value == "LOUD"
    assert shell.run_cell("50 percent").value == 0.5
    assert shell.run_cell("x = !echo\nrecent now").status == "ok"
    assert shell.execution_count == 4, "what a profile runs is not the user's history"
    shell.close()


def test_a_profiles_magic_may_be_declared_with_options(
    profiles: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A function with @magic keeps its options, help and kinds, under the profile's name for it."""
    monkeypatch.syspath_prepend(str(profiles))
    (profiles / "declared.py").write_text(
        "from vivo.core import Option, magic\n"
        "@magic('greet', kinds=('line', 'cell'), options=(Option('-l', 'loud', 'in capitals'),))\n"
        "def greet(call):\n"
        "    'Greet somebody.'\n"
        "    text = 'hello ' + (call.cell or call.arguments)\n"
        "    return text.upper() if call.options.loud else text\n",
        "utf-8",
    )
    (profiles / "polite.toml").write_text('[magics]\nhi = "declared:greet"\n', "utf-8")
    shell, shown = shell_with("polite")
    assert shell.run_cell("%hi -l you").value == "HELLO YOU"
    assert shell.run_cell("%%hi\nall").value == "hello all\n"
    shell.run_cell("%hi -x")
    assert "%hi has no option -x; it knows -l." in shown.of("error")[-1].text()
    shell.close()


def test_a_profile_may_build_on_another(profiles: Path) -> None:
    """``inherits``: the other one first; a ring is refused."""
    (profiles / "base.toml").write_text('startup = ["a = 1", "b = 1"]\n', "utf-8")
    (profiles / "more.toml").write_text('inherits = "base"\nstartup = ["b = a + 1"]\n', "utf-8")
    shell, _ = shell_with("more")
    assert (shell.namespace["a"], shell.namespace["b"]) == (1, 2)
    assert [profile.name for profile in shell.profiles] == ["base", "more"]
    shell.close()
    (profiles / "ring.toml").write_text('inherits = "ring"\n', "utf-8")
    shell, _ = shell_with("base")
    with pytest.raises(UsageError, match="inherits itself"):
        shell.load_profile("ring")
    shell.close()


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ('[settings]\nxmod = "Plain"', 2, "no setting xmod; did you mean xmode?"),
        ("\n[settings]\nmaximum_results = 'many'", 3, "wants an int, not 'many'"),
        ('[settings]\n\nxmode = "Loud"', 3, "can be Plain, Context, Verbose, Minimal"),
        ('startpu = ["x"]', 1, "no key startpu; did you mean startup?"),
        ('modules = "numpy"', 1, "modules wants a list of strings"),
        ("modules = [1]", 1, "modules wants a list of strings"),
        ("[aliases]\nx = 3", 2, "x wants a string"),
        ("settings = 3", 1, "write [settings]"),
        ("inherits = 3", 1, "wants the name of a profile"),
        ('modules = ["numpy"', 1, "comma or a closing ]"),
        ("x = 'open", 1, "not closed"),
        ("when = 2007-05-01", 1, "dates and times have no place"),
        ("a = 1\na = 2", 2, "stands twice"),
    ],
)
def test_a_wrong_profile_is_told_with_file_and_line(
    profiles: Path, text: str, line: int, told: str
) -> None:
    """Before anything of it is done."""
    path = profiles / "bad.toml"
    path.write_text(text + "\n", "utf-8")
    with pytest.raises(UsageError) as raised:
        Shell(profile="bad").close()
    assert str(raised.value).startswith(f"{path}, line {line}: ")
    assert told in str(raised.value)


def test_a_profile_that_does_not_exist_is_told_with_the_nearest(profiles: Path) -> None:
    """And with where it was looked for."""
    with pytest.raises(UsageError, match="did you mean physics") as raised:
        find_profile("physic")
    assert str(profiles) in str(raised.value)


def test_what_fails_in_a_profile_is_told_and_the_session_goes_on(
    profiles: Path, capsys: Any
) -> None:
    """A module that is not there, a broken start-up file, a filter that raises."""
    (profiles / "broken.py").write_text("1 / 0\n", "utf-8")
    (profiles / "shaky.toml").write_text(
        'modules = ["no_such_module", "json"]\nstartup = ["broken.py", "after = 1"]\n'
        'filters = ["no_such_module:f"]\n',
        "utf-8",
    )
    shell, shown = shell_with("shaky")
    said = capsys.readouterr().err
    assert "the module no_such_module failed" in said
    assert "the input filter no_such_module:f failed" in said
    assert shell.namespace["after"] == 1
    assert "json" in shell.namespace

    def raises(source: str) -> str:
        raise LookupError("shaky")

    shell.transformer.filters.append(raises)
    assert shell.run_cell("1 + 1").value == 2
    assert "raised LookupError: shaky. It is taken out" in capsys.readouterr().err
    shell.transformer.filters.append(lambda source: source + "\n")
    assert shell.run_cell("1 + 1").value == 2
    assert "moves lines" in capsys.readouterr().err
    assert shown.of("error") == []
    shell.close()


def test_settings_are_listed_with_what_they_mean(shell: Shell, shown: Any, capsys: Any) -> None:
    """%config lists, shows and sets; a wrong name or type is told with the nearest."""
    shell.run_cell("%config")
    printed = capsys.readouterr().out
    assert (
        "xmode = 'Context'  (Plain, Context, Verbose, Minimal)\n    How tracebacks are" in printed
    )
    shell.run_cell("%config xmode = 'Plain'")
    assert shell.run_cell("%config xmode").value == "Plain"
    shell.run_cell("%config xmod")
    assert "did you mean xmode?" in shown.of("error")[-1].text()
    shell.run_cell("%config maximum_results = 'x'")
    assert "wants an int" in shown.of("error")[-1].text()
    items = [item.text for item in shell.complete("%config max").items]
    assert "maximum_results" in items


def test_the_profile_magic_loads_into_a_running_session(
    profiles: Path, shell: Shell, capsys: Any
) -> None:
    """%profile tells what is loaded, and loads."""
    (profiles / "late.toml").write_text('startup = ["late = 1"]\n', "utf-8")
    shell.run_cell("%profile")
    assert "late, physics, pylab" in capsys.readouterr().out
    shell.run_cell("%profile late")
    assert shell.namespace["late"] == 1
    shell.run_cell("%profile")
    assert str(profiles / "late.toml") in capsys.readouterr().out
    assert default_profile() is None
    (profiles / "default.toml").write_text("", "utf-8")
    assert default_profile() is not None


def test_figure_7_physics_by_units(shell: Shell, shown: Any, capsys: Any) -> None:
    """The paper's session: quantities typed as one writes them; -t shows the Python."""
    shell.load_profile("physics")
    for source in ("mass = 3 kg", "g = 9.8 m/s^2", "weight = mass * g", "weight"):
        assert shell.run_cell(source).status == "ok"
    assert shown.of("result")[-1]["text/plain"] == "29.4 kg·m/s²"
    assert shell.run_cell("(mass * 9.8 m/s^2 == weight, [1 km, 2 km][1].magnitude)").value == (
        True,
        2,
    )
    shell.run_cell("%history -t 1-3")
    assert capsys.readouterr().out == (
        "mass = Quantity(3, 'kg')\ng = Quantity(9.8, 'm/s**2')\nweight = mass * g\n"
    )
    shell.run_cell("x = 3 kg + 2 s")
    assert shown.of("error")[-1].name == "DimensionalityError"
    assert shell.is_complete("g = 9.8 m/s^2") == ("complete", "")
    for wrong in ("1 _", "1 __class__", "3 kg m", "1 no_such_unit", "2 m^", "5 ^ kg", "3 'kg'"):
        assert shell.run_cell(wrong).status == "error", wrong
    assert capsys.readouterr().err == "", "the filter is none the worse"
    weight = shell.run_cell("weight = mass * 9.8 m/s^2\nweight")
    assert weight.values[0].data["text/plain"] == "29.4 kg·m/s²"
    assert weight.values[0].data["text/latex"].startswith("$29.4")
    shell.run_cell("%%capture got\nprint(mass, 2 km)")
    assert shell.namespace["got"].stdout == "3 kg 2 km\n"


UNITS = {"kg", "m", "s", "km", "h", "N"}


@pytest.mark.parametrize(
    ("typed", "python"),
    [
        ("3 kg", "Quantity(3, 'kg')"),
        ("3kg", "Quantity(3, 'kg')"),
        ("f(3 kg, 2 m)", "f(Quantity(3, 'kg'), Quantity(2, 'm'))"),
        ("9.8 m/s^2 * t", "Quantity(9.8, 'm/s**2') * t"),
        ("9.8 m/s**-2", "Quantity(9.8, 'm/s**-2')"),
        ("3 kg * m / 2", "Quantity(3, 'kg') * m / 2"),
        ("3 kg*m", "Quantity(3, 'kg*m')"),
        ("3 N / s(2)", "Quantity(3, 'N') / s(2)"),
        ("'3 kg' # 3 kg", "'3 kg' # 3 kg"),
        ("3 if m else 4", "3 if m else 4"),
        ("3 furlong", "3 furlong"),
        ("x = 3\nkg", "x = 3\nkg"),
        ("f'{x} 3 kg'", "f'{x} 3 kg'"),
    ],
)
def test_what_is_read_as_a_quantity(typed: str, python: str) -> None:
    """A number and a unit, nothing else; ``m`` is a variable here."""
    assert PhysicsFilter(UNITS.__contains__, {"m"}.__contains__)(typed) == python


@pytest.mark.parametrize(
    ("typed", "python"),
    [
        ("1/3", "Integer(1)/Integer(3)"),
        ("2^10", "Integer(2)**Integer(10)"),
        ("x ^= 2", "x **= Integer(2)"),
        ("5 ^^ 3", "Integer(5) ^ Integer(3)"),
        ("0.5", "Float('0.5')"),
        ("1.0000000000000000001", "Float('1.0000000000000000001', 20)"),
        ("3r + 0x1F", "3 + Integer(0x1F)"),
        ("2j", "(Integer(2) * I)"),
        ("'1' # 2", "'1' # 2"),
        ("match x:\n    case 1: y = 2", "match x:\n    case 1: y = 2"),
    ],
)
def test_what_is_read_as_exact(typed: str, python: str) -> None:
    """Numbers and powers; not strings, comments and patterns."""
    assert exact(typed) == python


def test_exact_arithmetic(shell: Shell, shown: Any) -> None:
    """Ratios stay ratios; loops, indices and functions go on working."""
    shell.load_profile("exact")
    for source, text in (
        ("1/3 + 1/6", "1/2"),
        ("2^100", str(2**100)),
        ("[7, 8, 9][1:]", "[8, 9]"),
        ("sum(range(4))/4", "3/2"),
        ("def f(n=3): return n^2\nf()", "9"),
        ("sqrt(8)", "2*sqrt(2)"),
        ("'%d' % 3, f'{2:03}', round(0.126, 2)", None),
    ):
        assert shell.run_cell(source).status == "ok", source
        if text is not None:
            assert shown.of("result")[-1]["text/plain"] == text


def test_profiles_say_which_package_they_need(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """Without pint the session goes on as it was."""
    monkeypatch.setitem(sys.modules, "pint", None)
    shell.load_profile("physics")
    assert "run %pip install pint" in capsys.readouterr().err
    assert shell.run_cell("1 + 1").value == 2


KEYS = st.text("abcXYZ019_-", min_size=1, max_size=6)
VALUES = st.recursive(
    st.booleans()
    | st.integers(-(10**12), 10**12)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


def written(value: Any) -> str:
    """A value as TOML."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        escaped = "".join(f"\\U{ord(c):08x}" if ord(c) < 32 or ord(c) == 127 else c for c in value)
        return '"' + escaped.replace('"', '\\"').replace("\\U", "\0").replace("\0", "\\U") + '"'
    if isinstance(value, list):
        return f"[{', '.join(map(written, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {written(each)}" for key, each in value.items()) + "}"
    return repr(value)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.dictionaries(KEYS, VALUES.filter(lambda v: "\\" not in repr(v)), max_size=5))
def test_the_reader_reads_what_the_standard_librarys_reads(held: dict[str, Any]) -> None:
    """On what profiles may hold, the two agree; every key has its line."""
    text = "# a comment\n" + "\n".join(f"{key} = {written(v)} # x" for key, v in held.items())
    found, lines = read_toml(text)
    assert found == tomllib.loads(text)
    assert [lines[(key,)] for key in held] == list(range(2, 2 + len(held)))


@given(st.text("[]{}=.,\"'#\n \\abc12-", max_size=40))
def test_the_reader_refuses_in_one_way_only(text: str) -> None:
    """Any text is read, or refused with a line; where both readers read, they agree."""
    try:
        found, _ = read_toml(text)
    except TomlError as error:
        refused: int | None = error.line
    else:
        refused = None
    if refused is not None:
        assert 1 <= refused <= text.count("\n") + 1
        return
    try:
        expected = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    assert found == expected


def test_the_reader_reads_the_longer_forms() -> None:
    """Tables, dotted keys, literal and multi-line strings, numbers of every kind."""
    text = (
        "[a.b]\nc.d = 1\n'e f' = '''\nraw \\n\n'''\ng = \"\"\"\none \\\n   two\\t\"\"\"\n"
        "h = [\n  1, # one\n  0x1F, 1_000,\n]\ni = {j = -1.5e3, k = {}}\n[z]\nl = inf\n"
    )
    found, lines = read_toml(text)
    assert found == tomllib.loads(text)
    assert lines[("a", "b", "c", "d")] == 2
    assert lines[("a", "b", "i", "j")] == 13
