"""Policies about the facts of payments and votes."""

from dataclasses import dataclass

from payments.domain.payment_permission import PaymentPermission, VotePermission


@dataclass
class FakePaymentPermissions:
    """No policy reads facts, unless a test sets what judges them."""

    payments: PaymentPermission | None = None
    votes: VotePermission | None = None

    def of_payments(self) -> PaymentPermission | None:
        return self.payments

    def of_votes(self) -> VotePermission | None:
        return self.votes
