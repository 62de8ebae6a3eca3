"""What a user does with the cross of a window's frame: asks the window to close.

Source: the Inter-Client Communication Conventions Manual, 4.2.8 (WM_DELETE_WINDOW).
"""

from __future__ import annotations

import ctypes

_CLIENT_MESSAGE = 33


class _Message(ctypes.Structure):
    """Xlib's ``XClientMessageEvent``, as long as an ``XEvent``."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("serial", ctypes.c_ulong),
        ("send_event", ctypes.c_int),
        ("display", ctypes.c_void_p),
        ("window", ctypes.c_ulong),
        ("message_type", ctypes.c_ulong),
        ("format", ctypes.c_int),
        ("data", ctypes.c_long * 18),
    )


_Handler = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
_ignore = _Handler(lambda display, error: 0)  # a window may be gone by now; Xlib would exit


def close_windows(name: str) -> int:
    """Ask every window of a display to close; how many were asked."""
    x = ctypes.CDLL("libX11.so.6")
    x.XOpenDisplay.restype = ctypes.c_void_p
    x.XDefaultRootWindow.restype = x.XInternAtom.restype = ctypes.c_ulong
    x.XSetErrorHandler(_ignore)
    display = ctypes.c_void_p(x.XOpenDisplay(name.encode()))
    assert display, f"no connection to {name}"
    try:
        root, parent = ctypes.c_ulong(x.XDefaultRootWindow(display)), ctypes.c_ulong()
        windows, count = ctypes.POINTER(ctypes.c_ulong)(), ctypes.c_uint()
        x.XQueryTree(display, root, *map(ctypes.byref, (root, parent, windows, count)))
        asked = [window for window in windows[: count.value] if _ask(x, display, window)]
        x.XSync(display, 0)
        return len(asked)
    finally:
        x.XCloseDisplay(display)


def _ask(x: ctypes.CDLL, display: ctypes.c_void_p, window: int) -> bool:
    protocols = x.XInternAtom(display, b"WM_PROTOCOLS", 0)
    delete = x.XInternAtom(display, b"WM_DELETE_WINDOW", 0)
    atoms, count = ctypes.POINTER(ctypes.c_ulong)(), ctypes.c_int()
    x.XGetWMProtocols(display, ctypes.c_ulong(window), ctypes.byref(atoms), ctypes.byref(count))
    if delete not in atoms[: count.value]:
        return False
    message = _Message(_CLIENT_MESSAGE, 0, 1, display, window, protocols, 32)
    message.data[0] = delete
    x.XSendEvent(display, ctypes.c_ulong(window), 0, ctypes.c_long(0), ctypes.byref(message))
    return True
