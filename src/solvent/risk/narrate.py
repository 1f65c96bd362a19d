"""Narration: a finished assessment in words. The words never change a number, and there are always some."""

from typing import Annotated

from pydantic import Field

from solvent.ports.narrator import Narrator, Told
from solvent.risk.asking import Answer, AnswerInvalid, Prompt, ask, parsed
from solvent.risk.case import Case, Worded, check_texts

PROMPT_ID = "narrate-1"
Sentence = Annotated[str, Field(max_length=400)]
Paragraph = Annotated[str, Field(max_length=900)]
Caveats = Annotated[tuple[Sentence, ...], Field(max_length=3)]


class ReasonSentence(Answer):
    """One reason in a sentence, by its code."""

    code: str
    sentence: Sentence


class Narration(Answer):
    """What is said about an assessment."""

    summary: Paragraph
    reasons: Annotated[tuple[ReasonSentence, ...], Field(max_length=8)]
    caveats: Caveats


async def narrate(case: Case, customer_id: str, narrator: Narrator | None) -> Worded[Narration]:
    """Return *case* in words, from a model where it gives a valid answer, else from the template.

    Each attempt is paid from the customer's budget. Never raises for what a model or a provider does.
    """
    prompt = Prompt.of(PROMPT_ID)
    question = case.question(prompt, Narration, customer_id)
    asked = await ask(narrator, question, lambda told: read(told, case))
    return Worded.of(asked, prompt, template(case))


def read(told: Told, case: Case) -> Narration:
    """Return the narration in *told*.

    Raises:
        AnswerInvalid: it is not one, or says what may not be said.
    """
    answer = parsed(Narration, told)
    codes = [each.code for each in answer.reasons]
    if len(set(codes)) != len(codes) or not set(codes) <= {reason.code for reason in case.reasons}:
        raise AnswerInvalid(("reasons: use only codes of the case, each at most once",))
    texts = [("summary", answer.summary)]
    texts += [("reasons", each.sentence) for each in answer.reasons]
    texts += [("caveats", caveat) for caveat in answer.caveats]
    check_texts(texts, case.vocabulary())
    return answer


def template(case: Case) -> Narration:
    """Return the words that need no model."""
    reasons = tuple(ReasonSentence(code=each.code, sentence=each.says) for each in case.reasons)
    if case.score is None or case.level == "unknown":
        summary = (
            "There is no payment history to judge {customer} by, so the risk is unknown. The figures shown are"
            " those of an average customer."
        )
    else:
        summary = (
            f"The risk that {{customer}} pays the next invoice late is {case.level}: {case.score} of 100."
            f"{' The reasons follow, the strongest first.' if reasons else ''}"
        )
    return Narration(summary=summary, reasons=reasons, caveats=())
