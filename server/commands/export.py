"""``vivo export FILE``: a script as a notebook or a page, a notebook as a script or a page."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ..exporting.convert import ENDINGS, ExportError, Form, Wanted, convert, form_of, read_file
from ..exporting.convert import write_file as write


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("file", metavar="FILE", help="a script of # %% cells, or an .ipynb")
    parser.add_argument("-o", "--output", metavar="FILE", help="where to; - is standard output")
    parser.add_argument(
        "--to", choices=tuple(ENDINGS), help="the form, if the name of the output does not tell it"
    )
    parser.add_argument("--force", action="store_true", help="overwrite the output if it exists")
    outputs = parser.add_mutually_exclusive_group()
    outputs.add_argument("--session", metavar="ID", help="the session whose outputs are wanted")
    outputs.add_argument("--no-outputs", action="store_true", help="leave outputs out")
    parser.add_argument(
        "--comment-magics",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="magics of the script are comments (the default: as its header says, else not)",
    )
    parser.add_argument(
        "--active", action="store_true", help="a page may hold scripts of outputs, in frames"
    )


def run(options: argparse.Namespace) -> int:
    """Export the file; 0. What went where is told on standard error."""
    path = Path(options.file).expanduser().resolve()
    to_screen = options.output == "-"
    form = _form(path, options)
    wanted = Wanted(
        form,
        outputs=not options.no_outputs,
        session=options.session,
        comment_magics=options.comment_magics,
        active=options.active,
    )
    exported = convert(read_file(path), path, wanted)
    if to_screen:
        sys.stdout.buffer.write(exported.text.encode("utf-8", "surrogatepass"))
        sys.stdout.flush()
        target = "standard output"
    else:
        place = (
            Path(options.output).expanduser() if options.output else path.with_suffix(ENDINGS[form])
        )
        if place.resolve() == path:
            raise ExportError(f"{path} is a {form} already: name another output with -o.")
        write(place, exported.text, overwrite=options.force)
        target = str(place)
    whose = f", outputs of {exported.runs} runs of {exported.session}" if exported.session else ""
    print(f"vivo: {exported.cells} cells written to {target}{whose}", file=sys.stderr)
    for sentence in exported.left_out:
        print(f"vivo: {sentence}", file=sys.stderr)
    return 0


def _form(path: Path, options: argparse.Namespace) -> Form:
    """The form that is wanted: as said, as the output's name tells, else the other one."""
    if options.to is not None:
        said: Form = options.to
        return said
    if options.output not in (None, "-"):
        return form_of(Path(options.output))
    return "script" if form_of(path) == "notebook" else "notebook"
