"""Signature help: from the live callee's signature, else from static analysis."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from ..calls import Call, active_parameter, call_at, parameters_of
from ..scopes import expression_at, with_commands_as_code
from . import static_answers
from .asking import in_characters, inspect, session_that_ran, state_of

if TYPE_CHECKING:
    from .server import VivoServer

_OPTIONS = types.SignatureHelpOptions(trigger_characters=["(", ","], retrigger_characters=["="])
_DOCSTRING_LINES = 30


def register(server: VivoServer) -> None:
    """Register the feature."""

    @server.feature(types.TEXT_DOCUMENT_SIGNATURE_HELP, _OPTIONS)
    async def signature_help(params: types.SignatureHelpParams) -> types.SignatureHelp | None:
        uri = params.text_document.uri
        text = server.text_of(uri)
        line, column = in_characters(server, uri, params.position)
        call = call_at(with_commands_as_code(text, line), line, column)
        if call is None:
            return None
        ran = session_that_ran(server, uri, params.position) is not None
        asked = static_answers.after_live(
            server, "signatures", uri, (line, column), may_be_live=ran
        )
        statically = asyncio.get_running_loop().create_task(asked)
        try:
            live = await _live(server, uri, params.position, text, call)
            return live if live is not None else _static(await statically, call)
        finally:
            statically.cancel()


async def _live(
    server: VivoServer, uri: str, position: types.Position, text: str, call: Call
) -> types.SignatureHelp | None:
    session = session_that_ran(server, uri, position)
    if session is None:
        return None
    last = max(call.column, call.column + len(call.callee.rpartition("\n")[2]) - 1)
    code = with_commands_as_code(text, call.line)
    expression = expression_at(code, call.line, last)
    if expression is None or expression.text.replace(" ", "") != call.callee:
        return None
    told = await inspect(server, session, expression.text)
    signature = told.fields.get("signature") if told is not None else None
    if told is None or not signature:
        return None
    parameters = parameters_of(signature)
    shown = f"*{state_of(session, told)}*"
    docstring = told.fields.get("docstring") or told.fields.get("init_docstring")
    if docstring:
        shown += "\n\n```text\n" + "\n".join(docstring.split("\n")[:_DOCSTRING_LINES]) + "\n```"
    active = active_parameter(parameters, call)
    return types.SignatureHelp(
        [
            types.SignatureInformation(
                signature,
                documentation=types.MarkupContent(types.MarkupKind.Markdown, shown),
                # As texts: not every client takes offsets, and those would be in its units.
                parameters=[
                    types.ParameterInformation(signature[start:end])
                    for start, end in parameters.labels
                ],
                active_parameter=active,
            )
        ],
        active_signature=0,
        active_parameter=active,
    )


def _static(told: Any | None, call: Call) -> types.SignatureHelp | None:
    if not told:
        return None
    found = []
    for each in told:
        shown = "*static*"
        parameters = parameters_of(each["label"])
        if each["docstring"]:
            lines = each["docstring"].split("\n")[:_DOCSTRING_LINES]
            shown += "\n\n```text\n" + "\n".join(lines) + "\n```"
        found.append(
            types.SignatureInformation(
                each["label"],
                documentation=types.MarkupContent(types.MarkupKind.Markdown, shown),
                parameters=[
                    types.ParameterInformation(each["label"][start:end])
                    for start, end in parameters.labels
                ],
                active_parameter=active_parameter(parameters, call),
            )
        )
    return types.SignatureHelp(
        found, active_signature=0, active_parameter=found[0].active_parameter
    )
