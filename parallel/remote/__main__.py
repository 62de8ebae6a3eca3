"""``python -m vivo.parallel.remote ORDER``: keep a link to a session of another host.

The order is a JSON file that only the user can read. On the descriptor that it names, one line of
JSON says which session it is, or why there is none.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from pathlib import Path


def main() -> int:
    """Keep the link that the command line names, until its session ends."""
    if os.fork():  # init becomes the parent: an editor that ends its children leaves the link
        return 0
    path = Path(sys.argv[1])
    order = json.loads(path.read_text("utf-8"))
    path.unlink()
    from .link import keep_link, told_on

    logging.basicConfig(format="%(asctime)s %(message)s", level=logging.INFO)
    asyncio.run(keep_link(order, told_on(order.pop("ready"))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
