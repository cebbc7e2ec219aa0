"""Refunds and reversals: never more than was paid, and fees by their rules."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.domain.account import SystemCode
from payments.domain.errors import (
    InsufficientFunds,
    NotPending,
    NotRefundable,
    RefundTooLarge,
)
from payments.domain.transfer import TransferStatus
from payments.domain.transfer_order import TransferKind
from services.payments.tests.unit.books import AT, STAFF, Books, back, nad, quote, settled


def test_a_reversal_undoes_the_whole_entry_with_its_fees() -> None:
    books = Books()
    before = books.balances()
    transfer = settled(books, quote("250.00", ("fees", "2.17", False), ("vat", "0.33", False)))

    reversal = transfer.reverse(
        back(transfer, "250.00", kind=TransferKind.REVERSAL, by=STAFF), books.accounts, transfer.postings, AT
    )

    assert books.balances() == before
    assert (transfer.status, transfer.closed_at) == (TransferStatus.REVERSED, AT)
    assert (reversal.status, reversal.order.parent_id) == (TransferStatus.COMPLETED, transfer.id)
    for act in (
        lambda: transfer.reverse(back(transfer, "250.00"), books.accounts, (), AT),
        lambda: transfer.refund(back(transfer, "1.00"), books.accounts, AT),
    ):
        with pytest.raises(NotPending):
            act()


def test_money_that_the_receiver_has_spent_cannot_be_reversed() -> None:
    books = Books()
    transfer = settled(books)
    books.his.debit(nad("0.01"))

    with pytest.raises(InsufficientFunds):
        transfer.reverse(back(transfer, "250.00", kind=TransferKind.REVERSAL), books.accounts, transfer.postings, AT)
    assert transfer.status is TransferStatus.COMPLETED


def test_refunds_return_no_more_than_was_paid() -> None:
    books = Books()
    transfer = settled(books)

    transfer.refund(back(transfer, "100.00"), books.accounts, AT)
    with pytest.raises(RefundTooLarge):
        transfer.refund(back(transfer, "150.01"), books.accounts, AT)
    transfer.refund(back(transfer, "150.00"), books.accounts, AT)

    assert (books.hers.balance, books.his.balance, transfer.refunded) == (Decimal(1000), Decimal(0), Decimal(250))
    with pytest.raises(NotRefundable):
        transfer.reverse(back(transfer, "250.00"), books.accounts, transfer.postings, AT)


def test_a_refund_cannot_be_refunded_or_reversed() -> None:
    books = Books()
    transfer = settled(books)
    refund = transfer.refund(back(transfer, "100.00"), books.accounts, AT)

    with pytest.raises(NotRefundable):
        refund.refund(back(refund, "1.00"), books.accounts, AT)
    with pytest.raises(NotRefundable):
        refund.reverse(back(refund, "100.00"), books.accounts, refund.postings, AT)


@given(
    st.integers(1, 99_999),
    st.integers(1, 5_000),
    st.lists(st.integers(1, 20_000), min_size=1, max_size=12),
)
def test_partial_refunds_return_exactly_the_refundable_fee(cents: int, fee: int, parts: list[int]) -> None:
    amount, fee_text = f"{Decimal(cents).scaleb(-2):f}", f"{Decimal(fee).scaleb(-2):f}"
    books = Books(hers="10000.00")
    transfer = settled(books, quote(amount, ("fees", fee_text, True), ("vat", "1.00", False)))
    left = cents
    for part in parts:
        taken = min(part, left)
        if not taken:
            break
        transfer.refund(back(transfer, f"{Decimal(taken).scaleb(-2):f}"), books.accounts, AT)
        left -= taken
        assert 0 <= books.system(SystemCode.FEES).balance <= Decimal(fee_text)
    if left:
        transfer.refund(back(transfer, f"{Decimal(left).scaleb(-2):f}"), books.accounts, AT)

    assert books.system(SystemCode.FEES).balance == 0
    assert books.system(SystemCode.VAT).balance == Decimal("1.00")
    assert books.hers.balance == Decimal("9999.00")


def test_the_error_names_the_amount_that_is_left_to_refund() -> None:
    books = Books()
    transfer = settled(books)
    transfer.refund(back(transfer, "100.00"), books.accounts, AT)

    with pytest.raises(RefundTooLarge) as refused:
        transfer.refund(back(transfer, "150.01"), books.accounts, AT)

    assert refused.value.facts["left"] == "150.00"
