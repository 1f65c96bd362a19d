"""Embeddings: four forms of input, counts, and the form between dialects."""

import json

import httpx2
import openai
import pytest
from openai.types import CreateEmbeddingResponse

from solvent.dialects.base import Edits
from solvent.dialects.canonical import EmbedPrompt, EmbedReply
from solvent.dialects.openai_embeddings import OpenAIEmbeddings
from solvent.domain.usage import Usage
from solvent.errors import CallInvalid, UsageContradictory

codec = OpenAIEmbeddings()
REPLY = EmbedReply(((0.5, -1.0), (0.25, 2.0)), "m", Usage(input=8))


@pytest.mark.parametrize(
    ("given", "inputs"),
    [("hello", 1), (["a", "b", "c"], 3), ([1, 2, 3], 1), ([[1, 2], [3]], 2), ([], 1)],
)
def test_each_form_of_input_is_counted(given, inputs):
    document = {"model": "m", "input": given}
    found = codec.demand(document, len(json.dumps(document)))
    assert found.messages == inputs
    assert found.text_bytes == len(json.dumps(document))


def test_a_list_of_token_ids_never_counts_more_than_its_bytes():
    ids = [0] * 1000
    document = {"model": "m", "input": ids}
    assert codec.demand(document, len(json.dumps(document, separators=(",", ":")))).text_bytes >= 1000
    assert len("".join(codec.texts(document))) >= 1000


@pytest.mark.parametrize(
    ("document", "named"),
    [
        ({}, "input"),
        ({"input": None}, "input"),
        ({"input": 7}, "input"),
        ({"input": {"text": "a"}}, "input"),
        ({"input": ["a", 7]}, r"input\[1\]"),
        ({"input": [[1, "a"]]}, r"input\[0\]"),
        ({"input": [True, False]}, r"input\[0\]"),
    ],
)
def test_a_wrong_input_is_refused_by_name(document, named):
    with pytest.raises(CallInvalid, match=named):
        codec.demand(document, 100)


def test_the_model_is_set_and_nothing_else():
    document = {"model": "m", "input": "a"}
    assert codec.edit(document, Edits("m", 5, stream_usage=True)) is document
    assert codec.edit(document, Edits("x")) == {"model": "x", "input": "a"}


def test_usage_is_the_providers():
    document = {"model": "m-1", "data": [], "usage": {"prompt_tokens": 8, "total_tokens": 8}}
    facts = codec.facts(document)
    assert (facts.usage, facts.model, facts.complete) == (Usage(input=8), "m-1", True)
    assert codec.facts({"error": {"message": "no"}}).error == {"error": {"message": "no"}}


def test_embeddings_have_no_stream():
    with pytest.raises(CallInvalid, match="stream"):
        codec.tap()


def test_a_call_is_read_as_it_was_written():
    prompt = EmbedPrompt(("a", "b"), 64)
    written = codec.write_embed(prompt, Edits("m"))
    assert written == {"model": "m", "input": ["a", "b"], "encoding_format": "float", "dimensions": 64}
    assert codec.read_embed(written) == prompt


@pytest.mark.parametrize(
    ("more", "named"),
    [({"input": [1, 2]}, "input"), ({"encoding_format": "int8"}, "encoding_format"), ({"task": "x"}, "task")],
)
def test_what_only_this_dialect_can_say_is_refused_by_name(more, named):
    with pytest.raises(CallInvalid, match=named):
        codec.read_embed({"model": "m", "input": "a"} | more)


def test_a_reply_is_read_as_it_was_written_and_as_the_official_client_expects():
    document = codec.write_vectors(REPLY)
    assert codec.read_vectors(document) == REPLY
    CreateEmbeddingResponse.model_validate_json(json.dumps(document), strict=True)
    transport = httpx2.MockTransport(lambda _request: httpx2.Response(200, json=document))
    client = openai.OpenAI(api_key="k", http_client=httpx2.Client(transport=transport))
    reply = client.embeddings.create(model="m", input=["a", "b"])
    assert [row.embedding for row in reply.data] == [[0.5, -1.0], [0.25, 2.0]]


@pytest.mark.parametrize("vector", [None, "AAAA", ["a"], [None], {"x": 1}])
def test_a_vector_of_unknown_shape_is_refused(vector):
    with pytest.raises(UsageContradictory, match="embedding"):
        codec.read_vectors({"data": [{"embedding": vector}]})
