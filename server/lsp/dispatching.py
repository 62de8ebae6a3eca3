"""What comes from the client, taken apart and answered: each request once, whatever it holds.

pygls expects a client that keeps to the protocol. Rules:

1. Whatever has a readable id and a method is answered exactly once: also before ``initialize``,
   after ``shutdown``, with parameters that do not fit, with a result that cannot be sent.
2. What is no request at all is answered with id null, as JSON-RPC says, and costs nothing else.
3. The ids of the client's requests and of ours are apart: an answer never ends a request of the
   client's, and a cancellation never one of ours.
4. Nothing that a client leaves undone makes us grow: what we ask is bounded.
"""

from __future__ import annotations

import json
import logging
import uuid
from collections import OrderedDict
from collections.abc import Generator
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

import msgspec
from lsprotocol import types
from pygls.exceptions import (
    JsonRpcException,
    JsonRpcInternalError,
    JsonRpcInvalidRequest,
    JsonRpcMethodNotFound,
    JsonRpcParseError,
    JsonRpcServerNotInitialized,
)
from pygls.protocol import LanguageServerProtocol
from pygls.protocol.language_server import lsp_method

from ..message_stream import MessageStream, Unfit
from .workspace import Documents

if TYPE_CHECKING:
    from .server import VivoServer

_log = logging.getLogger(__name__)
_MAXIMUM_ASKED = 1_000
"""Requests of ours that may wait for the client's answer."""
_UNHEARD = {types.WORKSPACE_INLAY_HINT_REFRESH, types.WORKSPACE_CODE_LENS_REFRESH,
            types.WORKSPACE_SEMANTIC_TOKENS_REFRESH, types.WORKSPACE_DIAGNOSTIC_REFRESH,
            types.WORKSPACE_FOLDING_RANGE_REFRESH}  # fmt: skip
"""Requests whose answer says nothing."""


class Dispatching(LanguageServerProtocol):
    """pygls' protocol, hardened."""

    _server: VivoServer

    def __init__(self, server: VivoServer, converter: Any) -> None:
        super().__init__(server, converter)
        self._asked: OrderedDict[int | str, tuple[Future[Any], Any]] = OrderedDict()
        self._is_initialized = self.is_closing = False
        self.exit_status: int | None = None
        """Once the client has said ``exit``."""

    # --- What comes ------------------------------------------------------------------------

    def take(self, stream: MessageStream, body: bytes | Unfit) -> None:
        """Take what a stream of bytes gave."""
        if isinstance(body, Unfit):
            self._refuse(None, JsonRpcParseError(body.why))
            return
        try:
            data = _decoded(body)
        except (ValueError, RecursionError) as error:
            before = stream.give_back(body)
            try:
                data = _decoded(before or b"")
            except (ValueError, RecursionError):
                self._refuse(None, JsonRpcParseError(f"A message is no JSON: {error}"))
                return
        self.receive(data)

    def receive(self, data: Any) -> None:
        """Take one message; nothing that is wrong with it is raised here."""
        if not isinstance(data, dict):
            self._refuse(None, JsonRpcInvalidRequest("A message has to be an object."))
            return
        try:
            if "method" not in data and ("result" in data or "error" in data):
                self._take_answer(data)
            else:
                self._take_call(data)
        except Exception as error:  # noqa: BLE001 - whatever it held, the next message is served
            _log.info("A message could not be handled: %s", error, exc_info=True)

    def _take_call(self, data: dict[str, Any]) -> None:
        method, is_request = data.get("method"), "id" in data
        number = data.get("id")
        if is_request and type(number) not in (int, str):
            self._refuse(None, JsonRpcInvalidRequest("An id has to be an integer or text."))
        elif not isinstance(method, str):
            self._refuse(number, JsonRpcInvalidRequest("A message has to name a method, as text."))
        elif method == types.EXIT:
            self.exit_status = 0 if self.is_closing else 1
        elif (refusal := self._unready(method)) is not None:
            if is_request:
                self._refuse(number, refusal)
        else:
            if method == types.INITIALIZE:
                self._is_initialized = True
            elif method == types.SHUTDOWN:
                self.is_closing = True
            self.handle_message(self.structure_message({**data, "jsonrpc": self.VERSION}))

    def _unready(self, method: str) -> JsonRpcException | None:
        """Why a method cannot be served, or cannot be served now."""
        if self.is_closing:
            return JsonRpcInvalidRequest(f"{method} came after shutdown.")
        if not self._is_initialized and method != types.INITIALIZE:
            return JsonRpcServerNotInitialized(f"{method} came before initialize.")
        if self._is_initialized and method == types.INITIALIZE:
            return JsonRpcInvalidRequest("The server is initialized already.")
        known = (self.fm.builtin_features, self.fm.features, (types.CANCEL_REQUEST,))
        if not any(method in names for names in known):
            return JsonRpcMethodNotFound(f"Method not found: {method}")
        return None

    def _refuse(self, number: Any, error: JsonRpcException) -> None:
        _log.info("Refused: %s", error)
        told = error.to_response_error()
        self._write({"jsonrpc": self.VERSION, "id": number,
                     "error": {"code": told.code, "message": told.message}})  # fmt: skip

    def _execute_handler(
        self,
        msg_id: int | str,
        handler: Any,
        callback: Any,
        args: tuple[Any, ...] | None = None,
        kwargs: dict[str, Any] | None = None,
    ) -> None:
        """As pygls does it, which keeps the future of every notification for ever."""
        super()._execute_handler(msg_id, handler, callback, args, kwargs)
        future = self._request_futures.get(msg_id)

        def forget(done: Any) -> None:
            if self._request_futures.get(msg_id) is future:
                del self._request_futures[msg_id]

        if future is not None:
            future.add_done_callback(forget)

    @lsp_method(types.INITIALIZE)
    def lsp_initialize(self, params: types.InitializeParams) -> Generator[Any, Any, Any]:
        """As pygls does it, with documents of ours."""
        steps = super().lsp_initialize(params)
        wanted = next(steps)  # its workspace is made, and our handler is to be called
        made = self.workspace
        self._workspace = Documents(
            made.root_uri,
            made._sync_kind,
            list(made.folders.values()),
            made.position_encoding,
            tell=self._server.presenter.edited,
        )
        while True:
            told = yield wanted
            try:
                wanted = steps.send(told)
            except StopIteration as end:
                return end.value

    @lsp_method(types.SHUTDOWN)
    def lsp_shutdown(self, *others: Any) -> Generator[Any, Any, None]:
        """Let our handler close what is open; what still waits is answered as cancelled."""
        if (handler := self.fm.features.get(types.SHUTDOWN)) is not None:
            yield handler, others, None
        current = self.msg_id
        for number, future in list(self._request_futures.items()):
            if number != current and not future.done():
                future.cancel()
        self._shutdown = True

    # --- What we ask -----------------------------------------------------------------------

    def send_request(
        self,
        method: str,
        params: Any = None,
        callback: Any = None,
        msg_id: int | str | None = None,
    ) -> Future[Any]:
        """Ask the client. Of a request whose answer says nothing, the future is done at once."""
        number = msg_id if msg_id is not None else uuid.uuid4().hex
        future: Future[Any] = Future()
        if callback is not None:
            future.add_done_callback(lambda done: callback(done.result()))
        if method in _UNHEARD:
            future.set_result(None)
        else:
            self._asked[number] = (future, self.get_result_type(method))
            if len(self._asked) > _MAXIMUM_ASKED:
                _, (oldest, _) = self._asked.popitem(last=False)
                oldest.cancel()
        kind = self.get_message_type(method)
        if kind is None:
            self._write({"jsonrpc": self.VERSION, "id": number, "method": method, "params":
                         self._converter.unstructure(params)})  # fmt: skip
        else:
            self._send_data(kind(id=number, method=method, params=params, jsonrpc=self.VERSION))
        return future

    def _take_answer(self, data: dict[str, Any]) -> None:
        number = data.get("id")
        found = self._asked.pop(number, None) if isinstance(number, int | str) else None
        if found is None:
            return
        future, kind = found
        if not future.set_running_or_notify_cancel():
            return
        if data.get("error") is not None:
            error = data["error"] if isinstance(data["error"], dict) else {}
            told = JsonRpcException(str(error.get("message", "The client failed.")))
            future.set_exception(told)
            return
        try:
            if kind is None:
                future.set_result(data.get("result"))
            else:
                message = {"jsonrpc": self.VERSION, "result": None, **data}
                future.set_result(self._converter.structure(message, kind).result)
        except Exception as error:  # noqa: BLE001 - cattrs raises groups of many kinds
            future.set_exception(JsonRpcException(f"The client's answer does not fit: {error!r}"))

    # --- What goes -------------------------------------------------------------------------

    def _send_data(self, data: Any) -> None:
        """Send a message; a response that cannot be written becomes an error."""
        if not data:
            return
        try:
            plain = self._converter.unstructure(data)
            body = self._encoded(plain)
        except Exception as error:  # noqa: BLE001 - any value of any handler may be unfit
            _log.exception("A message could not be written.")
            number = getattr(data, "id", None)
            if number is not None and not hasattr(data, "method"):
                self._refuse(number, JsonRpcInternalError(f"The result cannot be sent: {error!r}"))
            return
        self.put_body(body)

    def _write(self, plain: dict[str, Any]) -> None:
        self.put_body(self._encoded(plain))

    def _encoded(self, plain: Any) -> bytes:
        try:
            return msgspec.json.encode(plain, enc_hook=self._serialize_message)
        except UnicodeEncodeError:  # half of a surrogate pair, which JSON can only escape
            return json.dumps(plain, default=self._serialize_message).encode()

    def body_of(self, method: str, params: Any) -> bytes:
        """A notification as it is sent."""
        return self._encoded({"jsonrpc": self.VERSION, "method": method, "params": params})

    def put_body(self, body: bytes) -> None:
        """Send a message as it is; also what :meth:`body_of` made, for this client or another."""
        if self.writer is None:
            return
        if self._include_headers:
            body = b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
        self.writer.write(body)


def _decoded(body: bytes) -> Any:
    """JSON. Raises ``ValueError``, ``RecursionError``."""
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError:
        return json.loads(body, parse_constant=_unfit_number)  # takes half of a surrogate pair


def _unfit_number(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")
