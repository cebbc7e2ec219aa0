"""Port to the policies that read the facts of payments, and of votes on them."""

from typing import Protocol

from payments.domain.payment_permission import PaymentPermission, VotePermission


class PaymentPermissions(Protocol):
    """If no policy in force reads such facts, the permission alone is asked, where a request enters."""

    def of_payments(self) -> PaymentPermission | None:
        """Return what judges payments; None if no policy reads their facts. Raise Unavailable if this process has no policies."""

    def of_votes(self) -> VotePermission | None:
        """Return what judges votes; None if no policy reads their facts. Raise Unavailable if this process has no policies."""
