"""Documents of cells as HTML pages that need nothing else: no file, no network, no script. Pure.

Rules:

1. What cells made is shown, never run: HTML goes through :mod:`.sanitizing`, pictures are data, SVG
   is a picture too (in ``<img>`` it runs nothing), all other text is escaped; a policy in the
   page's head forbids scripts and the network besides.
2. Only who asks for ``active`` content gets it: HTML that acts then runs in frames of its own,
   which reach neither the page nor the reader's cookies.
"""

from __future__ import annotations

import base64
import binascii
import html
import json
from typing import Any

from . import ansi, markdown
from .documents import ExportCell, ExportDocument, Output
from .sanitizing import ACTS, sanitized

_PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_ACTIVE_POLICY = (
    "default-src 'none'; img-src data: https:; style-src 'unsafe-inline' https:; font-src data: "
    "https:; frame-src 'self'; script-src 'unsafe-inline' 'unsafe-eval' https:; connect-src https:"
)
_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;
color:#1d2026}
pre{font:13px/1.45 ui-monospace,monospace;margin:0;white-space:pre-wrap;overflow-wrap:anywhere}
.cell{margin:0 0 1rem;display:grid;grid-template-columns:4.5rem 1fr;gap:.2rem .5rem}
.text{display:block}.prompt{color:#6f7480;font:12px/1.8 ui-monospace,monospace;text-align:right}
.code{background:#f5f6f8;border:1px solid #e2e4e9;border-radius:4px;padding:.5rem .7rem}
.title{grid-column:2;color:#6f7480;font-size:13px}
.tag{background:#e6ebf5;border-radius:3px;padding:0 .3em}
.output{overflow-x:auto;padding:.1rem .7rem}.stderr{background:#fdf0ef}.error{background:#fdf0ef}
.note{color:#6f7480;font-size:13px}table{border-collapse:collapse;font-size:13px}
th,td{padding:.15rem .6rem;text-align:right;border:0}thead{border-bottom:1px solid #888}
tbody tr:nth-child(even){background:#f5f6f8}img{max-width:100%}
iframe{border:0;width:100%;height:30rem}
.text table td,.text table th{text-align:left}
blockquote{border-left:3px solid #ccd;margin:0;padding-left:1rem}
"""


def write(document: ExportDocument, title: str, *, active: bool = False) -> str:
    """The page of a document."""
    highlight, colours = _highlighter(document)
    parts = [_cell(cell, highlight, active) for cell in document.cells]
    policy = _ACTIVE_POLICY if active else _POLICY
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{html.escape(title)}</title>
<style>{_STYLE}{ansi.STYLE}{colours}</style>
</head>
<body>
{chr(10).join(parts)}
</body>
</html>
"""


def _highlighter(document: ExportDocument) -> tuple[Any, str]:
    """A function that paints code, and the style that it needs; without pygments code is plain."""
    try:
        from pygments import highlight
        from pygments.formatters import HtmlFormatter
        from pygments.lexers import PythonLexer, get_lexer_by_name
        from pygments.util import ClassNotFound
    except ImportError:
        return html.escape, ""
    formatter = HtmlFormatter(nowrap=True)
    language = (document.metadata.get("kernelspec") or {}).get("language") or "python"
    try:
        lexer = get_lexer_by_name(str(language), stripnl=False)
    except ClassNotFound:
        lexer = PythonLexer(stripnl=False)
    return (
        lambda code: str(highlight(code, lexer, formatter)).rstrip("\n"),
        str(formatter.get_style_defs(".code")),  # type: ignore[no-untyped-call]
    )


def _cell(cell: ExportCell, highlight: Any, active: bool) -> str:
    if cell.kind == "markdown":
        shown = markdown.as_html(cell.source, cell.attachments)
        return f'<section class="cell text">{shown}</section>'
    if cell.kind == "raw":
        return f'<section class="cell text"><pre>{html.escape(cell.source)}</pre></section>'
    count = f"[{cell.execution_count}]" if cell.execution_count is not None else ""
    parts = [_heading(cell), f'<div class="prompt">{count}</div>']
    parts.append(f'<pre class="code">{highlight(cell.source)}</pre>')
    for output in cell.outputs:
        number = output.get("execution_count")
        prompt = f"→ [{number}]" if number is not None else ""
        parts.append(f'<div class="prompt">{prompt}</div>{_output(output, active)}')
    return f'<section class="cell">{"".join(parts)}</section>'


def _heading(cell: ExportCell) -> str:
    title, tags = cell.metadata.get("title"), cell.metadata.get("tags")
    told = [html.escape(title)] if isinstance(title, str) else []
    if isinstance(tags, list):
        told += [f'<span class="tag">{html.escape(str(tag))}</span>' for tag in tags]
    return f'<div class="title">{" ".join(told)}</div>' if told else ""


def _output(output: Output, active: bool) -> str:
    kind = output["output_type"]
    if kind == "stream":
        name = " stderr" if output.get("name") == "stderr" else ""
        return f'<div class="output{name}"><pre>{ansi.as_html(output["text"])}</pre></div>'
    if kind == "error":
        text = "\n".join(output.get("traceback") or ())
        text = text or f"{output.get('ename')}: {output.get('evalue')}"
        return f'<div class="output error"><pre>{ansi.as_html(text)}</pre></div>'
    return f'<div class="output">{_bundle(output.get("data") or {}, active)}</div>'


def _bundle(data: dict[str, Any], active: bool) -> str:
    """The richest form of a value that a page can show."""
    for mime in _PICTURES:
        picture = _picture(mime, data.get(mime))
        if picture:
            return picture
    svg = data.get("image/svg+xml")
    if isinstance(svg, str):
        encoded = base64.b64encode(svg.encode("utf-8", "replace")).decode()
        return f'<img alt="" src="data:image/svg+xml;base64,{encoded}">'
    rich = data.get("text/html")
    if isinstance(rich, str):
        return _html(rich, active)
    if isinstance(data.get("text/markdown"), str):
        return markdown.as_html(data["text/markdown"])
    text = data.get("text/plain")
    if not isinstance(text, str):
        mime, value = next(iter(data.items()), ("nothing", ""))
        text = value if isinstance(value, str) and mime.startswith("text/") else f"<{mime}>"
        if "json" in mime:
            text = json.dumps(value, indent=1, ensure_ascii=False)
    return f"<pre>{ansi.as_html(text)}</pre>"


def _picture(mime: str, data: Any) -> str:
    if not isinstance(data, str):
        return ""
    try:
        raw = base64.b64decode("".join(data.split()), validate=True)
    except (binascii.Error, ValueError):
        return ""
    return f'<img alt="" src="data:{mime};base64,{base64.b64encode(raw).decode()}">'


def _html(text: str, active: bool) -> str:
    acts = ACTS.search(text) is not None
    if acts and active:
        return f'<iframe sandbox="allow-scripts" srcdoc="{html.escape(text)}"></iframe>'
    note = '<p class="note">Active content is left out; --active exports it.</p>' if acts else ""
    return sanitized(text) + note
