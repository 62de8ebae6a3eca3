"""Direct views: the same thing on each of some engines, and data to and from them.

Every method waits for its result, shows how far it is and can be interrupted; with ``a`` before its
name it gives an :class:`AsyncResult` at once. A view of one engine (``cluster[0]``) gives single
values, all others (``cluster[:]``, ``cluster[[0, 2]]``) lists in the engines' order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any

from ...core.errors import UsageError
from . import parts
from .calls import Call
from .engine_link import EngineLink
from .executing import Console
from .executions import Cell
from .in_common import share_in_common
from .loop import Loop
from .pickling import dumps, dumps_function, name_of
from .results import AsyncMapResult, AsyncResult, CellResult, Finish

_PUSH, _PULL = "vivo:push", "vivo:pull"


class DirectView:
    """Some engines, addressed directly."""

    def __init__(self, loop: Loop, links: Sequence[EngineLink], *, is_single: bool = False) -> None:
        if not links:
            raise UsageError("A view of no engines can do nothing: `cluster.engines` lists them.")
        self._loop, self._links, self._is_single = loop, tuple(links), is_single
        self.block = True
        """Whether :meth:`apply`, :meth:`map` and the others wait; their ``a`` forms never do."""

    @property
    def engines(self) -> list[int]:
        """The engines' numbers, in the order of the results."""
        return [each.number for each in self._links]

    @property
    def is_single(self) -> bool:
        """Whether it is one engine's, and gives single values."""
        return self._is_single

    def __len__(self) -> int:
        return len(self._links)

    def __iter__(self) -> Iterator[DirectView]:
        return (DirectView(self._loop, [each], is_single=True) for each in self._links)

    def __repr__(self) -> str:
        return f"<DirectView of {self.engines[0] if self._is_single else self.engines}>"

    # --- Calls -----------------------------------------------------------------------------

    def aapply(self, function: Callable[..., Any], *arguments: Any, **keywords: Any) -> AsyncResult:
        """Call a function on each engine, with the same arguments."""
        return self._apply(function, arguments, keywords, is_waited_for=False)

    def apply(self, function: Callable[..., Any], *arguments: Any, **keywords: Any) -> Any:
        """Call a function on each engine, with the same arguments; its values.

        What it prints is printed here. Raises what it raises: see :class:`EngineErrors`.
        """
        return self._got(self._apply(function, arguments, keywords, is_waited_for=self.block))

    def _apply(
        self, function: Callable[..., Any], arguments: Any, keywords: Any, *, is_waited_for: bool
    ) -> AsyncResult:
        digest, pickled = dumps_function(function)
        given = dumps((arguments, keywords), f"an argument of {name_of(function)}")
        what = getattr(function, "__name__", "call")
        ready = [
            each.calls.prepare(
                digest, pickled, given, is_waited_for=is_waited_for, post=self._loop.call
            )
            for each in self._links
        ]
        result: AsyncResult = self._send(ready, what)
        return result

    def _send(
        self,
        calls: Sequence[Call],
        what: str,
        finish: Finish | None = None,
        kind: Any = AsyncResult,
    ) -> Any:
        """Send each engine its call."""
        self._loop.call(_send_calls, tuple(zip(self._links, calls, strict=False)))
        links = self._links[: len(calls)]
        result = kind(
            [each.done for each in calls],
            [each.number for each in links],
            lambda: self._loop.call(_interrupt, links, calls),
            is_single=self._is_single,
            finish=finish,
            what=what,
        )
        result.view = self
        return result

    def _got(self, result: AsyncResult, *, shows: bool = True) -> Any:
        if not self.block:
            return result
        try:
            return result.get()
        finally:
            if shows:
                Console(self._is_single).show_all(result)

    def _built_in(
        self,
        name: str,
        given: Iterable[Any],
        what: str,
        *,
        is_waited_for: bool,
        finish: Finish | None = None,
    ) -> AsyncResult:
        """Call a function of the engines' own, with an argument for each."""
        ready = [
            link.calls.prepare(name, None, each, is_waited_for=is_waited_for, post=self._loop.call)
            for link, each in zip(self._links, given, strict=True)
        ]
        result: AsyncResult = self._send(ready, what, finish)
        return result

    def _same(self, value: Any) -> list[Any]:
        return [dumps(((value,), {}))] * len(self._links)

    # --- Maps ------------------------------------------------------------------------------

    def amap(self, function: Callable[..., Any], *sequences: Iterable[Any]) -> AsyncMapResult:
        """Call a function with each item, or with one of each sequence, spread over the engines:
        each has consecutive items.
        """
        lists = [list(each) for each in sequences]
        if not lists or len({len(each) for each in lists}) != 1:
            sizes = ", ".join(str(len(each)) for each in lists) or "none"
            raise UsageError(f"map needs sequences of one length; their lengths are {sizes}.")
        digest, pickled = dumps_function(partial(parts.map_part, function))
        calls = []
        for link, (start, end) in zip(
            self._links, parts.bounds(len(lists[0]), len(self._links)), strict=True
        ):
            if start < end:
                given = dumps((tuple(each[start:end] for each in lists), {}))
                calls.append(
                    link.calls.prepare(
                        digest, pickled, given, is_waited_for=False, post=self._loop.call
                    )
                )
        what = getattr(function, "__name__", "map")
        result: AsyncMapResult = self._send(calls, what, parts.joined, AsyncMapResult)
        return result

    def map(self, function: Callable[..., Any], *sequences: Iterable[Any]) -> Any:
        """The values of a function for each item, in order: see :meth:`amap`."""
        return self._got(self.amap(function, *sequences))

    # --- Data ------------------------------------------------------------------------------

    def apush(self, values: dict[str, Any]) -> AsyncResult:
        """Set names on each engine."""
        return self._push(values, is_waited_for=False)

    def push(self, values: dict[str, Any], *, shared: bool = False) -> Any:
        """Set names on each engine to these values.

        With ``shared`` the engines of a host have the memory of arrays in common: what one writes
        into them all see. Raises :class:`UsageError` where a host has no memory to share.
        """
        if shared:
            _check_names(values)
            share_in_common(self._loop, self._links, values)
            return None
        return self._got(self._push(values, is_waited_for=self.block), shows=False)

    def _push(self, values: dict[str, Any], *, is_waited_for: bool) -> AsyncResult:
        _check_names(values)
        return self._built_in(
            _PUSH, self._same(values), "push", is_waited_for=is_waited_for, finish=_nothing
        )

    def apull(self, names: str | Sequence[str]) -> AsyncResult:
        """The values of names or expressions on each engine; of several, a list for each."""
        wanted = [names] if isinstance(names, str) else list(names)
        finish = partial(parts.pulled, isinstance(names, str), self._is_single)
        given = self._same(wanted)
        result = self._built_in(_PULL, given, "pull", is_waited_for=True, finish=finish)
        result.is_wrapped = isinstance(names, str)
        return result

    def pull(self, names: str | Sequence[str]) -> Any:
        """The values of names or expressions on each engine; of several, a list for each."""
        return self._got(self.apull(names), shows=False)

    def ascatter(self, name: str, sequence: Any, *, flatten: bool = False) -> AsyncResult:
        """Give each engine its part of a sequence, under a name."""
        return self._scatter(name, sequence, flatten, is_waited_for=False)

    def scatter(self, name: str, sequence: Any, *, flatten: bool = False) -> Any:
        """Give each engine its part of a sequence or an array (by rows), under a name.

        Parts are consecutive and as equal as can be; with ``flatten`` an engine that gets one item
        has the item itself, without a list around it.
        """
        result = self._scatter(name, sequence, flatten, is_waited_for=self.block)
        return self._got(result, shows=False)

    def _scatter(
        self, name: str, sequence: Any, flatten: bool, *, is_waited_for: bool
    ) -> AsyncResult:
        if not _is_name(name):
            raise UsageError(f"{name!r} is no name: scatter('x', sequence).")
        divided = parts.divided(sequence, len(self._links), flatten=flatten)
        given = [dumps((({name: each},), {})) for each in divided]
        return self._built_in(_PUSH, given, "scatter", is_waited_for=is_waited_for, finish=_nothing)

    def agather(self, name: str) -> AsyncResult:
        """The parts that the engines have under a name, joined."""
        return self._built_in(
            _PULL, self._same([name]), "gather", is_waited_for=True, finish=parts.gathered
        )

    def gather(self, name: str) -> Any:
        """The parts that the engines have under a name, joined: arrays by rows, lists as lists."""
        return self._got(self.agather(name), shows=False)

    def __getitem__(self, key: Any) -> Any:
        """``view["name"]`` pulls; ``view[0]``, ``view[::2]``, ``view[[0, 2]]`` are views of some of
        these engines, by their places in this view.
        """
        if isinstance(key, str):
            return self.pull(key)
        if isinstance(key, int):
            return DirectView(self._loop, [self._links[key]], is_single=True)
        if isinstance(key, slice):
            return DirectView(self._loop, self._links[key])
        return DirectView(self._loop, [self._links[each] for each in key])

    def __setitem__(self, name: str, value: Any) -> None:
        self.push({name: value})

    def to_dask_array(self, name: str) -> Any:
        """A Dask array of the engines' arrays of a name, one after the other along the first axis.

        They stay where they are, and are not copied: who changes one in its engine changes the
        collection. Raises :class:`UsageError` where the engines are not in Dask's workers.
        """
        from .dask_collections import to_array

        return to_array(self, name)

    def to_dask_dataframe(self, name: str) -> Any:
        """A Dask dataframe, or series, whose partitions are the engines' of a name; as
        :meth:`to_dask_array`."""
        from .dask_collections import to_dataframe

        return to_dataframe(self, name)

    def from_dask(self, name: str, collection: Any) -> None:
        """Give each engine consecutive partitions of a Dask array, dataframe or bag, joined, under
        a name; they go from worker to worker. ``gather(name)`` is then the whole, in order."""
        from .dask_collections import from_dask

        from_dask(self, name, collection)

    # --- Cells -----------------------------------------------------------------------------

    def aexecute(self, code: str, *, on_output: Callable[..., None] | None = None) -> CellResult:
        """Run a cell on each engine; magics are known there, as in any cell.

        ``on_output`` is called on the loop's thread with number, kind and content of each output.
        """
        _check_code(code)
        cells = [
            link.new_cell(code, on_output=on_output and partial(on_output, link.number))
            for link in self._links
        ]
        return self._send_cells(cells)

    def execute(self, code: str) -> Any:
        """Run a cell on each engine, and show what it shows; ``input()`` asks here.

        Raises what it raises; see :class:`EngineErrors`.
        """
        if not self.block:
            return self.aexecute(code)
        console = Console(self._is_single)
        result = self.begin(code, console)
        console.attend(result)
        result.get()
        return result

    def begin(self, code: str, console: Console, *, store_history: bool = True) -> CellResult:
        """Run a cell whose outputs and questions a console attends to."""
        _check_code(code)
        cells = [
            link.new_cell(code, store_history=store_history, **console.for_engine(link.number))
            for link in self._links
        ]
        return self._send_cells(cells)

    def only(self, number: int) -> DirectView:
        """A view of one of these engines, by its number."""
        found = [each for each in self._links if each.number == number]
        return DirectView(self._loop, found, is_single=True)

    def _send_cells(self, cells: Sequence[Cell]) -> CellResult:
        self._loop.call(_send_all, tuple(zip(self._links, cells, strict=True)))
        links = self._links
        result = CellResult(
            [each.done for each in cells],
            self.engines,
            lambda: self._loop.call(_interrupt, links, cells),
            is_single=self._is_single,
            what="cells",
        )
        result.cells, result.view = cells, self
        return result

    # --- What a session answers beside -----------------------------------------------------

    def ask(self, name: str, content: dict[str, Any] | None = None) -> Any:
        """The reply of each engine to a request of the wire, also while it is busy: a dict each.

        Raises :class:`ClusterError`.
        """
        told = [self._loop.spawn(each.ask(name, content)) for each in self._links]
        replies = [each.result() for each in told]
        return replies[0] if self._is_single else replies

    def complete(self, code: str, cursor: int | None = None) -> Any:
        """The completions of each engine: lists of texts."""
        position = len(code) if cursor is None else cursor
        told = self.ask("complete", {"code": code, "cursor_pos": position})
        return self._of_each(told, lambda reply: reply["matches"])

    def inspect(self, code: str, detail_level: int = 0) -> Any:
        """What is known of an object on each engine, as text; empty if nothing is."""
        content = {"code": code, "cursor_pos": len(code), "detail_level": detail_level}
        told = self.ask("inspect", content)
        return self._of_each(told, lambda reply: reply["data"].get("text/plain", ""))

    def history(self, count: int = 10) -> Any:
        """The last inputs of each engine: lists of (session, line, input)."""
        wanted = {"output": False, "raw": True, "hist_access_type": "tail", "n": count}
        return self._of_each(self.ask("history", wanted), lambda reply: reply["history"])

    def variables(self, pattern: str = "", *, start: int = 0, count: int = 100) -> Any:
        """The variables of each engine, a dict for each of them."""
        told = self.ask("vivo_variables", {"filter": pattern, "start": start, "count": count})
        return self._of_each(told, lambda reply: reply["variables"])

    def interrupt(self) -> Any:
        """Interrupt what runs on each engine; the outcome by name."""
        return self._of_each(self.ask("vivo_interrupt"), lambda reply: reply["outcome"])

    def _of_each(self, told: Any, get: Callable[[dict[str, Any]], Any]) -> Any:
        return get(told) if self._is_single else [get(each) for each in told]


def _check_names(values: Any) -> None:
    if not isinstance(values, dict) or not all(_is_name(each) for each in values):
        raise UsageError("push needs the names with their values: push({'a': 1, 'b': data}).")


def _check_code(code: Any) -> None:
    if not isinstance(code, str):
        raise UsageError(f"execute runs a cell, which is a text; this is a {type(code).__name__}.")


def _is_name(name: Any) -> bool:
    return isinstance(name, str) and name.isidentifier()


def _nothing(values: list[Any]) -> None:
    return None


def _send_calls(pairs: Iterable[tuple[EngineLink, Call]]) -> None:
    for link, call in pairs:
        link.call(call)


def _send_all(pairs: Iterable[tuple[EngineLink, Cell]]) -> None:
    for link, cell in pairs:
        link.execute(cell)


def _interrupt(links: Sequence[EngineLink], work: Sequence[Call | Cell]) -> None:
    for link, each in zip(links, work, strict=True):
        if not each.done.done():
            link.interrupt_soon(each)
