"""vivo: live Python sessions inside the editor.

``vivo.core`` is the interactive shell as a library, ``vivo.parallel`` puts it into
processes that outlive their clients, ``vivo.server`` brings it into editors.
"""

__version__ = "0.1.0"
