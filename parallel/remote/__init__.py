"""Sessions of other hosts, by the user's own ssh.

A *link* is a small process here, detached as a keeper is: it forwards the Unix sockets of a session
there to Unix sockets here, and enters the session into this machine's registry, so that whatever
finds sessions finds it. What it asks of a host it asks of ``vivo`` there (:mod:`.beside`).
"""
