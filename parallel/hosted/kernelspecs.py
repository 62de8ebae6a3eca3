"""The kernels that are installed for Jupyter on this machine: their ``kernel.json`` files.

The places and the format are those of jupyter_client's documentation, "Making kernels for Jupyter"
and "Kernel specs".
"""

from __future__ import annotations

import os
import shutil
import string
import sys
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from ...core.errors import nearest
from ..errors import SessionError
from ..kernelspec import KERNEL_NAME

_PYTHONS = {"python", "python3", "python.exe"}


class _File(msgspec.Struct):
    """A ``kernel.json``, as far as it is used."""

    argv: list[str]
    display_name: str = ""
    language: str = ""
    interrupt_mode: str = "signal"
    env: dict[str, str] = {}


@dataclass(frozen=True)
class KernelSpec:
    """A kernel that can be started."""

    name: str
    folder: Path
    argv: list[str]
    display_name: str
    language: str
    interrupt_mode: str
    env: dict[str, str] = field(default_factory=dict)

    def command(self, connection_file: Path) -> list[str]:
        """The words that start it.

        A bare ``python`` is that of the environment whose kernelspec this is; else it is looked
        for on the ``PATH``.
        """
        told = {
            "{connection_file}": str(connection_file),
            "{resource_dir}": str(self.folder),
            "{prefix}": str(_prefix_of(self.folder) or sys.prefix),
        }
        words = []
        for each in self.argv:
            word = each
            for name, value in told.items():
                word = word.replace(name, value)
            words.append(word)
        if words[0] in _PYTHONS and (prefix := _prefix_of(self.folder)) is not None:
            own = prefix / "bin" / words[0]
            if own.exists():
                words[0] = str(own)
        return words

    def environment(self) -> dict[str, str]:
        """The variables of its process: this one's, and those that it asks for."""
        own = dict(os.environ)
        return own | {
            name: string.Template(value).safe_substitute(own) for name, value in self.env.items()
        }

    @property
    def speaks_ipc(self) -> bool:
        """Whether it can be reached by Unix sockets. ipykernel can; of others it is not known."""
        return any("ipykernel" in word for word in self.argv)


def folders() -> list[Path]:
    """Where kernelspecs stand, what is found first counting most."""
    paths = [Path(each) for each in os.environ.get("JUPYTER_PATH", "").split(os.pathsep) if each]
    own = os.environ.get("JUPYTER_DATA_DIR")
    if own:
        paths.append(Path(own))
    elif sys.platform == "darwin":
        paths.append(Path.home() / "Library" / "Jupyter")
    else:
        data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
        paths.append(Path(data) / "jupyter")
    active = [os.environ.get(name) for name in ("VIRTUAL_ENV", "CONDA_PREFIX")]
    prefixes = [*(each for each in active if each), sys.prefix, "/usr/local", "/usr"]
    paths += [Path(each) / "share" / "jupyter" for each in prefixes]
    return [path / "kernels" for path in dict.fromkeys(paths)]


def kernelspecs() -> dict[str, KernelSpec]:
    """The kernels by name, vivo's own left out; files that are none are passed over."""
    found: dict[str, KernelSpec] = {}
    for folder in folders():
        for file in sorted(folder.glob("*/kernel.json")):
            name = file.parent.name.lower()
            if name == KERNEL_NAME or name in found:
                continue
            try:
                found[name] = _read(file)
            except (OSError, msgspec.MsgspecError, ValueError):
                continue
    return found


def find_kernelspec(wanted: str) -> KernelSpec:
    """The kernel of a name, or in a folder that holds a ``kernel.json``.

    Raises :class:`SessionError` with the kernels that there are.
    """
    if os.sep in wanted:
        try:
            return _read(Path(wanted).expanduser().resolve() / "kernel.json")
        except (OSError, msgspec.MsgspecError, ValueError) as error:
            raise SessionError(
                f"{wanted} holds no kernel.json that can be used: {error}."
            ) from None
    found = kernelspecs()
    if wanted.lower() in found:
        return found[wanted.lower()]
    if not found:
        raise SessionError(
            f"There is no kernel {wanted}: none is installed for Jupyter where vivo looks. "
            "Activate the kernel's environment, or name the folder of its kernel.json."
        )
    near = nearest(wanted.lower(), found)
    meant = f"did you mean {near[0]}?" if near else f"there are {', '.join(found)}."
    raise SessionError(f"There is no kernel {wanted}; {meant}")


def _read(file: Path) -> KernelSpec:
    told = msgspec.json.decode(file.read_bytes(), type=_File)
    if not told.argv:
        raise ValueError("its argv is empty")
    return KernelSpec(
        file.parent.name.lower(), file.parent, told.argv, told.display_name or file.parent.name,
        told.language, told.interrupt_mode, told.env,
    )  # fmt: skip


def _prefix_of(folder: Path) -> Path | None:
    """The environment of a kernelspec in ``PREFIX/share/jupyter/kernels/NAME``."""
    if [each.name for each in list(folder.parents)[:3]] != ["kernels", "jupyter", "share"]:
        return None
    prefix = folder.parents[3]
    return prefix if shutil.which("python", path=str(prefix / "bin")) else None
