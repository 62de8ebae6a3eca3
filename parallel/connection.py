"""Connection files: how a client finds a session's sockets and proves that it may.

The format is Jupyter's ("Connection files"). Sessions that vivo starts use Unix sockets in a
folder of the user's alone; TCP is for foreign launchers.
"""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path

import msgspec

from ..core.private_files import read_small
from .directories import MAXIMUM_SOCKET_PATH, write_private
from .errors import ConnectionFileError

CHANNELS = ("shell", "iopub", "stdin", "control", "hb")


class ConnectionInfo(msgspec.Struct, frozen=True):
    """The contents of a connection file."""

    transport: str
    ip: str
    """The address; for ``ipc`` the path that the sockets' names begin with."""
    shell_port: int
    iopub_port: int
    stdin_port: int
    control_port: int
    hb_port: int
    key: str
    signature_scheme: str = "hmac-sha256"
    kernel_name: str = "vivo"

    def address(self, channel: str) -> str:
        """Where a channel's socket is."""
        port = getattr(self, f"{channel}_port")
        if self.transport == "ipc":
            return f"ipc://{self.ip}-{port}"
        return f"tcp://{self.ip}:{port}"

    def socket_files(self) -> list[Path]:
        """The files of the sockets, for ``ipc``."""
        if self.transport != "ipc":
            return []
        return [Path(self.address(channel).removeprefix("ipc://")) for channel in CHANNELS]

    def write(self, path: Path) -> None:
        """Write the connection file, for the user alone."""
        write_private(path, json.dumps(msgspec.structs.asdict(self), indent=1).encode())


def make_ipc(folder: Path) -> ConnectionInfo:
    """A new connection by Unix sockets in a folder. Raises :class:`ConnectionFileError`."""
    base = str(folder / "s")
    if len(base.encode()) + 2 > MAXIMUM_SOCKET_PATH:
        raise ConnectionFileError(
            f"The path {base} is too long for a Unix socket: set XDG_RUNTIME_DIR to a shorter one."
        )
    return ConnectionInfo("ipc", base, 1, 2, 3, 4, 5, os.urandom(32).hex())


def make_tcp(ip: str = "127.0.0.1") -> ConnectionInfo:
    """A new connection by TCP, on ports that are free now."""
    sockets = [socket.socket() for _ in CHANNELS]
    try:
        for each in sockets:
            each.bind((ip, 0))
        ports = [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()
    shell, iopub, stdin, control, heartbeat = ports
    key = os.urandom(32).hex()
    return ConnectionInfo("tcp", ip, shell, iopub, stdin, control, heartbeat, key)


def read_connection(path: str | Path) -> ConnectionInfo:
    """A connection file. Raises :class:`ConnectionFileError` with what is wrong with it."""
    path = Path(path)
    try:
        text = read_small(path).decode("utf-8")
    except OSError as error:
        raise ConnectionFileError(
            f"The connection file {path} cannot be read ({error.strerror}): is the session still "
            "running? `vivo sessions` lists those that are."
        ) from None
    except UnicodeDecodeError:
        raise ConnectionFileError(f"{path} is no connection file: it is not text.") from None
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        raise ConnectionFileError(
            f"{path} is no connection file: it is not JSON. `vivo sessions` names the right ones."
        ) from None
    return _checked(path, data)


def _checked(path: Path, data: object) -> ConnectionInfo:
    if not isinstance(data, dict):
        raise ConnectionFileError(f"{path} is no connection file: it holds no JSON object.")
    fields = {"transport": str, "ip": str, "key": str} | {f"{c}_port": int for c in CHANNELS}
    for name, kind in fields.items():
        if type(data.get(name)) is not kind:
            raise ConnectionFileError(
                f"{path} is no connection file: {name} is missing or no {kind.__name__}."
            )
    scheme = data.get("signature_scheme", "hmac-sha256")
    if scheme != "hmac-sha256":
        raise ConnectionFileError(
            f"{path} asks for signatures by {_quoted(scheme)}; vivo signs by hmac-sha256."
        )
    if data["transport"] not in ("tcp", "ipc"):
        raise ConnectionFileError(
            f"{path} asks for the transport {_quoted(data['transport'])}; use tcp or ipc."
        )
    for channel in CHANNELS:
        if not 0 < (port := data[f"{channel}_port"]) < 65536:
            raise ConnectionFileError(
                f"{path} is no connection file: {channel}_port is {_quoted(port)}."
            )
    if not data["ip"].isprintable():
        raise ConnectionFileError(f"{path} is no connection file: ip is no address and no path.")
    if not data["key"]:
        raise ConnectionFileError(
            f"{path} has no key, and nobody could tell whose messages come: make one with a key."
        )
    try:
        data["key"].encode()
    except UnicodeEncodeError:
        raise ConnectionFileError(f"{path} is no connection file: its key is no text.") from None
    return ConnectionInfo(
        **{name: data[name] for name in fields},
        signature_scheme=scheme,
        kernel_name=str(data.get("kernel_name", "")),
    )


def _quoted(value: object) -> str:
    """What a file says, as far as a sentence can hold it."""
    text = repr(value)
    return text if len(text) < 40 else f"{text[:40]}…"
