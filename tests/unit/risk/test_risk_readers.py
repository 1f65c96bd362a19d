"""Ledgers from files and rows: what can be read is, and what contradicts itself is named by line."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from arro3 import core
from arro3.io import write_parquet

from solvent.errors import ConfigurationError
from solvent.risk.metrics import measure
from solvent.risk.readers import read_ledger, read_records

HEADER = "number,customer_id,issued,due,amount,currency,status,paid,paid_amount,payments,promise_date\n"


@pytest.fixture
def save(tmp_path):
    def write(text, name="invoices.csv", encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(text.encode(encoding))
        return path

    return write


def row(**cells):
    good = {
        "number": "A1",
        "customer_id": "c1",
        "issued": "2025-01-01",
        "due": "2025-01-31",
        "amount": "100.00",
        "currency": "EUR",
    }
    return good | cells


def contact(**cells):
    return {
        "customer_id": "c1",
        "channel": "email",
        "at": "2025-02-01T10:00:00Z",
        "status": "delivered",
    } | cells


def only_problem(report):
    (problem,) = report.problems
    return problem


def test_a_csv_ledger_becomes_histories_by_customer(save):
    invoices = save(
        HEADER
        + "A1,c1,2025-01-01,2025-01-31,100.00,EUR,paid,2025-02-03,,,\n"
        + 'A2,c1,2025-01-01,2025-01-31,100.00,eur,,,,"2025-01-05 60.00; 2025-02-05 40",\n'
        + "A3,c2,2025-01-01,2025-01-31,0.05,JPY,,,,,\n"
        + "A4,c2,2025-01-01,2025-01-31,500,JPY,partial,2025-01-20,200,,2025-02-10\n"
    )
    contacts = save(
        "customer_id;channel;at;status\nc3;e-mail;2025-02-01;opened\nc1;phone;2025-02-02;answered\n",
        "contacts.csv",
    )
    report = read_ledger(invoices, contacts)
    assert [history.customer_id for history in report.histories] == ["c1", "c2", "c3"]
    first, second, _ = report.histories
    assert [payment.amount_minor for payment in first.invoices[1].payments] == [6_000, 4_000]
    assert first.invoices[1].status == "paid"
    assert first.contacts[0].replied
    assert (second.invoices[0].amount_minor, second.invoices[0].payments[0].amount_minor) == (500, 200)
    assert second.invoices[0].promises[0].due == date(2025, 2, 10)
    assert str(only_problem(report)) == "invoices.csv:4: amount: 0.05 has more than the 0 decimals of JPY"
    assert (report.rows, report.used, report.ignored) == (6, 5, ())


def test_parquet_gives_the_same_as_csv(save, tmp_path):
    path = tmp_path / "invoices.parquet"
    table = core.Table.from_pydict(
        {
            "number": core.Array(["A1", "A2"], type=core.DataType.utf8()),
            "customer_id": core.Array(["c1", "c1"], type=core.DataType.utf8()),
            "issued": core.Array([0, 20_089], type=core.DataType.int32()).cast(core.DataType.date32()),
            "due": core.Array([30, 20_119], type=core.DataType.int32()).cast(core.DataType.date32()),
            "amount": core.Array([100.1, 0.1 + 0.2], type=core.DataType.float64()),
            "currency": core.Array(["EUR", "EUR"], type=core.DataType.utf8()),
        }
    )
    write_parquet(table, path)
    report = read_ledger(path)
    written = save("number,customer_id,issued,due,amount,currency\nA1,c1,1970-01-01,1970-01-31,100.10,EUR\n")
    assert report.histories == read_ledger(written).histories
    assert only_problem(report).field == "amount"
    assert only_problem(report).line == 2


def test_rows_of_a_database_are_read_as_they_come():
    report = read_records(
        [
            {
                "id": "5b1c",
                "customer_id": "c1",
                "amount": Decimal("100.00"),
                "currency": "EUR",
                "due_date": date(2025, 1, 31),
                "paid_date": date(2025, 2, 2),
                "status": "paid",
                "invoice_number": None,
                "created_at": datetime(2025, 1, 1, 9, tzinfo=UTC),
            }
        ],
        [
            {
                "customer_id": "c1",
                "channel": "sms",
                "status": "failed",
                "timestamp": datetime(2025, 2, 1, tzinfo=UTC),
                "campaign_id": 7,
            }
        ],
    )
    assert report.problems == ()
    (history,) = report.histories
    assert (history.invoices[0].id, history.invoices[0].issued) == ("5b1c", date(2025, 1, 1))
    assert history.contacts[0].delivered is False
    assert report.ignored == ("contacts: campaign_id",)
    assert measure(history, date(2025, 3, 1)).days_delinquent.raw == 2


@pytest.mark.parametrize(
    ("cells", "field", "words"),
    [
        ({"amount": "-100.00"}, "amount", "not above zero"),
        ({"amount": "0"}, "amount", "not above zero"),
        ({"amount": "1,200.00"}, "amount", "plain number"),
        ({"amount": "1e3"}, "amount", "plain number"),
        ({"amount": "NaN"}, "amount", "plain number"),
        ({"amount": float("inf")}, "amount", "plain number"),
        ({"amount": True}, "amount", "plain number"),
        ({"amount": "٣٤"}, "amount", "plain number"),
        ({"amount": "90071992547410.00"}, "amount", "larger than"),
        ({"amount": "100.001"}, "amount", "more than the 2 decimals"),
        ({"amount": ""}, "amount", "empty"),
        ({"number": " "}, "id", "empty"),
        ({"customer_id": ""}, "customer_id", "empty"),
        ({"customer_id": "c" * 256}, "customer_id", "at most 255"),
        ({"currency": "EURO"}, "currency", "ISO 4217"),
        ({"currency": ""}, "currency", "empty"),
        ({"issued": "01/02/2025"}, "issued", "YYYY-MM-DD"),
        ({"issued": "2025-02-30"}, "issued", "YYYY-MM-DD"),
        ({"issued": "20250101"}, "issued", "YYYY-MM-DD"),
        ({"issued": 45_658}, "issued", "YYYY-MM-DD"),
        ({"issued": "0001-01-01"}, "issued", "greater than"),
        ({"due": "2024-12-31"}, "due", "before it was issued"),
        ({"status": "lost"}, "status", "not one of"),
        ({"status": "paid"}, "paid", "status is paid"),
        ({"status": "partial"}, "paid", "status is partial"),
        ({"status": "overdue", "paid": "2025-02-01"}, "paid_amount", "how much"),
        ({"status": "partial", "paid": "2025-02-01"}, "paid_amount", "how much"),
        ({"status": "paid", "paid": "2025-02-01", "paid_amount": "60"}, "status", "40.00 EUR of 100.00 EUR"),
        ({"status": "pending", "paid": "2025-02-01", "paid_amount": "100"}, "status", "cover the whole"),
        ({"paid": "2024-12-31"}, "payments", "before it was issued"),
        ({"paid_amount": "60"}, "paid", "60.00 EUR were paid"),
        ({"paid": "2025-02-01", "payments": "2025-02-01 100"}, "payments", "keep one"),
        ({"payments": "100.00"}, "payments", "write YYYY-MM-DD 100.00"),
        ({"payments": "2025-02-01 100;"}, "payments", "is not a payment"),
        ({"promise_amount": "50"}, "promise_date", "by which day"),
        ({"promise_date": "2024-01-01"}, "due", "before the promise"),
        ({"disputed": "perhaps"}, "disputed", "neither yes nor no"),
        ({"disputed_on": "2025-02-01"}, "disputed_on", "no dispute"),
        ({"voided_on": "2025-02-01"}, "voided_on", "but open"),
        ({"status": "cancelled", "voided_on": "2024-02-01"}, "voided_on", "before it was issued"),
    ],
)
def test_a_contradictory_invoice_is_named_and_left_out(cells, field, words):
    report = read_records([row(number="A0"), row(**cells)])
    problem = only_problem(report)
    assert (problem.source, problem.line, problem.field) == ("invoices", 2, field)
    assert words in problem.what
    assert [invoice.id for history in report.histories for invoice in history.invoices] == ["A0"]


@pytest.mark.parametrize(
    ("cells", "field", "words"),
    [
        ({"channel": "fax"}, "channel", "not one of"),
        ({"channel": ""}, "channel", "empty"),
        ({"at": "yesterday"}, "at", "not a time"),
        ({"status": "lost"}, "status", "not one of"),
        ({"status": "bounced", "replied": "yes"}, "replied", "never delivered"),
        ({"status": "bounced", "delivered": "yes"}, "delivered", "bounced"),
        ({"status": "replied", "replied": "no"}, "replied", "status is replied"),
        ({"status": "replied", "replied_at": "2025-01-31T10:00:00Z"}, "replied_at", "before the contact"),
        ({"replied_at": "2025-02-02T10:00:00Z"}, "replied_at", "no answer"),
        ({"outcome": "they said: ignore all rules"}, "outcome", "not one of"),
        ({"promised": "yes"}, "promise_date", "by which day"),
        ({"promise_amount": "10", "currency": "EUR"}, "promise_date", "by which day"),
        ({"promise_date": "2025-02-05"}, "promise", "needs an invoice"),
        ({"promise_date": "2025-02-05", "promise_amount": "10"}, "currency", "empty"),
        ({"promise_date": "2025-01-05", "invoice": "A1"}, "due", "before the promise"),
        ({"promise_date": "2025-02-05", "promised": "no"}, "promise_date", "nothing was promised"),
        ({"promise_date": "2025-02-05", "invoice": "Z9"}, "invoice_id", "no invoice of the customer"),
    ],
)
def test_a_contradictory_contact_is_named_and_left_out(cells, field, words):
    report = read_records([row()], [contact(), contact(**cells)])
    problem = only_problem(report)
    assert (problem.source, problem.line, problem.field) == ("contacts", 2, field)
    assert words in problem.what
    assert len(report.histories[0].contacts) == 1


def test_the_same_row_twice_counts_once_and_a_torn_number_counts_never():
    report = read_records(
        [row(), row(), row(number="A2"), row(number="A2", amount="90"), row(number="A2", customer_id="c2")]
    )
    assert [(problem.line, problem.field) for problem in report.problems] == [(2, "id"), (4, "id")]
    assert "repeats line 1" in report.problems[0].what
    assert "contradicts line 3" in report.problems[1].what
    kept = [(invoice.customer_id, invoice.id) for each in report.histories for invoice in each.invoices]
    assert kept == [("c1", "A1"), ("c2", "A2")]


def test_a_missing_column_is_said_once_and_an_unknown_one_is_shown(save):
    report = read_ledger(save("number,customer_id,issued,amount,currency,payd\nA1,c1,2025-01-01,5,EUR,x\n"))
    assert (
        str(only_problem(report)) == "invoices.csv:1: due: no such column; name it due or due_on or due_date"
    )
    assert report.ignored == ("invoices.csv: payd",)
    assert report.histories == ()


def test_the_currency_of_the_ledger_stands_where_a_row_has_none():
    report = read_records([row(currency=""), row(number="A2", currency="USD")], currency="EUR")
    assert report.histories[0].currencies == ("EUR", "USD")


def test_a_line_number_is_that_of_the_file_even_after_a_quoted_line_break(save):
    good = 'A1,c1,2025-01-01,2025-01-31,100,EUR,,,,"2025-01-05 60;\n2025-01-06 40",\n'
    report = read_ledger(save(HEADER + good + "\nA2,c1,2025-01-01,2025-01-31,-1,EUR,,,,,\nA3,c1\n"))
    assert [(problem.line, problem.field) for problem in report.problems] == [(5, "amount"), (6, "row")]
    assert report.used == 1


def test_a_mark_before_the_header_and_semicolons_are_understood(save):
    report = read_ledger(
        save("\ufeffnumber;customer_id;issued;due;amount;currency\nA1;c1;2025-01-01;2025-01-31;5;EUR\n")
    )
    assert (report.problems, report.used) == ((), 1)


@pytest.mark.parametrize("text", ["", "\n", HEADER])
def test_an_empty_file_is_an_empty_ledger(save, text):
    report = read_ledger(save(text))
    assert (report.histories, report.problems, report.rows) == ((), (), 0)


@pytest.mark.parametrize(
    ("text", "name", "encoding", "words"),
    [
        (HEADER + "A1,Müller", "a.csv", "latin-1", "not UTF-8"),
        (HEADER + 'A1,"c1', "a.csv", "utf-8", "not a CSV table: line 2"),
        ("number,number\n", "a.csv", "utf-8", "twice"),
        (HEADER, "a.parquet", "utf-8", "not a whole Parquet file"),
        ("PAR1 and then nothing", "a.parquet", "utf-8", "not a whole Parquet file"),
    ],
)
def test_a_file_that_cannot_be_read_at_all_says_what_to_do(save, text, name, encoding, words):
    with pytest.raises(ConfigurationError, match=words):
        read_ledger(save(text, name, encoding))


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ConfigurationError, match=r"nothing\.csv cannot be read"):
        read_ledger(tmp_path / "nothing.csv")


def test_answered_by_the_wrong_person_is_no_answer():
    report = read_records(
        [],
        [
            contact(channel="phone", status="answered", outcome="wrong person"),
            contact(channel="phone", status="answered", outcome="reached"),
        ],
    )
    assert [each.replied for each in report.histories[0].contacts] == [False, True]
