"""Google's embeddings in both forms, and between them and OpenAI's."""

import pytest
from google.genai import types
from openai.types import CreateEmbeddingResponse

from solvent.dialects.base import Edits
from solvent.dialects.canonical import EmbedPrompt
from solvent.dialects.google_embed import GoogleEmbed
from solvent.dialects.translate import translate_call, translate_reply
from solvent.domain.call import Dialect
from solvent.domain.usage import Usage
from solvent.errors import CallInvalid, UsageContradictory

CODEC = GoogleEmbed()
SINGLE = {"content": {"parts": [{"text": "one"}]}, "outputDimensionality": 3}
BATCH = {
    "requests": [
        {"model": "models/e", "content": {"parts": [{"text": text}]}, "output_dimensionality": 3}
        for text in ("one", "two")
    ]
}


def test_a_demand_counts_requests_and_bytes():
    assert CODEC.demand(SINGLE, 70).text_bytes == 70
    assert CODEC.demand(BATCH, 150).messages == 2
    picture = {"content": {"parts": [{"inlineData": {"mimeType": "image/png", "data": "aGk="}}]}}
    assert CODEC.demand(picture, 100).text_bytes == 96


def test_the_texts_are_those_of_every_request():
    assert list(CODEC.texts(BATCH)) == ["one", "two"]
    assert list(CODEC.texts(SINGLE | {"title": "T"})) == ["T", "one"]


def test_the_model_is_set_where_the_call_names_one():
    assert CODEC.edit(SINGLE, Edits("f")) is SINGLE
    assert CODEC.edit(BATCH, Edits("e")) is BATCH
    edited = CODEC.edit(BATCH, Edits("f"))
    assert [request["model"] for request in edited["requests"]] == ["models/f"] * 2
    assert CODEC.edit({"model": "models/e"} | SINGLE, Edits("f"))["model"] == "models/f"


def test_a_reply_mostly_has_no_usage_and_says_so():
    assert CODEC.facts({"embedding": {"values": [1.0]}}).usage is None
    told = {"embeddings": [], "usageMetadata": {"promptTokenCount": 5, "totalTokenCount": 5}}
    assert CODEC.facts(told).usage == Usage(input=5)
    assert not CODEC.facts({"error": {"code": 400}}).complete


@pytest.mark.parametrize(
    "call",
    [
        {},
        {"content": {"parts": 5}},
        {"requests": "one"},
        {"requests": [{"content": {"parts": [{"text": 5}]}}]},
    ],
)
def test_a_wrong_call_is_refused(call):
    with pytest.raises(CallInvalid):
        list(CODEC.texts(call))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (SINGLE | {"taskType": "RETRIEVAL_QUERY"}, "taskType cannot be translated"),
        (SINGLE | {"title": "T"}, "title cannot be translated"),
        ({"content": {"parts": [{"text": "a"}, {"text": "b"}]}}, "2 parts"),
        ({"requests": [SINGLE, {"content": {"parts": [{"text": "b"}]}}]}, "different dimensions"),
    ],
)
def test_what_changes_a_vector_and_only_google_knows_is_refused(call, words):
    with pytest.raises(CallInvalid, match=words):
        CODEC.read_embed(call)


def test_embeddings_do_not_stream():
    with pytest.raises(CallInvalid, match="do not stream"):
        CODEC.tap()


def test_a_call_keeps_its_meaning_through_the_canonical_form():
    prompt = CODEC.read_embed(BATCH)
    assert prompt == EmbedPrompt(("one", "two"), 3)
    assert CODEC.read_embed(CODEC.write_embed(prompt, Edits("e"))) == prompt
    assert CODEC.read_embed(SINGLE) == EmbedPrompt(("one",), 3)


def test_a_call_and_its_reply_cross_to_google_and_back():
    call = {"model": "alias", "input": ["one", "two"], "dimensions": 3}
    document = translate_call(Dialect.OPENAI_EMBEDDINGS, Dialect.GOOGLE_EMBED, call, Edits("e"))
    assert [request["model"] for request in document["requests"]] == ["models/e"] * 2
    assert CODEC.read_embed(document) == EmbedPrompt(("one", "two"), 3)
    theirs = {"embeddings": [{"values": [0.5, 1, -2.0]}, {"values": [0, 0, 0]}]}
    reply = translate_reply(Dialect.GOOGLE_EMBED, Dialect.OPENAI_EMBEDDINGS, theirs)
    read = CreateEmbeddingResponse.model_validate(reply)
    assert [row.embedding for row in read.data] == [[0.5, 1, -2.0], [0, 0, 0]]


def test_a_call_and_its_reply_cross_from_google_and_back():
    call = translate_call(
        Dialect.GOOGLE_EMBED, Dialect.OPENAI_EMBEDDINGS, SINGLE, Edits("text-embedding-3-small")
    )
    assert (call["model"], call["input"], call["dimensions"]) == ("text-embedding-3-small", ["one"], 3)
    theirs = {
        "object": "list",
        "model": "text-embedding-3-small",
        "data": [{"object": "embedding", "index": 0, "embedding": [0.25, 1.0]}],
        "usage": {"prompt_tokens": 4, "total_tokens": 4},
    }
    reply = translate_reply(Dialect.OPENAI_EMBEDDINGS, Dialect.GOOGLE_EMBED, theirs)
    assert reply["embedding"] == reply["embeddings"][0]
    assert types.ContentEmbedding.model_validate(reply["embedding"]).values == [0.25, 1.0]
    assert CODEC.read_vectors(reply).usage == Usage(input=4)


@pytest.mark.parametrize(
    "reply", [{}, {"embedding": {}}, {"embeddings": [{"values": ["a"]}]}, {"embeddings": 5}]
)
def test_a_reply_without_vectors_is_contradictory(reply):
    with pytest.raises(UsageContradictory):
        CODEC.read_vectors(reply)
