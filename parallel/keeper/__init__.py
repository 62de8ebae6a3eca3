"""The keeper: the process that owns what must never stop, and runs no user code."""
