"""Send: put the call into the words of its provider, and hand it over."""

from dataclasses import dataclass

import orjson

from solvent.calls.records import Paid
from solvent.dialects.base import Edits
from solvent.dialects.table import codec
from solvent.dialects.translate import translate_call
from solvent.domain.call import Dialect, Json
from solvent.ports.upstream import Deadlines, Upstream, UpstreamCall, UpstreamReply
from solvent.providers.credentials import Credentials
from solvent.providers.request import build


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
            document = translate_call(call.dialect, plan.dialect, call.document, edits)
        body = call.raw if document is call.document else orjson.dumps(document)
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


def asked_for_usage(document: Json) -> bool:
    """Say whether an OpenAI chat caller wants to see usage in its stream."""
    options = document.get("stream_options")
    return isinstance(options, dict) and bool(options.get("include_usage"))
