"""The magic commands: a registry, option parsing, and small groups by subject."""
