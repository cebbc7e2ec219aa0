"""The notices of bulk transfers."""

from datetime import datetime

from kernel.money import amount_text
from kernel.notices import NoticeRequested, Recipient
from payments.domain.approval import APPROVED_BY
from payments.domain.bulk import Bulk
from payments.domain.limits import NAMIBIA


def approval_needed(bulk: Bulk, *, at: datetime) -> NoticeRequested:
    """Tell everyone who may approve that a file awaits a decision."""
    expires_at = (bulk.expires_at or at).astimezone(NAMIBIA)
    return NoticeRequested(
        occurred_at=at,
        template="payments.file_approval_needed",
        recipient=Recipient.holders_of_permission(APPROVED_BY),
        key=f"approval:{bulk.id}",
        facts={
            "amount": f"{amount_text(bulk.amount_total, bulk.currency)} {bulk.currency}",
            "bulk_id": str(bulk.id),
            "expires_at": f"{expires_at:%Y-%m-%d %H:%M}",
            "lines": str(bulk.lines_total),
        },
    )
