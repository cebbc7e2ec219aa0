"""A statement as CSV (RFC 4180)."""

import csv
from collections.abc import Iterator
from typing import Final

from kernel.money import amount_text
from payments.domain.statement import Statement
from payments.interfaces.documents.csv_text import Lines, safe, time_text

HEADER: Final = ("posted_at", "transfer_id", "kind", "counterparty", "reference", "description", "amount", "currency", "balance")
_LINES_A_CHUNK = 500


def statement_csv(statement: Statement) -> Iterator[bytes]:
    """Yield the opening balance, the lines and the closing balance in chunks."""
    currency = statement.currency
    lines = Lines()
    writer = csv.writer(lines)
    writer.writerow(HEADER)
    writer.writerow(
        (time_text(statement.since), "", "opening", "", "", "", "", currency, amount_text(statement.opening, currency))
    )
    for number, line in enumerate(statement.lines, start=1):
        amounts = (amount_text(line.amount, currency), currency, amount_text(line.balance_after, currency))
        named = (safe(line.reference), safe(line.description))
        writer.writerow((time_text(line.posted_at), line.transfer_id, line.kind, line.counterparty_id, *named, *amounts))
        if number % _LINES_A_CHUNK == 0:
            yield lines.take()
    writer.writerow(
        (time_text(statement.until), "", "closing", "", "", "", "", currency, amount_text(statement.closing, currency))
    )
    yield lines.take()
