"""``LLMService`` inside a program: every method, what its answers hold, and what is booked for them."""

import asyncio
from contextlib import AsyncExitStack, aclosing
from decimal import Decimal

import pytest
from pydantic import BaseModel

from solvent import LLMService
from solvent.domain.budget import Budget
from solvent.domain.entry import Certainty, Outcome
from solvent.domain.money import Money
from solvent.domain.period import Period
from solvent.errors import (
    BudgetExceeded,
    ConfigurationError,
    UpstreamRateLimited,
    UpstreamRejected,
    UpstreamUnavailable,
)
from solvent.ports.storage import Filter
from solvent.settings import Settings

EVERYONE = ("openai/gpt-4o-mini", "anthropic/claude-sonnet-4-5", "google/gemini-2.5-flash")
FIND = {
    "type": "function",
    "function": {
        "name": "find",
        "parameters": {"type": "object", "properties": {"value": {"type": "string"}}},
    },
}


class City(BaseModel):
    name: str
    people: int = 0
    default: str = "none"


def said(text):
    return [{"role": "user", "content": text}]


@pytest.fixture
async def services(tmp_path, sim):
    """Opens services on one file, with settings of the test's choice."""
    async with AsyncExitStack() as stack:

        async def opener(**overrides):
            given = {
                "database_url": f"sqlite:///{tmp_path / 'solvent.db'}",
                "providers": sim.as_providers(),
            }
            settings = Settings.load(given | overrides, environment={})
            return await stack.enter_async_context(LLMService.open(settings))

        yield opener


@pytest.fixture
async def llm(services):
    return await services()


async def entries(llm):
    return [entry async for page in llm.ledger.entries(Filter()) for entry in page]


async def balanced(llm):
    assert not await llm.ledger.verify()
    assert not await llm.budgets.holds()


@pytest.mark.parametrize("model", EVERYONE)
async def test_a_chat_says_what_it_was_and_what_it_cost(llm, sim, model):
    await llm.budgets.define(Budget("customer:cust_123", Period.DAILY, Money.parse("5")))
    reply = await llm.chat(
        model,
        said("Speak. [[sim input=40 output=12]]"),
        customer_id="cust_123",
        agent_id="agent_456",
        campaign_id="q4",
        tags={"team": "blue"},
        max_tokens=200,
        temperature=0.3,
    )
    (entry,) = await entries(llm)
    assert reply.text
    assert reply.finish == "stop"
    assert (reply.usage.input, reply.usage.output) == (40, 12)
    assert reply.cost == Decimal(entry.cost_nanos) / 10**9 > 0
    assert f"{reply.provider}/{reply.model}" == model
    assert reply.latency_ms >= 0
    assert (reply.cached, reply.clamped, reply.output_limit) == (False, False, None)
    assert reply.remaining_nanos == Money.parse("5") - entry.cost_nanos
    assert (reply.call_id, reply.certainty) == (entry.call_id, Certainty.EXACT)
    assert {"customer:cust_123", "agent:agent_456", "campaign:q4", "tag:team=blue"} <= set(entry.scopes)
    assert sim.calls == 1
    await balanced(llm)


@pytest.mark.parametrize("model", EVERYONE)
async def test_a_stream_says_the_same_as_the_whole_and_ends_with_what_was_booked(llm, model):
    whole = await llm.chat(model, said("Speak. [[sim output=30]]"))
    deltas = [delta async for delta in llm.stream(model, said("Speak. [[sim output=30]]"))]
    last = deltas[-1]
    assert "".join(delta.text for delta in deltas if delta.kind == "text") == whole.text
    assert (last.kind, last.text) == ("end", "")
    assert (last.reply.usage, last.reply.cost_nanos) == (whole.usage, whole.cost_nanos)
    await balanced(llm)


@pytest.mark.parametrize("model", EVERYONE)
async def test_leaving_a_stream_pays_for_what_was_streamed(llm, sim, model):
    async with aclosing(llm.stream(model, said("[[sim output=400 chunk_ms=20]]"))) as deltas:
        async for delta in deltas:
            assert delta.text
            break
    (entry,) = await entries(llm)
    assert (entry.outcome, entry.certainty) == (Outcome.ABORTED, Certainty.COUNTED)
    assert 0 < entry.cost_nanos < entry.bound_nanos
    await balanced(llm)


@pytest.mark.parametrize("model", EVERYONE)
async def test_a_tool_is_called_whole_and_streamed_and_its_result_answered(llm, model):
    ask = said("[[sim tool=find output=9]]")
    first = await llm.chat(model, ask, tools=(FIND,), tool_choice="auto")
    (call,) = first.tool_calls
    deltas = [delta async for delta in llm.stream(model, ask, tools=[FIND])]
    assert (call.name, first.finish) == ("find", "tool")
    assert "".join(delta.text for delta in deltas if delta.kind == "tool") == call.arguments
    done = await llm.chat(
        model,
        [
            *ask,
            first.document["choices"][0]["message"],
            {"role": "tool", "tool_call_id": call.id, "content": "seven"},
            {"role": "user", "content": '[[sim text="It is seven."]]'},
        ],
        tools=[FIND],
    )
    assert done.text == "It is seven."


@pytest.mark.parametrize("model", EVERYONE)
async def test_an_answer_of_a_form_is_an_instance_of_it(llm, model):
    answer = '{\\"name\\": \\"Bern\\", \\"people\\": 7, \\"default\\": \\"x\\"}'
    reply = await llm.chat(model, said(f'[[sim text="{answer}"]]'), output=City)
    assert reply.parsed == City(name="Bern", people=7, default="x")


@pytest.mark.parametrize(
    ("script", "limit", "told"),
    [
        ('text="{\\"name\\": 5}"', 90, "name: Input should be a valid string"),
        ('text="I would rather not."', 90, "ask again"),
        ("output=50", 7, "raise max_tokens"),
    ],
)
async def test_an_answer_of_another_form_is_an_error_that_is_paid_for(llm, script, limit, told):
    with pytest.raises(UpstreamRejected, match=told) as wrong:
        await llm.chat(EVERYONE[0], said(f"[[sim {script}]]"), output=City, max_tokens=limit)
    assert wrong.value.failure.billed == "yes"
    assert "rather not" not in wrong.value.message
    (entry,) = await entries(llm)
    assert (entry.outcome, entry.certainty) == (Outcome.OK, Certainty.EXACT)
    assert entry.cost_nanos > 0
    await balanced(llm)


async def test_one_prompt_is_answered_under_an_instruction(llm):
    reply = await llm.generate_text(EVERYONE[0], '[[sim text="Yes."]]', system="Be brief.", max_tokens=9)
    assert (reply.text, reply.finish) == ("Yes.", "stop")


@pytest.mark.parametrize("model", ["openai/text-embedding-3-small", "google/gemini-embedding-001"])
async def test_texts_are_embedded_in_their_order(llm, model):
    reply = await llm.embed(model, ("a" * 40, "b" * 40, "a" * 40), dimensions=4, customer_id="c")
    assert [len(vector) for vector in reply.vectors] == [4, 4, 4]
    assert len(set(reply.vectors)) == 3
    assert reply.vectors[0] == (await llm.embed(model, ["a" * 40], dimensions=4)).vectors[0]
    assert reply.cost > 0
    entry, _ = await entries(llm)
    assert (entry.operation, entry.cost_nanos) == ("embed", reply.cost_nanos)
    assert "customer:c" in entry.scopes
    await balanced(llm)


@pytest.mark.parametrize("model", EVERYONE)
async def test_an_estimate_is_never_below_the_cost_and_sends_nothing(llm, sim, model):
    ask = said("Count to ten in words, please. " * 20)
    estimate = llm.estimate_cost(model, ask, max_tokens=50)
    counted = llm.count_tokens(model, ask, max_tokens=50)
    assert sim.calls == 0
    reply = await llm.chat(model, ask, max_tokens=50)
    assert estimate.bound >= reply.cost > 0
    assert (estimate.output_tokens, estimate.input_tokens) == (50, counted.tokens)
    assert estimate.basis == counted.basis
    assert f"{estimate.provider}/{estimate.model}" == model


async def test_a_spent_budget_refuses_every_method_and_sends_nothing(llm, sim):
    await llm.budgets.define(Budget("total", Period.LIFETIME, 1))
    ask = (EVERYONE[0], said("x"))
    with pytest.raises(BudgetExceeded):
        await llm.chat(*ask)
    with pytest.raises(BudgetExceeded):
        await anext(llm.stream(*ask))
    with pytest.raises(BudgetExceeded):
        await llm.generate_text(EVERYONE[0], "x")
    with pytest.raises(BudgetExceeded) as refused:
        await llm.embed("openai/text-embedding-3-small", ["x"])
    assert refused.value.shortfall.scope == "total"
    assert sim.calls == 0
    await balanced(llm)


async def test_a_clamped_answer_says_so(llm):
    await llm.budgets.define(Budget("total", Period.LIFETIME, Money.parse("0.0005")))
    reply = await llm.chat(EVERYONE[0], said("[[sim output=5000]]"), policy="clamp")
    assert reply.clamped
    assert reply.finish == "length"
    assert reply.usage.output == reply.output_limit


async def test_a_provider_that_fails_is_an_error_of_its_kind(llm):
    with pytest.raises(UpstreamRateLimited) as limited:
        await llm.chat(EVERYONE[0], said("[[sim status=429 retry_after_s=7]]"))
    assert limited.value.failure.retry_after_s == 7
    with pytest.raises(UpstreamUnavailable):
        async for _ in llm.stream(EVERYONE[0], said("[[sim output=40 cut=2]]")):
            pass
    with pytest.raises(UpstreamUnavailable):
        async for _ in llm.stream(EVERYONE[0], said("[[sim output=40 error_after=2]]")):
            pass
    failed, cut, broken = await entries(llm)
    assert failed.cost_nanos == 0
    assert (cut.cost_nanos, broken.cost_nanos) == (cut.bound_nanos, broken.bound_nanos)
    await balanced(llm)


async def test_two_services_on_one_file_share_its_budgets(services, sim):
    one, other = await services(), await services()
    await one.budgets.define(Budget("total", Period.LIFETIME, Money.parse("0.0001")))
    ask = [llm.chat(EVERYONE[0], said("[[sim output=50]]"), max_tokens=50) for llm in (one, other) * 3]
    answers = await asyncio.gather(*ask, return_exceptions=True)
    paid = [answer for answer in answers if not isinstance(answer, BudgetExceeded)]
    assert 0 < len(paid) < len(answers)
    assert len(paid) == sim.calls == len(await entries(one)) == len(await entries(other))
    (standing,) = await other.budgets.standings("total")
    assert standing.balance.spent_nanos == sum(entry.cost_nanos for entry in await entries(one))
    await balanced(one)


async def test_settings_are_overridden_by_name_and_unknown_ones_refused(tmp_path, sim):
    given = {"database_url": f"sqlite:///{tmp_path / 'a.db'}", "providers": sim.as_providers()}
    async with LLMService.open(**given, default_output_tokens=33) as llm:
        assert (await llm.chat(EVERYONE[0], said("[[sim output=90]]"))).output_limit == 33
        assert {"openai", "anthropic", "google"} <= set(llm.available_providers())
    for wrong in ({"busy_wait": 3}, {"busy_wait_s": -1}, {"policy": "maybe"}, {"database_url": "mysql://x"}):
        with pytest.raises(ConfigurationError):
            async with LLMService.open(**given | wrong):
                pass


async def test_overrides_stand_over_settings_of_ones_own_too(sim):
    given = {"database_url": "memory:", "providers": sim.as_providers(), "default_output_tokens": 44}
    settings = Settings.load(given, environment={})
    async with LLMService.open(settings, default_output_tokens=33) as llm:
        assert (await llm.chat(EVERYONE[0], said("[[sim output=90]]"))).output_limit == 33
    async with LLMService.open(settings) as llm:
        assert (await llm.chat(EVERYONE[0], said("[[sim output=90]]"))).output_limit == 44
    with pytest.raises(ConfigurationError, match="busy_wait"):
        async with LLMService.open(settings, busy_wait=3):
            pass
