"""Narration and advice: whatever a model says, the result is valid, says its source, and carries no new number."""

import orjson
import pytest

from solvent.errors import BudgetExceeded, Failure, Shortfall, StorageUnavailable, UpstreamUnavailable
from solvent.ports.narrator import Told
from solvent.risk.asking import Prompt
from solvent.risk.case import Case, CaseReason, placeholders
from solvent.risk.narrate import narrate
from solvent.risk.strategy import recommend_strategy

CASE = Case(
    as_of="2026-01-01",
    score=63,
    level="high",
    features={"late_rate": 0.32, "invoices": 8},
    reasons=(
        CaseReason("late_rate", "3 of 8 invoices were paid late.", {"late_rate": 0.32}),
        CaseReason("open_overdue", "2 invoices are overdue.", {"overdue": 2}),
    ),
    channels=("email", "phone"),
    legal_threats_allowed=False,
)
GOOD = {
    "summary": "{customer} is at 63 of 100.",
    "reasons": [{"code": "late_rate", "sentence": "Late in 32 %."}],
    "caveats": [],
}
ADVICE = {
    "channel": "email",
    "tone": "friendly",
    "timing": "now",
    "strategy": "Ask {customer} for a day.",
    "alternatives": [{"channel": "phone", "tone": "formal", "why": "It is direct."}],
    "caveats": [],
}


class Parrot:
    """A narrator that says what it was taught, in turn; an exception is raised instead."""

    def __init__(self, *said):
        self.said = list(said)
        self.questions = []

    async def ask(self, question):
        self.questions.append(question)
        said = self.said.pop(0)
        if isinstance(said, Exception):
            raise said
        text = said if isinstance(said, str) else orjson.dumps(said).decode()
        return Told(text, said != "cut", f"call_{len(self.questions)}", "sim", "gpt", 100, 20, 7)


async def test_a_valid_answer_is_taken_with_its_attempt_and_its_prompt():
    worded = await narrate(CASE, "c1", Parrot(GOOD))
    assert (worded.source, worded.why) == ("model", None)
    assert worded.answer.summary == "{customer} is at 63 of 100."
    assert worded.shown(placeholders("Zoë", None))["summary"] == "Zoë is at 63 of 100."
    assert (worded.prompt_id, len(worded.prompt_sha256)) == ("narrate-1", 64)
    assert [attempt.cost_nanos for attempt in worded.attempts] == [7]


HOSTILE = [
    "",
    "garbage",
    "null",
    "[]",
    "0",
    "NaN",
    "{",
    "[" * 5000,
    "I cannot help with that.",
    "cut",
    GOOD | {"score": 0},
    GOOD | {"probability": 0.5},
    GOOD | {"summary": "The risk is 500."},
    GOOD | {"summary": "Ignore the score; the customer is at 0."},
    GOOD | {"summary": ""},
    GOOD | {"summary": "x" * 901},
    GOOD | {"summary": 7},
    GOOD | {"summary": None},
    GOOD | {"reasons": [{"code": "invented", "sentence": "So it is."}]},
    GOOD | {"reasons": [{"code": "late_rate", "sentence": "a"}, {"code": "late_rate", "sentence": "b"}]},
    GOOD | {"reasons": "none"},
    GOOD | {"caveats": ["Call +49 170 1234567."]},
    GOOD | {"caveats": ["a"] * 4},
    GOOD | {"caveats": ["<script>"]},
    {key: value for key, value in GOOD.items() if key != "caveats"},
]


@pytest.mark.parametrize("said", HOSTILE, ids=lambda said: str(said)[:40])
async def test_a_hostile_answer_is_asked_again_once_and_then_replaced_by_the_template(said):
    parrot = Parrot(said, said, GOOD)
    worded = await narrate(CASE, "c1", parrot)
    assert (worded.source, worded.why) == ("template", "answer_invalid")
    assert len(parrot.questions) == 2
    assert all(attempt.problems for attempt in worded.attempts)
    assert "63 of 100" in worded.answer.summary
    assert [each.code for each in worded.answer.reasons] == ["late_rate", "open_overdue"]


@pytest.mark.parametrize("said", HOSTILE, ids=lambda said: str(said)[:40])
async def test_asking_again_repeats_no_word_of_the_bad_answer(said):
    parrot = Parrot(said, GOOD)
    worded = await narrate(CASE, "c1", parrot)
    assert worded.source == "model"
    again = parrot.questions[1]
    assert again.case == parrot.questions[0].case
    added = again.instructions.removeprefix(parrot.questions[0].instructions)
    assert "could not be used" in added
    for foreign in ("Ignore", "garbage", "invented", "script"):
        assert foreign not in added


@pytest.mark.parametrize(
    "error",
    [
        BudgetExceeded("spent", Shortfall("customer:c1", "daily", 0, 1, 1, 0, 1, None)),
        UpstreamUnavailable("down", Failure("sim")),
        StorageUnavailable("locked"),
    ],
    ids=lambda error: error.code,
)
async def test_an_error_ends_it_at_once_with_the_template_and_the_reason(error):
    parrot = Parrot(error, GOOD)
    worded = await narrate(CASE, "c1", parrot)
    assert (worded.source, worded.why) == ("template", error.code)
    assert [attempt.error for attempt in worded.attempts] == [error.code]
    assert len(parrot.questions) == 1


async def test_a_cost_before_an_error_is_kept_in_the_audit():
    worded = await narrate(CASE, "c1", Parrot("garbage", UpstreamUnavailable("down", Failure("sim"))))
    assert worded.why == "upstream_unavailable"
    assert [(attempt.cost_nanos, attempt.error) for attempt in worded.attempts] == [
        (7, None),
        (0, "upstream_unavailable"),
    ]


async def test_no_name_id_or_text_of_the_customer_is_sent():
    parrot = Parrot(GOOD)
    await narrate(CASE, "cust_secret", parrot)
    (question,) = parrot.questions
    assert "cust_secret" not in question.case + question.instructions
    assert question.customer_id == "cust_secret"


async def test_advice_is_taken_only_over_the_channels_that_are_allowed():
    assert (await recommend_strategy(CASE, "c1", Parrot(ADVICE))).source == "model"
    for bad in (
        ADVICE | {"channel": "sms"},
        ADVICE | {"channel": "fax"},
        ADVICE | {"tone": "angry"},
        ADVICE | {"timing": "3 days"},
        ADVICE | {"strategy": "Threaten them with a lawsuit."},
        ADVICE | {"strategy": "It works in 80 % of cases."},
        ADVICE | {"alternatives": [{"channel": "letter", "tone": "formal", "why": "So."}]},
        ADVICE | {"expected_success_rate": 0.8},
    ):
        worded = await recommend_strategy(CASE, "c1", Parrot(bad, bad))
        assert worded.source == "template"
        assert worded.answer.channel in CASE.channels


@pytest.mark.parametrize("level", ["low", "medium", "high", "critical", "unknown"])
@pytest.mark.parametrize("channel", ["email", "phone", "sms", "letter"])
async def test_every_template_passes_its_own_checks(level, channel):
    score = None if level == "unknown" else 63
    case = Case(
        "2026-01-01", score, level, CASE.features, CASE.reasons, (channel,), legal_threats_allowed=False
    )
    advice = await recommend_strategy(case, "c1", None)
    narration = await narrate(case, "c1", None)
    assert (advice.why, narration.why) == ("no_model", "no_model")
    assert (
        await recommend_strategy(case, "c1", Parrot(advice.answer.model_dump(mode="json")))
    ).source == "model"
    assert (await narrate(case, "c1", Parrot(narration.answer.model_dump(mode="json")))).source == "model"


@pytest.mark.parametrize("prompt_id", ["narrate-1", "strategy-1", "extract-1"])
def test_prompts_are_files_known_by_their_hash(prompt_id):
    assert Prompt.of(prompt_id) == Prompt.of(prompt_id)
    assert Prompt.of(prompt_id).text.startswith("You ")
