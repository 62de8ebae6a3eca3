"""Which requests are looked at at all: by their host, their origin and their size. Pure.

A page of another site can make a browser send requests to this server. Rules:

1. The ``Host`` is one that this server was told to have: a name that an attacker has pointed at
   this machine (DNS rebinding) is none.
2. What changes something, and each WebSocket, comes from a page of this very server, by its
   ``Origin``; a browser that says by ``Sec-Fetch-Site`` that it does not is refused also without.
3. No page of ours is shown in another's frame, none loads anything of another host, and nothing
   that we send is taken for something else than it is.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from urllib.parse import urlsplit

LARGEST_FORM = 4_096
"""Bytes of what is posted: a link and a name."""
COMMON_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def hosts_of(names: Collection[str], port: int) -> frozenset[str]:
    """The ``Host`` headers that mean this server."""
    found = set()
    for name in names:
        bracketed = f"[{name}]" if ":" in name else name
        found.add(f"{bracketed}:{port}".lower())
        if port in (80, 443):
            found.add(bracketed.lower())
    return frozenset(found)


def is_known_host(host: str | None, hosts: frozenset[str]) -> bool:
    """Rule 1."""
    return host is not None and host.lower() in hosts


def is_own_origin(headers: Mapping[str, str], hosts: frozenset[str], scheme: str) -> bool:
    """Rule 2. ``scheme``: ``http`` or ``https``."""
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = headers.get("origin")
    if not origin:
        return False
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    own = headers.get("host", "").lower()
    return parts.scheme == scheme and parts.netloc.lower() == own and own in hosts


def page_policy(nonce: str, socket: str) -> str:
    """The content security policy of the page. ``socket``: the origin of the WebSocket."""
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            f"style-src 'self' 'nonce-{nonce}'",
            "img-src 'self' data: blob:",
            "font-src 'self'",
            f"connect-src 'self' {socket}",
            "frame-src 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


FRAME_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",  # tables of data frames bring their own style
        "img-src data: blob:",
        "media-src data: blob:",
        "font-src 'self'",
        "frame-ancestors 'self'",
        "base-uri 'none'",
        "form-action 'none'",
    )
)
"""Of the frames in which outputs are drawn: they reach no server, not even this one."""
