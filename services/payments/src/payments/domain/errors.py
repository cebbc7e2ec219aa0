"""What payments refuses, and why. The codes are published in docs/api.md."""

from kernel.errors import AccessDenied, DomainError, Kind


class InsufficientFunds(DomainError):
    """The wallet does not hold enough."""

    kind = Kind.REFUSED
    code = "PAY_001"


class NotPositive(DomainError):
    """The amount must be greater than zero."""

    kind = Kind.INVALID
    code = "PAY_002"


class SelfTransfer(DomainError):
    """A wallet cannot pay itself."""

    kind = Kind.INVALID
    code = "PAY_005"


class BalanceLimit(DomainError):
    """The wallet cannot hold that much."""

    kind = Kind.REFUSED
    code = "PAY_006"


class ScreeningRefused(DomainError):
    """The transfer cannot be carried out; contact support."""

    kind = Kind.REFUSED
    code = "PAY_007"


class LedgerBroken(DomainError):
    """The ledger does not add up; the account is closed to postings until somebody has looked at it."""

    code = "PAY_020"


class NotTheOwner(AccessDenied):
    """The wallet belongs to somebody else."""
