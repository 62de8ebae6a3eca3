"""Text cells as HTML: the Markdown that notebooks are written in, as far as a page needs it. Pure.

Headings, paragraphs, lists, quotes, fences, tables, rules; emphasis, code, links, pictures of the
cell's attachments. Blocks of HTML go through :mod:`.sanitizing`, mathematics stays as it is typed.
"""

from __future__ import annotations

import html
import re
from typing import Any

from .sanitizing import sanitized

_HEADING = re.compile(r" {0,3}(#{1,6})\s+(.*?)\s*#*\s*")
_ITEM = re.compile(r"(?P<indent> *)(?P<mark>[-*+]|\d{1,9}[.)])\s+(?P<text>.*)")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})\s*([\w+-]*).*")
_RULE = re.compile(r" {0,3}(?:(?:\*\s*){3,}|(?:-\s*){3,}|(?:_\s*){3,})")
_DIVIDER = re.compile(r"\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*")
_CODE = re.compile(r"(`+)(.+?)(?<!`)\1(?!`)", re.DOTALL)
_LINK = re.compile(
    r"(!?)\[([^\[\]]*)\]\(\s*<?([^\s<>()]*(?:\([^\s()]*\))?)>?(?:\s+&quot;[^)]*)?\s*\)"
)
_SPANS = (
    (re.compile(r"\*\*(?=\S)(.+?)(?<=\S)\*\*", re.DOTALL), r"<strong>\1</strong>"),
    (re.compile(r"(?<!\w)__(?=\S)(.+?)(?<=\S)__(?!\w)", re.DOTALL), r"<strong>\1</strong>"),
    (re.compile(r"\*(?=[^\s*])(.+?)(?<=[^\s*])\*", re.DOTALL), r"<em>\1</em>"),
    (re.compile(r"(?<!\w)_(?=\S)(.+?)(?<=\S)_(?!\w)", re.DOTALL), r"<em>\1</em>"),
    (re.compile(r"~~(?=\S)(.+?)(?<=\S)~~", re.DOTALL), r"<del>\1</del>"),
)


def as_html(text: str, attachments: dict[str, Any] | None = None) -> str:
    """The HTML of a Markdown text; nothing in it acts or loads."""
    return "\n".join(_blocks(text.expandtabs(4).split("\n"), attachments or {}))


def _blocks(lines: list[str], attachments: dict[str, Any]) -> list[str]:
    parts: list[str] = []
    at = 0
    while at < len(lines):
        line = lines[at]
        if not line.strip():
            at += 1
        elif match := _FENCE.fullmatch(line):
            end = at + 1
            while end < len(lines) and not lines[end].strip().startswith(match[1]):
                end += 1
            body = "\n".join(lines[at + 1 : end])
            parts.append(f"<pre><code>{html.escape(body)}</code></pre>")
            at = end + 1
        elif match := _HEADING.fullmatch(line):
            level = len(match[1])
            parts.append(f"<h{level}>{_inline(match[2], attachments)}</h{level}>")
            at += 1
        elif _RULE.fullmatch(line):
            parts.append("<hr>")
            at += 1
        elif line.lstrip().startswith(">"):
            end = _end(lines, at, lambda each: bool(each.strip()))
            inner = [re.sub(r"^\s*> ?", "", each) for each in lines[at:end]]
            parts.append("<blockquote>" + "\n".join(_blocks(inner, attachments)) + "</blockquote>")
            at = end
        elif _ITEM.fullmatch(line):
            at = _list(lines, at, parts, attachments)
        elif "|" in line and at + 1 < len(lines) and _DIVIDER.fullmatch(lines[at + 1]):
            end = _end(lines, at, lambda each: "|" in each)
            parts.append(_table(lines[at:end], attachments))
            at = end
        elif line.lstrip().startswith("<"):
            end = _end(lines, at, lambda each: bool(each.strip()))
            parts.append(sanitized("\n".join(lines[at:end])))
            at = end
        else:
            end = _end(lines, at, _is_plain)
            parts.append(f"<p>{_inline(chr(10).join(lines[at:end]), attachments)}</p>")
            at = end
    return parts


def _end(lines: list[str], at: int, goes_on: Any) -> int:
    end = at + 1
    while end < len(lines) and goes_on(lines[end]):
        end += 1
    return end


def _is_plain(line: str) -> bool:
    others = (_FENCE, _HEADING, _RULE, _ITEM)
    return bool(line.strip()) and not any(each.fullmatch(line) for each in others)


def _list(lines: list[str], at: int, parts: list[str], attachments: dict[str, Any]) -> int:
    """A list, with what is indented below its items; the line behind it."""
    first = _ITEM.fullmatch(lines[at])
    assert first is not None
    indent = len(first["indent"])
    tag = "ol" if first["mark"][0].isdigit() else "ul"
    items: list[list[str]] = []
    while at < len(lines):
        match = _ITEM.fullmatch(lines[at])
        if match is not None and len(match["indent"]) <= indent:
            if len(match["indent"]) < indent or match["mark"][0].isdigit() != (tag == "ol"):
                break
            items.append([match["text"]])
        elif not lines[at].strip():
            following = next((each for each in lines[at:] if each.strip()), "")
            is_inner = len(following) - len(following.lstrip()) > indent
            if not is_inner and not _ITEM.fullmatch(following):
                break
            items[-1].append("")
        elif len(lines[at]) - len(lines[at].lstrip()) > indent or items[-1][-1]:
            items[-1].append(lines[at].removeprefix(" " * min(indent + 2, _indent(lines[at]))))
        else:
            break
        at += 1
    told = []
    for item in items:
        while not item[-1].strip() and len(item) > 1:
            item.pop()
        inner = _blocks(item, attachments)
        if len(inner) >= 1 and inner[0].startswith("<p>") and "" not in item:
            inner[0] = inner[0][3:-4]
        told.append(f"<li>{chr(10).join(inner)}</li>")
    parts.append(f"<{tag}>{''.join(told)}</{tag}>")
    return at


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _table(lines: list[str], attachments: dict[str, Any]) -> str:
    rows = [
        re.split(r"(?<!\\)\|", line.strip().removeprefix("|").removesuffix("|")) for line in lines
    ]

    def row(cells: list[str], tag: str) -> str:
        told = (f"<{tag}>{_inline(cell.strip(), attachments)}</{tag}>" for cell in cells)
        return f"<tr>{''.join(told)}</tr>"

    body = "".join(row(cells, "td") for cells in rows[2:])
    return f"<table><thead>{row(rows[0], 'th')}</thead><tbody>{body}</tbody></table>"


def _inline(text: str, attachments: dict[str, Any]) -> str:
    """What stands within a line; all that is no mark is escaped."""
    kept: list[str] = []

    def keep(shown: str) -> str:
        kept.append(shown)
        return f"\0{len(kept) - 1}\0"

    text = text.replace("\0", "")
    text = _CODE.sub(lambda match: keep(f"<code>{html.escape(match[2].strip())}</code>"), text)
    text = re.sub(r"\$[^$\n]+\$", lambda match: keep(html.escape(match[0])), text)
    text = html.escape(text)
    text = re.sub(r"\\([\\`*_{}\[\]()#+.!|~-])", lambda match: keep(match[1]), text)
    text = _LINK.sub(lambda match: keep(_linked(match, attachments)), text)
    for pattern, shown in _SPANS:
        text = pattern.sub(shown, text)
    text = re.sub(r" {2,}\n", "<br>\n", text)
    while "\0" in text:
        text = re.sub("\0(\\d+)\0", lambda match: kept[int(match[1])], text)
    return sanitized(text)  # marks may overlap: what they became is balanced there


def _linked(match: re.Match[str], attachments: dict[str, Any]) -> str:
    """A link or a picture; :func:`sanitized` lets only harmless ones pass."""
    is_picture, label, target = match[1], match[2], match[3]
    if not is_picture:
        return sanitized(f'<a href="{target}">{label}</a>')
    if target.startswith("attachment:"):
        for mime, data in (attachments.get(html.unescape(target[11:])) or {}).items():
            target = f"data:{mime};base64,{html.escape(str(data))}"
    return sanitized(f'<img alt="{label}" src="{target}">')
