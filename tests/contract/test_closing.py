"""``settle``, ``release``, ``presume``: a reservation is closed once, and the books say how."""

from dataclasses import replace

import pytest

from solvent.domain.budget import Account, Balance, Budget
from solvent.domain.clock import US_PER_S
from solvent.domain.entry import Certainty, EntryKind, Outcome
from solvent.domain.money import Money
from solvent.domain.period import Period
from solvent.domain.reservation import HoldState
from solvent.domain.usage import NO_USAGE
from solvent.errors import EntryMismatch, LimitOutOfRange, ReservationUnknown
from solvent.ports.storage import Filter

TOTAL = Account("total", Period.LIFETIME, "UTC", 0)


@pytest.fixture
async def limited(store):
    """The store with a lifetime budget of 10,000 nano-dollars over everything."""
    await store.define(Budget("total", Period.LIFETIME, 10_000))
    return store


async def total(store):
    (found,) = await store.balances([TOTAL])
    return found


async def booked(store):
    return [entry async for page in store.entries(Filter()) for entry in page]


async def test_settling_books_the_cost_and_gives_back_the_rest(limited, teller):
    ask = teller.ask("call_1")
    await limited.reserve(ask)
    paid = teller.paid(ask, 400)
    settled = await limited.settle("call_1", (paid,))
    assert (settled.state, settled.bound_nanos, settled.charged_nanos) == (HoldState.SETTLED, 1000, 400)
    assert (settled.overrun_nanos, settled.late, settled.remaining_nanos) == (0, False, 9600)
    assert await total(limited) == Balance(400, 0)
    assert await booked(limited) == [paid]


async def test_every_field_of_an_entry_comes_back_as_it_was_told(limited, teller):
    ask = teller.ask(
        "call_1", customer="ü漢", agent="a", campaign="'; --", tags=[("team", "x=y"), ("z", "1")]
    )
    await limited.reserve(ask)
    paid = teller.paid(
        ask,
        1,
        status=200,
        streamed=True,
        first_byte_ms=7,
        provider_call_id="chatcmpl-1",
        certainty=Certainty.COUNTED,
        outcome=Outcome.ABORTED,
        detail="client left",
    )
    await limited.settle("call_1", (paid,))
    assert await booked(limited) == [paid]


async def test_an_overrun_is_booked_in_full_even_above_the_limit(limited, teller):
    ask = teller.ask("call_1", 10_000)
    await limited.reserve(ask)
    settled = await limited.settle("call_1", (teller.paid(ask, 25_000),))
    assert (settled.charged_nanos, settled.overrun_nanos, settled.remaining_nanos) == (25_000, 15_000, 0)
    assert await total(limited) == Balance(25_000, 0)


async def test_several_attempts_of_one_call_are_booked_each(limited, teller):
    ask = teller.ask("call_1")
    await limited.reserve(ask)
    failed = teller.paid(ask, 100, outcome=Outcome.FAILED)
    settled = await limited.settle("call_1", (failed, teller.paid(ask, 300, attempt=2)))
    assert settled.charged_nanos == 400
    assert [entry.id for entry in await booked(limited)] == ["call_1.1", "call_1.2"]


async def test_a_call_that_cost_nothing_may_be_settled_without_entries(limited, teller):
    await limited.reserve(teller.ask("call_1"))
    assert (await limited.settle("call_1", ())).charged_nanos == 0
    assert await total(limited) == Balance(0, 0)


async def test_settling_again_returns_the_first_settlement_and_books_nothing(limited, teller, clock):
    ask = teller.ask("call_1")
    await limited.reserve(ask)
    first = await limited.settle("call_1", (teller.paid(ask, 400),))
    clock.advance(US_PER_S)
    again = teller.paid(ask, 400, booked_us=clock.now_us(), latency_ms=9, first_byte_ms=1)
    assert await limited.settle("call_1", (again,)) == first
    assert await total(limited) == Balance(400, 0)


async def test_settling_with_other_entries_is_an_error_and_changes_nothing(limited, teller):
    ask = teller.ask("call_1")
    await limited.reserve(ask)
    await limited.settle("call_1", (teller.paid(ask, 400),))
    for other in ((teller.paid(ask, 401),), (), (teller.paid(ask, 400), teller.paid(ask, 0, attempt=2))):
        with pytest.raises(EntryMismatch, match="call_1 was settled before"):
            await limited.settle("call_1", other)
    assert await total(limited) == Balance(400, 0)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"scopes": ("total",)}, "charges total"),
        ({"admitted_us": 5}, "admitted at 5"),
        ({"kind": EntryKind.ADJUSTMENT}, "is a correction"),
    ],
)
async def test_an_entry_of_another_call_is_refused_and_the_hold_stays(limited, teller, changes, said):
    ask = teller.ask("call_1", customer="c1")
    await limited.reserve(ask)
    with pytest.raises(EntryMismatch, match=said):
        await limited.settle("call_1", (teller.paid(ask, 400, **changes),))
    assert await total(limited) == Balance(0, 1000)


@pytest.mark.parametrize("cost", [-1, Money.MAX + 1])
async def test_an_absurd_cost_is_refused_and_the_hold_stays(limited, teller, cost):
    ask = teller.ask("call_1")
    await limited.reserve(ask)
    with pytest.raises(LimitOutOfRange):
        await limited.settle("call_1", (teller.paid(ask, cost),))
    assert await total(limited) == Balance(0, 1000)


async def test_an_attempt_is_booked_once_whichever_call_claims_it(limited, teller):
    one, two = teller.ask("call_1"), teller.ask("call_2")
    await limited.reserve(one)
    await limited.reserve(two)
    await limited.settle("call_1", (teller.paid(one, 1),))
    stolen = replace(teller.paid(two, 1), id="call_1.1")
    with pytest.raises(EntryMismatch, match=r"call_1\.1 is booked already"):
        await limited.settle("call_2", (stolen,))
    with pytest.raises(EntryMismatch, match="given twice"):
        await limited.settle("call_2", (teller.paid(two, 1), teller.paid(two, 1)))
    assert await total(limited) == Balance(1, 1000)


async def test_releasing_gives_back_the_hold_and_books_nothing(limited, teller):
    await limited.reserve(teller.ask("call_1"))
    first = await limited.release("call_1")
    assert (first.state, first.charged_nanos, first.remaining_nanos) == (HoldState.RELEASED, 0, 10_000)
    assert await limited.release("call_1") == first
    assert await total(limited) == Balance(0, 0)
    assert await booked(limited) == []


async def test_presuming_charges_the_bound_as_the_blank_entry(limited, teller, clock):
    ask = teller.ask("call_1")
    await limited.reserve(ask)
    clock.advance(5 * US_PER_S)
    first = await limited.presume("call_1", "hold expired")
    assert (first.state, first.charged_nanos, first.remaining_nanos) == (HoldState.PRESUMED, 1000, 9000)
    assert await limited.presume("call_1", "said again") == first
    (line,) = await booked(limited)
    assert (line.id, line.cost_nanos, line.usage, line.certainty) == (
        "call_1.1",
        1000,
        NO_USAGE,
        Certainty.PRESUMED,
    )
    assert (line.outcome, line.detail, line.booked_us) == (Outcome.LOST, "hold expired", clock.now_us())
    assert await total(limited) == Balance(1000, 0)


async def test_a_late_settlement_corrects_the_presumption_by_entries_that_name_it(limited, teller):
    ask = teller.ask("call_1", model="asked")
    await limited.reserve(ask)
    await limited.presume("call_1", "hold expired")
    paid = teller.paid(ask, 250, model="served")
    late = await limited.settle("call_1", (paid,))
    assert (late.state, late.charged_nanos, late.overrun_nanos, late.late) == (
        HoldState.SETTLED,
        250,
        0,
        True,
    )
    assert await total(limited) == Balance(250, 0)
    presumed, taken_back, truth = await booked(limited)
    assert presumed.cost_nanos == 1000
    assert (taken_back.corrects, taken_back.cost_nanos, taken_back.model) == ("call_1.1", -1000, "asked")
    assert (truth.corrects, truth.cost_nanos, truth.model) == ("call_1.1", 250, "served")
    assert {taken_back.kind, truth.kind} == {EntryKind.ADJUSTMENT}
    assert await limited.settle("call_1", (paid,)) == late
    assert await limited.presume("call_1", "again") == late
    assert len(await booked(limited)) == 3


async def test_a_late_settlement_is_charged_to_the_window_of_its_admission(store, teller, clock):
    await store.define(Budget("total", Period.DAILY, 10_000))
    ask = teller.ask("call_1")
    await store.reserve(ask)
    (before,) = await store.accounts(at_us=clock.now_us())
    clock.advance(86_400 * US_PER_S)
    await store.presume("call_1", "hold expired")
    await store.settle("call_1", (teller.paid(ask, 7),))
    assert list(await store.balances([before[0]])) == [Balance(7, 0)]
    assert await store.accounts(at_us=clock.now_us()) == []


async def test_a_late_settlement_may_be_more_than_was_presumed_and_have_other_attempts(limited, teller):
    ask = teller.ask("call_1")
    await limited.reserve(ask)
    await limited.presume("call_1", "process died")
    entries = (teller.paid(ask, 900), teller.paid(ask, 800, attempt=2))
    late = await limited.settle("call_1", entries)
    assert (late.charged_nanos, late.overrun_nanos) == (1700, 700)
    ids = [entry.id for entry in await booked(limited)]
    assert ids == ["call_1.1", "call_1.1~1", "call_1.1~2", "call_1.2"]


async def test_a_late_settlement_without_the_presumed_attempt_takes_all_of_it_back(limited, teller):
    ask = teller.ask("call_1")
    await limited.reserve(ask)
    await limited.presume("call_1", "process died")
    await limited.settle("call_1", (teller.paid(ask, 300, attempt=2),))
    assert await total(limited) == Balance(300, 0)


async def test_what_is_closed_one_way_cannot_be_closed_another(limited, teller):
    settled, released, presumed = (teller.ask(name) for name in ("s", "r", "p"))
    for ask in (settled, released, presumed):
        await limited.reserve(ask)
    await limited.settle("s", (teller.paid(settled, 1),))
    await limited.release("r")
    await limited.presume("p", "lost")
    for name in ("s", "p"):
        with pytest.raises(EntryMismatch, match="cannot be released"):
            await limited.release(name)
    with pytest.raises(EntryMismatch, match="r was released before"):
        await limited.settle("r", (teller.paid(released, 1),))
    assert (await limited.presume("s", "lost")).state is HoldState.SETTLED
    assert (await limited.presume("r", "lost")).state is HoldState.RELEASED
    assert await total(limited) == Balance(1001, 0)


async def test_a_reservation_that_was_never_made_is_unknown(store):
    for close in (store.settle("nobody", ()), store.release("nobody"), store.presume("nobody", "lost")):
        with pytest.raises(ReservationUnknown, match="nobody"):
            await close


async def test_holds_are_listed_oldest_first_by_owner_and_by_expiry(store, teller, teller_of, clock):
    other = teller_of(clock, owner="process_other")
    late = other.ask("b", hold_us=90)
    clock.advance(1)
    early = teller.ask("a", hold_us=10)
    for ask in (early, late):
        await store.reserve(ask)
    assert [hold.reservation.id for hold in await store.holds()] == ["b", "a"]
    assert [hold.blank for hold in await store.holds()] == [late.blank, early.blank]
    assert [hold.reservation.id for hold in await store.holds(owner="process_other")] == ["b"]
    expires_us = early.expires_us
    assert await store.holds(expired_before_us=expires_us) == []
    (expired,) = await store.holds(expired_before_us=expires_us + 1)
    assert expired.reservation.id == "a"
    await store.release("a")
    assert [hold.reservation.id for hold in await store.holds()] == ["b"]
