"""What a careless or hostile program may hand to ``LLMService``: refused in words, before anything is held."""

import math
from types import SimpleNamespace

import pytest
from pydantic import BaseModel, ConfigDict

from solvent import LLMService
from solvent.errors import CallInvalid, LimitOutOfRange, ModelNotAllowed
from solvent.settings import Settings

MODEL = "openai/gpt-4o-mini"
EMBEDDER = "openai/text-embedding-3-small"
ASK = [{"role": "user", "content": "x"}]


class Unspeakable(BaseModel):
    model_config = ConfigDict(arbitrary_types_allowed=True)

    it: SimpleNamespace


@pytest.fixture
async def llm(sim):
    given = {"database_url": "memory:", "providers": sim.as_providers()}
    async with LLMService.open(Settings.load(given, environment={})) as service:
        yield service
        assert not await service.ledger.verify()
        assert not await service.budgets.holds()
        assert not await service.budgets.standings()


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_tokens": -1},
        {"max_tokens": 0},
        {"max_tokens": 10**30},
        {"max_tokens": 5.5},
        {"max_tokens": "5"},
        {"max_tokens": True},
        {"max_tokens": math.nan},
        {"max_token": 5},
        {"stream": True},
        {"temperature": math.nan},
        {"temperature": -math.inf},
        {"customer_id": 5},
        {"customer_id": ""},
        {"customer_id": "*"},
        {"customer_id": "\ud800"},
        {"customer_id": "x" * 256},
        {"agent_id": b"a"},
        {"campaign_id": ["q4"]},
        {"tags": ["team"]},
        {"tags": {"team": 1}},
        {"tags": {1: "team", "x": "y"}},
        {"tags": {"a b": "c"}},
        {"tags": {"team": ""}},
        {"policy": "maybe"},
        {"policy": 3},
        {"busy_wait_s": -1},
        {"busy_wait_s": math.nan},
        {"busy_wait_s": math.inf},
        {"busy_wait_s": 10**6},
        {"busy_wait_s": "1"},
        {"deadline_s": -0.1},
        {"deadline_s": math.nan},
        {"deadline_s": True},
        {"extra": [1]},
        {"extra": {"stream": True}},
        {"extra": {"model": "anthropic/claude-sonnet-4-5"}},
        {"extra": {"messages": []}},
        {"extra": {"max_tokens": 9}},
        {"extra": {"n": 0}},
        {"extra": {"n": "2"}},
        {"extra": {"metadata": {1: 2}}},
        {"tools": "find"},
        {"tools": [len]},
    ],
    ids=str,
)
async def test_an_argument_that_cannot_be_is_refused_by_every_method(llm, sim, wrong):
    with pytest.raises(CallInvalid):
        await llm.chat(MODEL, ASK, **wrong)
    with pytest.raises(CallInvalid):
        await anext(llm.stream(MODEL, ASK, **wrong))
    with pytest.raises(CallInvalid):
        await llm.generate_text(MODEL, "x", **wrong)
    assert sim.calls == 0


@pytest.mark.parametrize("wrong", [{"max_tokens": -1}, {"max_token": 5}, {"extra": {"model": "x"}}], ids=str)
async def test_an_estimate_refuses_what_the_call_would(llm, wrong):
    with pytest.raises(CallInvalid):
        llm.estimate_cost(MODEL, ASK, **wrong)
    with pytest.raises(CallInvalid):
        llm.count_tokens(MODEL, ASK, **wrong)


@pytest.mark.parametrize(
    "messages",
    ["hello", b"hello", None, 5, {"role": "user"}, [1], ["hello"], [{"role": "user", "content": b"x"}]],
    ids=str,
)
async def test_messages_that_are_none_are_refused(llm, sim, messages):
    with pytest.raises(CallInvalid):
        await llm.chat(MODEL, messages)
    assert sim.calls == 0


@pytest.mark.parametrize("model", [None, 5, ["a"], "", "\n", "no-such-model", "x" * 999, "openai/"])
async def test_a_model_that_cannot_be_one_is_refused(llm, sim, model):
    for asked in (llm.chat(model, ASK, max_tokens=5), llm.embed(model, ["x"])):
        with pytest.raises((CallInvalid, ModelNotAllowed)):
            await asked
    assert sim.calls == 0


@pytest.mark.parametrize("texts", ["abc", None, 5, [1, 2], [["a"]], [None], {"a": 1}], ids=str)
async def test_texts_that_are_none_are_refused(llm, sim, texts):
    with pytest.raises(CallInvalid):
        await llm.embed(EMBEDDER, texts)
    assert sim.calls == 0


async def test_a_prompt_that_is_no_text_is_refused(llm, sim):
    for prompt in (None, 5, b"x", ["x"]):
        with pytest.raises(CallInvalid):
            await llm.generate_text(MODEL, prompt)
    assert sim.calls == 0


@pytest.mark.parametrize("output", [5, {"a": 1}, dict, SimpleNamespace, Unspeakable], ids=str)
async def test_a_form_that_is_no_model_is_refused(llm, sim, output):
    with pytest.raises(CallInvalid):
        await llm.chat(MODEL, ASK, output=output)
    assert sim.calls == 0


async def test_a_limit_dearer_than_any_budget_can_count_is_refused(llm, sim):
    with pytest.raises(LimitOutOfRange):
        await llm.chat(MODEL, ASK, max_tokens=10**15)
    assert sim.calls == 0


async def test_nothing_said_is_as_if_the_argument_were_not_there(llm):
    said = await llm.chat(
        MODEL, ASK, customer_id=None, tags=None, extra=None, policy=None, temperature=None, max_tokens=None
    )
    left_out = await llm.chat(MODEL, ASK)
    assert (said.text, said.output_limit) == (left_out.text, left_out.output_limit)
