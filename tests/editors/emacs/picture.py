"""A captured terminal screen, with its ANSI colours, as a picture: through Debian's Chromium."""

from __future__ import annotations

import html
import re
import subprocess
import sys
import tempfile
from pathlib import Path

BASIC = ("#2e3436 #cc0000 #4e9a06 #c4a000 #3465a4 #75507b #06989a #d3d7cf "
         "#555753 #ef2929 #8ae234 #fce94f #729fcf #ad7fa8 #34e2e2 #eeeeec").split()  # fmt: skip


def colour(number: int) -> str:
    """One of a terminal's 256 colours."""
    if number < 16:
        return BASIC[number]
    if number >= 232:
        grey = 8 + (number - 232) * 10
        return f"rgb({grey},{grey},{grey})"
    number -= 16
    levels = [0 if part == 0 else 55 + part * 40 for part in (number // 36, number // 6 % 6, number % 6)]
    return f"rgb({levels[0]},{levels[1]},{levels[2]})"


def apply(codes: list[int], style: dict[str, str]) -> dict[str, str]:
    """The style after an SGR sequence."""
    codes = codes or [0]
    position = 0
    while position < len(codes):
        code = codes[position]
        if code == 0:
            style = {}
        elif code == 1:
            style = {**style, "font-weight": "bold"}
        elif code == 3:
            style = {**style, "font-style": "italic"}
        elif code == 4:
            style = {**style, "text-decoration": "underline"}
        elif code == 7:
            style = {**style, "reverse": "1"}
        elif 30 <= code <= 37 or 90 <= code <= 97:
            style = {**style, "color": colour(code - 30 if code < 90 else code - 82)}
        elif 40 <= code <= 47 or 100 <= code <= 107:
            style = {**style, "background": colour(code - 40 if code < 100 else code - 92)}
        elif code in (38, 48) and codes[position + 1 : position + 2] == [5]:
            name = "color" if code == 38 else "background"
            style = {**style, name: colour(codes[position + 2])}
            position += 2
        elif code in (39, 49):
            style = {k: v for k, v in style.items() if k != ("color" if code == 39 else "background")}
        position += 1
    return style


def spans(line: str, style: dict[str, str]) -> tuple[str, dict[str, str]]:
    """A line as HTML, and the style it leaves."""
    parts = []
    for part in re.split(r"(\x1b\[[0-9;]*m)", line):
        if part.startswith("\x1b["):
            style = apply([int(code) for code in part[2:-1].split(";") if code], style)
        elif part:
            shown = dict(style)
            if shown.pop("reverse", None):
                front, back = shown.get("color", "#eeeeec"), shown.get("background", "#2e3436")
                shown |= {"color": back, "background": front}
            css = ";".join(f"{name}:{value}" for name, value in shown.items())
            parts.append(f'<span style="{css}">{html.escape(part)}</span>')
    return "".join(parts), style


def main() -> None:
    """Draw the screen of the first argument into the second."""
    lines = Path(sys.argv[1]).read_text("utf-8").rstrip("\n").split("\n")
    style: dict[str, str] = {}
    rows = []
    for line in lines:
        row, style = spans(line, style)
        rows.append(row or " ")
    page = (
        '<meta charset="utf-8"><style>body{margin:0;background:#2e3436;color:#eeeeec}'
        'pre{margin:8px;font:14px/18px "DejaVu Sans Mono"}</style><pre>' + "\n".join(rows) + "</pre>"
    )
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "screen.html"
        source.write_text(page, "utf-8")
        subprocess.run(
            [
                "/usr/bin/chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
                "--no-first-run", "--disable-background-networking", "--disable-component-update",
                "--disable-sync", "--hide-scrollbars", f"--user-data-dir={folder}/profile",
                f"--window-size=950,{len(lines) * 18 + 16}",
                f"--screenshot={Path(sys.argv[2]).resolve()}", source.as_uri(),
            ],
            check=True,
            capture_output=True,
        )  # fmt: skip


if __name__ == "__main__":
    main()
