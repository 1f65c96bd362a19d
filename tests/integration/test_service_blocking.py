"""``solvent.sync``: the same calls for programs without an event loop, also from several threads."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, closing
from decimal import Decimal

import pytest
from anyio.from_thread import start_blocking_portal
from pydantic import BaseModel

from solvent.domain.budget import Budget
from solvent.domain.money import Money
from solvent.domain.period import Period
from solvent.errors import BudgetExceeded, CallInvalid, ConfigurationError, UpstreamUnavailable
from solvent.settings import Settings
from solvent.sync import LLMService
from solvent.testing import SimulatedProvider

MODEL = "openai/gpt-4o-mini"


class City(BaseModel):
    name: str


def said(text):
    return [{"role": "user", "content": text}]


@pytest.fixture
def sim():
    """A simulated provider on a loop in another thread."""

    @asynccontextmanager
    async def running():
        async with SimulatedProvider() as provider:
            yield provider

    with start_blocking_portal("asyncio") as portal, portal.wrap_async_context_manager(running()) as found:
        yield found


@pytest.fixture
def settings(tmp_path, sim):
    given = {"database_url": f"sqlite:///{tmp_path / 'solvent.db'}", "providers": sim.as_providers()}
    return Settings.load(given, environment={})


@pytest.fixture
def llm(settings):
    with LLMService.open(settings) as service:
        yield service


def spent(llm):
    (standing,) = llm.standings("total")
    assert standing.balance.held_nanos == 0
    return standing.balance.spent_nanos


def test_every_method_answers_as_the_async_one_does(llm, sim):
    llm.define_budget(Budget("total", Period.LIFETIME, Money.parse("1")))
    reply = llm.chat(MODEL, said("Speak. [[sim input=40 output=12]]"), customer_id="c", max_tokens=50)
    assert (reply.usage.input, reply.usage.output, reply.cached) == (40, 12, False)
    assert reply.cost == Decimal(40 * 150 + 12 * 600) / 10**9
    assert llm.generate_text(MODEL, '[[sim text="Yes."]]', system="Be brief.").text == "Yes."
    bern = llm.chat(MODEL, said('[[sim text="{\\"name\\": \\"Bern\\"}"]]'), output=City)
    assert bern.parsed == City(name="Bern")
    deltas = list(llm.stream(MODEL, said("Speak. [[sim input=40 output=12]]"), max_tokens=50))
    assert "".join(delta.text for delta in deltas) == reply.text
    assert deltas[-1].reply.cost == reply.cost
    assert len(llm.embed("openai/text-embedding-3-small", ["a", "b"], dimensions=4).vectors) == 2
    assert llm.count_tokens(MODEL, said("hello")).tokens > 0
    assert llm.estimate_cost(MODEL, said("hello"), max_tokens=9).bound > 0
    assert "openai" in llm.available_providers()
    assert spent(llm) > 2 * reply.cost_nanos
    assert sim.calls == 5


def test_a_stream_that_is_left_is_cancelled_and_paid_for_as_far_as_it_came(llm):
    llm.define_budget(Budget("total", Period.LIFETIME, Money.parse("1")))
    with closing(llm.stream(MODEL, said("[[sim output=4000 chunk_ms=20]]"), max_tokens=4000)) as deltas:
        assert next(deltas).text
    assert 0 < spent(llm) < llm.estimate_cost(MODEL, said(""), max_tokens=4000).bound_nanos


def test_a_broken_stream_raises_and_a_refusal_does_and_so_does_a_wrong_argument(llm):
    with pytest.raises(UpstreamUnavailable):
        list(llm.stream(MODEL, said("[[sim output=40 error_after=2]]")))
    with pytest.raises(CallInvalid):
        llm.chat(MODEL, said("x"), max_token=5)
    llm.define_budget(Budget("total", Period.LIFETIME, 1))
    with pytest.raises(BudgetExceeded):
        llm.chat(MODEL, said("x"))
    assert llm.remove_budget("total", Period.LIFETIME).limit_nanos == 1
    assert llm.remove_budget("total", Period.LIFETIME) is None


def test_several_threads_share_one_service_and_its_budget(llm, sim):
    llm.define_budget(Budget("total", Period.LIFETIME, Money.parse("0.0005")))

    def ask(number):
        try:
            if number % 2:
                return llm.chat(MODEL, said("[[sim output=50]]"), max_tokens=50).cost_nanos
            return list(llm.stream(MODEL, said("[[sim output=50]]"), max_tokens=50))[-1].reply.cost_nanos
        except BudgetExceeded:
            return None

    with ThreadPoolExecutor(8) as threads:
        costs = list(threads.map(ask, range(40)))
    paid = [cost for cost in costs if cost is not None]
    assert 0 < len(paid) < 40
    assert sum(paid) == spent(llm) <= Money.parse("0.0005")
    assert len(paid) == sim.calls


def test_two_services_on_one_file_share_its_budget(settings):
    with LLMService.open(settings) as one, LLMService.open(settings) as other:
        one.define_budget(Budget("total", Period.LIFETIME, Money.parse("1")))
        cost = one.chat(MODEL, said("x")).cost_nanos + other.chat(MODEL, said("x")).cost_nanos
        assert spent(one) == spent(other) == cost


def test_unknown_settings_are_refused(settings):
    with pytest.raises(ConfigurationError, match="busy_wait"), LLMService.open(settings, busy_wait=3):
        pass
