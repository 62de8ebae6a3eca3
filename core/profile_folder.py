"""Where profiles are: all that a session without one needs to know."""

from __future__ import annotations

import os
from pathlib import Path


def profiles_folder() -> Path:
    """Where a user's profiles are, by the XDG base directory specification."""
    held = os.environ.get("XDG_CONFIG_HOME")
    return (Path(held) if held else Path.home() / ".config") / "vivo" / "profiles"


def has_default_profile() -> bool:
    """Whether the user has a profile that every session loads."""
    return (profiles_folder() / "default.toml").is_file()
