"""The bound and the line over HTTP: when the first refusal comes, what clamping leaves, and who waits how long."""

import asyncio

import pytest

from solvent.domain.budget import Budget
from solvent.domain.clock import US_PER_S
from solvent.domain.period import Period

OUTPUT_NANOS = 600


def chat(directive="output=1", text="hello", **fields):
    prompt = f"{text} [[sim {directive}]]"
    return {"model": "openai/gpt-4o-mini", "messages": [{"role": "user", "content": prompt}], **fields}


async def call(gateway, body, **headers):
    sent = {f"x-solvent-{name.replace('_', '-')}": value for name, value in headers.items()}
    return await gateway.post("/v1/chat/completions", body, headers=sent)


async def until(gateway, holds):
    async with asyncio.timeout(10):
        while not holds():
            await gateway.get("/healthz")


def in_line(gateway):
    return sum(map(len, gateway.app.desk._line._lines.values()))


async def available(gateway, scope="total"):
    (standing,) = await gateway.app.desk.standing([scope])
    return standing.available_nanos


async def test_without_a_crash_the_first_refusal_comes_when_what_is_left_is_below_the_bound(gateway):
    await gateway.budget("total", "0.0005")
    body = chat("output=40", max_tokens=100)
    paid = 0
    while (answer := await call(gateway, body))[0] == 200:
        paid += 1
    status, _, told = answer
    details = told["error"]["details"]
    assert status == 402
    assert paid > 3
    assert details["held_nanos"] == 0
    assert details["available_nanos"] == await available(gateway) < details["asked_nanos"]
    cheaper, _, _ = await call(gateway, chat("output=1", max_tokens=1))
    assert cheaper == 200, "what is left still pays for a call that fits"


async def test_a_refusal_is_never_based_on_bytes_where_tokens_can_be_counted(gateway):
    text = "internationalization " * 400
    body = chat("output=1 input=500", text=text, max_tokens=1)
    bound_nanos = (len(text) + 200) * 150
    await gateway.app.desk.define(Budget("total", Period.DAILY, bound_nanos // 4))
    status, _, told = await call(gateway, body)
    assert status == 200, told
    (entry,) = await gateway.entries()
    assert entry.bound_nanos <= bound_nanos // 4
    assert entry.cost_nanos <= entry.bound_nanos


async def test_clamped_calls_use_a_budget_up_to_the_floor_and_then_are_refused(open_house):
    gateway = await open_house(policy="clamp", clamp_floor_tokens=20)
    await gateway.budget("total", "0.0003")
    limits = []
    while (answer := await call(gateway, chat("output=90")))[0] == 200:
        limits.append(int(answer[1]["x-solvent-output-limit"].partition(";")[0]))
    status, _, told = answer
    assert status == 402
    assert min(limits) >= 20
    assert limits[-1] < limits[0]
    asked = told["error"]["details"]["asked_nanos"]
    assert await available(gateway) < asked <= 20 * OUTPUT_NANOS + 300 * 150
    await gateway.books_balance()


async def test_a_caller_that_asks_for_less_than_the_floor_is_served(open_house):
    gateway = await open_house(policy="clamp", clamp_floor_tokens=500)
    await gateway.budget("total", "0.0001")
    status, headers, _ = await call(gateway, chat("output=9", max_tokens=10))
    assert status == 200
    assert "x-solvent-output-limit" not in headers


async def test_a_caller_may_refuse_clamping_for_itself(open_house):
    gateway = await open_house(policy="clamp")
    await gateway.budget("total", "0.0003")
    assert (await call(gateway, chat(), policy="refuse"))[0] == 402
    assert (await call(gateway, chat()))[0] == 200


@pytest.mark.parametrize("wait", ["0", "0.1"])
async def test_a_call_without_patience_is_429_with_a_time_to_come_back(gateway, wait):
    await gateway.budget("total", "0.01")
    holder = asyncio.create_task(call(gateway, chat("latency_ms=600", max_tokens=16_000)))
    await until(gateway, lambda: gateway.sim.calls)
    status, headers, told = await call(gateway, chat(max_tokens=16_000), busy_wait=wait)
    assert not holder.done()
    assert (status, told["error"]["code"]) == (429, "budget_busy")
    assert headers["x-should-retry"] == "true"
    assert int(headers["retry-after"]) >= 1
    details = told["error"]["details"]
    assert details["spent_nanos"] + details["asked_nanos"] <= details["limit_nanos"]
    assert details["held_nanos"] > 0
    assert (await holder)[0] == 200
    assert in_line(gateway) == 0
    await gateway.books_balance()


@pytest.mark.parametrize("wait", ["-1", "nan", "inf", "1e9", "soon", ""])
async def test_a_patience_that_is_none_is_refused_in_words(gateway, wait):
    status, _, told = await call(gateway, chat(), busy_wait=wait)
    assert status == 400
    assert "busy-wait" in told["error"]["message"]
    assert gateway.sim.calls == 0


async def test_a_raised_limit_lets_waiting_calls_go_while_the_holder_still_holds(gateway):
    await gateway.budget("total", "0.01")
    holder = asyncio.create_task(call(gateway, chat("latency_ms=900", max_tokens=16_000)))
    await until(gateway, lambda: gateway.sim.calls)
    waiter = asyncio.create_task(call(gateway, chat("output=2", max_tokens=16_000)))
    await until(gateway, lambda: in_line(gateway) == 1)
    body = {"scope": "total", "period": "daily", "limit_usd": "1"}
    async with gateway.http.put(gateway.url + "/api/budgets", json=body) as reply:
        assert reply.status == 200, await reply.text()
    assert (await waiter)[0] == 200
    assert not holder.done()
    assert (await holder)[0] == 200


async def test_a_large_call_is_not_starved_by_a_stream_of_small_ones(gateway):
    await gateway.budget("total", "0.012")
    stop = asyncio.Event()

    async def small():
        while not stop.is_set():
            status, _, _ = await call(
                gateway, chat("output=1 latency_ms=20", max_tokens=5_000), busy_wait="30"
            )
            assert status == 200

    crowd = [asyncio.create_task(small()) for _ in range(8)]
    await until(gateway, lambda: gateway.sim.calls > 10)
    before = gateway.sim.calls
    status, _, _ = await call(gateway, chat("output=1", max_tokens=16_000), busy_wait="30")
    overtaken = gateway.sim.calls - before - 1
    stop.set()
    await asyncio.gather(*crowd)
    assert status == 200
    assert overtaken <= 2 * len(crowd), "only those who came before may go before"
    await gateway.books_balance()


async def test_lowering_a_limit_below_what_is_spent_and_held_only_stops_admission(gateway):
    await gateway.budget("total", "0.01")
    holder = asyncio.create_task(call(gateway, chat("output=30 latency_ms=400", max_tokens=10_000)))
    await until(gateway, lambda: gateway.sim.calls)
    await gateway.budget("total", "0.000001")
    assert (await call(gateway, chat(max_tokens=10)))[0] == 402
    assert (await holder)[0] == 200
    await gateway.books_balance()


async def test_the_holders_deadline_bounds_its_hold_with_grace(gateway):
    await gateway.budget("total", "1")
    making = asyncio.create_task(call(gateway, chat("latency_ms=300"), deadline="5"))
    await until(gateway, lambda: gateway.sim.calls)
    (hold,) = await gateway.app.desk.holds()
    kept_us = hold.reservation.expires_us - hold.reservation.admitted_us
    grace_s = gateway.app.settings.hold_grace_s
    assert abs(kept_us - round((5 + grace_s) * US_PER_S)) < US_PER_S
    assert (await making)[0] == 200
