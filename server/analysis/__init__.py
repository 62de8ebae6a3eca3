"""Static analysis in a process of its own: what the text says that has not run."""
