"""Reading source files as Python does: by their coding line, else UTF-8."""

from __future__ import annotations

import io
import tokenize
from pathlib import Path

from ..core.errors import VivoError


class SourceFileError(VivoError, ValueError):
    """A source file cannot be read; the text says why and what to do."""


def read_source(path: Path) -> str:
    """A file's text, line ends as ``\\n``. Raises :class:`SourceFileError`."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise SourceFileError(f"There is no file {path}.") from None
    except OSError as error:
        raise SourceFileError(f"{path} cannot be read: {error.strerror}.") from None
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise SourceFileError(
            f"{path} is not {error.encoding.upper()}: byte {error.start} (line {line}) is "
            f"0x{data[error.start]:02x}. Save it as UTF-8, or name its encoding in a comment on "
            "the first line, for instance # -*- coding: latin-1 -*-"
        ) from None
    except (SyntaxError, LookupError) as error:
        told = str(error)
        if "invalid or missing encoding" in told:
            bad = next((at for at, byte in enumerate(data) if byte > 127), 0)
            told = f"byte {bad} (line {data.count(10, 0, bad) + 1}) is 0x{data[bad]:02x}"
        raise SourceFileError(
            f"{path} is not UTF-8: {told}. Save it as UTF-8, or name its encoding in a comment "
            "on the first line, for instance # -*- coding: latin-1 -*-"
        ) from None
    return text.replace("\r\n", "\n")
