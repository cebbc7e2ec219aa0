"""A transfer from order to entry: what each step does and refuses."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from kernel.errors import NotFound
from kernel.ids import new_id
from kernel.money import Money
from payments.domain.account import Account, AccountKind, SystemCode, system_account_id
from payments.domain.entry import accounts_of, moves_of
from payments.domain.errors import (
    AccountFrozen,
    CaptureTooLarge,
    InsufficientFunds,
    NotPending,
    NotTheOwner,
    OwnDecision,
)
from payments.domain.fx_rate import Conversion
from payments.domain.price_book import Quote
from payments.domain.transfer import Transfer, TransferStatus
from payments.domain.transfer_order import TransferKind
from services.payments.tests.unit.books import (
    AT,
    HER,
    HERS,
    HIM,
    HIS,
    LATER,
    STAFF,
    Books,
    back,
    held,
    nad,
    order,
    quote,
    settled,
)


def test_fees_are_posted_in_the_same_entry_on_top_of_the_amount() -> None:
    books = Books()

    transfer = settled(books, quote("250.00", ("fees", "2.17", False), ("vat", "0.33", False)))

    assert (books.hers.balance, books.his.balance) == (Decimal("747.50"), Decimal("250.00"))
    assert books.system(SystemCode.FEES).balance == Decimal("2.17")
    assert books.system(SystemCode.VAT).balance == Decimal("0.33")
    assert sum(leg.amount for leg in transfer.postings) == 0
    assert [leg.balance_after for leg in transfer.postings if leg.account_id == HERS] == [
        Decimal("750.00"),
        Decimal("747.83"),
        Decimal("747.50"),
    ]


def test_an_amount_that_becomes_too_large_with_fees_changes_nothing() -> None:
    books = Books(hers="250.00")
    before = books.balances()

    with pytest.raises(InsufficientFunds):
        settled(books, quote("250.00", ("fees", "0.01", False)))

    assert books.balances() == before
    assert {account.version for account in books.accounts.values()} == {0}


def test_a_conversion_balances_in_both_currencies_and_records_its_spread() -> None:
    books = Books()
    books.accounts[HIS] = Account(HIS, AccountKind.WALLET, HIM, "USD", Decimal(0), 0, AT)
    conversion = Conversion(
        rate_id=new_id(),
        rate=Decimal("0.054"),
        source=nad("100.00"),
        target=Money.of("5.40", "USD"),
        spread=Money.of("0.10", "USD"),
    )
    asked = order("100.00", kind=TransferKind.CONVERSION, target_currency="USD")

    Transfer.settle(asked, Quote(nad("100.00"), (), conversion), books.accounts, AT)

    assert (books.hers.balance, books.his.balance) == (Decimal("900.00"), Decimal("5.40"))
    assert books.system(SystemCode.FX).balance == Decimal("100.00")
    assert books.system(SystemCode.FX, "USD").balance == Decimal("-5.50")
    assert books.system(SystemCode.FX_SPREAD, "USD").balance == Decimal("0.10")
    assert (books.total(), books.total("USD")) == (Decimal("1000.00"), Decimal(0))


def test_only_its_owner_spends_from_a_wallet() -> None:
    books = Books()
    with pytest.raises(NotTheOwner):
        Transfer.settle(order(initiator_id=HIM), quote(), books.accounts, AT)
    with pytest.raises(NotFound) as absent:
        Transfer.settle(order(source_id=system_account_id(SystemCode.TREASURY, "NAD")), quote(), books.accounts, AT)
    assert absent.value.field == "source_wallet_id"


@pytest.mark.parametrize("field", ["source_id", "target_id"])
def test_the_error_names_a_wallet_that_does_not_exist(field: str) -> None:
    with pytest.raises(NotFound) as missing:
        Transfer.settle(order(**{field: new_id()}), quote(), Books().accounts, AT)

    assert missing.value.field == field.replace("_id", "_wallet_id")


def test_a_hold_leaves_the_balance_and_reduces_the_available_balance() -> None:
    books = Books()

    transfer = held(books, quote("250.00", ("fees", "5.00", False)))

    assert (books.hers.balance, books.hers.held, books.hers.available) == (Decimal(1000), Decimal(255), Decimal(745))
    assert (transfer.status, transfer.postings, transfer.held) == (TransferStatus.PENDING, (), Decimal(255))
    with pytest.raises(InsufficientFunds):
        settled(books, quote("745.01"))
    settled(books, quote("745.00"))


def test_a_hold_that_its_target_would_refuse_is_refused_at_once() -> None:
    books = Books()
    books.his.freeze("case 7", at=AT)

    with pytest.raises(AccountFrozen):
        held(books)
    assert books.hers.held == 0


def test_a_partial_capture_releases_the_rest_and_charges_for_the_captured_part() -> None:
    books = Books()
    transfer = held(books, quote("200.00", ("fees", "5.00", False), ("vat", "0.01", False)))

    transfer.capture(books.accounts, nad("50.00"), AT)

    assert (books.hers.balance, books.hers.held, books.his.balance) == (Decimal("948.75"), Decimal(0), Decimal(50))
    assert books.system(SystemCode.FEES).balance == Decimal("1.25")
    assert books.system(SystemCode.VAT).balance == 0
    assert (transfer.status, transfer.captured, transfer.moved) == (TransferStatus.COMPLETED, Decimal(50), nad("50.00"))
    assert transfer.settled_at == AT
    with pytest.raises(NotPending):
        transfer.capture(books.accounts, nad("1.00"), AT)


@pytest.mark.parametrize("amount", ["250.01", "0.00", "-1.00"])
def test_neither_zero_nor_more_than_the_held_amount_is_captured(amount: str) -> None:
    books = Books()
    transfer = held(books)

    with pytest.raises(CaptureTooLarge):
        transfer.capture(books.accounts, nad(amount), AT)
    assert books.hers.held == Decimal(250)


def test_a_void_releases_everything() -> None:
    books = Books()
    transfer = held(books, quote("250.00", ("fees", "5.00", False)))

    transfer.void(books.accounts, reason="sold out", at=AT)

    assert (books.hers.available, books.hers.held) == (Decimal(1000), Decimal(0))
    assert (transfer.status, transfer.reason, transfer.closed_at) == (TransferStatus.CANCELLED, "sold out", AT)
    with pytest.raises(NotPending):
        transfer.void(books.accounts, reason="again", at=AT)


@pytest.mark.parametrize(("approval", "status"), [(False, TransferStatus.CANCELLED), (True, TransferStatus.FAILED)])
def test_a_hold_ends_at_its_deadline_and_not_earlier(approval: bool, status: TransferStatus) -> None:
    books = Books()
    transfer = held(books, approval=approval)

    with pytest.raises(NotPending):
        transfer.expire(books.accounts, at=LATER - timedelta(microseconds=1))
    transfer.expire(books.accounts, at=LATER)

    assert (transfer.status, transfer.reason, books.hers.available) == (status, "expired", Decimal(1000))


def test_a_frozen_wallets_hold_can_be_released_and_not_captured() -> None:
    books = Books()
    transfer, other = held(books), held(books, key="other")
    books.hers.freeze("case 7", at=AT)

    with pytest.raises(AccountFrozen):
        transfer.capture(books.accounts, None, AT)
    books.hers.held = Decimal(500)  # as the failed transaction leaves it
    transfer.held = Decimal(250)
    other.void(books.accounts, reason="over", at=AT)
    assert books.hers.held == Decimal(250)


@pytest.mark.clause("ASVS 2.3.5")
def test_another_person_approves_and_the_money_moves() -> None:
    books = Books()
    transfer = held(books, approval=True)
    transfer.order = order()

    with pytest.raises(OwnDecision):
        transfer.approve(books.accounts, by=HER, at=AT, expires_at=LATER)
    transfer.approve(books.accounts, by=STAFF, at=AT, expires_at=LATER)

    assert (transfer.status, transfer.decided_by, books.his.balance) == (TransferStatus.COMPLETED, STAFF, Decimal(250))
    with pytest.raises(NotPending):
        transfer.approve(books.accounts, by=STAFF, at=AT, expires_at=LATER)


def test_an_approved_hold_waits_for_its_capture() -> None:
    books = Books()
    transfer = held(books, approval=True)

    transfer.approve(books.accounts, by=STAFF, at=AT, expires_at=LATER + timedelta(days=1))

    assert (transfer.status, books.hers.held, books.his.balance) == (TransferStatus.PENDING, Decimal(250), Decimal(0))
    assert transfer.expires_at == LATER + timedelta(days=1)
    transfer.capture(books.accounts, None, AT)
    assert books.his.balance == Decimal(250)


@pytest.mark.clause("ASVS 2.3.5")
def test_another_person_rejects_and_the_money_is_released() -> None:
    books = Books()
    transfer = held(books, approval=True)

    with pytest.raises(OwnDecision):
        transfer.reject(books.accounts, by=HER, reason="no", at=AT)
    transfer.reject(books.accounts, by=STAFF, reason="unusual payee", at=AT)

    assert (transfer.status, transfer.reason, books.hers.available) == (
        TransferStatus.FAILED,
        "unusual payee",
        Decimal(1000),
    )


def test_the_accounts_of_an_entry_are_all_that_it_moves() -> None:
    priced = quote("10.00", ("fees", "1.00", False))

    assert accounts_of(moves_of(HERS, HIS, priced)) == {HERS, HIS, system_account_id(SystemCode.FEES, "NAD")}


def test_every_step_increases_the_version() -> None:
    books = Books(hers="2000.00")
    captured, voided, expired = (held(books, key=key) for key in "abc")
    approved, onward, rejected = (held(books, key=key, approval=True) for key in "def")
    approved.order = order(key="d")
    original, given_back = settled(books), settled(books)

    captured.capture(books.accounts, None, AT)
    voided.void(books.accounts, reason="over", at=AT)
    expired.expire(books.accounts, at=LATER + timedelta(days=1))
    approved.approve(books.accounts, by=STAFF, at=AT, expires_at=LATER)
    onward.approve(books.accounts, by=STAFF, at=AT, expires_at=LATER)
    rejected.reject(books.accounts, by=STAFF, reason="no", at=AT)
    original.reverse(back(original, "250.00", kind=TransferKind.REVERSAL, by=STAFF), books.accounts, original.postings, AT)
    given_back.refund(back(given_back, "1.00"), books.accounts, AT)
    given_back.refund(back(given_back, "2.00"), books.accounts, AT)

    stepped = (captured, voided, expired, approved, onward, rejected, original)
    assert [transfer.version for transfer in stepped] == [2] * 7
    assert given_back.version == 3
    onward.capture(books.accounts, None, AT)
    assert onward.version == 3


def test_any_other_person_may_decide() -> None:
    for somebody in (UUID(int=0), STAFF):
        books = Books()
        transfer = held(books, approval=True)
        transfer.reject(books.accounts, by=somebody, reason="no", at=AT)
        assert transfer.decided_by == somebody


def test_a_hold_of_one_cent_expires_too() -> None:
    transfer = held(Books(), quote("0.01"))

    assert transfer.is_overdue(LATER)
    assert not transfer.is_overdue(LATER - timedelta(microseconds=1))
