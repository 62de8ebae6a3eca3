"""The interactive shell as a library. Standard library only, Python 3.10 and up."""
