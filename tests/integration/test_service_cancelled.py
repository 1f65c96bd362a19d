"""A program that cancels its call, in every phase of it: the provider is left, and the books balance."""

import asyncio
from contextlib import aclosing, suppress

import pytest

from solvent import LLMService
from solvent.domain.budget import Budget
from solvent.domain.entry import Certainty, Outcome
from solvent.domain.money import Money
from solvent.domain.period import Period
from solvent.errors import BudgetBusy, UpstreamTimeout
from solvent.ports.storage import Filter
from solvent.settings import Settings

MODEL = "openai/gpt-4o-mini"


def said(text):
    return [{"role": "user", "content": text}]


@pytest.fixture
async def llm(tmp_path, sim):
    given = {"database_url": f"sqlite:///{tmp_path / 'solvent.db'}", "providers": sim.as_providers()}
    async with LLMService.open(Settings.load(given, environment={})) as service:
        yield service


async def entries(llm):
    return [entry async for page in llm.ledger.entries(Filter()) for entry in page]


async def until(llm, told):
    """Let the loop run, by asking the store, until *told* says yes."""
    async with asyncio.timeout(10):
        while not told(await llm.budgets.holds()):
            pass


async def cancelled(task):
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert task.cancelled()


async def balanced(llm):
    assert not await llm.ledger.verify()
    assert not await llm.budgets.holds()


async def test_a_call_that_waits_in_line_leaves_it_and_holds_nothing(llm, sim):
    await llm.budgets.define(Budget("total", Period.LIFETIME, Money.parse("0.0001")))
    first = asyncio.create_task(llm.chat(MODEL, said("[[sim hang=true]]"), max_tokens=100))
    await until(llm, bool)
    second = asyncio.create_task(llm.chat(MODEL, said("x"), max_tokens=100, busy_wait_s=600))
    with pytest.raises(BudgetBusy):
        await llm.chat(MODEL, said("x"), max_tokens=100, busy_wait_s=0)
    await cancelled(second)
    (hold,) = await llm.budgets.holds()
    await cancelled(first)
    (entry,) = await entries(llm)
    assert (entry.call_id, entry.cost_nanos) == (hold.reservation.id, entry.bound_nanos)
    assert sim.calls == 1
    await balanced(llm)


@pytest.mark.parametrize("turns", range(12))
async def test_a_call_cancelled_after_any_number_of_turns_leaves_books_that_balance(llm, sim, turns):
    task = asyncio.create_task(llm.chat(MODEL, said("[[sim output=5 latency_ms=50]]"), max_tokens=10))
    for _ in range(turns):
        await asyncio.sleep(0)
    await cancelled(task)
    booked = await entries(llm)
    assert len(booked) <= 1
    assert all(entry.cost_nanos == entry.bound_nanos for entry in booked)
    assert sim.calls <= len(booked)
    await balanced(llm)


async def test_a_call_cancelled_before_it_was_begun_leaves_nothing(llm, sim):
    task = asyncio.create_task(llm.chat(MODEL, said("x")))
    await cancelled(task)
    assert (await entries(llm), sim.calls) == ([], 0)
    await balanced(llm)


async def test_a_call_cancelled_while_its_provider_thinks_is_charged_at_its_bound(llm, sim):
    task = asyncio.create_task(llm.chat(MODEL, said("[[sim hang=true]]"), max_tokens=10))
    await until(llm, lambda _: sim.calls)
    await cancelled(task)
    (entry,) = await entries(llm)
    assert (entry.outcome, entry.certainty) == (Outcome.LOST, Certainty.PRESUMED)
    assert entry.cost_nanos == entry.bound_nanos
    await balanced(llm)


async def test_a_task_cancelled_in_the_middle_of_a_stream_pays_for_what_was_streamed(llm, sim):
    begun = asyncio.Event()

    async def read():
        async with aclosing(llm.stream(MODEL, said("[[sim output=4000 chunk_ms=20]]"))) as deltas:
            async for _ in deltas:
                begun.set()

    task = asyncio.create_task(read())
    await begun.wait()
    await cancelled(task)
    (entry,) = await entries(llm)
    assert (entry.outcome, entry.certainty) == (Outcome.ABORTED, Certainty.COUNTED)
    assert 0 < entry.cost_nanos < entry.bound_nanos
    await until(llm, lambda _: sim.abandoned)
    await balanced(llm)


async def test_a_stream_that_was_never_begun_costs_nothing(llm, sim):
    deltas = llm.stream(MODEL, said("x"))
    await deltas.aclose()
    assert (await entries(llm), sim.calls) == ([], 0)
    await balanced(llm)


async def test_a_deadline_ends_a_call_as_a_timeout_that_is_charged(llm):
    with pytest.raises(UpstreamTimeout):
        await llm.chat(MODEL, said("[[sim hang=true]]"), deadline_s=0.2, max_tokens=10)
    (entry,) = await entries(llm)
    assert entry.cost_nanos == entry.bound_nanos
    await balanced(llm)


async def test_a_hundred_calls_of_which_many_are_cancelled_leave_books_that_balance(llm, sim):
    await llm.budgets.define(Budget("total", Period.LIFETIME, Money.parse("0.0005")))
    calls = [
        asyncio.create_task(llm.chat(MODEL, said("[[sim output=5 latency_ms=5]]"), max_tokens=50))
        for _ in range(100)
    ]
    for number, task in enumerate(calls):
        await asyncio.sleep(0)
        if number % 3:
            task.cancel()
    answers = await asyncio.gather(*calls, return_exceptions=True)
    answered = [answer for answer in answers if not isinstance(answer, BaseException)]
    booked = await entries(llm)
    assert len(answered) >= 1
    assert sum(answer.cost_nanos for answer in answered) <= sum(entry.cost_nanos for entry in booked)
    assert len({entry.call_id for entry in booked}) == len(booked) >= sim.calls
    await balanced(llm)
