"""Whether a user may act, as identity says at this moment."""

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
        """Why a payer of this standing pays nothing; None for one who may."""
        match self:
            case Standing.ACTIVE:
                return None
            case Standing.SUSPENDED:
                return PayerSuspended()
            case Standing.CLOSED:
                return PayerClosed()
