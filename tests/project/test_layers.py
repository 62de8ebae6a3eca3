"""The layers: server → parallel → core, relative imports, and what each may import."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LAYERS = ("core", "parallel", "server")
STANDARD_LIBRARY = sys.stdlib_module_names


def sources(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def imports(path: Path) -> Iterator[tuple[int, int, str]]:
    """Each import of a file: line, level (0 is absolute), and the module's dotted name."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, 0, alias.name
        elif isinstance(node, ast.ImportFrom):
            if node.level and node.module is None:
                for alias in node.names:
                    yield node.lineno, node.level, alias.name
            else:
                yield node.lineno, node.level, node.module or ""


def target(path: Path, level: int, module: str) -> tuple[str, ...]:
    """The place that a relative import names, from the repository root."""
    folder = path.relative_to(ROOT).parent.parts
    return (*folder[: len(folder) - level + 1], *module.split("."))


def relative_targets(folder: str) -> Iterator[tuple[Path, int, tuple[str, ...]]]:
    for path in sources(folder):
        for line, level, module in imports(path):
            if level:
                yield path, line, target(path, level, module)


@pytest.mark.parametrize(
    ("layer", "allowed"),
    [
        ("core", {"core"}),
        ("parallel", {"core", "parallel"}),
        ("server", {"core", "parallel", "server"}),
    ],
)
def test_arrows_run_one_way(layer: str, allowed: set[str]) -> None:
    """No layer imports one above it; the root package itself holds only the version."""
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {'.'.join(place)}"
        for path, line, place in relative_targets(layer)
        if place[0] not in allowed | {"__version__"}
    ]
    assert wrong == []


@pytest.mark.parametrize("layer", LAYERS)
def test_imports_inside_the_package_are_relative(layer: str) -> None:
    """Every static tool finds our modules by folder."""
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {module}"
        for path in sources(layer)
        for line, level, module in imports(path)
        if not level and module.split(".")[0] == "vivo"
    ]
    assert wrong == []


# Imported only where the user has it, and never at the engine's start.
USERS_OWN = {"matplotlib", "numpy"}


def engine_sources() -> list[Path]:
    folders = ("core", "parallel/engine", "parallel/cluster")
    alone = (
        "__init__",
        "descriptors",
        "errors",
        "frames",
        "merging",
        "pacing",
        "relays",
        "replays",
        "sharing",
        "tls",
    )
    files = [ROOT / "parallel" / f"{name}.py" for name in (*alone, "spares")]
    return [path for folder in folders for path in sources(folder)] + files


def test_the_engine_needs_nothing_installed() -> None:
    """core, the engine and the user's side of clusters import the standard library alone, and what
    the user brings.
    """
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {module}"
        for path in engine_sources()
        for line, level, module in imports(path)
        if not level and module.split(".")[0] not in STANDARD_LIBRARY | USERS_OWN
    ]
    assert wrong == []


def test_the_engine_reaches_only_what_it_is_served() -> None:
    """The engine's modules lean on core, themselves, frames, pacing, sharing, and for its magics on
    clusters; nothing else.
    """
    shared = {("parallel", name) for name in ("engine", "cluster", "frames", "pacing", "sharing")}
    allowed = {("core",), *shared}
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {'.'.join(place)}"
        for path, line, place in relative_targets("parallel/engine")
        if place[:1] not in allowed and place[:2] not in allowed
    ]
    assert wrong == []


def test_the_users_side_of_clusters_reaches_only_what_it_is_served() -> None:
    """It runs in any interpreter: it leans on nothing that needs more than the standard library."""
    free = {
        ("parallel", name)
        for name in (
            "cluster",
            "descriptors",
            "errors",
            "merging",
            "processes",
            "relays",
            "replays",
            "sharing",
            "tls",
        )
    }
    allowed = {*free, ("parallel", "engine")}
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {'.'.join(place)}"
        for path, line, place in relative_targets("parallel/cluster")
        if place[:1] != ("core",) and place[:2] not in allowed
    ]
    assert wrong == []


def test_only_the_language_server_knows_pygls() -> None:
    """pygls stays in server/lsp, and LSP's types in server."""
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {module}"
        for layer in LAYERS
        for path in sources(layer)
        for line, level, module in imports(path)
        if not level
        and (
            (module.split(".")[0] == "pygls" and "lsp" not in path.relative_to(ROOT).parts)
            or (module.split(".")[0] == "lsprotocol" and layer != "server")
        )
    ]
    assert wrong == []


@pytest.mark.parametrize("peer", ["IPython", "ipykernel", "ipyparallel"])
def test_the_peers_are_never_needed(peer: str) -> None:
    """No module of ours imports what it re-creates."""
    wrong = [
        f"{path.relative_to(ROOT)}:{line}"
        for layer in LAYERS
        for path in sources(layer)
        for line, level, module in imports(path)
        if not level and module.split(".")[0] == peer
    ]
    assert wrong == []
