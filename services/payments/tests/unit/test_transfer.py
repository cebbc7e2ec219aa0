"""A transfer from order to entry: what each step does, and what it refuses."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import InvalidValue, KeyReused, NotFound
from kernel.ids import new_id
from kernel.money import LARGEST_AMOUNT, CurrencyMismatch, Money
from payments.domain.account import Account, AccountKind, AccountStatus, SystemCode, system_account_id
from payments.domain.entry import accounts_of, moves_of
from payments.domain.errors import (
    AccountClosed,
    AccountFrozen,
    BalanceLimit,
    CaptureTooLarge,
    InsufficientFunds,
    LedgerBroken,
    NotEmpty,
    NotFrozen,
    NotPending,
    NotRefundable,
    NotTheOwner,
    OwnDecision,
    RefundTooLarge,
)
from payments.domain.events import WalletOpened
from payments.domain.fx_rate import Conversion
from payments.domain.price_book import FeeLine, Quote
from payments.domain.transfer import Transfer, TransferStatus
from payments.domain.transfer_order import TransferKind, TransferOrder, key_beyond, leg_key

AT = datetime(2026, 3, 21, 8, 0, tzinfo=UTC)
LATER = AT + timedelta(days=7)
HER, HIM, STAFF = (UUID(int=n) for n in (1, 2, 3))
HERS, HIS = (UUID(int=n) for n in (11, 12))


def nad(amount: str | Decimal) -> Money:
    return Money.of(amount, "NAD")


class Books:
    """Her wallet, his wallet, and every system account."""

    def __init__(self, hers: str = "1000.00", his: str = "0.00") -> None:
        self.accounts: dict[UUID, Account] = {}
        for id_, owner, balance in ((HERS, HER, hers), (HIS, HIM, his)):
            self.accounts[id_] = Account(id_, AccountKind.WALLET, owner, "NAD", Decimal(balance), 0, AT)
        for currency in ("NAD", "USD"):
            for code in SystemCode:
                id_ = system_account_id(code, currency)
                self.accounts[id_] = Account(id_, AccountKind.SYSTEM, None, currency, Decimal(0), 0, AT)

    @property
    def hers(self) -> Account:
        return self.accounts[HERS]

    @property
    def his(self) -> Account:
        return self.accounts[HIS]

    def system(self, code: SystemCode, currency: str = "NAD") -> Account:
        return self.accounts[system_account_id(code, currency)]

    def balances(self) -> dict[UUID, tuple[Decimal, Decimal]]:
        return {id_: (account.balance, account.held) for id_, account in self.accounts.items()}

    def total(self, currency: str = "NAD") -> Decimal:
        return sum((one.balance for one in self.accounts.values() if one.currency == currency), Decimal(0))


def order(amount: str = "250.00", /, **changes: object) -> TransferOrder:
    values: dict[str, object] = {
        "kind": TransferKind.TRANSFER,
        "key": "k",
        "initiator_id": HER,
        "source_id": HERS,
        "target_id": HIS,
        "amount": nad(amount),
        "description": "rent",
        **changes,
    }
    return TransferOrder(**values)  # type: ignore[arg-type]  # tests choose which


def quote(amount: str = "250.00", *fees: tuple[str, str, bool]) -> Quote:
    lines = tuple(FeeLine(code, nad(fee), new_id(), refundable) for code, fee, refundable in fees)
    return Quote(nad(amount), lines)


def held(books: Books, priced: Quote | None = None, *, approval: bool = False, **changes: object) -> Transfer:
    priced = priced or quote()
    asked = order(priced.amount.text, capture_later=True, **changes)
    return Transfer.hold(asked, priced, books.accounts, AT, expires_at=LATER, awaiting_approval=approval)


def settled(books: Books, priced: Quote | None = None) -> Transfer:
    priced = priced or quote()
    return Transfer.settle(order(priced.amount.text), priced, books.accounts, AT)


def back(transfer: Transfer, amount: str, *, kind: TransferKind = TransferKind.REFUND, by: UUID = HIM) -> TransferOrder:
    return order(
        amount, kind=kind, key="b", initiator_id=by, source_id=HIS, target_id=HERS, parent_id=transfer.id, description="back"
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


def test_an_amount_that_fees_make_too_large_changes_nothing() -> None:
    books = Books(hers="250.00")
    before = books.balances()

    with pytest.raises(InsufficientFunds):
        settled(books, quote("250.00", ("fees", "0.01", False)))

    assert books.balances() == before
    assert {account.version for account in books.accounts.values()} == {0}


def test_a_conversion_balances_in_both_currencies_and_keeps_its_spread() -> None:
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


@pytest.mark.parametrize("changes", [{"kind": TransferKind.CONVERSION}, {"target_currency": "USD"}])
def test_a_conversion_names_its_currency_and_nothing_else_does(changes: dict[str, object]) -> None:
    with pytest.raises(InvalidValue):
        order(**changes)


def test_a_conversion_is_not_put_on_hold() -> None:
    with pytest.raises(InvalidValue):
        order(kind=TransferKind.CONVERSION, target_currency="USD", capture_later=True)


def test_only_its_owner_spends_from_a_wallet() -> None:
    books = Books()
    changes: list[dict[str, object]] = [{"initiator_id": HIM}, {"source_id": system_account_id(SystemCode.TREASURY, "NAD")}]
    for change in changes:
        with pytest.raises(NotTheOwner):
            Transfer.settle(order(**change), quote(), books.accounts, AT)


@pytest.mark.parametrize("field", ["source_id", "target_id"])
def test_a_wallet_that_is_not_there_is_named(field: str) -> None:
    with pytest.raises(NotFound) as missing:
        Transfer.settle(order(**{field: new_id()}), quote(), Books().accounts, AT)

    assert missing.value.field == field.replace("_id", "_wallet_id")


def test_a_hold_leaves_the_balance_and_takes_what_is_available() -> None:
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


def test_a_capture_in_part_lets_the_rest_go_and_charges_for_the_part() -> None:
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
def test_no_more_is_captured_than_was_held_and_no_nothing(amount: str) -> None:
    books = Books()
    transfer = held(books)

    with pytest.raises(CaptureTooLarge):
        transfer.capture(books.accounts, nad(amount), AT)
    assert books.hers.held == Decimal(250)


def test_a_void_gives_everything_back() -> None:
    books = Books()
    transfer = held(books, quote("250.00", ("fees", "5.00", False)))

    transfer.void(books.accounts, reason="sold out", at=AT)

    assert (books.hers.available, books.hers.held) == (Decimal(1000), Decimal(0))
    assert (transfer.status, transfer.reason, transfer.closed_at) == (TransferStatus.CANCELLED, "sold out", AT)
    with pytest.raises(NotPending):
        transfer.void(books.accounts, reason="again", at=AT)


@pytest.mark.parametrize(("approval", "status"), [(False, TransferStatus.CANCELLED), (True, TransferStatus.FAILED)])
def test_what_nobody_attends_to_ends_at_its_time_and_not_before(approval: bool, status: TransferStatus) -> None:
    books = Books()
    transfer = held(books, approval=approval)

    with pytest.raises(NotPending):
        transfer.expire(books.accounts, at=LATER - timedelta(microseconds=1))
    transfer.expire(books.accounts, at=LATER)

    assert (transfer.status, transfer.reason, books.hers.available) == (status, "expired", Decimal(1000))


def test_a_frozen_wallets_hold_can_be_let_go_and_not_captured() -> None:
    books = Books()
    transfer, other = held(books), held(books, key="other")
    books.hers.freeze("case 7", at=AT)

    with pytest.raises(AccountFrozen):
        transfer.capture(books.accounts, None, AT)
    books.hers.held = Decimal(500)  # as the transaction that failed leaves it
    transfer.held = Decimal(250)
    other.void(books.accounts, reason="over", at=AT)
    assert books.hers.held == Decimal(250)


@pytest.mark.clause("ASVS 2.3.5")
def test_somebody_else_approves_and_the_money_moves() -> None:
    books = Books()
    transfer = held(books, approval=True)
    transfer.order = order()

    with pytest.raises(OwnDecision):
        transfer.approve(books.accounts, by=HER, at=AT, expires_at=LATER)
    transfer.approve(books.accounts, by=STAFF, at=AT, expires_at=LATER)

    assert (transfer.status, transfer.decided_by, books.his.balance) == (TransferStatus.COMPLETED, STAFF, Decimal(250))
    with pytest.raises(NotPending):
        transfer.approve(books.accounts, by=STAFF, at=AT, expires_at=LATER)


def test_an_approved_hold_waits_on_for_its_capture() -> None:
    books = Books()
    transfer = held(books, approval=True)

    transfer.approve(books.accounts, by=STAFF, at=AT, expires_at=LATER + timedelta(days=1))

    assert (transfer.status, books.hers.held, books.his.balance) == (TransferStatus.PENDING, Decimal(250), Decimal(0))
    assert transfer.expires_at == LATER + timedelta(days=1)
    transfer.capture(books.accounts, None, AT)
    assert books.his.balance == Decimal(250)


@pytest.mark.clause("ASVS 2.3.5")
def test_somebody_else_rejects_and_the_money_is_let_go() -> None:
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


def test_a_reversal_undoes_the_whole_entry_fees_and_all() -> None:
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


def test_what_the_receiver_has_spent_cannot_be_reversed() -> None:
    books = Books()
    transfer = settled(books)
    books.his.debit(nad("0.01"))

    with pytest.raises(InsufficientFunds):
        transfer.reverse(back(transfer, "250.00", kind=TransferKind.REVERSAL), books.accounts, transfer.postings, AT)
    assert transfer.status is TransferStatus.COMPLETED


def test_refunds_give_back_no_more_than_was_paid() -> None:
    books = Books()
    transfer = settled(books)

    transfer.refund(back(transfer, "100.00"), books.accounts, AT)
    with pytest.raises(RefundTooLarge):
        transfer.refund(back(transfer, "150.01"), books.accounts, AT)
    transfer.refund(back(transfer, "150.00"), books.accounts, AT)

    assert (books.hers.balance, books.his.balance, transfer.refunded) == (Decimal(1000), Decimal(0), Decimal(250))
    with pytest.raises(NotRefundable):
        transfer.reverse(back(transfer, "250.00"), books.accounts, transfer.postings, AT)


def test_a_refund_of_a_refund_is_none() -> None:
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
def test_refunds_in_any_parts_give_back_the_refundable_fee_and_not_a_cent_more(cents: int, fee: int, parts: list[int]) -> None:
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


def test_a_replay_is_answered_and_another_order_under_its_key_is_not() -> None:
    transfer = settled(Books())

    assert transfer.confirm_replay(order()) is transfer
    changes: list[dict[str, object]] = [
        {"description": "food"},
        {"reference": "X"},
        {"metadata": {"a": "b"}},
        {"capture_later": True},
    ]
    for change in changes:
        with pytest.raises(KeyReused):
            transfer.confirm_replay(order(**change))


def test_metadata_is_bounded() -> None:
    for metadata in ({str(n): "" for n in range(21)}, {"k" * 501: ""}, {"k": "v" * 501}):
        with pytest.raises(InvalidValue):
            order(metadata=metadata)


def test_what_is_signed_names_every_field_that_says_something() -> None:
    plain = order().signed_text

    assert plain == (
        b'elcorp-transfer-v1\n{"amount":"250.00","currency":"NAD","description":"rent","idempotency_key":"k",'
        b'"kind":"transfer","source_wallet_id":"00000000-0000-0000-0000-00000000000b",'
        b'"target_wallet_id":"00000000-0000-0000-0000-00000000000c"}'
    )
    changed: list[dict[str, object]] = [
        {"key": "l"},
        {"source_id": new_id()},
        {"target_id": new_id()},
        {"reference": "X"},
        {"metadata": {"a": "b"}},
        {"capture_later": True},
        {"kind": TransferKind.PAYMENT},
    ]
    assert order("250.01").signed_text != plain
    for change in changed:
        assert order(**change).signed_text != plain


def test_a_frozen_wallet_stands_still_both_ways() -> None:
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
        books.hers.close(at=AT)
    held(books, quote("1.00"))
    books.hers.balance = Decimal(0)
    with pytest.raises(NotEmpty):
        books.hers.close(at=AT)
    books.his.close(at=AT)

    assert (books.his.status, books.his.closed_at) == (AccountStatus.CLOSED, AT)
    for act in (
        lambda: books.his.credit(nad("1.00")),
        lambda: books.his.freeze("why", at=AT),
        lambda: books.his.close(at=AT),
        lambda: books.his.rename("x"),
    ):
        with pytest.raises(AccountClosed):
            act()


def test_a_frozen_wallet_is_not_closed_by_its_owner() -> None:
    books = Books()
    books.his.freeze("case 7", at=AT)

    with pytest.raises(AccountFrozen):
        books.his.close(at=AT)


def test_a_ceiling_bounds_what_comes_in() -> None:
    books = Books(his="10.00")
    with pytest.raises(BalanceLimit):
        books.his.bound(Decimal("9.99"))
    books.his.bound(Decimal("100.00"))
    with pytest.raises(BalanceLimit):
        books.his.credit(nad("90.01"))
    books.his.credit(nad("90.00"))
    books.his.bound(None)
    books.his.credit(nad("1.00"))

    assert books.his.balance == Decimal("101.00")


def test_a_wallet_takes_only_its_own_currency() -> None:
    with pytest.raises(CurrencyMismatch):
        Books().hers.credit(Money.of("1", "USD"))


def test_more_is_never_released_than_is_held() -> None:
    books = Books()
    held(books)
    for amount in ("250.01", "-1"):
        with pytest.raises(LedgerBroken):
            books.hers.release(Decimal(amount))


def test_the_accounts_of_an_entry_are_all_that_it_moves() -> None:
    priced = quote("10.00", ("fees", "1.00", False))

    assert accounts_of(moves_of(HERS, HIS, priced)) == {HERS, HIS, system_account_id(SystemCode.FEES, "NAD")}


def test_every_step_is_a_version_of_its_own() -> None:
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


def test_an_account_is_another_version_after_every_change() -> None:
    books = Books()
    account, versions = books.hers, [0]
    changes = (
        lambda: account.debit(nad("1.00")),
        lambda: account.credit(nad("1.00")),
        lambda: account.hold(nad("1.00")),
        lambda: account.release(Decimal(1)),
        lambda: account.freeze("case 7", at=AT),
        lambda: account.unfreeze("cleared", at=AT),
        lambda: account.rename("savings"),
        lambda: account.bound(Decimal(5000)),
    )
    for change in changes:
        change()
        versions.append(account.version)

    assert versions == list(range(9))


def test_what_is_left_to_give_back_is_told() -> None:
    books = Books()
    transfer = settled(books)
    transfer.refund(back(transfer, "100.00"), books.accounts, AT)

    with pytest.raises(RefundTooLarge) as refused:
        transfer.refund(back(transfer, "150.01"), books.accounts, AT)

    assert refused.value.facts["left"] == "150.00"


def test_a_currency_before_or_after_ones_own_is_another() -> None:
    for code in ("ELC", "USD", "ZAR"):
        with pytest.raises(CurrencyMismatch):
            Books().hers.require_credit(Money.of("1", code))


def test_nothing_on_hold_may_be_released_as_nothing() -> None:
    books = Books()
    books.hers.release(Decimal(0))

    assert books.hers.held == 0


def test_the_key_of_a_leg_is_no_longer_than_a_key_may_be() -> None:
    longest = "k" * 251

    assert leg_key("k", 3) == "k/3"
    assert leg_key(longest, 999) == f"{longest}/999"
    assert leg_key(f"{longest}k", 7).startswith("sha256:")
    assert leg_key(f"{longest}k", 7) != leg_key(f"{longest}l", 7)


def test_one_more_leg_than_there_are_has_the_next_key() -> None:
    assert key_beyond([order(key="k/0"), order(key="k/1"), order(key="k/2")]) == "k/3"
    assert key_beyond([order(key="k/0")]) is None


def test_whoever_else_decides_decides() -> None:
    for somebody in (UUID(int=0), STAFF):
        books = Books()
        transfer = held(books, approval=True)
        transfer.reject(books.accounts, by=somebody, reason="no", at=AT)
        assert transfer.decided_by == somebody


def test_a_cent_on_hold_runs_out_like_a_fortune() -> None:
    transfer = held(Books(), quote("0.01"))

    assert transfer.is_overdue(LATER)
    assert not transfer.is_overdue(LATER - timedelta(microseconds=1))


def test_a_ceiling_may_be_what_the_wallet_holds_and_the_most_that_money_can_be() -> None:
    wallet = Books(hers="10.00").hers
    wallet.bound(Decimal("10.00"))
    wallet.bound(LARGEST_AMOUNT)
    with pytest.raises(BalanceLimit):
        wallet.bound(LARGEST_AMOUNT + 1)

    assert wallet.ceiling == LARGEST_AMOUNT


def test_the_side_on_which_a_system_account_grows() -> None:
    assert {code for code in SystemCode if code.normal_side == "debit"} == {SystemCode.TREASURY, SystemCode.SETTLEMENT}


def test_a_wallet_opens_empty_at_its_first_version() -> None:
    wallet = Account.open_wallet(wallet_id=HERS, owner_id=HER, currency="NAD", at=AT, name="savings")

    assert (wallet.balance, wallet.held, wallet.version, wallet.name) == (Decimal(0), Decimal(0), 0, "savings")
    assert [event.wallet_id for event in wallet.collect() if isinstance(event, WalletOpened)] == [HERS]


def test_metadata_may_be_as_long_as_its_bound() -> None:
    assert order(metadata={"k" * 500: "v" * 500}).metadata
    assert order(metadata={str(n): "" for n in range(20)}).metadata
