"""The browser's front end: pages, and the language server's messages over a WebSocket.

Loaded by ``vivo web`` and ``vivo share`` alone; it needs the extra ``web``.
"""
