"""One module for each subcommand of ``vivo``."""
