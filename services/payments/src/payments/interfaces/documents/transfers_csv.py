"""Transfers as comma-separated values (RFC 4180)."""

import csv
from collections.abc import AsyncIterable, AsyncIterator, Sequence
from typing import Final

from kernel.money import amount_text
from payments.application.transfers.queries import TransferView
from payments.interfaces.documents.csv_text import Lines, safe, time_text

HEADER: Final = (
    "id", "kind", "status", "source_wallet_id", "target_wallet_id", "amount", "currency", "fee_total", "reference", "description",
    "initiator_id", "created_at", "settled_at",
)  # fmt: skip


async def transfers_csv(pages: AsyncIterable[Sequence[TransferView]]) -> AsyncIterator[bytes]:
    """Write the header, then each page as it comes: memory holds one page."""
    lines = Lines()
    writer = csv.writer(lines)
    writer.writerow(HEADER)
    yield lines.take()
    async for page in pages:
        writer.writerows(_row(transfer) for transfer in page)
        yield lines.take()


def _row(transfer: TransferView) -> tuple[object, ...]:
    return (
        transfer.id,
        transfer.kind,
        transfer.status,
        transfer.source_id,
        transfer.target_id,
        amount_text(transfer.amount, transfer.currency),
        transfer.currency,
        amount_text(transfer.fee_total, transfer.currency),
        safe(transfer.reference),
        safe(transfer.description),
        transfer.initiator_id,
        time_text(transfer.created_at),
        time_text(transfer.settled_at) if transfer.settled_at else "",
    )
