"""The open documents, found by the URI that a client gives, however it is quoted.

pygls keeps them under the unquoted URI and looks them up so itself. Clients send ``%20`` and the
like: ``server.workspace.text_documents[uri]`` must find the document all the same.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote


class OpenDocuments(dict[str, Any]):
    """Documents by their unquoted URI; a quoted one finds them too."""

    def __getitem__(self, uri: str) -> Any:
        return super().__getitem__(unquote(uri))

    def __contains__(self, uri: object) -> bool:
        return super().__contains__(unquote(uri) if isinstance(uri, str) else uri)

    def get(self, uri: str, default: Any = None) -> Any:
        """The document of a URI."""
        return super().get(unquote(uri), default)
