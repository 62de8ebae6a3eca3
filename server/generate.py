"""``python -m vivo.server.generate [--check]``: the reference pages and the TypeScript types.

``docs/protocol.md`` and ``editors/vscode/src/protocol/`` come from the declarations alone: in
:mod:`.protocol` and :mod:`vivo.parallel.messages`; the pages of the shell by :mod:`.shell_pages`.
With ``--check`` nothing is written, and the exit status is 1 if a file differs.
"""

from __future__ import annotations

import inspect
import sys
import types
import typing
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import attrs
import lsprotocol.types as lsp
import msgspec

from ..parallel import cluster_messages as cluster
from ..parallel import messages as wire
from . import protocol
from .protocol.declaring import camel
from .shell_pages import field_docs, magics_page, settings_page

_ROOT = Path(__file__).resolve().parent.parent


def fields_of(kind: type) -> list[tuple[str, Any, bool]]:
    """Name, type, and whether it may be left out, of each field."""
    hints = typing.get_type_hints(kind)
    if attrs.has(kind):
        return [
            (field.name, hints[field.name], field.default is not attrs.NOTHING)
            for field in attrs.fields(kind)
        ]
    return [
        (field.name, hints[field.name], not field.required)
        for field in msgspec.structs.fields(kind)
    ]


def type_text(hint: Any) -> str:
    """A type as TypeScript writes it, which the reference page uses too."""
    origin, arguments = get_origin(hint), get_args(hint)
    if hint in _SIMPLE:
        return _SIMPLE[hint]
    if origin is Literal:
        return " | ".join(f'"{value}"' for value in arguments)
    if origin in (typing.Union, types.UnionType):
        return " | ".join(type_text(each) for each in arguments)
    if origin is list:
        inner = type_text(arguments[0])
        return f"({inner})[]" if " " in inner else f"{inner}[]"
    if origin is dict:
        return f"Record<string, {type_text(arguments[1])}>"
    return str(getattr(hint, "__name__", hint))


_SIMPLE: dict[Any, str] = {
    str: "string",
    int: "number",
    float: "number",
    bool: "boolean",
    type(None): "null",
    Any: "unknown",
    lsp.Position: "Position",
    lsp.Range: "Range",
}


_OURS = (f"{protocol.__name__}.", wire.__name__, cluster.__name__)


def reachable(kinds: list[type | None]) -> list[type]:
    """The types of some messages and of their fields, each once, in order."""
    found: list[type] = []

    def visit(hint: Any) -> None:
        for argument in get_args(hint):
            visit(argument)
        is_ours = getattr(hint, "__module__", "").startswith(_OURS)
        if isinstance(hint, type) and is_ours and hint not in found:
            found.append(hint)
            for _, each, _ in fields_of(hint):
                visit(each)

    for kind in kinds:
        visit(kind)
    return found


def summary(kind: type) -> str:
    """The first paragraph of a type's documentation."""
    return " ".join(inspect.getdoc(kind).split("\n\n")[0].split())  # type: ignore[union-attr]


_GENERATED = "// Generated from server/protocol/ by `make docs`; a test fails when they differ."
_KINDS = {
    "command": "Commands",
    "query": "Queries",
    "notification": "Notifications",
    "request": "Requests",
}


def typescript() -> dict[str, str]:
    """The TypeScript of the editor's messages, by file name: types by subject, names in one."""
    kinds = reachable([k for m in protocol.MESSAGES for k in (m.params, m.result)])
    subjects: dict[str, list[type]] = {}
    for kind in kinds:
        subjects.setdefault(_subject(kind), []).append(kind)
    files = {f"{name}.ts": _types(name, each) for name, each in sorted(subjects.items())}
    parts = [_GENERATED, *(f'export type * from "./{name}";' for name in sorted(subjects))]
    for kind_name, title in _KINDS.items():
        parts += ["", f"export const {title} = {{"]
        for message in protocol.MESSAGES:
            if message.kind == kind_name:
                name = message.name.replace("vivo.server.", "").replace("vivo/", "")
                key = camel(name.replace(".", "_"))
                parts += [f"  /** {message.doc} */", f'  {key}: "{message.name}",']
        parts.append("} as const;")
    return {**files, "index.ts": "\n".join(parts) + "\n"}


def _subject(kind: type) -> str:
    return kind.__module__.rpartition(".")[2]


def _types(subject: str, kinds: list[type]) -> str:
    """The types that one module declares."""
    body: list[str] = []
    used: dict[str, set[str]] = {}
    for kind in kinds:
        docs = field_docs(kind)
        body += ["", f"/** {summary(kind)} */", f"export interface {kind.__name__} {{"]
        for name, hint, optional in fields_of(kind):
            _note_used(hint, subject, used)
            if name in docs:
                body.append(f"  /** {docs[name]} */")
            mark = "?" if optional else ""
            body.append(f"  {camel(name)}{mark}: {type_text(hint)};")
        body.append("}")
    imports = [
        f'import type {{ {", ".join(sorted(names))} }} from "{place}";'
        for place, names in sorted(used.items())
    ]
    return "\n".join([_GENERATED, *imports, *body]) + "\n"


def _note_used(hint: Any, subject: str, used: dict[str, set[str]]) -> None:
    """Note what the type of a field has to import."""
    for argument in get_args(hint):
        _note_used(argument, subject, used)
    module = getattr(hint, "__module__", "")
    if not isinstance(hint, type):
        return
    if module == lsp.__name__:
        used.setdefault("vscode-languageclient", set()).add(hint.__name__)
    elif module.startswith(_OURS) and _subject(hint) != subject:
        used.setdefault(f"./{_subject(hint)}", set()).add(hint.__name__)


def _table(kind: type, spell: Any) -> list[str]:
    docs = field_docs(kind)
    rows = fields_of(kind)
    lines = [summary(kind), ""]
    if not rows:
        return [*lines[:1], ""]
    lines += ["| field | type | |", "|---|---|---|"]
    for name, hint, optional in rows:
        text = type_text(hint).replace("|", "\\|")
        doc = docs.get(name, "").replace("``", "`")
        told = " ".join(filter(None, ["May be left out." if optional else "", doc]))
        lines.append(f"| `{spell(name)}` | `{text}` | {told} |")
    return [*lines, ""]


def reference() -> str:
    """The reference page."""
    lines = [
        "# Protocol",
        "",
        "Generated from `server/protocol/`, `parallel/messages.py` and",
        "`parallel/cluster_messages.py` by `make docs`.",
        "",
        "## Between editor and server",
        "",
        "What vivo adds to the Language Server Protocol. Field names are camelCase; positions and",
        "ranges are LSP's, in the negotiated encoding. Commands go through",
        "`workspace/executeCommand`, with one object as the only argument.",
        "",
    ]
    for message in protocol.MESSAGES:
        lines += [f"### `{message.name}` ({message.kind})", "", message.doc, ""]
        names = [f"Params: `{message.params.__name__}`."]
        if message.result is not None:
            names.append(f"Result: `{message.result.__name__}`.")
        lines += [" ".join(names), ""]
        if message.errors:
            lines += [f"Errors: {message.errors}", ""]
    lines += ["### Types", ""]
    for kind in reachable([k for m in protocol.MESSAGES for k in (m.params, m.result)]):
        lines += [f"#### `{kind.__name__}`", "", *_table(kind, camel)]
    lines += [
        "## Between client and session",
        "",
        "What vivo adds to the Jupyter messaging protocol 5.4. A plain Jupyter client needs none",
        'of it: it travels in `metadata["vivo"]`, and in requests on the control channel. Field',
        "names are as written.",
        "",
        '- `execute_request.metadata["vivo"]` is a `RunOrigin`.',
        '- `metadata["vivo"]` of every iopub message is an `EventMetadata`; that of an `error` has',
        "  a `report` beside it, the traceback as data.",
        "- `vivo_queued`, on iopub, tells that a cell has to wait: a `Queued`. One that starts at",
        "  once has none.",
        "- `vivo_presence`, on iopub, tells who is in the session, whenever somebody comes or",
        "  goes: a `PresenceReply`. It has no number and is not kept.",
        '- `metadata["vivo"]` of `iopub_welcome` is a `WelcomeMetadata`; that of `input_request`',
        "  and of vivo's `input_reply` a `QuestionMetadata`; that of `kernel_info_reply` in a",
        "  session that hosts another kernel a `HostedMetadata`.",
        '- `metadata["vivo"]` of a reply to completion, inspection, variables, history or',
        "  `is_complete` is a `LastKnownMetadata` where the engine did not answer in time.",
        f"- `inspect_reply.data` has an `{wire.INSPECTION_MIME}`: the fields of an inspection.",
        "",
    ]
    for declaration in wire.MESSAGES:
        request, reply = f"{declaration.name}_request", f"{declaration.name}_reply"
        lines += [f"### `{request}` → `{reply}`", "", declaration.doc, ""]
        params, result = declaration.params.__name__, declaration.result.__name__
        lines += [f"Content: `{params}`. Reply: `{result}`.", ""]
        if declaration.errors:
            lines += [f"Errors: {declaration.errors}", ""]
    lines += ["### Types of the wire", ""]
    kinds: list[type | None] = [wire.RunOrigin, wire.EventMetadata, wire.LastKnownMetadata]
    kinds += [wire.Queued, wire.WelcomeMetadata, wire.QuestionMetadata, wire.HostedMetadata]
    kinds += [k for d in wire.MESSAGES for k in (d.params, d.result)]
    for kind in reachable(kinds):
        lines += [f"#### `{kind.__name__}` (wire)", "", *_table(kind, str)]
    lines += _cluster_reference()
    return "\n".join(lines).rstrip() + "\n"


def _cluster_reference() -> list[str]:
    """The part of the reference page about clusters."""
    lines = [
        "## Between the parts of a cluster",
        "",
        "Signed with the cluster's one key, as all messages of the wire are. What is pickled is in",
        "buffers, in order: each task, call or result says how many are its own.",
        "",
    ]
    declared = (
        ("From a client to an engine's session", cluster.TO_SESSION),
        ("From a client to the controller", cluster.TO_CONTROLLER),
    )
    for title, declarations in declared:
        lines += [f"### {title}", ""]
        for each in declarations:
            params, result = each.params.__name__, each.result.__name__
            lines += [f"- `{each.name}_request` (`{params}`) → `{each.name}_reply` (`{result}`):"]
            lines += [f"  {each.doc.replace('``', '`')}"]
        lines += [""]
    lines += ["### Messages that nothing answers", ""]
    lines += [f"- `{t.name}` (`{t.content.__name__}`): {t.doc}" for t in cluster.TELLINGS]
    lines += ["", "### Types of clusters", ""]
    kinds: list[type | None] = [
        kind
        for each in (*cluster.TO_SESSION, *cluster.TO_CONTROLLER)
        for kind in (each.params, each.result)
    ]
    kinds += [each.content for each in cluster.TELLINGS]
    for kind in reachable(kinds):
        if kind.__module__ == cluster.__name__:
            lines += [f"#### `{kind.__name__}` (cluster)", "", *_table(kind, str)]
    return lines


def outputs() -> dict[Path, str]:
    """Each generated file and what it should hold."""
    return {
        _ROOT / "docs" / "protocol.md": reference(),
        _ROOT / "docs" / "magics.md": magics_page(),
        _ROOT / "docs" / "settings.md": settings_page(),
        **{
            _ROOT / "editors" / "vscode" / "src" / "protocol" / name: text
            for name, text in typescript().items()
        },
    }


def main() -> int:
    """Write the files, or check them."""
    differing = [
        path
        for path, text in outputs().items()
        if not path.exists() or path.read_text("utf-8") != text
    ]
    if "--check" in sys.argv[1:]:
        for path in differing:
            sys.stderr.write(f"{path.relative_to(_ROOT)} differs: run `make docs`\n")
        return 1 if differing else 0
    for path in differing:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(outputs()[path], "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
