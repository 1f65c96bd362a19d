"""The service over the memory store: what is kept is enough to repeat every number, whatever card comes later."""

import random
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from solvent.domain.period import Period
from solvent.errors import CallInvalid
from solvent.ports.risk import RiskKind
from solvent.risk.assess import Levels
from solvent.risk.card import default_card
from solvent.risk.limits import LimitRules
from solvent.risk.records import History, Invoice, Payment
from solvent.risk.service import RiskService, RiskTerms
from solvent.storage.memory.risk import MemoryRisk
from solvent.testing import SeededIds

AS_OF = date(2026, 1, 1)
SEED = 20260101


@pytest.fixture
def terms():
    rules = LimitRules(Decimal("0.02"), 0, 10**9, 0, Period.MONTHLY, {})
    return RiskTerms(default_card(), Levels(), 0, legal_threats=False, limits=rules)


@pytest.fixture
def store():
    return MemoryRisk()


@pytest.fixture
def service_of(store, clock):
    ids = SeededIds()
    return lambda terms: RiskService(store=store, clock=clock, ids=ids, terms=terms, narrator=None)


def invented(dice, customer_id):
    bills = []
    for number in range(dice.randrange(12)):
        issued = AS_OF - timedelta(days=dice.randrange(600))
        due = issued + timedelta(days=dice.randrange(60))
        paid = issued + timedelta(days=dice.randrange(200))
        closed = dice.random() < 0.7
        bills.append(
            Invoice(
                id=str(number),
                customer_id=customer_id,
                issued=issued,
                due=due,
                amount_minor=dice.randrange(1, 10**6),
                currency=dice.choice(("USD", "EUR")),
                payments=(),
                disputed=dice.random() < 0.1,
            )
        )
        if closed:
            bill = bills.pop()
            whole = (Payment(paid=paid, amount_minor=bill.amount_minor),)
            bills.append(Invoice(**(dict(bill) | {"payments": whole, "status": "paid"})))
    return History(customer_id=customer_id, invoices=tuple(bills))


async def test_two_hundred_random_assessments_are_repeated_to_the_last_bit(service_of, terms):
    print(f"seed {SEED}")
    dice = random.Random(SEED)
    service = service_of(terms)
    histories = [invented(dice, f"c{number}") for number in range(200)]
    made = await service.assess(histories, as_of=AS_OF)
    for found in made:
        again = await service.replay(found.id)
        assert again.same
        assert again.kept == found.assessment


async def test_an_old_assessment_is_repeated_with_its_own_card_and_levels(service_of, terms):
    (found,) = await service_of(terms).assess([invented(random.Random(SEED), "c1")], as_of=AS_OF)
    card = terms.card.model_copy(update={"version": "other-9", "intercept": 3.0})
    later = service_of(replace(terms, card=card, levels=Levels(0.01, 0.02, 0.03)))
    replayed = await later.replay(found.id)
    assert replayed.same
    assert replayed.again.card_version == terms.card.version


async def test_a_card_is_kept_once_however_often_it_is_used(service_of, terms, store):
    service = service_of(terms)
    history = invented(random.Random(SEED), "c1")
    first = await service.assess([history], as_of=AS_OF)
    second = await service.assess([history], as_of=AS_OF)
    assert first[0].id != second[0].id
    assert first[0].assessment == second[0].assessment
    cards = {(await store.find(found.id)).about for found in (*first, *second)}
    assert len(cards) == 1
    assert (await store.find(cards.pop())).kind is RiskKind.CARD


async def test_words_follow_their_assessment_and_no_other_record_is_one(service_of, terms, store):
    service = service_of(terms)
    (found,) = await service.assess([History(customer_id="c1")], as_of=AS_OF)
    await service.narrate(found.id)
    await service.recommend_strategy(found.id, channels=("letter",))
    kinds = [record.kind for record in await store.following(found.id)]
    assert kinds == [RiskKind.NARRATION, RiskKind.STRATEGY]
    (words, _) = await store.following(found.id)
    with pytest.raises(CallInvalid, match="no assessment"):
        await service.narrate(words.id)
    with pytest.raises(CallInvalid, match="channel"):
        await service.recommend_strategy(found.id, channels=())


async def test_a_day_that_is_not_named_is_today_by_the_clock(service_of, terms):
    (found,) = await service_of(terms).assess([History(customer_id="c1")])
    assert found.assessment.as_of == date(2026, 1, 1)
