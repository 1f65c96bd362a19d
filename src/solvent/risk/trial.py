"""Trials: what a card would have said before, and what came after; on a user's ledger and on the public data.

An example never holds anything that was not known on its date. Priors and typical volumes are fitted on the side
that the card learns from. What the predictions are worth is measured in ``evaluate``.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from solvent.errors import ConfigurationError
from solvent.risk.card import Card, Source, probability
from solvent.risk.consumers import AS_OF, JULY, MONTH_ENDS, Consumer, source
from solvent.risk.estimates import Priors
from solvent.risk.evaluate import LEAST_PROBABILITY, Figures, Prediction, measure_predictions
from solvent.risk.features import read_features, typical_volume
from solvent.risk.fit import FOLDS, SEED, Example, fit_card
from solvent.risk.metrics import measure
from solvent.risk.observations import matured
from solvent.risk.portfolio import fit_priors
from solvent.risk.records import History
from solvent.risk.standing import standing

DEFAULT_ANCHOR: Final = 0.5
"""The least slope of the late rate on the default card; why it is held is in the card's report."""
LEARN_SHARE: Final = 0.7
MOST_PER_CUSTOMER: Final = 50
EVENT: Final = "the next invoice is paid late"


@dataclass(frozen=True, slots=True)
class Norms:
    """What is usual in the portfolio that a card learns from."""

    priors: Priors
    typical_minor: Mapping[str, int]

    @classmethod
    def of(cls, histories: Sequence[History], as_of: date, grace_days: int = 0) -> "Norms":
        """Return the norms of *histories* as they were on a date."""
        return cls(
            fit_priors(histories, as_of, grace_days=grace_days),
            typical_volume(histories, as_of, grace_days=grace_days),
        )

    def example(self, history: History, as_of: date, *, happened: bool, grace_days: int = 0) -> Example:
        """Return what was known of a customer on a date, beside what came after."""
        metrics = measure(history, as_of, priors=self.priors, grace_days=grace_days)
        features = read_features(history, metrics, typical_minor=self.typical_minor)
        return Example(history.customer_id, features, happened)


@dataclass(frozen=True, slots=True)
class Span:
    """The days of issue that examples are taken from, and the day by which their outcome must have been known."""

    first: date
    last: date
    known_by: date


def ledger_examples(
    histories: Sequence[History], span: Span, norms: Norms, *, grace_days: int = 0
) -> Iterator[Example]:
    """Yield an example for each invoice that was issued in *span* and whose outcome is known.

    Its features are those of the day of issue; the latest 50 invoices of a customer are taken.
    """
    for history in histories:
        recent = sorted(history.invoices, key=lambda invoice: (invoice.issued, invoice.id))
        chosen = [invoice for invoice in recent if span.first <= invoice.issued <= span.last][
            -MOST_PER_CUSTOMER:
        ]
        stands = (standing(invoice, span.known_by) for invoice in chosen)
        for each in matured([found for found in stands if found], grace_days):
            happened = each.days_past_due > grace_days
            yield norms.example(history, each.invoice.issued, happened=happened, grace_days=grace_days)


def predict(card: Card, examples: Sequence[Example]) -> tuple[Prediction, ...]:
    """Return what *card* says of each example."""
    return tuple(
        Prediction(each.customer_id, probability(card.log_odds(each.features)), each.happened)
        for each in examples
    )


@dataclass(frozen=True, slots=True)
class LedgerTrial:
    """How the given card does on the later part of a ledger, and a card that was fitted on the earlier part.

    Invoices issued before *cut* teach, with their outcomes as known on that day; those issued from *cut* on are
    predicted on their day of issue. *fitted* is None where *why_not* says why.
    """

    cut: date
    as_of: date
    learned_from: int
    card_version: str
    given: Figures
    fitted: Figures | None
    why_not: str | None


def try_ledger(
    histories: Sequence[History], as_of: date, card: Card, origin: Source, *, grace_days: int = 0
) -> LedgerTrial:
    """Try *card* on a ledger by a split in time.

    Raises:
        ConfigurationError: the ledger holds nothing to predict, or the extra ``risk`` is missing.
    """
    issued = sorted(
        invoice.issued for history in histories for invoice in history.invoices if invoice.issued <= as_of
    )
    if not issued:
        raise ConfigurationError(f"No invoice was issued by {as_of}: there is nothing to try a card on")
    cut = issued[min(len(issued) - 1, int(LEARN_SHARE * len(issued)))]
    norms = Norms.of(histories, cut, grace_days)
    before = Span(date.min, cut - timedelta(days=1), known_by=cut)
    learned = tuple(ledger_examples(histories, before, norms, grace_days=grace_days))
    tried = tuple(ledger_examples(histories, Span(cut, as_of, known_by=as_of), norms, grace_days=grace_days))
    if not tried:
        raise ConfigurationError(
            f"No invoice issued from {cut} on has a known outcome by {as_of}: nothing to predict"
        )
    fitted, why_not = _fitted(learned, tried, origin)
    return LedgerTrial(
        cut=cut,
        as_of=as_of,
        learned_from=len(learned),
        card_version=card.version,
        given=measure_predictions(predict(card, tried)),
        fitted=fitted,
        why_not=why_not,
    )


def _fitted(
    learned: Sequence[Example], tried: Sequence[Example], origin: Source
) -> tuple[Figures | None, str | None]:
    try:
        card = fit_card(learned, version="trial", event=EVENT, source=origin)
    except ConfigurationError as error:
        return None, error.message
    return measure_predictions(predict(card, tried)), None


def fit_ledger(
    histories: Sequence[History], as_of: date, version: str, origin: Source, *, grace_days: int = 0
) -> Card:
    """Return the card that a ledger teaches, from all invoices of known outcome.

    Raises:
        ConfigurationError: there are too few, or they teach nothing.
    """
    norms = Norms.of(histories, as_of, grace_days)
    span = Span(date.min, as_of, known_by=as_of)
    examples = tuple(ledger_examples(histories, span, norms, grace_days=grace_days))
    return fit_card(examples, version=version, event=EVENT, source=origin)


def fit_default(consumers: Sequence[Consumer], version: str) -> Card:
    """Return the default card: what the consumers' last month teaches, with the late rate held as an anchor."""
    histories = [consumer.history() for consumer in consumers]
    norms = Norms.of(histories, AS_OF)
    examples = _consumer_examples(consumers, histories, norms)
    return fit_card(examples, version=version, event=EVENT, source=source(consumers), anchor=DEFAULT_ANCHOR)


def _consumer_examples(
    consumers: Sequence[Consumer], histories: Sequence[History], norms: Norms
) -> list[Example]:
    pairs = zip(consumers, histories, strict=True)
    return [norms.example(history, AS_OF, happened=consumer.defaulted) for consumer, history in pairs]


@dataclass(frozen=True, slots=True)
class Recipe:
    """One way to fit a card that the trial compares."""

    name: str
    anchor: float | None = None
    without: tuple[str, ...] = ()


FREE: Final = "late rate free"
SHIPPED: Final = "late rate held, as shipped"
RECIPES: Final = (
    Recipe(FREE),
    Recipe(SHIPPED, anchor=DEFAULT_ANCHOR),
    Recipe("late rate free, without the credit line", without=("credit_room", "credit_use")),
)


def try_consumers(consumers: Sequence[Consumer]) -> Mapping[str, tuple[Prediction, ...]]:
    """Return the out-of-sample predictions of each recipe: five folds, every consumer predicted once.

    Priors, typical volume, curves and calibration of a fold come from the other four.
    """
    from sklearn.model_selection import StratifiedKFold  # noqa: PLC0415 - an optional package

    histories = [consumer.history() for consumer in consumers]
    happened = [consumer.defaulted for consumer in consumers]
    origin = source(consumers)
    found: dict[str, list[Prediction]] = {recipe.name: [] for recipe in RECIPES}
    for seen, unseen in StratifiedKFold(FOLDS, shuffle=True, random_state=SEED).split(happened, happened):
        norms = Norms.of([histories[each] for each in seen], AS_OF)
        examples = _consumer_examples(consumers, histories, norms)
        learned, tried = [examples[each] for each in seen], [examples[each] for each in unseen]
        for recipe in RECIPES:
            card = fit_card(
                learned,
                version="trial",
                event=EVENT,
                source=origin,
                anchor=recipe.anchor,
                without=recipe.without,
            )
            found[recipe.name].extend(predict(card, tried))
    return {name: tuple(predictions) for name, predictions in found.items()}


def try_one_month(consumers: Sequence[Consumer]) -> Mapping[str, tuple[Prediction, ...]]:
    """Return what July alone says of August, out of sample: the late rate as it is, and drawn to the prior.

    The prior of a fold comes from the months up to July of the other four folds. After one month the rate as it is
    can only be 0 or 1; ``cut`` is the same rate kept between 1 % and 99 %, which is kinder than its word.
    """
    from sklearn.model_selection import KFold  # noqa: PLC0415 - an optional package

    paying = [each for each in consumers if each.asked(JULY) and each.asked(JULY + 1)]
    before = [consumer.history(JULY + 1) for consumer in paying]
    july = MONTH_ENDS[JULY]
    raw: list[Prediction] = []
    shrunk: list[Prediction] = []
    cut: list[Prediction] = []
    for seen, unseen in KFold(FOLDS, shuffle=True, random_state=SEED).split(paying):
        priors = fit_priors([before[each] for each in seen], july)
        for each in unseen:
            consumer = paying[each]
            late = measure(consumer.only(JULY), july, priors=priors).late
            came = consumer.late_months[JULY + 1] > 0
            word = late.raw or 0.0
            kinder = min(max(word, LEAST_PROBABILITY), 1 - LEAST_PROBABILITY)
            raw.append(Prediction(consumer.id, word, came))
            cut.append(Prediction(consumer.id, kinder, came))
            shrunk.append(Prediction(consumer.id, late.shrunk, came))
    return {"raw": tuple(raw), "cut": tuple(cut), "shrunk": tuple(shrunk)}
