"""The errors of payments. Their codes are published in docs/api.md."""

from collections.abc import Sequence
from typing import Self

from kernel.errors import AccessDenied, DomainError, InvalidValue, Kind, NotFound


class InsufficientFunds(DomainError):
    """The wallet's available balance is too low.

    `available` is disclosed only for an order from the caller's own wallet: a refund or a reversal may debit a wallet that the
    caller may not read.
    """

    kind = Kind.REFUSED
    code = "PAY_001"
    disclosed = ("needed", "available", "currency")


class NotPositive(DomainError):
    """The amount must be greater than zero."""

    kind = Kind.INVALID
    code = "PAY_002"
    disclosed = ("amount",)


class SelfTransfer(DomainError):
    """A wallet cannot pay itself."""

    kind = Kind.INVALID
    code = "PAY_005"


class BalanceLimit(DomainError):
    """The amount would raise the wallet above its highest allowed balance."""

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
    """Only an empty wallet without holds can be closed. Move its money. Void its holds, or wait until they end."""

    kind = Kind.REFUSED
    code = "PAY_010"
    disclosed = ("balance", "held", "expecting")


class NotFrozen(DomainError):
    """The wallet is not frozen."""

    kind = Kind.REFUSED
    code = "PAY_011"


class NotPending(DomainError):
    """The transfer's status does not allow this; get its current status."""

    kind = Kind.REFUSED
    code = "PAY_012"
    disclosed = ("status",)


class NotRefundable(DomainError):
    """The transfer cannot be refunded or reversed in this way."""

    kind = Kind.REFUSED
    code = "PAY_013"
    disclosed = ("kind", "refunded")


class RefundTooLarge(DomainError):
    """The amount exceeds what can still be refunded."""

    kind = Kind.REFUSED
    code = "PAY_014"
    disclosed = ("left",)


class CaptureTooLarge(DomainError):
    """The amount must be greater than zero and at most the amount on hold."""

    kind = Kind.REFUSED
    code = "PAY_015"
    disclosed = ("held",)


class SignatureRequired(DomainError):
    """A transfer of this size must be signed with a registered device key."""

    kind = Kind.REFUSED
    code = "PAY_016"
    disclosed = ("above", "currency")


class InvalidSignature(DomainError):
    """The signature does not match this transfer, or its key is not an active key of the payer."""

    kind = Kind.INVALID
    code = "PAY_017"


class TooManyWallets(DomainError):
    """You have reached the maximum number of wallets."""

    kind = Kind.REFUSED
    code = "PAY_018"
    disclosed = ("most",)


class OwnDecision(AccessDenied):
    """You cannot decide on a transfer that you ordered, pay or receive, or on your own wallet; someone else must decide."""


class LedgerBroken(DomainError):
    """The account's balance does not match its postings; it accepts no postings until staff have investigated."""

    code = "PAY_020"


class LimitExceeded(DomainError):
    """The amount exceeds the payer's limit per transfer, day or month."""

    kind = Kind.REFUSED
    code = "PAY_030"
    disclosed = ("period", "limit", "left", "currency")


class NoRate(DomainError):
    """No exchange rate is in force between the two currencies."""

    kind = Kind.REFUSED
    code = "PAY_031"
    disclosed = ("currency", "target_currency")


class TooSmallToConvert(DomainError):
    """The amount is too small: it converts to zero in the other currency."""

    kind = Kind.REFUSED
    code = "PAY_032"
    disclosed = ("amount", "currency", "target_currency")


class LaterVersion(DomainError):
    """A version with the same or a later start already exists; end it first."""

    kind = Kind.REFUSED
    code = "PAY_033"
    disclosed = ("valid_from",)


class AlreadyEnded(DomainError):
    """The version has ended already."""

    kind = Kind.REFUSED
    code = "PAY_034"
    disclosed = ("valid_until",)


class BulkEnded(DomainError):
    """The bulk transfer has already ended; its lines do not change any more."""

    kind = Kind.REFUSED
    code = "PAY_040"
    disclosed = ("status",)


class TooManyBulks(DomainError):
    """You have reached the maximum number of running bulk transfers; wait for one to end."""

    kind = Kind.EXHAUSTED
    code = "PAY_044"
    disclosed = ("most",)


class UnknownFormat(InvalidValue):
    """A bulk file must be application/json, text/csv or application/xml (pain.001)."""

    disclosed = ("known",)


class FileNotKept(NotFound):
    """The file of this bulk transfer was not kept: it was submitted before files were."""


class ApprovalNeeded(DomainError):
    """The request requires approval, and linked transfers cannot wait for one; send them separately, or as a file."""

    kind = Kind.REFUSED
    code = "PAY_041"
    disclosed = ("rules", "approval_by")

    @classmethod
    def of(cls, rules: Sequence[str]) -> Self:
        """Name the rules that match and the permission that the approver must hold."""
        return cls(field="amount", rules=list(rules), approval_by="payment:approve")


class ScheduleEnded(DomainError):
    """The schedule has ended, or its status does not allow this; get its current status."""

    kind = Kind.REFUSED
    code = "PAY_042"
    disclosed = ("status",)


class TooManySchedules(DomainError):
    """You have reached the maximum number of active schedules."""

    kind = Kind.EXHAUSTED
    code = "PAY_043"
    disclosed = ("most",)


class PayerSuspended(DomainError):
    """The payer's account is suspended; contact support."""

    kind = Kind.REFUSED
    code = "PAY_050"


class PayerClosed(DomainError):
    """The payer's account is closed."""

    kind = Kind.REFUSED
    code = "PAY_051"


class PayeeBarred(DomainError):
    """The receiver's account cannot receive payments at present."""

    kind = Kind.REFUSED
    code = "PAY_052"


class UsageChanged(DomainError):
    """The usage of the payee's wallet changed after the file was checked; send the line again."""

    kind = Kind.REFUSED
    code = "PAY_053"


class NoLongerPermitted(AccessDenied):
    """The payer is no longer permitted to make payments."""


class NotTheOwner(AccessDenied):
    """The wallet belongs to another user."""
