"""The language server, and the ``vivo`` command."""
