"""What ``IPython.display`` has of other pages and files: frames, films, sounds, links, code."""

from __future__ import annotations

import html
import io
import wave
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from ..displaying import DisplayObject


class _Html(DisplayObject):
    """Something whose rendering is HTML that its class makes."""

    def _repr_html_(self) -> str:
        raise NotImplementedError

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        return {"text/html": self._repr_html_(), "text/plain": repr(self)}


class IFrame(_Html):
    """Another page in a frame; further arguments become its query.

    ``width`` and ``height`` are pixels, or texts such as ``"100%"``.
    """

    def __init__(
        self,
        src: str,
        width: int | str,
        height: int | str,
        extras: list[str] | None = None,
        **parameters: Any,
    ) -> None:
        super().__init__()
        self.src = src
        self.width, self.height = width, height
        self.extras = extras or []
        self.params = parameters

    def _repr_html_(self) -> str:
        query = f"?{urlencode(self.params)}" if self.params else ""
        return (
            f'<iframe width="{self.width}" height="{self.height}" '
            f'src="{html.escape(self.src + query)}" frameborder="0" allowfullscreen '
            f"{' '.join(self.extras)}></iframe>"
        )


class YouTubeVideo(IFrame):
    """A video of YouTube, by its id."""

    def __init__(
        self,
        id: str,
        width: int | str = 400,
        height: int | str = 300,
        allow_autoplay: bool = False,
        **parameters: Any,
    ) -> None:
        self.id = id
        extras = ['allow="autoplay"'] if allow_autoplay else []
        if allow_autoplay:
            parameters["autoplay"] = 1
        super().__init__(
            f"https://www.youtube.com/embed/{quote(id)}", width, height, extras, **parameters
        )


class VimeoVideo(IFrame):
    """A video of Vimeo, by its id."""

    def __init__(
        self, id: str, width: int | str = 400, height: int | str = 300, **parameters: Any
    ) -> None:
        super().__init__(f"https://player.vimeo.com/video/{quote(id)}", width, height, **parameters)


class ScribdDocument(IFrame):
    """A document of Scribd, by its id."""

    def __init__(
        self, id: str, width: int | str = 400, height: int | str = 300, **parameters: Any
    ) -> None:
        super().__init__(
            f"https://www.scribd.com/embeds/{quote(id)}/content", width, height, **parameters
        )


class Audio(_Html):
    """A sound: samples with their ``rate`` (per second), a file, a URL, or the bytes of a file.

    Samples are a sequence of numbers, or two of them for stereo; with ``normalize`` the loudest
    one becomes full scale, without it they lie between -1 and 1 (``ValueError`` if not).
    """

    binary = True

    def __init__(
        self,
        data: Any = None,
        filename: str | Path | None = None,
        url: str | None = None,
        embed: bool | None = None,
        rate: int | None = None,
        autoplay: bool = False,
        normalize: bool = True,
        *,
        element_id: str | None = None,
    ) -> None:
        if isinstance(data, str):
            is_address = data.startswith(("http://", "https://", "//"))
            data, url, filename = None, data if is_address else url, None if is_address else data
        self.mimetype = "audio/wav"
        if filename is not None or url is not None:
            import mimetypes

            self.mimetype = mimetypes.guess_type(str(filename or url))[0] or "audio/wav"
        super().__init__(data if isinstance(data, bytes) else None, filename=filename)
        self.url = url
        self.autoplay = autoplay
        self.element_id = element_id
        if data is not None and not isinstance(data, bytes):
            if rate is None:
                raise ValueError("Audio of samples wants their rate: Audio(samples, rate=44100).")
            self.data = sound(data, rate, normalize)

    def _repr_html_(self) -> str:
        import binascii

        source = self.url or ""
        if self.data is not None:
            text = binascii.b2a_base64(self.data, newline=False).decode("ascii")
            source = f"data:{self.mimetype};base64,{text}"
        name = f' id="{html.escape(self.element_id)}"' if self.element_id else ""
        autoplay = ' autoplay="autoplay"' if self.autoplay else ""
        return (
            f'<audio{name} controls="controls"{autoplay}>'
            f'<source src="{html.escape(source)}" type="{self.mimetype}" />'
            "This browser plays no sound.</audio>"
        )


def sound(samples: Any, rate: int, normalize: bool) -> bytes:
    """Samples as a WAV file of 16 bits, ``rate`` samples a second."""
    from array import array

    channels = samples.tolist() if hasattr(samples, "tolist") else list(samples)
    if not channels or not isinstance(channels[0], (list, tuple)):
        channels = [channels]
    loudest = max((abs(value) for channel in channels for value in channel), default=0)
    if not normalize and loudest > 1:
        raise ValueError("Samples must lie between -1 and 1 where they are not normalized.")
    scale = 32767 / loudest if normalize and loudest else 32767
    frames = array("h", (int(v * scale) for frame in zip(*channels, strict=True) for v in frame))
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(len(channels))
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(frames.tobytes())
    return buffer.getvalue()


class FileLink(_Html):
    """A link to a file."""

    def __init__(
        self,
        path: str | Path,
        url_prefix: str = "",
        result_html_prefix: str = "",
        result_html_suffix: str = "<br>",
    ) -> None:
        super().__init__()
        self.path = str(path)
        self.url_prefix = url_prefix
        self.result_html_prefix, self.result_html_suffix = result_html_prefix, result_html_suffix

    def __repr__(self) -> str:
        return str(Path(self.path).absolute())

    def _repr_html_(self) -> str:
        if not Path(self.path).exists():
            return f"There is no file <tt>{html.escape(self.path)}</tt>."
        address = html.escape(self.url_prefix + quote(self.path))
        return (
            f"{self.result_html_prefix}<a href='{address}' target='_blank'>"
            f"{html.escape(self.path)}</a>{self.result_html_suffix}"
        )


class FileLinks(FileLink):
    """Links to the files of a folder, and of those within unless not ``recursive``."""

    def __init__(self, path: str | Path, *, recursive: bool = True, **options: Any) -> None:
        if Path(path).is_file():
            raise ValueError(f"{path} is a file: FileLink shows a link to it.")
        super().__init__(path, **options)
        self.recursive = recursive

    def _files(self) -> list[Path]:
        folder = Path(self.path)
        found = folder.rglob("*") if self.recursive else folder.glob("*")
        return sorted(path for path in found if path.is_file())

    def __repr__(self) -> str:
        return "\n".join(map(str, self._files()))

    def _repr_html_(self) -> str:
        links = (FileLink(path, self.url_prefix)._repr_html_() for path in self._files())
        return html.escape(self.path) + "<br>" + "".join(links)


class Code(_Html):
    """Code, coloured where pygments is installed: a text, or a file's.

    ``language`` is a name that pygments knows; by default the file's suffix decides.
    """

    def __init__(
        self,
        data: str | None = None,
        url: str | None = None,
        filename: str | Path | None = None,
        language: str | None = None,
    ) -> None:
        if url is not None:
            raise ValueError("Code shows a text or a file: fetch the page first.")
        super().__init__(data, filename=filename)
        self.filename = str(filename) if filename is not None else None
        self.language = language

    def __repr__(self) -> str:
        return str(self.data)

    def _coloured(self) -> str | None:
        from importlib import import_module

        try:
            lexers = import_module("pygments.lexers")
            formatters = import_module("pygments.formatters")
            highlight = import_module("pygments").highlight
        except ImportError:
            return None
        if self.language:
            lexer = lexers.get_lexer_by_name(self.language)
        elif self.filename:
            lexer = lexers.get_lexer_for_filename(self.filename, code=self.data)
        else:
            lexer = lexers.guess_lexer(self.data)
        return str(highlight(self.data, lexer, formatters.HtmlFormatter(noclasses=True)))

    def _repr_html_(self) -> str:
        return self._coloured() or f"<pre>{html.escape(str(self.data))}</pre>"
