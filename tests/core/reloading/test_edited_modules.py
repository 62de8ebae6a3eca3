"""Modules that change on disk: which are reloaded, in which order, and what is said."""

from __future__ import annotations

import logging
import os
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


def test_a_broken_edit_leaves_the_old_code_in_use(live: Any) -> None:
    """One sentence with file and line; tried again when the file changes, not before."""
    path = live.write("broken", "x = 1\ndef f(): return x")
    live.do("import broken\nfrom broken import f")
    live.write("broken", "x = 2\ndef f(: return x")
    assert live.value("f(), broken.x") == (1, 1)
    (sentence,) = live.said()
    assert sentence.startswith(f"broken could not be reloaded: {path}, line 2: SyntaxError: ")
    assert live.value("f()") == 1
    assert live.said() == []
    live.write("broken", "x = 3\nnew = 1\ndef f(): return x\n\n1 / 0\n")
    assert live.value("f(), broken.x, hasattr(broken, 'new')") == (1, 1, False)
    assert f"{path}, line 5: ZeroDivisionError: division by zero." in live.said()[0]
    live.write("broken", "x = 4\ndef f(): return x")
    assert live.value("f(), broken.x") == (4, 4)


def test_a_module_that_asks_to_exit_does_not_end_the_cell(live: Any) -> None:
    """Whatever a module raises is its own failure."""
    live.write("leaving", "x = 1")
    live.do("import leaving")
    live.write("leaving", "import sys\nsys.exit(3)")
    assert live.value("leaving.x") == 1
    assert "SystemExit: 3" in live.said()[0]


def test_two_quick_edits_of_one_size_are_two_edits(live: Any) -> None:
    """Within one second, where the cached bytecode cannot tell them apart."""
    for number in range(5):
        path = live.write("quick", f"x = {number}")
        os.utime(path, ns=(10**18, 10**18 + number))
        assert live.value("import quick\nquick.x") == number


def test_an_edit_between_import_and_the_first_look_is_seen(session: Any, monkeypatch: Any) -> None:
    """The module was imported, then edited, and only then was reloading turned on."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    session.write("early", "x = 1")
    session.do("import early")
    path = session.write("early", "x = 22")
    os.utime(path, (time.time() + 10, time.time() + 10))
    session.do("%autoreload 2")
    assert session.value("early.x") == 22


def test_removed_names_go_and_what_was_put_in_stays(live: Any) -> None:
    """A name that holds a removed function is told of."""
    live.write("shrinking", "a = 1\nb = 2\ndef f(): return 1\ndef g(): return 1")
    live.do("import shrinking\nfrom shrinking import f")
    live.write("shrinking", "a = 1")
    assert live.value("hasattr(shrinking, 'b'), hasattr(shrinking, 'f'), f()") == (False, False, 1)
    assert live.said() == ["shrinking.f is gone; names that still hold it keep the old code."]
    live.do("shrinking.extra = 5")
    live.write("shrinking", "a = 2")
    assert live.value("shrinking.a, shrinking.extra") == (2, 5)


def test_packages_submodules_and_names_that_are_passed_on(live: Any) -> None:
    """Editing a submodule changes what the package passes on; the package keeps its submodules."""
    live.write(
        "pack.__init__", "from .core import f, RATE\nfrom . import core\nfrom .core import Base"
    )
    live.write(
        "pack.core", "RATE = 1\ndef f(): return RATE\nclass Base:\n    def m(self): return 1"
    )
    live.write("pack.sub.leaf", "from ..core import Base\nclass Leaf(Base): pass")
    live.write("pack.sub.__init__", "")
    live.do("import pack, pack.sub.leaf\nfrom pack import *\nleaf = pack.sub.leaf.Leaf()")
    live.write(
        "pack.core", "RATE = 2\ndef f(): return RATE\nclass Base:\n    def m(self): return 2"
    )
    assert live.value("f(), pack.f(), RATE, pack.RATE, leaf.m()") == (2, 2, 2, 2, 2)
    live.write("pack.__init__", "from .core import f, RATE\nfrom .core import Base\nversion = 3")
    assert live.value("pack.version, pack.core.RATE, pack.sub.leaf.Leaf is type(leaf)") == (
        3,
        2,
        True,
    )
    assert live.said() == []


@pytest.mark.parametrize("first", ["lower", "upper"])
def test_what_is_imported_is_reloaded_before_what_imports_it(live: Any, first: str) -> None:
    """A new name may be used in the same edit, whichever module was imported first."""
    live.write("lower", "x = 1")
    live.write("upper", "from lower import x\ny = x")
    live.do(f"import {first}, upper, lower")
    live.write("upper", "from lower import z\ny = z")
    live.write("lower", "z = 2")
    assert live.value("upper.y") == 2
    assert live.said() == []


def test_a_failed_module_is_tried_again_when_another_is_mended(live: Any) -> None:
    """It failed for what it imports."""
    live.write("lower", "x = 1")
    live.write("upper", "from lower import x")
    live.do("import upper")
    live.write("lower", "z = (")
    live.write("upper", "from lower import z")
    assert live.value("upper.x") == 1
    assert len(live.said()) == 2
    live.write("lower", "z = 2")
    assert live.value("upper.z") == 2


def test_a_deleted_file_is_said_once_and_may_come_back(live: Any) -> None:
    """The session goes on with the code it had."""
    path = live.write("fleeting", "x = 1")
    live.do("import fleeting")
    path.unlink()
    assert live.value("fleeting.x") == 1
    assert live.said() == [
        f"fleeting cannot be reloaded: its file {path} is gone. The session goes on with the code "
        "it had."
    ]
    assert live.value("fleeting.x") == 1
    assert live.said() == []
    live.write("fleeting", "x = 2")
    assert live.value("fleeting.x") == 2


def test_imported_constants_follow_and_data_that_does_not_is_said(live: Any) -> None:
    """A number is taken anew; a list may hold the session's work."""
    live.write("config", "RATE = 1\nNAMES = ['a']\nSAME = [1]\nSIZES = (1, 2)")
    live.write("other", "from config import RATE as speed")
    live.do(
        "import other\nfrom config import (RATE,\n    NAMES, SAME, SIZES as sizes)\nmine = RATE"
    )
    live.write("config", "RATE = 2\nNAMES = ['b']\nSAME = [1]\nSIZES = (1, 3)")
    assert live.value("RATE, other.speed, sizes, NAMES, mine") == (2, 2, (1, 3), ["a"], 1)
    assert live.said() == [
        "NAMES in the session still is what config.NAMES was before the edit; run `from config "
        "import NAMES` again to take the new one."
    ]
    live.do("RATE = 7")
    live.write("config", "RATE = 3")
    assert live.value("RATE") == 7


def test_new_names_appear_where_all_were_imported(session: Any) -> None:
    """%autoreload 3; also through a package that passes them on; nothing of the user's goes."""
    session.write("bag.__init__", "from .inner import *")
    session.write("bag.inner", "def f(): return 1\n_hidden = 1")
    session.do("%autoreload 3\nfrom bag import *\nimport bag\nmine = 5")
    session.write(
        "bag.inner", "def f(): return 2\ndef g(): return 3\nmine = 6\n_hidden = 2\n_h = 1"
    )
    assert session.value("f(), g(), bag.g(), mine, '_h' in globals()") == (2, 3, 3, 5, False)
    session.do("%autoreload 2")
    session.write("bag.inner", "def f(): return 2\ndef g(): return 3\ndef h(): pass")
    assert session.value("'h' in globals()") is False


def test_only_named_modules_and_none(session: Any) -> None:
    """%autoreload 1, 0 and now; %aimport names and excludes."""
    for name in ("one", "two"):
        session.write(name, "x = 1")
    session.do("%autoreload explicit\n%aimport one\nimport two")
    for name in ("one", "two"):
        session.write(name, "x = 2")
    assert session.value("one.x, two.x") == (2, 1)
    session.do("%autoreload off")
    session.write("one", "x = 3")
    assert session.value("one.x, two.x") == (2, 1)
    session.do("%aimport -two")
    assert session.value("%autoreload now\none.x, two.x") == (3, 1)
    session.do("%autoreload all\n%aimport")
    assert session.printed() == "Modules to reload: one\nModules to leave:  two\n"
    session.write("two", "x = 4")
    assert session.value("two.x") == 1
    assert session.value("%aimport two\n1") == 1
    assert session.value("two.x") == 4


def test_what_is_reloaded_can_be_printed_and_logged(session: Any, caplog: Any) -> None:
    """%autoreload 2 -p -l."""
    session.write("told", "x = 1")
    session.do("%autoreload -p -l 2\nimport told")
    session.write("told", "x = 2")
    with caplog.at_level(logging.INFO, "autoreload"):
        session.do("told.x")
    assert session.printed() == "Reloaded told.\n"
    assert caplog.messages == ["Reloaded told."]


@pytest.mark.parametrize(
    ("cell", "sentence"),
    [
        ("%autoreload 5", "%autoreload takes now, off (0), explicit (1), all (2) or complete (3)"),
        ("%autoreload -z", "%autoreload has no option -z"),
        ("%aimport nosuchthing", "%aimport: there is no module nosuchthing to import."),
        ("%aimport os.nosuchthing", "%aimport: there is no module os.nosuchthing to import."),
    ],
)
def test_wrong_use_is_one_sentence(session: Any, cell: str, sentence: str) -> None:
    """What happened and what there is."""
    assert sentence in str(session.shell.run_cell(cell).error)


def test_libraries_are_left_alone_unless_named(live: Any, monkeypatch: Any) -> None:
    """What lies in site-packages or the standard library is not looked at."""
    watched = live.shell.auto_reload.watcher.modules
    assert not [name for name in watched if name.startswith(("json", "pytest", "vivo"))]
    folder = live.folder / "lib" / "site-packages"
    path = live.write("lib.site-packages.libbed", "x = 1")
    monkeypatch.syspath_prepend(str(folder))
    live.do("import libbed")
    live.write("lib.site-packages.libbed", "x = 2")
    assert live.value("libbed.x") == 1
    assert path.exists()
    live.do("%aimport libbed")
    live.write("lib.site-packages.libbed", "x = 3")
    assert live.value("libbed.x") == 3


def test_hostile_modules_do_not_break_a_cell(live: Any, monkeypatch: Any) -> None:
    """Odd entries in sys.modules, and objects that raise whatever is asked of them."""

    class Odd(ModuleType):
        def __getattribute__(self, name: str) -> Any:
            raise RuntimeError(name)

    for name, module in {"odd1": Odd("odd1"), "odd2": None, "odd3": 5, "odd4": object()}.items():
        monkeypatch.setitem(sys.modules, name, module)
    text = """
        class Meta(type):
            def __eq__(self, other): raise RuntimeError
            def __hash__(self): raise RuntimeError
            def __getattribute__(self, name): raise RuntimeError(name)
            def __setattr__(self, name, value): raise RuntimeError(name)
            def __instancecheck__(self, other): raise RuntimeError
        class C(metaclass=Meta):
            def f(self): return {0}
        class I:
            def __getattribute__(self, name): raise RuntimeError(name)
            def __eq__(self, other): raise RuntimeError
            __class__ = property(lambda self: 1 / 0)
        odd, kept = I(), C()
        def f(): return {0}
    """
    live.write("hostile", text.format(1))
    live.do("import hostile\nfrom hostile import f\nkept = object.__new__(hostile.C)")
    live.write("hostile", text.format(2))
    assert live.value("f(), hostile.f()") == (2, 2)
    assert live.value("type(kept) is hostile.C, type.__getattribute__(hostile.C, 'f')(kept)") == (
        True,
        2,
    )


def test_a_module_that_was_taken_out_is_imported_anew(live: Any) -> None:
    """The new one is watched in place of the old."""
    live.write("swapped", "x = 1")
    live.do("import swapped, sys\nold = swapped\ndel sys.modules['swapped']")
    live.write("swapped", "x = 2")
    assert live.value("old.x") == 1
    assert live.value("import swapped\nswapped.x") == 2
    live.write("swapped", "x = 3")
    assert live.value("swapped.x, old.x") == (3, 1)


def test_a_thousand_modules_cost_a_look_each(live: Any) -> None:
    """A cell hardly waits for what has not changed: a few calls for a module, however often."""
    for number in range(1000):
        (live.folder / f"many_{number}.py").write_text("x = 1", "utf-8")
    live.do("for n in range(1000): __import__(f'many_{n}')")
    watcher = live.shell.auto_reload.watcher
    assert len(watcher.modules) >= 1000
    assert watcher.changed() == []
    calls = 0

    def count(*_: object) -> None:
        nonlocal calls
        calls += 1

    sys.setprofile(count)
    try:
        assert watcher.changed() == []
    finally:
        sys.setprofile(None)
    assert calls < 20 * len(watcher.modules)


def test_two_shells_reload_each_for_itself(live: Any) -> None:
    """What one turned on is not on in the other."""
    from vivo.core import Shell

    other = Shell()
    assert other.auto_reload is None
    other.close()
    assert Path(live.folder).exists()
