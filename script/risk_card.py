"""Fits, tries and writes the default card; run by script/risk-card with the path of the public data."""

import sys
from pathlib import Path

from solvent.risk.chart import draw_reliability
from solvent.risk.consumers import read_consumers
from solvent.risk.report import render, report_consumers
from solvent.risk.trial import SHIPPED, fit_default

ROOT = Path(__file__).resolve().parent.parent
CARD = ROOT / "src" / "solvent" / "risk" / "cards" / "default-1.json"
PAGE = ROOT / "docs" / "reference" / "risk-card.md"
PLOT = PAGE.with_suffix(".svg")


def main() -> None:
    """Print the report, and write it beside the card."""
    match sys.argv[1:]:
        case [path]:
            consumers = read_consumers(Path(path))
        case _:
            sys.exit("Usage: script/risk-card PATH-OF-default_of_credit_card_clients.csv")
    print("Fitting the card …", file=sys.stderr)
    card = fit_default(consumers, CARD.stem)
    print("Trying it out of sample (some minutes) …", file=sys.stderr)
    report = report_consumers(consumers)
    page = render(card, report, PLOT.name)
    draw_reliability({SHIPPED: report.figures[SHIPPED]}, PLOT)
    CARD.write_text(card.model_dump_json(indent=2) + "\n", encoding="utf-8")
    PAGE.write_text(page, encoding="utf-8")
    print(page)


if __name__ == "__main__":
    main()
