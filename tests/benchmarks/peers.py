"""The environment of the peers: one virtual environment beside the project's own.

What is measured in a shell's own process runs in this interpreter for all alike, with the same
packages at hand; vivo comes in through a link to this checkout.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PEERS = ROOT / ".venv-peers"
PACKAGES = (
    "ipykernel", "numpy", "pandas", "ipyparallel", "distributed", "ray", "loky", "cloudpickle",
)  # fmt: skip


def prepare_peers() -> Path:
    """Make the peers' environment once; give its interpreter."""
    python = PEERS / "bin" / "python"
    made = PEERS / ".ready"
    if not made.exists() or made.read_text() != " ".join(PACKAGES):
        print("installing the peers into .venv-peers", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", str(PEERS)], check=True)
        install = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        subprocess.run([*install, *PACKAGES], check=True)
        made.write_text(" ".join(PACKAGES))
    link = PEERS / "checkout" / "vivo"
    link.parent.mkdir(exist_ok=True)
    if not link.exists():
        link.symlink_to(ROOT)
    return python


def environment() -> dict[str, str]:
    """What a measured process finds around it: vivo on its path, byte code kept as usual."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return kept | {"PYTHONPATH": str(PEERS / "checkout")}
