"""Send: put the call into the words of its provider, and hand it over."""

from dataclasses import dataclass
from typing import Final

import orjson

from solvent.calls.records import Paid
from solvent.dialects.base import Edits
from solvent.dialects.table import codec
from solvent.dialects.translate import translate_call, translate_count_call
from solvent.domain.call import Dialect, Json, Operation
from solvent.errors import CallInvalid
from solvent.ports.upstream import Deadlines, Upstream, UpstreamCall, UpstreamReply
from solvent.providers.credentials import Credentials
from solvent.providers.request import build

_DECISIVE: Final = tuple(
    b'"%s"' % name
    for name in (
        b"model",
        b"max_tokens",
        b"max_completion_tokens",
        b"max_output_tokens",
        b"maxOutputTokens",
        b"n",
        b"candidateCount",
        b"generationConfig",
        b"generation_config",
        b"stream",
        b"stream_options",
        b"service_tier",
        b"tools",
        b"previous_response_id",
        b"web_search_options",
    )
)
"""The keys that decide what a call may cost."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A call ready to be sent. ``hides_usage`` says that usage in the stream is there for solvent only."""

    upstream: UpstreamCall
    hides_usage: bool


class Sender:
    """Writes calls for their providers and sends them."""

    def __init__(self, upstream: Upstream, credentials: Credentials, deadlines: Deadlines) -> None:
        self._upstream = upstream
        self._credentials = credentials
        self._deadlines = deadlines

    def prepare(self, paid: Paid) -> Outgoing:
        """Return the exchange to make: the caller's own bytes where nothing has to differ.

        Raises:
            CallInvalid: the call cannot be said in the provider's dialect; the field is named.
            ConfigurationError: no credential for the provider is at hand; the variable to set is named.
        """
        plan, call = paid.plan, paid.call
        provider = plan.deployment.provider
        asks_usage = call.stream and plan.dialect is Dialect.OPENAI_CHAT and provider.asks_stream_usage
        edits = Edits(
            model=plan.deployment.model,
            output_limit=paid.output_limit,
            limit_field=provider.limit_field,
            stream_usage=asks_usage,
            stream=call.stream,
        )
        if plan.dialect is call.dialect:
            document = codec(call.dialect).edit(call.document, edits)
        else:
            translate = translate_count_call if call.operation is Operation.COUNT else translate_call
            document = translate(call.dialect, plan.dialect, call.document, edits)
        same = document is call.document and _says_once(call.raw)
        body = call.raw if same else _written(document)
        exchange = build(
            plan.deployment,
            plan.dialect,
            call.operation,
            stream=call.stream,
            body=body,
            credential=self._credentials.find(provider),
            deadlines=self._within(call.options.deadline_s),
            headers=call.headers if plan.dialect is call.dialect else (),
            batch=plan.dialect is Dialect.GOOGLE_EMBED and "requests" in document,
        )
        return Outgoing(exchange, hides_usage=asks_usage and not asked_for_usage(call.document))

    async def send(self, outgoing: Outgoing) -> UpstreamReply:
        """Send the call and return when the head of the reply is there.

        Raises:
            UpstreamUnavailable, UpstreamTimeout: ``failure.billed`` says whether it may have cost money.
        """
        return await self._upstream.send(outgoing.upstream)

    def _within(self, deadline_s: float | None) -> Deadlines:
        if deadline_s is None:
            return self._deadlines
        given = self._deadlines
        return Deadlines(
            connect_s=min(given.connect_s, deadline_s),
            first_byte_s=min(given.first_byte_s, deadline_s),
            between_chunks_s=min(given.between_chunks_s, deadline_s),
            whole_s=min(given.whole_s, deadline_s),
        )


def _says_once(raw: bytes) -> bool:
    """Say whether two readers of *raw* must find the same numbers in it.

    JSON lets a key come twice, and readers differ in which they take; a bound that was read from one must not
    be sent with the other. Escapes could spell such a key in other words. Either way it is written anew.
    """
    return b"\\u00" not in raw and all(raw.count(key) < 2 for key in _DECISIVE)  # noqa: PLR2004 - once


def _written(document: Json) -> bytes:
    try:
        return orjson.dumps(document)
    except TypeError as error:
        raise CallInvalid(f"the call cannot be written as JSON ({error}); nest it less deeply") from None


def asked_for_usage(document: Json) -> bool:
    """Say whether an OpenAI chat caller wants to see usage in its stream."""
    options = document.get("stream_options")
    return isinstance(options, dict) and bool(options.get("include_usage"))
