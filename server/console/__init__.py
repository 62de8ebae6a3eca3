"""``vivo console``: a session in a terminal.

``attach`` finds or starts the session, ``link`` holds on to it, ``transcript`` turns its events
into text, ``interactive`` (prompt_toolkit) and ``simple`` (line by line) read what is typed.

Rules:

1. The console shows the session's events and nothing else: what another client runs is seen too.
2. Leaving never ends the session; that is said, with how to come back and how to end it.
3. prompt_toolkit and pygments are imported by ``interactive``, ``editing`` and ``searching`` alone.
"""
