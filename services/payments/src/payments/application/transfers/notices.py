"""The notices of transfers."""

from datetime import datetime

from kernel.notices import NoticeRequested, Recipient
from payments.domain.approval import APPROVED_BY
from payments.domain.limits import NAMIBIA
from payments.domain.transfer import Transfer


def approval_needed(transfer: Transfer, *, at: datetime) -> NoticeRequested:
    """Tell everyone who may approve that a transfer awaits a decision."""
    expires_at = (transfer.expires_at or at).astimezone(NAMIBIA)
    return NoticeRequested(
        occurred_at=at,
        template="payments.approval_needed",
        recipient=Recipient.holders_of_permission(APPROVED_BY),
        key=f"approval:{transfer.id}",
        facts={
            "amount": f"{transfer.quote.amount.text} {transfer.quote.amount.currency.code}",
            "expires_at": f"{expires_at:%Y-%m-%d %H:%M}",
            "transfer_id": str(transfer.id),
        },
    )
