"""Strategy: how to approach a customer, over the channels that are allowed. Advice, never a number."""

from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import Field

from solvent.ports.narrator import Narrator, Told
from solvent.risk.asking import Answer, AnswerInvalid, Prompt, ask, parsed
from solvent.risk.case import Case, Worded, check_texts
from solvent.risk.narrate import Caveats, Paragraph, Sentence
from solvent.risk.records import Channel

PROMPT_ID = "strategy-1"
Tone = Literal["friendly", "professional", "urgent", "formal"]
Timing = Literal["now", "this_week", "next_week", "at_due_date", "wait"]


class Alternative(Answer):
    """Another approach, should the first one fail."""

    channel: Channel
    tone: Tone
    why: Sentence


class Advice(Answer):
    """How to approach the customer."""

    channel: Channel
    tone: Tone
    timing: Timing
    strategy: Paragraph
    alternatives: Annotated[tuple[Alternative, ...], Field(max_length=2)]
    caveats: Caveats


async def recommend_strategy(case: Case, customer_id: str, narrator: Narrator | None) -> Worded[Advice]:
    """Return advice on *case*, from a model where it gives a valid answer, else from the template.

    Each attempt is paid from the customer's budget. Never raises for what a model or a provider does.
    """
    prompt = Prompt.of(PROMPT_ID)
    question = case.question(prompt, Advice, customer_id)
    asked = await ask(narrator, question, lambda told: read(told, case))
    return Worded.of(asked, prompt, template(case))


def read(told: Told, case: Case) -> Advice:
    """Return the advice in *told*.

    Raises:
        AnswerInvalid: it is none, names a channel that is not allowed, or says what may not be said.
    """
    answer = parsed(Advice, told)
    if not {answer.channel, *(each.channel for each in answer.alternatives)} <= set(case.channels):
        raise AnswerInvalid(("channel: use only channels of the case",))
    texts = [("strategy", answer.strategy)]
    texts += [("alternatives", each.why) for each in answer.alternatives]
    texts += [("caveats", caveat) for caveat in answer.caveats]
    check_texts(texts, case.vocabulary())
    return answer


_PREFERRED: Final[Mapping[str, tuple[Channel, ...]]] = {
    "low": ("email", "sms", "letter", "phone"),
    "medium": ("email", "phone", "sms", "letter"),
    "high": ("phone", "email", "letter", "sms"),
    "critical": ("phone", "letter", "email", "sms"),
    "unknown": ("email", "sms", "letter", "phone"),
}
_MANNER: Final[Mapping[str, tuple[Tone, Timing, str]]] = {
    "low": (
        "friendly",
        "at_due_date",
        "{customer} usually pays in time. A friendly reminder at the due date is enough.",
    ),
    "medium": (
        "professional",
        "this_week",
        "Remind {customer} of the open invoices and ask for a day on which they will be paid.",
    ),
    "high": (
        "professional",
        "now",
        "Speak to {customer} in person, agree on a day and an amount, and confirm both in writing.",
    ),
    "critical": (
        "urgent",
        "now",
        "Speak to {customer} today, agree on a plan of payments, and let a person decide on further supplies.",
    ),
    "unknown": (
        "friendly",
        "at_due_date",
        "Nothing is known of how {customer} pays. Remind them at the due date and note how they answer.",
    ),
}


def template(case: Case) -> Advice:
    """Return the advice that needs no model: by level, over the first preferred channel that is allowed."""
    tone, timing, strategy = _MANNER[case.level]
    channels = [channel for channel in _PREFERRED[case.level] if channel in case.channels]
    return Advice(
        channel=channels[0],
        tone=tone,
        timing=timing,
        strategy=strategy,
        alternatives=tuple(
            Alternative(channel=channel, tone=tone, why="It is the next channel that is allowed.")
            for channel in channels[1:2]
        ),
        caveats=(),
    )
