"""An account: what moves on it, and what stops it."""

from decimal import Decimal

import pytest

from kernel.money import LARGEST_AMOUNT, CurrencyMismatch, Money
from payments.domain.account import Account, AccountStatus, SystemCode
from payments.domain.errors import (
    AccountClosed,
    AccountFrozen,
    BalanceLimit,
    LedgerBroken,
    NotEmpty,
    NotFrozen,
)
from payments.domain.events import WalletOpened
from services.payments.tests.unit.books import AT, HER, HERS, Books, held, nad, quote, settled


def test_a_frozen_wallet_neither_sends_nor_receives() -> None:
    books = Books()
    books.his.freeze("case 7", at=AT)

    with pytest.raises(AccountFrozen):
        settled(books)
    books.his.unfreeze("cleared", at=AT)
    settled(books)
    with pytest.raises(NotFrozen):
        books.his.unfreeze("again", at=AT)


def test_only_an_empty_wallet_closes_and_it_stays_closed() -> None:
    books = Books(hers="1.00")
    with pytest.raises(NotEmpty):
        books.hers.close(expecting=0, at=AT)
    held(books, quote("1.00"))
    books.hers.balance = Decimal(0)
    with pytest.raises(NotEmpty):
        books.hers.close(expecting=0, at=AT)
    books.his.close(expecting=0, at=AT)

    assert (books.his.status, books.his.closed_at) == (AccountStatus.CLOSED, AT)
    for act in (
        lambda: books.his.credit(nad("1.00")),
        lambda: books.his.freeze("why", at=AT),
        lambda: books.his.close(expecting=0, at=AT),
        lambda: books.his.rename("x", at=AT),
    ):
        with pytest.raises(AccountClosed):
            act()


def test_a_frozen_wallet_is_not_closed_by_its_owner() -> None:
    books = Books()
    books.his.freeze("case 7", at=AT)

    with pytest.raises(AccountFrozen):
        books.his.close(expecting=0, at=AT)


def test_a_ceiling_limits_what_arrives() -> None:
    books = Books(his="10.00")
    with pytest.raises(BalanceLimit):
        books.his.set_ceiling(Decimal("9.99"), at=AT)
    books.his.set_ceiling(Decimal("100.00"), at=AT)
    with pytest.raises(BalanceLimit):
        books.his.credit(nad("90.01"))
    books.his.credit(nad("90.00"))
    books.his.set_ceiling(None, at=AT)
    books.his.credit(nad("1.00"))

    assert books.his.balance == Decimal("101.00")


def test_a_wallet_accepts_its_own_currency_only() -> None:
    with pytest.raises(CurrencyMismatch):
        Books().hers.credit(Money.of("1", "USD"))


def test_no_more_than_the_held_amount_is_released() -> None:
    books = Books()
    held(books)
    for amount in ("250.01", "-1"):
        with pytest.raises(LedgerBroken):
            books.hers.release(Decimal(amount))


def test_every_change_of_an_account_increases_its_version() -> None:
    books = Books()
    account, versions = books.hers, [0]
    changes = (
        lambda: account.debit(nad("1.00")),
        lambda: account.credit(nad("1.00")),
        lambda: account.hold(nad("1.00")),
        lambda: account.release(Decimal(1)),
        lambda: account.freeze("case 7", at=AT),
        lambda: account.unfreeze("cleared", at=AT),
        lambda: account.rename("savings", at=AT),
        lambda: account.set_ceiling(Decimal(5000), at=AT),
    )
    for change in changes:
        change()
        versions.append(account.version)

    assert versions == list(range(9))


def test_a_currency_that_sorts_before_or_after_the_accounts_own_is_refused() -> None:
    for code in ("ELC", "USD", "ZAR"):
        with pytest.raises(CurrencyMismatch):
            Books().hers.require_credit(Money.of("1", code))


def test_an_account_without_a_hold_releases_nothing() -> None:
    books = Books()
    books.hers.release(Decimal(0))

    assert books.hers.held == 0


def test_a_ceiling_may_equal_the_balance_and_the_largest_amount() -> None:
    wallet = Books(hers="10.00").hers
    wallet.set_ceiling(Decimal("10.00"), at=AT)
    wallet.set_ceiling(LARGEST_AMOUNT, at=AT)
    with pytest.raises(BalanceLimit):
        wallet.set_ceiling(LARGEST_AMOUNT + 1, at=AT)

    assert wallet.ceiling == LARGEST_AMOUNT


def test_each_system_account_has_its_normal_side() -> None:
    assert {code for code in SystemCode if code.normal_side == "debit"} == {SystemCode.TREASURY, SystemCode.SETTLEMENT}


def test_a_wallet_opens_empty_at_its_first_version() -> None:
    wallet = Account.open_wallet(wallet_id=HERS, owner_id=HER, currency="NAD", at=AT, name="savings")

    assert (wallet.balance, wallet.held, wallet.version, wallet.name) == (Decimal(0), Decimal(0), 0, "savings")
    assert [event.wallet_id for event in wallet.collect() if isinstance(event, WalletOpened)] == [HERS]
