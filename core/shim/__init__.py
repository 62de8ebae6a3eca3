"""Code in the wild asks for IPython; this package answers where there is none, and where there is.

Notebooks, libraries and extensions say ``from IPython.display import HTML``, ``get_ipython()``,
``@magics_class``. Rules:

1. Where the user has IPython installed, theirs is imported, whole; it is only told which shell
   is running (:mod:`.installed`).
2. Where it is absent, a finder at the end of ``sys.meta_path`` serves the names that code in the
   wild uses (:mod:`.names` is the list). A name that is not on the list is an ``ImportError``, as
   anywhere else.
3. Nothing is imported before the user's code asks for it, and nothing of the user's because of us.

================  ==========================================================================
module            holds
================  ==========================================================================
``finder``        the finder, and modules whose names are looked up when they are asked for
``names``         which module serves which names, from where
``after_import``  doing something once a module of the user's has been imported
``installed``     what is said to an installed IPython, and to libraries that ask for Jupyter's
``interactive``   ``get_ipython``, ``InteractiveShell``, ``page`` and their kin
``displays``      ``IPython.display`` beyond :mod:`vivo.core.displaying`
``magic``         ``Magics`` and its decorators; ``magic_arguments`` their options
``formatters``    the formatters of a shell as libraries address them
``printing``      the printer that ``_repr_pretty_`` methods are given
``utilities``     ``IPython.utils`` as far as it is used
================  ==========================================================================
"""

from __future__ import annotations

import sys


def install() -> None:
    """Serve IPython's names in this process, where no IPython can be found."""
    from .finder import ShimFinder
    from .installed import watch

    if not any(isinstance(finder, ShimFinder) for finder in sys.meta_path):
        sys.meta_path.append(ShimFinder())
        watch()
