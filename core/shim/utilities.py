"""``IPython.utils``, as far as extensions and libraries use it. Small things, each on its own."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ..errors import UsageError
from ..system import CommandOutput

__all__ = ["TemporaryDirectory"]
SList = CommandOutput
LSString = str
dedent = textwrap.dedent


class Struct(dict[str, Any]):
    """A dictionary whose entries are attributes too."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"there is no {name}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def copy(self) -> Struct:
        """Another one with the same entries."""
        return Struct(self)

    def hasattr(self, key: str) -> bool:
        """Whether there is an entry of that name."""
        return key in self

    def merge(self, other: Any = None, conflict: Any = None, **entries: Any) -> None:
        """Take over entries that are not there yet."""
        for key, value in {**(other or {}), **entries}.items():
            self.setdefault(key, value)


def arg_split(commandline: str, posix: bool = False, strict: bool = True) -> list[str]:
    """The words of a line as a shell splits them, with their quotes where not ``posix``.

    Raises :class:`UsageError` for quotes that do not match; if not ``strict`` they are kept.
    """
    lexer = shlex.shlex(commandline, posix=posix)
    lexer.whitespace_split = True
    lexer.commenters = ""
    words: list[str] = []
    while True:
        try:
            word = lexer.get_token()
        except ValueError as error:
            if strict:
                raise UsageError(f"{error}: {commandline}") from None
            return [*words, lexer.token]
        if word is None or (not posix and word == ""):
            return words
        words.append(word)


class RichOutput:
    """A display that :class:`capture_output` kept."""

    def __init__(
        self,
        data: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
        transient: dict[str, Any] | None = None,
        update: bool = False,
    ) -> None:
        self.data, self.metadata = data or {}, metadata or {}
        self.transient, self.update = transient or {}, update

    def display(self) -> None:
        """Show it."""
        from .displays import publish_display_data

        publish_display_data(self.data, self.metadata, transient=self.transient, update=self.update)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        return self.data, self.metadata


class CapturedIO:
    """What :class:`capture_output` gives: the texts, and what was displayed."""

    def __init__(self, stdout: Any, stderr: Any, outputs: list[dict[str, Any]] | None) -> None:
        self._stdout, self._stderr = stdout, stderr
        self._outputs = outputs if outputs is not None else []

    @property
    def stdout(self) -> str:
        """What was printed."""
        return str(self._stdout.getvalue()) if self._stdout else ""

    @property
    def stderr(self) -> str:
        """What was printed to stderr."""
        return str(self._stderr.getvalue()) if self._stderr else ""

    @property
    def outputs(self) -> list[RichOutput]:
        """What was displayed."""
        return [RichOutput(**entry) for entry in self._outputs]

    def __str__(self) -> str:
        return self.stdout

    def show(self) -> None:
        """Show it all again."""
        sys.stdout.write(self.stdout)
        sys.stderr.write(self.stderr)
        for output in self.outputs:
            output.display()

    __call__ = show


@contextmanager
def capture_output(
    stdout: bool = True, stderr: bool = True, display: bool = True
) -> Iterator[CapturedIO]:
    """Keep what the code in its block prints and displays: ``with capture_output() as kept:``."""
    import io
    from contextlib import ExitStack

    from ..shell import current_shell
    from .publishing import CapturingDisplayPublisher

    out, error = io.StringIO() if stdout else None, io.StringIO() if stderr else None
    shell = current_shell() if display else None
    publisher = CapturingDisplayPublisher()
    with ExitStack() as stack:
        if out is not None:
            stack.enter_context(redirect_stdout(out))
        if error is not None:
            stack.enter_context(redirect_stderr(error))
        if shell is not None:
            before = shell.display_pub
            shell.display_pub = publisher
            stack.callback(setattr, shell, "display_pub", before)
        yield CapturedIO(out, error, publisher.outputs)


class Tee:
    """Writes to a file and to a stream (``stdout`` or ``stderr``), until it is closed."""

    def __init__(self, file_or_name: Any, mode: str = "w", channel: str = "stdout") -> None:
        opens = not hasattr(file_or_name, "write")
        self.file: Any = file_or_name
        if opens:
            self.file = Path(file_or_name).open(mode, encoding="utf-8")  # noqa: SIM115 - close()
        self.channel = channel
        self.stream = getattr(sys, channel)
        setattr(sys, channel, self)

    def write(self, data: str) -> None:
        """Write to both."""
        self.file.write(data)
        self.stream.write(data)
        self.stream.flush()

    def flush(self) -> None:
        """Flush both."""
        self.file.flush()
        self.stream.flush()

    def close(self) -> None:
        """Close the file, give the stream back."""
        self.flush()
        setattr(sys, self.channel, self.stream)
        self.file.close()


def ask_yes_no(prompt: str, default: str | None = None, interrupt: str | None = None) -> bool:
    """Ask until the answer is yes or no."""
    answers = {"y": True, "yes": True, "n": False, "no": False}
    while True:
        try:
            text = input(prompt + " ").strip().lower() or default or ""
        except KeyboardInterrupt:
            text = interrupt or ""
        except EOFError:
            text = default or "n"
        if text in answers:
            return answers[text]


def getoutput(cmd: str) -> str:
    """What a command prints."""
    result = subprocess.run(cmd, shell=True, capture_output=True, text=True, check=False)
    return result.stdout + result.stderr


def system(cmd: str) -> int:
    """Run a command; its status."""
    from ..shell import current_shell

    shell = current_shell()
    if shell is None:
        return subprocess.run(cmd, shell=True, check=False).returncode
    shell.system(cmd)
    return int(shell.namespace["_exit_code"])


def find_cmd(cmd: str) -> str:
    """The path of a program. Raises ``FileNotFoundError``."""
    path = shutil.which(cmd)
    if path is None:
        raise FileNotFoundError(f"there is no command {cmd!r} on the PATH")
    return path


def indent(instr: str, nspaces: int = 4, ntabs: int = 0, flatten: bool = False) -> str:
    """A text with its lines moved to the right."""
    prefix = "\t" * ntabs + " " * nspaces
    lines = (line.lstrip() if flatten else line for line in instr.split("\n"))
    return "\n".join(prefix + line if line.strip() else line for line in lines)


def columnize(items: Iterable[Any], *_: Any, separator: str = "  ", displaywidth: int = 80) -> str:
    """Texts in columns."""
    texts = [str(item) for item in items]
    if not texts:
        return "\n"
    width = max(map(len, texts)) + len(separator)
    per_line = max(1, displaywidth // width)
    rows = [texts[at : at + per_line] for at in range(0, len(texts), per_line)]
    return "".join("".join(f"{text:<{width}}" for text in row).rstrip() + "\n" for row in rows)


def dir2(obj: Any) -> list[str]:
    """The names of an object's attributes."""
    return [name for name in dir(obj) if isinstance(name, str)]


def safe_hasattr(obj: Any, attr: str) -> bool:
    """Whether an object has an attribute, whatever asking for it raises."""
    try:
        getattr(obj, attr)
    except Exception:  # noqa: BLE001 - the user's own __getattr__ may raise anything
        return False
    return True


def get_real_method(obj: Any, name: str) -> Any:
    """A method of an object, or None; none of a class."""
    if isinstance(obj, type) or not safe_hasattr(obj, name):
        return None
    method = getattr(obj, name)
    return method if callable(method) else None


def get_py_filename(name: str) -> str:
    """A Python file by its name, with or without its suffix. Raises ``OSError``."""
    for candidate in (Path(name).expanduser(), Path(name + ".py").expanduser()):
        if candidate.is_file():
            return str(candidate)
    raise OSError(f"there is no file {name!r}")


def ensure_dir_exists(path: str, mode: int = 0o755) -> None:
    """Make a folder if it is not there."""
    Path(path).mkdir(mode, parents=True, exist_ok=True)


def expand_path(s: str) -> str:
    """A path with ``~`` and variables replaced."""
    return os.path.expandvars(str(Path(s).expanduser()))


def cast_unicode(s: Any, encoding: str | None = None) -> str:
    """Text, decoded if it is bytes."""
    return s.decode(encoding or "utf-8", "replace") if isinstance(s, bytes) else str(s)


def execfile(fname: str, glob: dict[str, Any], loc: dict[str, Any] | None = None) -> None:
    """Run a file in a namespace."""
    code = compile(Path(fname).read_bytes(), fname, "exec")
    exec(code, glob, loc if loc is not None else glob)


@contextmanager
def prepended_to_syspath(dir: str) -> Iterator[None]:
    """Have a folder first on ``sys.path`` within the block."""
    sys.path.insert(0, dir)
    try:
        yield
    finally:
        sys.path.remove(dir)


class TemporaryWorkingDirectory(TemporaryDirectory[str]):
    """A temporary folder that is the working folder within its block."""

    def __enter__(self) -> str:
        self._before = Path.cwd()
        os.chdir(self.name)
        return super().__enter__()

    def __exit__(self, *details: Any) -> None:
        os.chdir(self._before)
        super().__exit__(*details)


def clock() -> float:
    """The CPU seconds of this process."""
    return time.process_time()


def clock2() -> tuple[float, float]:
    """The CPU seconds of this process: its own, the system's."""
    spent = os.times()
    return spent.user, spent.system
