"""A portfolio's figures by hand, and priors that find again what made the data."""

from datetime import date, timedelta
from random import Random

import pytest

from solvent.risk.metrics import DEFAULT_PRIORS, measure
from solvent.risk.portfolio import fit_priors, measure_portfolio
from solvent.risk.records import History, Invoice, Payment

TODAY = date(2025, 6, 30)


def of(ledger, customer, *invoices):
    theirs = tuple(invoice.model_copy(update={"customer_id": customer}) for invoice in invoices)
    return History(customer_id=customer, invoices=theirs)


@pytest.fixture
def portfolio(ledger):
    """Sales of 600.00 in the quarter, 100.00 open before it, 300.00 open now: 200.00 of them not past due."""
    return (
        of(
            ledger,
            "good",
            ledger.invoice("old and paid", 70, 60, terms=30),
            ledger.invoice("paid", 20, 20, amount_minor=40_000),
            ledger.invoice("current", -5, amount_minor=15_000),
        ),
        of(ledger, "slow", ledger.invoice("overdue", 40, amount_minor=10_000, terms=30)),
        of(ledger, "late", ledger.invoice("not due", -20, (1, 5_000), amount_minor=10_000, terms=30)),
        of(ledger, "void", ledger.invoice("credited", 10, status="credited")),
    )


def test_the_figures_of_a_portfolio_follow_their_formulas(portfolio):
    (figures,) = measure_portfolio(portfolio, TODAY)
    assert (figures.currency, figures.customers) == ("EUR", 3)
    assert figures.receivables_minor == 30_000
    assert figures.sales_minor == 75_000
    assert figures.dso == pytest.approx(30_000 / 75_000 * 90)
    assert figures.best_possible_dso == pytest.approx(20_000 / 75_000 * 90)
    assert figures.average_days_delinquent == pytest.approx(10_000 / 75_000 * 90)
    assert figures.cei == pytest.approx(100 * (10_000 + 75_000 - 30_000) / (10_000 + 75_000 - 20_000))
    assert (figures.aging.current_minor, figures.aging.days_31_60_minor) == (20_000, 10_000)


def test_all_open_debt_of_a_customer_long_past_due_is_at_risk(ledger):
    slow = of(
        ledger, "slow", ledger.invoice("31", 31, amount_minor=1), ledger.invoice("now", -9, amount_minor=70)
    )
    fair = of(ledger, "fair", ledger.invoice("30", 30, amount_minor=500))
    paid = of(ledger, "paid", ledger.invoice("once late", 90, 10))
    (figures,) = measure_portfolio((slow, fair, paid), TODAY)
    assert figures.at_risk_minor == 71


def test_currencies_are_never_added_and_disputes_stay_receivable(ledger):
    euro = of(ledger, "a", ledger.invoice("e", 5, disputed=True))
    dollar = of(ledger, "b", ledger.invoice("d", 5, currency="USD", amount_minor=300))
    first, second = measure_portfolio((euro, dollar), TODAY)
    assert (first.currency, first.receivables_minor, first.disputed_minor) == ("EUR", 10_000, 10_000)
    assert first.aging.open_minor == 0
    assert (second.currency, second.receivables_minor) == ("USD", 300)


def test_a_portfolio_without_sales_has_no_dso(ledger):
    (figures,) = measure_portfolio([of(ledger, "a", ledger.invoice("old", 400))], TODAY)
    assert (figures.dso, figures.best_possible_dso, figures.average_days_delinquent) == (None, None, None)
    assert figures.cei == 0
    assert measure_portfolio([], TODAY) == ()


def test_everything_collected_is_an_effectiveness_of_a_hundred(ledger):
    (figures,) = measure_portfolio([of(ledger, "a", ledger.invoice("paid", 5, 1))], TODAY)
    assert (figures.cei, figures.dso) == (100, 0)


def test_a_period_has_at_least_one_day():
    with pytest.raises(ValueError, match="at least one day"):
        measure_portfolio([], TODAY, period_days=0)


def drawn(dice, customer, count):
    """A customer whose own late rate comes from Beta(2, 6) and whose days from its own mean."""
    rate, usual = dice.betavariate(2, 6), dice.gauss(20, 6)
    invoices = []
    for number in range(count):
        due = TODAY - timedelta(days=dice.randrange(100, 400))
        late = dice.random() < rate
        days = max(1, round(dice.gauss(usual, 6))) if late else -dice.randrange(20)
        payment = Payment(paid=due + timedelta(days=days), amount_minor=100)
        fields = {"id": f"i{number}", "customer_id": customer, "issued": due - timedelta(days=30), "due": due}
        invoices.append(
            Invoice(**fields, amount_minor=100, currency="EUR", payments=(payment,), status="paid")
        )
    return History(customer_id=customer, invoices=tuple(invoices))


def test_the_prior_finds_again_the_distribution_that_made_the_rates():
    seed = 3
    print(f"seed {seed}")
    dice = Random(seed)
    histories = [drawn(dice, f"c{number}", dice.randrange(1, 25)) for number in range(1_000)]
    priors = fit_priors(histories, TODAY)
    assert priors.late.mean == pytest.approx(0.25, abs=0.02)
    assert priors.late.strength == pytest.approx(8, rel=0.2)
    assert priors.days_delinquent.lowest < priors.days_delinquent.mean < priors.days_delinquent.highest
    assert priors.promise_kept == DEFAULT_PRIORS.promise_kept
    dice.shuffle(histories)
    assert fit_priors(histories, TODAY) == priors


def test_one_invoice_each_tells_the_mean_and_not_how_customers_differ():
    dice = Random(5)
    priors = fit_priors([drawn(dice, f"c{number}", 1) for number in range(500)], TODAY)
    assert priors.late.mean == pytest.approx(0.25, abs=0.06)
    assert priors.late.strength == DEFAULT_PRIORS.late.strength


def test_a_handful_of_customers_keeps_the_defaults():
    dice = Random(6)
    histories = [drawn(dice, f"c{number}", 20) for number in range(19)]
    assert fit_priors(histories, TODAY) == DEFAULT_PRIORS
    assert fit_priors([], TODAY) == DEFAULT_PRIORS


def test_a_portfolio_in_which_nobody_was_ever_late_still_leaves_a_doubt(ledger):
    histories = [
        of(ledger, f"c{number}", ledger.invoice("a", 40, 50), ledger.invoice("b", 90, 100))
        for number in range(50)
    ]
    priors = fit_priors(histories, TODAY)
    assert 0 < priors.late.mean < 0.01
    assert priors.late.strength == DEFAULT_PRIORS.late.strength
    assert measure(histories[0], TODAY, priors=priors).late.high > priors.late.mean


def test_priors_of_answers_come_from_all_channels_together(ledger):
    def customer(number):
        contacts = tuple(
            contact.model_copy(update={"customer_id": f"c{number}"})
            for contact in (
                ledger.contact("email", 50, answered_ago=49 if number % 2 else None),
                ledger.contact("phone", 40),
            )
        )
        return History(customer_id=f"c{number}", contacts=contacts)

    priors = fit_priors([customer(number) for number in range(100)], TODAY)
    assert priors.response.mean == pytest.approx(0.25, abs=0.01)
    assert priors.late == DEFAULT_PRIORS.late


def test_the_future_of_a_portfolio_does_not_reach_its_priors():
    dice = Random(8)
    histories = [drawn(dice, f"c{number}", 10) for number in range(100)]
    early = TODAY - timedelta(days=250)
    known = [
        history.model_copy(
            update={"invoices": tuple(each for each in history.invoices if each.issued <= early)}
        )
        for history in histories
    ]
    assert fit_priors(known, early) == fit_priors(histories, early)
