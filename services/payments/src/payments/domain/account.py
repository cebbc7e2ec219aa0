"""An account of the ledger: a user's wallet, or one of the system's own."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Self
from uuid import UUID, uuid5

from kernel.events import Aggregate
from kernel.money import LARGEST_AMOUNT, CurrencyMismatch, Money
from payments.domain.errors import BalanceLimit, InsufficientFunds
from payments.domain.events import WalletOpened

_SYSTEM_ACCOUNTS = UUID("0e1c0a40-0000-4000-8000-000000000000")


class AccountKind(StrEnum):
    WALLET = "wallet"
    SYSTEM = "system"


@dataclass(eq=False)
class Account(Aggregate):
    """Balances are credit-positive: a wallet's is what its owner has, the treasury's is minus what it issued.

    A wallet's balance stays within zero and LARGEST_AMOUNT; a system account's may be negative and as large as
    NUMERIC(38,8) holds. `version` counts the postings.
    """

    id: UUID
    kind: AccountKind
    owner_id: UUID | None
    currency: str
    balance: Decimal
    version: int
    opened_at: datetime

    @classmethod
    def open_wallet(cls, *, wallet_id: UUID, owner_id: UUID, currency: str, at: datetime) -> Self:
        zero = Money.zero(currency)
        wallet = cls(wallet_id, AccountKind.WALLET, owner_id, zero.currency.code, zero.amount, 0, at)
        wallet.announce(WalletOpened(occurred_at=at, wallet_id=wallet_id, owner_id=owner_id, currency=currency))
        return wallet

    def require_debit(self, amount: Money) -> None:
        """Refuse what `debit` would refuse, changing nothing: a wallet never goes below zero (InsufficientFunds)."""
        self._require_currency(amount)
        if self.kind is AccountKind.WALLET and self.balance < amount.amount:
            raise InsufficientFunds(wallet_id=self.id, needed=amount.text, currency=self.currency)

    def require_credit(self, amount: Money) -> None:
        """Refuse what `credit` would refuse: a wallet holds LARGEST_AMOUNT at most (BalanceLimit)."""
        self._require_currency(amount)
        if self.kind is AccountKind.WALLET and self.balance + amount.amount > LARGEST_AMOUNT:
            raise BalanceLimit(wallet_id=self.id, largest=str(LARGEST_AMOUNT), currency=self.currency)

    def debit(self, amount: Money) -> None:
        self.require_debit(amount)
        self._post(-amount.amount)

    def credit(self, amount: Money) -> None:
        self.require_credit(amount)
        self._post(amount.amount)

    def _post(self, change: Decimal) -> None:
        self.balance += change
        self.version += 1

    def _require_currency(self, amount: Money) -> None:
        if amount.currency.code != self.currency:
            raise CurrencyMismatch(wallet_currency=self.currency, currency=amount.currency.code)


def treasury_id(currency: str) -> UUID:
    """Return the id of the system account that money of this currency is issued from."""
    return uuid5(_SYSTEM_ACCOUNTS, f"treasury:{currency}")
