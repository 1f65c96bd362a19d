"""The face of the path for programs: chat, stream, embed, count, estimate; OpenAI's words in, records out."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Unpack

import orjson
from pydantic import BaseModel

from solvent.calls.admit import admit
from solvent.calls.answer import Answer
from solvent.calls.arguments import (
    WHO,
    ChatArguments,
    Who,
    attribution,
    chat_fields,
    known,
    needed_text,
    options,
    several,
    written,
)
from solvent.calls.path import CallPath
from solvent.calls.records import Receipt
from solvent.calls.reply import AskedTool, ChatDelta, ChatReply, CostEstimate, Embeddings, Priced
from solvent.calls.reserve import Till
from solvent.calls.route import Router
from solvent.calls.structured import parsed, response_format
from solvent.dialects.canonical import Choice, Delta, Refusal, Text, TextDelta, ToolCall, ToolDelta
from solvent.dialects.openai_chat.answer import read_choices
from solvent.dialects.table import TRANSLATORS
from solvent.domain.call import Call, Dialect, Json, Operation
from solvent.domain.clock import Clock
from solvent.domain.ids import Ids


@dataclass(frozen=True, slots=True)
class TokenCount:
    """How many tokens a prompt has. ``basis``: ``counted`` by the model's vocabulary, or ``bytes``, a bound."""

    tokens: int
    basis: str


class CallFace:
    """Calls to language models, each paid before it is sent and booked once.

    Every method raises the errors of ``CallPath.open``; ``RefusedError`` means that nothing was spent. A
    cancelled call is cancelled at its provider and charged for what it may have cost.
    """

    def __init__(self, *, path: CallPath, till: Till, router: Router, clock: Clock, ids: Ids) -> None:
        self._path = path
        self._till = till
        self._router = router
        self._clock = clock
        self._ids = ids

    async def chat(
        self,
        model: str,
        messages: Sequence[Mapping[str, Any]],
        *,
        output: type[BaseModel] | None = None,
        **arguments: Unpack[ChatArguments],
    ) -> ChatReply:
        """Return the answer to *messages* (OpenAI's shape, whatever the provider).

        With *output*, the model must answer with that pydantic model and ``reply.parsed`` is its instance.

        Raises:
            UpstreamRejected: the answer is not an instance of *output*; it is paid for.
        """
        call = self._chat_call(model, messages, arguments, output=output)
        async with self._path.open(call) as answer:
            return _chat_reply(answer, output)

    async def generate_text(
        self, model: str, prompt: str, *, system: str | None = None, **arguments: Unpack[ChatArguments]
    ) -> ChatReply:
        """Return the answer to one *prompt*, under an optional *system* instruction."""
        told = [{"role": "system", "content": system}] if system is not None else []
        asked = {"role": "user", "content": needed_text("prompt", prompt)}
        return await self.chat(model, [*told, asked], **arguments)

    async def stream(
        self, model: str, messages: Sequence[Mapping[str, Any]], **arguments: Unpack[ChatArguments]
    ) -> AsyncGenerator[ChatDelta]:
        """Yield the answer as it comes; the last delta has kind ``end`` and says what was booked.

        Leaving the loop early (close the generator, as ``aclosing`` does) cancels the call at the provider and
        pays for what was streamed.
        """
        call = self._chat_call(model, messages, arguments, stream=True)
        decoder = TRANSLATORS[Dialect.OPENAI_CHAT].decoder()
        async with self._path.open(call) as answer, aclosing(answer.chunks()) as chunks:
            async for chunk in chunks:
                for delta in decoder.feed(chunk):
                    if (seen := _chat_delta(delta)) is not None:
                        yield seen
            if answer.error is not None:
                raise answer.error
            yield ChatDelta(kind="end", reply=_priced(answer))

    async def embed(
        self, model: str, texts: Sequence[str], *, dimensions: int | None = None, **who: Unpack[Who]
    ) -> Embeddings:
        """Return a vector for each of *texts*, in order."""
        known(who, WHO)
        document: Json = {
            "model": needed_text("model", model),
            "input": [needed_text("a text to embed", text) for text in several("texts", texts)],
            "encoding_format": "float",
        }
        if dimensions is not None:
            document["dimensions"] = dimensions
        call = self._call(document, Dialect.OPENAI_EMBEDDINGS, Operation.EMBED, who)
        async with self._path.open(call) as answer:
            rows = sorted(orjson.loads(answer.body)["data"], key=lambda row: int(row["index"]))
            priced = _fields(_priced(answer))
            return Embeddings(vectors=tuple(tuple(map(float, row["embedding"])) for row in rows), **priced)

    def count_tokens(
        self, model: str, messages: Sequence[Mapping[str, Any]], **arguments: Unpack[ChatArguments]
    ) -> TokenCount:
        """Return how many tokens the call would be charged for reading, at most; nothing is sent."""
        plan = self._router.plan(admit(self._chat_call(model, messages, arguments)))
        exact = self._till.bound(plan, exact=True)
        return TokenCount(exact.input_tokens, exact.basis)

    def estimate_cost(
        self, model: str, messages: Sequence[Mapping[str, Any]], **arguments: Unpack[ChatArguments]
    ) -> CostEstimate:
        """Return the most that the call can cost, its tokens counted; nothing is sent or held."""
        plan = self._router.plan(admit(self._chat_call(model, messages, arguments)))
        exact = self._till.bound(plan, exact=True)
        return CostEstimate(
            provider=plan.deployment.provider.name,
            model=plan.deployment.model,
            bound_nanos=exact.nanos,
            input_tokens=exact.input_tokens,
            output_tokens=exact.output_tokens,
            basis=exact.basis,
            price_version=plan.rate.version if plan.rate else "",
        )

    def _chat_call(
        self,
        model: str,
        messages: Sequence[Mapping[str, Any]],
        arguments: ChatArguments,
        *,
        stream: bool = False,
        output: type[BaseModel] | None = None,
    ) -> Call:
        document: Json = {
            "model": needed_text("model", model),
            "messages": several("messages", messages),
            **chat_fields(arguments),
        }
        if stream:
            document["stream"] = True
        if output is not None:
            document["response_format"] = response_format(output)
        limit = arguments.get("max_tokens")
        if limit is not None:
            document[self._router.limit_field(model)] = limit
        return self._call(document, Dialect.OPENAI_CHAT, Operation.GENERATE, arguments)

    def _call(self, asked: Json, dialect: Dialect, operation: Operation, who: Who) -> Call:
        now_us = self._clock.now_us()
        raw, document = written(asked)
        return Call(
            id=self._ids.new("call", now_us),
            operation=operation,
            dialect=dialect,
            model=document["model"],
            stream=document.get("stream") is True,
            attribution=attribution(who),
            received_us=now_us,
            document=document,
            raw=raw,
            options=options(who),
        )


def _chat_reply(answer: Answer, output: type[BaseModel] | None) -> ChatReply:
    document = orjson.loads(answer.body)
    first = next(read_choices(document), Choice((), "other"))
    text = "".join(part.text for part in first.parts if isinstance(part, Text | Refusal))
    priced = _priced(answer)
    return ChatReply(
        text=text,
        finish=first.finish,
        tool_calls=tuple(
            AskedTool(part.id, part.name, part.arguments)
            for part in first.parts
            if isinstance(part, ToolCall)
        ),
        parsed=None if output is None else parsed(output, text, priced.provider, first.finish),
        document=document,
        **_fields(priced),
    )


def _chat_delta(delta: Delta) -> ChatDelta | None:
    if isinstance(delta, TextDelta):
        return ChatDelta(delta.text, delta.kind)
    if isinstance(delta, ToolDelta):
        return ChatDelta(delta.arguments, "tool")
    return None


def _priced(answer: Answer) -> Priced:
    receipt, paid = answer.receipt, answer.paid
    if receipt is None:
        raise AssertionError("an answer is priced when it is whole")
    return Priced(
        **_receipt_fields(receipt),
        cached=False,
        output_limit=paid.output_limit,
        clamped=paid.clamped,
    )


def _receipt_fields(receipt: Receipt) -> dict[str, Any]:
    return {
        "call_id": receipt.call_id,
        "provider": receipt.provider,
        "model": receipt.model,
        "usage": receipt.usage,
        "cost_nanos": receipt.cost_nanos,
        "certainty": receipt.certainty,
        "remaining_nanos": receipt.remaining_nanos,
        "latency_ms": receipt.latency_ms,
    }


def _fields(priced: Priced) -> dict[str, Any]:
    return {name: getattr(priced, name) for name in Priced.__slots__}
