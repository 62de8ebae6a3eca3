"""Which names of IPython and of matplotlib_inline are served, and the module that holds each.

Keys are IPython's modules; values map a module of ours, relative to this package, to the names
that it holds. A module without names is there to be a package.
"""

from __future__ import annotations

_DISPLAY_OBJECTS = """
    DisplayHandle DisplayObject TextDisplayObject HTML Markdown Latex Math SVG JSON Javascript Image
"""
_FUNCTIONS = "display update_display clear_output publish_display_data"
_MORE_OBJECTS = """
    Pretty GeoJSON ProgressBar Video
    display_pretty display_html display_markdown display_svg display_png display_jpeg display_latex
    display_json display_javascript display_pdf
"""
_EMBEDDED = "Audio IFrame YouTubeVideo VimeoVideo ScribdDocument FileLink FileLinks Code"

_SHELL = "InteractiveShell InteractiveShellABC"
_MAGIC = """
    Magics MagicsManager magics_class line_magic cell_magic line_cell_magic register_line_magic
    register_cell_magic register_line_cell_magic needs_local_scope no_var_expand
    output_can_be_silenced on_off compress_dhist magic_kinds magic_spec magic_escapes
"""

MODULES: dict[str, dict[str, str]] = {
    "IPython": {
        ".interactive": """
            get_ipython InteractiveShell embed start_ipython embed_kernel version_info __version__
        """,
        "..displaying": "display",
    },
    "IPython.display": {
        "..displaying": _DISPLAY_OBJECTS,
        ".displays": f"{_FUNCTIONS} {_MORE_OBJECTS} set_matplotlib_formats set_matplotlib_close",
        ".embedded": _EMBEDDED,
    },
    "IPython.core": {},
    "IPython.core.debugger": {".interactive": "Pdb set_trace"},
    "IPython.core.display": {
        "..displaying": _DISPLAY_OBJECTS,
        ".displays": f"{_FUNCTIONS} {_MORE_OBJECTS}",
    },
    "IPython.core.display_functions": {
        "..displaying": "DisplayHandle",
        ".displays": _FUNCTIONS,
    },
    "IPython.core.displaypub": {
        ".displays": "publish_display_data",
        ".publishing": "DisplayPublisher CapturingDisplayPublisher",
    },
    "IPython.core.error": {
        "..errors": "UsageError",
        ".interactive": "IPythonCoreError TryNext StdinNotImplementedError InputRejected",
    },
    "IPython.core.events": {".interactive": "EventManager available_events"},
    "IPython.core.formatters": {
        ".formatters": """
            BaseFormatter DisplayFormatter PlainTextFormatter HTMLFormatter MarkdownFormatter
            SVGFormatter PNGFormatter JPEGFormatter LatexFormatter JSONFormatter
            JavascriptFormatter PDFFormatter MimeBundleFormatter IPythonDisplayFormatter
            FormatterABC format_display_data
        """
    },
    "IPython.core.getipython": {".interactive": "get_ipython"},
    "IPython.core.interactiveshell": {".interactive": f"{_SHELL} ExecutionInfo ExecutionResult"},
    "IPython.core.magic": {".magic": _MAGIC},
    "IPython.core.magic_arguments": {
        ".magic_arguments": """
            magic_arguments argument argument_group defaults kwds parse_argstring
            construct_parser real_name MagicArgumentParser MagicHelpFormatter
        """
    },
    "IPython.core.page": {".interactive": "page display_page"},
    "IPython.core.pylabtools": {
        ".displays": "select_figure_formats print_figure figsize getfigs",
        ".interactive": "backends backend2gui",
    },
    "IPython.core.release": {".interactive": "version version_info"},
    "IPython.core.ultratb": {
        ".tracebacks": "AutoFormattedTB VerboseTB FormattedTB ColorTB ListTB SyntaxTB"
    },
    "IPython.lib": {},
    "IPython.lib.display": {".embedded": _EMBEDDED},
    "IPython.lib.latextools": {".displays": "latex_to_png latex_to_html"},
    "IPython.lib.pretty": {
        ".printing": """
            pretty pprint for_type for_type_by_name PrettyPrinter RepresentationPrinter
            CallExpression
        """
    },
    "IPython.terminal": {},
    "IPython.terminal.debugger": {".interactive": "Pdb set_trace"},
    "IPython.terminal.embed": {".interactive": "embed InteractiveShellEmbed"},
    "IPython.terminal.interactiveshell": {".interactive": "TerminalInteractiveShell"},
    "IPython.utils": {},
    "IPython.utils.capture": {".utilities": "capture_output CapturedIO RichOutput"},
    "IPython.utils.dir2": {".utilities": "dir2 get_real_method safe_hasattr"},
    "IPython.utils.io": {".utilities": "capture_output CapturedIO Tee ask_yes_no"},
    "IPython.utils.ipstruct": {".utilities": "Struct"},
    "IPython.utils.path": {".utilities": "get_py_filename ensure_dir_exists expand_path"},
    "IPython.utils.process": {".utilities": "getoutput arg_split system find_cmd"},
    "IPython.utils.py3compat": {".utilities": "cast_unicode execfile"},
    "IPython.utils.syspathcontext": {".utilities": "prepended_to_syspath"},
    "IPython.utils.tempdir": {".utilities": "TemporaryDirectory TemporaryWorkingDirectory"},
    "IPython.utils.text": {".utilities": "SList LSString dedent indent columnize"},
    "IPython.utils.timing": {".utilities": "clock clock2"},
    "matplotlib_inline": {},
    "matplotlib_inline.backend_inline": {
        ".displays": "set_matplotlib_formats set_matplotlib_close",
        "..inline_backend": "FigureCanvas FigureManager flush_figures",
    },
}
