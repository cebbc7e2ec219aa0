"""A user's standing: whether they may act, according to identity at this moment."""

from enum import StrEnum

from kernel.errors import DomainError
from payments.domain.errors import PayerClosed, PayerSuspended


class Standing(StrEnum):
    ACTIVE = "active"
    SUSPENDED = "suspended"
    # Deleted, to be erased or erased, or unknown.
    CLOSED = "closed"

    @property
    def refusal(self) -> DomainError | None:
        """The error that refuses a payer of this standing, or None for a payer who may act."""
        match self:
            case Standing.ACTIVE:
                return None
            case Standing.SUSPENDED:
                return PayerSuspended()
            case Standing.CLOSED:
                return PayerClosed()
