"""Payment risk inside a program, with an event loop and without one."""

import asyncio
from datetime import date

import pytest

from solvent import RiskAssessmentService, sync
from solvent.errors import ConfigurationError
from solvent.risk.records import History, Invoice, Payment

AS_OF = date(2026, 1, 31)


@pytest.fixture
def history():
    bills = tuple(
        Invoice(
            id=str(month),
            customer_id="c1",
            issued=date(2025, month, 1),
            due=date(2025, month, 15),
            amount_minor=1000,
            currency="EUR",
            payments=(Payment(paid=date(2025, month, 28), amount_minor=1000),),
            status="paid",
        )
        for month in range(1, 9)
    )
    return History(customer_id="c1", invoices=bills)


def test_a_blocking_program_assesses_words_advises_and_replays(history, tmp_path):
    with sync.RiskAssessmentService.open(database_url=str(tmp_path / "b.db")) as risk:
        (found,) = risk.assess([history], as_of=AS_OF)
        assert risk.latest("c1") == (found,)
        assert risk.replay(found.id).same
        assert risk.narrate(found.id).answer.reasons[0].code == found.assessment.reasons[0].code
        assert risk.recommend_strategy(found.id, channels=("sms",)).answer.channel == "sms"


async def test_a_program_with_a_loop_gets_the_numbers_of_one_without(history, tmp_path):
    async with RiskAssessmentService.open(database_url=str(tmp_path / "a.db")) as risk:
        (found,) = await risk.assess([history], as_of=AS_OF)
        words = await risk.narrate(found.id)
        (same,) = await asyncio.to_thread(_assessed_apart, history, tmp_path)
    assert same.assessment == found.assessment
    assert found.assessment.reasons[0].effect == "raises"
    assert (words.source, words.why) == ("template", "no_model")


def _assessed_apart(history, folder):
    with sync.RiskAssessmentService.open(database_url=str(folder / "b.db")) as risk:
        return risk.assess([history], as_of=AS_OF)


@pytest.mark.parametrize(
    "wrong",
    [
        {"risk_card": "missing.json"},
        {"risk_medium_from": 0.9},
        {"risk_rates": {"DOGE": "1"}},
        {"risk_rates": {"EUR": "-1"}},
        {"risk_limit_cap_usd": "lots"},
        {"risk_contact_cost_usd": "-1"},
        {"risk_limit_share": "0"},
        {"risk_limit_floor_usd": "30"},
    ],
)
async def test_a_setting_that_cannot_work_is_found_at_the_start(wrong):
    with pytest.raises(ConfigurationError):
        async with RiskAssessmentService.open(database_url="memory:", **wrong):
            pass
