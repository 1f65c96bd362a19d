"""Google's embedContent and batchEmbedContents.

Google mostly reports no usage for embeddings; then there is none in the facts and solvent counts for itself.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from solvent.dialects.base import Edits, Facts, Tap
from solvent.dialects.canonical import EmbedPrompt, EmbedReply
from solvent.dialects.google_generate.call import part_media, part_texts, parts
from solvent.dialects.google_generate.reply import read_usage
from solvent.dialects.reading import Field, of_call, of_reply
from solvent.dialects.refusals import only
from solvent.domain.call import Demand, Dialect, Json
from solvent.errors import CallInvalid

_DIMENSIONS: Final = ("outputDimensionality", "output_dimensionality")
_USAGE: Final = ("usageMetadata", "usage_metadata")

_DEFAULTS: Final[Mapping[str, tuple[object, ...]]] = {
    "taskType": ("TASK_TYPE_UNSPECIFIED",),
    "task_type": ("TASK_TYPE_UNSPECIFIED",),
}


class GoogleEmbed:
    """Embeddings: one content, or a batch of requests, in; vectors out; no stream."""

    __slots__ = ()

    @property
    def dialect(self) -> Dialect:
        """Which one."""
        return Dialect.GOOGLE_EMBED

    def demand(self, document: Json, size_bytes: int) -> Demand:
        """Return what the call may make its provider count.

        Raises:
            CallInvalid: a field is not as the dialect says.
        """
        requests = _requests(document)
        found = (part_media(part) for part in _parts(requests))
        media = tuple(told for told in found if told is not None)
        return Demand(
            text_bytes=max(0, size_bytes - sum(told.size_bytes for told in media)),
            messages=max(1, len(requests)),
            media=media,
            output_limit=0,
        )

    def texts(self, document: Json) -> Iterator[str]:
        """Yield every text that the model will read."""
        for request in _requests(document):
            title = request.text_of("title")
            if title:
                yield title
        for part in _parts(_requests(document)):
            yield from part_texts(part)

    def edit(self, document: Json, edits: Edits) -> Json:
        """Return the call for the model of *edits*, wherever it names one; unchanged where it does."""
        model = f"models/{edits.model}"
        batch = document.get("requests")
        if batch is None:
            return document if document.get("model", model) == model else document | {"model": model}
        if all(request.get("model", model) == model for request in batch):
            return document
        return document | {"requests": [request | {"model": model} for request in batch]}

    def facts(self, document: Json) -> Facts:
        """Return what a reply says of itself; it does not name its model.

        Raises:
            UsageContradictory: its usage is not of a known shape.
        """
        reply = of_reply(document)
        if reply.get("error") is not None:
            return Facts(error=document, complete=False)
        return Facts(usage=read_usage(reply.get(*_USAGE)))

    def tap(self, *, hide_usage: bool = False) -> Tap:  # noqa: ARG002 — the contract's name
        """Refuse: embeddings do not stream.

        Raises:
            CallInvalid: always.
        """
        raise CallInvalid("embeddings do not stream; call embedContent or batchEmbedContents")

    def read_embed(self, document: Json) -> EmbedPrompt:
        """Return the call in canonical form.

        Raises:
            CallInvalid: a field has no canonical counterpart, or the requests of a batch differ in dimensions.
        """
        if document.get("requests") is not None:
            only(of_call(document), ("requests",), ("model",))
        requests = _requests(document)
        for request in requests:
            only(request, ("model", "content", *_DIMENSIONS), (), _DEFAULTS)
        dimensions = {request.count_of(*_DIMENSIONS) for request in requests}
        if len(dimensions) > 1:
            raise CallInvalid("requests ask for vectors of different dimensions; send one call for each")
        return EmbedPrompt(tuple(_text(request) for request in requests), next(iter(dimensions), None))

    def write_embed(self, prompt: EmbedPrompt, edits: Edits) -> Json:
        """Return the call as a batch, which batchEmbedContents takes, of any number of texts."""
        length = {} if prompt.dimensions is None else {_DIMENSIONS[0]: prompt.dimensions}
        model = {"model": f"models/{edits.model}"}
        return {
            "requests": [model | {"content": {"parts": [{"text": text}]}} | length for text in prompt.texts]
        }

    def read_vectors(self, document: Json) -> EmbedReply:
        """Return a reply of either form in canonical form.

        Raises:
            UsageContradictory: its usage or a vector is not of a known shape.
        """
        reply = of_reply(document)
        one = reply.get("embedding")
        told = (one,) if one is not None else tuple(reply.need("embeddings").each())
        vectors = tuple(tuple(value.number() for value in vector.need("values").each()) for vector in told)
        return EmbedReply(vectors, "", read_usage(reply.get(*_USAGE)))

    def write_vectors(self, reply: EmbedReply) -> Json:
        """Return the vectors as batchEmbedContents has them; a single one also as embedContent has it.

        Only the path of the call, which is not known here, says which of the two the client reads.
        """
        told = [{"values": list(vector)} for vector in reply.vectors]
        single = {"embedding": told[0]} if len(told) == 1 else {}
        tokens = reply.usage.input_tokens if reply.usage is not None else 0
        usage = {_USAGE[0]: {"promptTokenCount": tokens, "totalTokenCount": tokens}} if tokens else {}
        return {"embeddings": told} | single | usage


def _requests(document: Json) -> tuple[Field, ...]:
    """Return the requests of a batch, or the call itself, which has the form of one."""
    call = of_call(document)
    batch = call.get("requests")
    return tuple(batch.each()) if batch is not None else (call,)


def _parts(requests: tuple[Field, ...]) -> Iterator[Field]:
    for request in requests:
        yield from parts(request.need("content"))


def _text(request: Field) -> str:
    content = request.need("content")
    told = tuple(parts(content))
    if len(told) != 1:
        raise content.invalid(f"has {len(told)} parts; only a content of one text can be translated")
    only(told[0], ("text",))
    return told[0].need("text").text()
