"""Where displays go, as libraries address it: ``get_ipython().display_pub``.

A library may put a publisher of its own in place (``shell.display_pub = …``): then everything
that is displayed goes there, until the old one is put back.
"""

from __future__ import annotations

from typing import Any


class DisplayPublisher:
    """Shows MIME bundles through a shell's front end."""

    is_publishing = False

    def __init__(self, shell: Any = None, *_: Any, **__: Any) -> None:
        self.shell = shell
        self._front_end = shell.front_end if shell is not None else None

    def publish(
        self,
        data: dict[str, Any],
        metadata: dict[str, Any] | None = None,
        source: Any = None,
        *,
        transient: dict[str, Any] | None = None,
        update: bool = False,
        **_: Any,
    ) -> None:
        """Show a MIME bundle."""
        if self.shell is not None:
            self.shell.front_end.display(
                data,
                metadata or {},
                display_id=(transient or {}).get("display_id"),
                update=update,
            )

    def clear_output(self, wait: bool = False) -> None:
        """Clear what the running cell has shown; with ``wait``, when its next output comes."""
        if self.shell is not None:
            self.shell.front_end.clear_output(wait=wait)


class CapturingDisplayPublisher(DisplayPublisher):
    """Keeps what is published in ``outputs``."""

    def __init__(self, *_: Any, **__: Any) -> None:
        super().__init__()
        self.outputs: list[dict[str, Any]] = []

    def publish(
        self,
        data: dict[str, Any],
        metadata: dict[str, Any] | None = None,
        source: Any = None,
        *,
        transient: dict[str, Any] | None = None,
        update: bool = False,
        **_: Any,
    ) -> None:
        """Keep a MIME bundle."""
        kept = {"data": data, "metadata": metadata, "transient": transient, "update": update}
        self.outputs.append(kept)

    def clear_output(self, wait: bool = False) -> None:
        """Forget what was kept."""
        self.outputs.clear()


class Redirected:
    """A front end whose displays go to a publisher of a library's; the rest goes on."""

    def __init__(self, front_end: Any, publisher: Any) -> None:
        self.front_end = front_end
        self.publisher = publisher

    def __getattr__(self, name: str) -> Any:
        return getattr(self.front_end, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in ("front_end", "publisher"):
            super().__setattr__(name, value)
        else:
            setattr(self.front_end, name, value)

    def display(
        self,
        data: dict[str, Any],
        metadata: dict[str, Any],
        *,
        display_id: str | None = None,
        update: bool = False,
    ) -> None:
        """Give a rendering to the publisher."""
        transient = {"display_id": display_id} if display_id else {}
        self.publisher.publish(data, metadata, transient=transient, update=update)

    def clear_output(self, *, wait: bool) -> None:
        """Tell the publisher."""
        self.publisher.clear_output(wait)
