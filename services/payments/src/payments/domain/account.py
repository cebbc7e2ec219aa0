"""A ledger account: a user's wallet or a system account."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Self
from uuid import UUID, uuid5

from kernel.errors import StaleVersion, VersionRequired
from kernel.events import Aggregate
from kernel.money import LARGEST_AMOUNT, Currency, CurrencyMismatch, Money, amount_text
from payments.domain.errors import (
    AccountClosed,
    AccountFrozen,
    BalanceLimit,
    InsufficientFunds,
    LedgerBroken,
    NotEmpty,
    NotFrozen,
)
from payments.domain.events import (
    WalletBounded,
    WalletClosed,
    WalletFrozen,
    WalletOpened,
    WalletRenamed,
    WalletUnfrozen,
    WalletUsageChanged,
)

_SYSTEM_ACCOUNTS = UUID("0e1c0a40-0000-4000-8000-000000000000")


class AccountKind(StrEnum):
    WALLET = "wallet"
    SYSTEM = "system"


class AccountStatus(StrEnum):
    OPEN = "open"
    FROZEN = "frozen"
    CLOSED = "closed"


class WalletUsage(StrEnum):
    """The use of a wallet. Money to a merchant's wallet is a payment; to any other wallet it is a transfer."""

    PERSONAL = "personal"
    MERCHANT = "merchant"


class SystemCode(StrEnum):
    """The system accounts, one of each per currency.

    `fx` is the platform's position: what conversions received in one currency and paid in another.
    """

    TREASURY = "treasury"
    FEES = "fees"
    VAT = "vat"
    SETTLEMENT = "settlement"
    CLEARING = "clearing"
    FX = "fx"
    FX_SPREAD = "fx_spread"

    @property
    def normal_side(self) -> str:
        return "debit" if self in {SystemCode.TREASURY, SystemCode.SETTLEMENT} else "credit"


@dataclass(eq=False)
class Account(Aggregate):
    """Balances are credit-positive: a wallet's balance is its owner's money, the treasury's is minus what it issued.

    `owner_id` is the person or the organization that owns a wallet; `organization_id` is the same if it is an organization.
    A wallet's `available` (its balance less the money on hold) is never below zero, and its balance never above its ceiling. A
    system account's balance may be negative, up to the size of NUMERIC(38,8). `version` counts the changes.
    """

    id: UUID
    kind: AccountKind
    owner_id: UUID | None
    currency: str
    balance: Decimal
    version: int
    opened_at: datetime
    held: Decimal = Decimal(0)
    status: AccountStatus = AccountStatus.OPEN
    status_reason: str | None = None
    ceiling: Decimal | None = None
    name: str = ""
    closed_at: datetime | None = None
    usage: WalletUsage = WalletUsage.PERSONAL
    organization_id: UUID | None = None

    @classmethod
    def open_wallet(
        cls, *, wallet_id: UUID, owner_id: UUID, currency: str, at: datetime, name: str = "", organization_id: UUID | None = None
    ) -> Self:
        if organization_id not in {None, owner_id}:
            raise ValueError(f"wallet {wallet_id} of {owner_id} cannot be of organization {organization_id}")
        zero = Money.zero(currency)
        wallet = cls(
            wallet_id,
            AccountKind.WALLET,
            owner_id,
            zero.currency.code,
            zero.amount,
            0,
            at,
            name=name,
            organization_id=organization_id,
        )
        wallet.announce(WalletOpened(occurred_at=at, wallet_id=wallet_id, owner_id=owner_id, currency=currency))
        return wallet

    @property
    def available(self) -> Decimal:
        return self.balance - self.held

    @property
    def is_wallet(self) -> bool:
        return self.kind is AccountKind.WALLET

    def require_plannable(self, currency: Currency) -> None:
        """Refuse an account on which no future movement in this currency is possible: it is closed or in another currency."""
        self._require_not_closed()
        if currency.code != self.currency:
            raise CurrencyMismatch(field="currency", wallet_currency=self.currency, currency=currency.code)

    def require_debit(self, amount: Money, *, by_owner: bool = False) -> None:
        """Refuse what `debit` would refuse, without a change: `available` never goes below zero (InsufficientFunds).

        The error discloses the available amount only to the owner.
        """
        self._require_moving(amount)
        if self.is_wallet and self.available < amount.amount:
            available = {"available": Money.of(self.available, self.currency).text} if by_owner else {}
            raise InsufficientFunds(wallet_id=self.id, needed=amount.text, currency=self.currency, **available)

    def require_credit(self, amount: Money) -> None:
        """Refuse what `credit` would refuse: a balance above the wallet's ceiling, or above LARGEST_AMOUNT if it has none."""
        self._require_moving(amount)
        most = LARGEST_AMOUNT if self.ceiling is None else self.ceiling
        if self.is_wallet and self.balance + amount.amount > most:
            raise BalanceLimit(wallet_id=self.id, largest=f"{most:f}", currency=self.currency)

    def debit(self, amount: Money) -> None:
        self.require_debit(amount)
        self._post(-amount.amount)

    def credit(self, amount: Money) -> None:
        self.require_credit(amount)
        self._post(amount.amount)

    def hold(self, amount: Money) -> None:
        """Put money on hold: it still belongs to the owner, but is not available."""
        self.require_debit(amount)
        self.held += amount.amount
        self.version += 1

    def release(self, amount: Decimal) -> None:
        """Release money on hold, on a frozen account too. Raise LedgerBroken if the account holds less."""
        if not 0 <= amount <= self.held:
            raise LedgerBroken(account_id=self.id, held=f"{self.held:f}", released=f"{amount:f}")
        self.held -= amount
        self.version += 1

    def freeze(self, reason: str, *, at: datetime) -> None:
        """Stop all movements until `unfreeze`. Freezing again replaces the reason."""
        self._require_not_closed()
        self._become(AccountStatus.FROZEN, reason)
        self.announce(WalletFrozen(occurred_at=at, wallet_id=self.id, reason=reason))

    def unfreeze(self, reason: str, *, at: datetime) -> None:
        if self.status is not AccountStatus.FROZEN:
            raise NotFrozen(wallet_id=self.id)
        self._become(AccountStatus.OPEN, reason)
        self.announce(WalletUnfrozen(occurred_at=at, wallet_id=self.id, reason=reason))

    def close(self, *, expecting: int, at: datetime) -> None:
        """Close permanently. Raise NotEmpty unless the wallet is empty, AccountFrozen if it is frozen.

        `expecting` is the number of other accounts' holds that may still be paid into it.
        """
        self._require_open()
        if self.balance or self.held or expecting:
            raise NotEmpty(
                wallet_id=self.id,
                balance=amount_text(self.balance, self.currency),
                held=amount_text(self.held, self.currency),
                expecting=expecting,
            )
        self._become(AccountStatus.CLOSED, None)
        self.closed_at = at
        self.announce(WalletClosed(occurred_at=at, wallet_id=self.id))

    def require_version(self, expected: int | None) -> None:
        """Raise VersionRequired if no version is given, StaleVersion if the account has changed since the caller read it."""
        if expected is None:
            raise VersionRequired(account_id=self.id)
        if expected != self.version:
            raise StaleVersion(field="If-Match", account_id=self.id, version=self.version)

    def set_ceiling(self, ceiling: Decimal | None, *, at: datetime) -> None:
        """Set the ceiling, or remove it with None. Raise BalanceLimit if the balance is already higher."""
        self._require_not_closed()
        if ceiling is not None and not self.balance <= ceiling <= LARGEST_AMOUNT:
            raise BalanceLimit(wallet_id=self.id, largest=f"{ceiling:f}", currency=self.currency)
        self.ceiling = ceiling
        self.version += 1
        self.announce(WalletBounded(occurred_at=at, wallet_id=self.id, ceiling=ceiling, currency=self.currency))

    def use_as(self, usage: WalletUsage, reason: str, *, at: datetime) -> None:
        """Change the wallet's usage. Earlier orders do not change."""
        self._require_not_closed()
        self.usage = usage
        self.version += 1
        self.announce(WalletUsageChanged(occurred_at=at, wallet_id=self.id, usage=usage, reason=reason))

    def rename(self, name: str, *, at: datetime) -> None:
        self._require_not_closed()
        self.name = name
        self.version += 1
        self.announce(WalletRenamed(occurred_at=at, wallet_id=self.id))

    def _become(self, status: AccountStatus, reason: str | None) -> None:
        self.status, self.status_reason = status, reason
        self.version += 1

    def _post(self, change: Decimal) -> None:
        self.balance += change
        self.version += 1

    def _require_moving(self, amount: Money) -> None:
        self._require_open()
        self.require_plannable(amount.currency)

    def _require_open(self) -> None:
        self._require_not_closed()
        if self.status is AccountStatus.FROZEN:
            raise AccountFrozen(wallet_id=self.id)

    def _require_not_closed(self) -> None:
        if self.status is AccountStatus.CLOSED:
            raise AccountClosed(wallet_id=self.id)


def system_account_id(code: SystemCode | str, currency: str) -> UUID:
    """Return the id of a system account of a currency."""
    return uuid5(_SYSTEM_ACCOUNTS, f"{code}:{currency}")


def treasury_id(currency: str) -> UUID:
    """Return the id of the system account that issues money of this currency."""
    return system_account_id(SystemCode.TREASURY, currency)
