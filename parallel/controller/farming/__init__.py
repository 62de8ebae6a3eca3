"""Task farming: which task goes to which engine, and what is kept of it. Pure, but for the log."""
