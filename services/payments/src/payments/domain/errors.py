"""What payments refuses, and why. The codes are published in docs/api.md."""

from collections.abc import Sequence
from typing import Self

from kernel.errors import AccessDenied, DomainError, InvalidValue, Kind


class InsufficientFunds(DomainError):
    """The wallet does not hold enough.

    `available` is a fact only where the payer ordered it from a wallet of their own: whose wallet a refund or a reversal
    takes from is not always for the caller to know.
    """

    kind = Kind.REFUSED
    code = "PAY_001"
    tells = ("needed", "available", "currency")


class NotPositive(DomainError):
    """The amount must be greater than zero."""

    kind = Kind.INVALID
    code = "PAY_002"
    tells = ("amount",)


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


class AccountFrozen(DomainError):
    """The wallet is frozen; contact support."""

    kind = Kind.REFUSED
    code = "PAY_008"


class AccountClosed(DomainError):
    """The wallet is closed."""

    kind = Kind.REFUSED
    code = "PAY_009"


class NotEmpty(DomainError):
    """Only an empty wallet can be closed: move its money, and wait for or void the holds on it and to it."""

    kind = Kind.REFUSED
    code = "PAY_010"
    tells = ("balance", "held", "expecting")


class NotFrozen(DomainError):
    """The wallet is not frozen."""

    kind = Kind.REFUSED
    code = "PAY_011"


class NotPending(DomainError):
    """The transfer is not in a state in which this can be done; read it again."""

    kind = Kind.REFUSED
    code = "PAY_012"
    tells = ("status",)


class NotRefundable(DomainError):
    """The transfer cannot be given back in this way."""

    kind = Kind.REFUSED
    code = "PAY_013"
    tells = ("kind", "refunded")


class RefundTooLarge(DomainError):
    """More than what is left of the transfer to give back."""

    kind = Kind.REFUSED
    code = "PAY_014"
    tells = ("left",)


class CaptureTooLarge(DomainError):
    """More than what was put on hold."""

    kind = Kind.REFUSED
    code = "PAY_015"
    tells = ("held",)


class SignatureRequired(DomainError):
    """A transfer of this size must be signed with a registered device key."""

    kind = Kind.REFUSED
    code = "PAY_016"
    tells = ("above", "currency")


class InvalidSignature(DomainError):
    """The signature is not this transfer's, or its key is not (or no longer) the payer's."""

    kind = Kind.INVALID
    code = "PAY_017"


class TooManyWallets(DomainError):
    """There are as many wallets as one owner may have."""

    kind = Kind.REFUSED
    code = "PAY_018"
    tells = ("most",)


class OwnDecision(AccessDenied):
    """Nobody decides on what they ordered, pay or receive, nor on a wallet of their own; somebody else must."""


class LedgerBroken(DomainError):
    """The ledger does not add up; the account is closed to postings until somebody has looked at it."""

    code = "PAY_020"


class LimitExceeded(DomainError):
    """The amount is above what the payer may move at once, in a day or in a month."""

    kind = Kind.REFUSED
    code = "PAY_030"
    tells = ("period", "limit", "left", "currency")


class NoRate(DomainError):
    """There is no rate in force between the two currencies."""

    kind = Kind.REFUSED
    code = "PAY_031"
    tells = ("currency", "target_currency")


class TooSmallToConvert(DomainError):
    """The amount converts to nothing in the other currency."""

    kind = Kind.REFUSED
    code = "PAY_032"
    tells = ("amount", "currency", "target_currency")


class LaterVersion(DomainError):
    """A version that begins no earlier is recorded already; end that one first."""

    kind = Kind.REFUSED
    code = "PAY_033"
    tells = ("valid_from",)


class AlreadyEnded(DomainError):
    """The version has ended already."""

    kind = Kind.REFUSED
    code = "PAY_034"
    tells = ("valid_until",)


class BulkEnded(DomainError):
    """The bulk has ended already; what has run stays as it is."""

    kind = Kind.REFUSED
    code = "PAY_040"
    tells = ("status",)


class TooManyBulks(DomainError):
    """There are as many bulks under way as one payer may have; wait for one to end."""

    kind = Kind.EXHAUSTED
    code = "PAY_044"
    tells = ("most",)


class UnknownFormat(InvalidValue):
    """A bulk file is application/json, text/csv or application/xml (pain.001)."""

    tells = ("known",)


class ApprovalNeeded(DomainError):
    """The request needs an approval, and linked transfers cannot wait for one; send them separately, or as a file."""

    kind = Kind.REFUSED
    code = "PAY_041"
    tells = ("rules", "approval_by")

    @classmethod
    def of(cls, rules: Sequence[str]) -> Self:
        """Say which rules ask for it, and whose approval it would be: of a holder of that permission."""
        return cls(field="amount", rules=list(rules), approval_by="payment:approve")


class ScheduleEnded(DomainError):
    """The schedule has ended, or is not in a state in which this can be done."""

    kind = Kind.REFUSED
    code = "PAY_042"
    tells = ("status",)


class TooManySchedules(DomainError):
    """There are as many schedules under way as one payer may have."""

    kind = Kind.EXHAUSTED
    code = "PAY_043"
    tells = ("most",)


class PayerSuspended(DomainError):
    """The payer's account is suspended; contact support."""

    kind = Kind.REFUSED
    code = "PAY_050"


class PayerClosed(DomainError):
    """The payer's account is closed."""

    kind = Kind.REFUSED
    code = "PAY_051"


class PayeeBarred(DomainError):
    """The receiver's account cannot be paid now."""

    kind = Kind.REFUSED
    code = "PAY_052"


class UsageChanged(DomainError):
    """The payee's wallet has another use since the file was judged; send the line again."""

    kind = Kind.REFUSED
    code = "PAY_053"


class NoLongerPermitted(AccessDenied):
    """The payer may not make payments any more."""


class NotTheOwner(AccessDenied):
    """The wallet belongs to somebody else."""
