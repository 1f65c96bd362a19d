"""OpenAI's embeddings, spoken also by mistral, together, azure and others."""

from collections.abc import Iterator
from typing import Any

from solvent.dialects.base import Edits, Facts, Tap
from solvent.dialects.canonical import EmbedPrompt, EmbedReply
from solvent.dialects.openai_lenient import objects, text_of
from solvent.dialects.openai_usage import CHAT, read_usage
from solvent.dialects.reading import Field, of_call
from solvent.dialects.refusals import only
from solvent.domain.call import Demand, Dialect, Json
from solvent.domain.usage import NO_USAGE
from solvent.errors import CallInvalid, UsageContradictory


class OpenAIEmbeddings:
    """Embeddings: texts, or lists of token ids, in; vectors out; no stream."""

    __slots__ = ()

    @property
    def dialect(self) -> Dialect:
        """Which one."""
        return Dialect.OPENAI_EMBEDDINGS

    def demand(self, document: Json, size_bytes: int) -> Demand:
        """Return what the call may make its provider count; a token id takes at least one byte of the body."""
        wanted = of_call(document).need("input")
        return Demand(text_bytes=size_bytes, messages=max(1, sum(1 for _ in _inputs(wanted))), output_limit=0)

    def texts(self, document: Json) -> Iterator[str]:
        """Yield every text; of a list of token ids, a text that counts at least as many tokens."""
        for one in _inputs(of_call(document).need("input")):
            yield one.value if isinstance(one.value, str) else one.dumped()

    def edit(self, document: Json, edits: Edits) -> Json:
        """Return the call with the model set; the very same object when it is."""
        return document if document.get("model") == edits.model else document | {"model": edits.model}

    def facts(self, document: Json) -> Facts:
        """Return what a reply says of itself."""
        error = {"error": document["error"]} if document.get("error") else None
        return Facts(
            usage=read_usage(document.get("usage"), CHAT), model=text_of(document, "model"), error=error
        )

    def tap(self, *, hide_usage: bool = False) -> Tap:  # noqa: ARG002 - the contract's name
        """Refuse: embeddings do not stream.

        Raises:
            CallInvalid: always.
        """
        raise CallInvalid("embeddings do not stream; leave stream out")

    def read_embed(self, document: Json) -> EmbedPrompt:
        """Return the call in canonical form.

        Raises:
            CallInvalid: a field has no canonical counterpart, as lists of token ids have not.
        """
        call = of_call(document)
        only(call, ("model", "input", "dimensions", "encoding_format"), ("user",))
        form = call.get("encoding_format")
        if form:
            form.word("float", "base64")
        texts = tuple(one.text() for one in _inputs(call.need("input")))
        return EmbedPrompt(texts, call.count_of("dimensions"))

    def write_embed(self, prompt: EmbedPrompt, edits: Edits) -> Json:
        """Return the canonical call in this dialect."""
        document: Json = {"model": edits.model, "input": list(prompt.texts), "encoding_format": "float"}
        return document | ({} if prompt.dimensions is None else {"dimensions": prompt.dimensions})

    def read_vectors(self, document: Json) -> EmbedReply:
        """Return a reply in canonical form.

        Raises:
            UsageContradictory: its usage or a vector is not of a known shape.
        """
        vectors = tuple(_vector(row.get("embedding")) for row in objects(document.get("data")))
        return EmbedReply(vectors, text_of(document, "model"), read_usage(document.get("usage"), CHAT))

    def write_vectors(self, reply: EmbedReply) -> Json:
        """Return a canonical reply in this dialect, its vectors as lists, which its SDK always reads."""
        usage = reply.usage or NO_USAGE
        return {
            "object": "list",
            "data": [
                {"object": "embedding", "index": number, "embedding": list(vector)}
                for number, vector in enumerate(reply.vectors)
            ],
            "model": reply.model,
            "usage": {"prompt_tokens": usage.input_tokens, "total_tokens": usage.total_tokens},
        }


def _inputs(wanted: Field) -> Iterator[Field]:
    """Yield the texts, or lists of token ids, of an input in any of its four forms."""
    if isinstance(wanted.value, str) or _is_token_list(wanted.value):
        yield wanted
        return
    for one in wanted.each():
        if not isinstance(one.value, str) and not _is_token_list(one.value):
            raise one.invalid("must be a string or a list of token ids")
        yield one


def _is_token_list(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(type(one) is int for one in value)


def _vector(found: Any) -> tuple[float, ...]:
    if not isinstance(found, list) or not all(type(one) in (int, float) for one in found):
        raise UsageContradictory("the provider sent an embedding that is not a list of numbers")
    return tuple(found)
