"""jupyter_kernel_test, Jupyter's own tests of a kernel, with every optional part switched on."""

from __future__ import annotations

from pathlib import Path

import jupyter_kernel_test
import pytest
from jupyter_core.utils import ensure_event_loop

from .conftest import install_kernel


@pytest.fixture(scope="module", autouse=True)
def kernel(jupyter_home: Path) -> None:
    """The kernel named vivo."""
    install_kernel(jupyter_home)


class TestKernel(jupyter_kernel_test.KernelTests):
    """Every message that the package knows, as its specification has it."""

    kernel_name = "vivo"
    language_name = "python"
    file_extension = ".py"
    code_hello_world = "print('hello, world')"
    code_stderr = "import sys; print('hello, world', file=sys.stderr)"
    completion_samples = [  # noqa: RUF012 - the package's own form
        {"text": "zi", "matches": ["zip"]},
        {"text": "'x'.isal", "matches": ["isalnum", "isalpha"]},
        {"text": "import this_is_no_mod", "matches": []},
    ]
    complete_code_samples = ["1", "print('hello, world')", "def f(x):\n  return x*2\n\n\n"]  # noqa: RUF012
    incomplete_code_samples = ["print('''hello", "def f(x):\n  x*2", "for i in range(3):"]  # noqa: RUF012
    invalid_code_samples = ["import = 7q", "a b c", "def 1:\n  x"]  # noqa: RUF012
    code_page_something = "zip?"
    code_generate_error = "raise RuntimeError('as asked')"
    code_execute_result = [  # noqa: RUF012
        {"code": "1 + 2 + 3", "result": "6"},
        {"code": "[n * n for n in range(1, 4)]", "result": "[1, 4, 9]"},
    ]
    code_display_data = [  # noqa: RUF012
        {
            "code": "from IPython.display import HTML, display; display(HTML('<b>a</b>'))",
            "mime": "text/html",
        },
        {
            "code": "from IPython.display import Math, display; display(Math('x^2'))",
            "mime": "text/latex",
        },
    ]
    code_history_pattern = "1 ? 2*"
    supported_history_operations = ("tail", "range", "search")
    code_inspect_sample = "zip"
    code_clear_output = "from IPython.display import clear_output; clear_output()"

    @classmethod
    def tearDownClass(cls) -> None:
        super().tearDownClass()
        cls.km.context.destroy(linger=0)
        ensure_event_loop().close()

    def test_nothing_is_left_out(self) -> None:
        """Each optional part that the package has is switched on here."""
        switches = {
            name
            for name in vars(jupyter_kernel_test.KernelTests)
            if name.startswith(("code_", "supported_")) or name.endswith("_samples")
        }
        assert {name for name in switches if not getattr(self, name)} == set()


class TestWelcome(jupyter_kernel_test.IopubWelcomeTests):
    """A subscriber is told that it is heard."""

    kernel_name = "vivo"
    support_iopub_welcome = True

    def tearDown(self) -> None:
        self.kc.stop_channels()

    @classmethod
    def tearDownClass(cls) -> None:
        super().tearDownClass()
        cls.km.context.destroy(linger=0)
