"""A repeated request returns its first response, whatever has happened to the transfer, file or schedule."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import DomainError
from kernel.ids import new_id
from payments.application.bulk_transfers.views import BulkView
from payments.application.schedules.views import ScheduleView
from payments.domain.bulk import Bulk, LineOutcome, LineStatus
from payments.domain.bulk_file import BulkFile, BulkLine, BulkMode
from payments.domain.price_book import FeeLine, Quote
from payments.domain.rounding import pro_rata
from payments.domain.schedule import Frequency, Run, Schedule, StandingOrder
from payments.domain.transfer import Transfer
from payments.domain.transfer_order import TransferKind
from payments.interfaces.rest.schemas.transfers import TransferResponse
from services.payments.tests.unit.books import AT, HERS, HIM, HIS, LATER, STAFF, Books, back, nad, order
from services.payments.tests.usual import CALENDAR

amounts = st.integers(1, 20_000).map(lambda cents: nad(f"{cents // 100}.{cents % 100:02}"))
# Fractions of the amount, in hundredths.
parts = st.integers(1, 100)
moments = st.integers(0, 10).map(lambda days: AT + timedelta(days=days))


@st.composite
def quotes(draw: st.DrawFn) -> Quote:
    fees = draw(st.lists(st.tuples(st.sampled_from(["fees", "vat"]), amounts, st.booleans()), max_size=2))
    return Quote(draw(amounts), tuple(FeeLine(code, fee, new_id(), refundable) for code, fee, refundable in fees))


def begin(books: Books, quote: Quote, how: str) -> Transfer:
    asked = order(quote.amount.text, capture_later=how in {"later", "later, approved"})
    if how == "now":
        return Transfer.settle(asked, quote, books.accounts, AT)
    return Transfer.hold(asked, quote, books.accounts, AT, expires_at=LATER, awaiting_approval=how != "later")


def happen(transfer: Transfer, books: Books, event: str, hundredths: int, at: datetime) -> None:
    """Perform one act on a transfer, if it is allowed."""
    accounts = books.accounts
    part = pro_rata(transfer.quote.amount, nad(f"{hundredths}.00"), nad("100.00"))
    with suppress(DomainError):
        match event:
            case "capture":
                transfer.capture(accounts, part, at)
            case "approve":
                transfer.approve(accounts, by=STAFF, at=at, expires_at=at + timedelta(days=1))
            case "reject":
                transfer.reject(accounts, by=STAFF, reason="no", at=at)
            case "void":
                transfer.void(accounts, reason="no longer", at=at)
            case "expire":
                transfer.expire(accounts, at=at)
            case "refund":
                transfer.refund(back(transfer, part.text), accounts, at)
            case "reverse":
                undone = back(transfer, transfer.moved.text, kind=TransferKind.REVERSAL, by=STAFF)
                transfer.reverse(undone, accounts, transfer.postings, at)


EVENTS: Final = ("capture", "approve", "reject", "void", "expire", "refund", "reverse")


@given(
    quotes(),
    st.sampled_from(["now", "approved", "later", "later, approved"]),
    st.lists(st.tuples(st.sampled_from(EVENTS), parts, moments), max_size=6),
)
def test_a_transfer(quote: Quote, how: str, events: Sequence[tuple[str, int, datetime]]) -> None:
    books = Books()
    transfer = begin(books, quote, how)
    first = TransferResponse.of(transfer)
    for event, hundredths, at in events:
        happen(transfer, books, event, hundredths, at)
        assert TransferResponse.of(transfer.as_made()) == first
        assert transfer.as_made().collect() == []
    assert transfer.confirm_replay(transfer.order).as_made().id == transfer.id


FILE: Final = BulkFile(
    source_id=HERS,
    currency="NAD",
    mode=BulkMode.BEST_EFFORT,
    lines=tuple(BulkLine(number=n, target_id=HIS, amount=nad("1.00")) for n in range(1, 4)),
)


def accept(*, waits: bool) -> Bulk:
    bulk = Bulk.accept(FILE, bulk_id=new_id(), initiator_id=HIM, key="k", request_hash=b"h", format_="text/csv", at=AT)
    if waits:
        bulk.await_approval(["large"], at=AT, expires_at=LATER)
    return bulk


BULK_EVENTS: Final[dict[str, Callable[[Bulk, LineStatus, datetime], None]]] = {
    "approve": lambda bulk, _, at: bulk.approve(by=STAFF, pays_decider=False, at=at),
    "reject": lambda bulk, _, at: bulk.reject(by=STAFF, pays_decider=False, reason="no", at=at),
    "expire": lambda bulk, _, at: bulk.expire(at=at),
    "start": lambda bulk, _, at: bulk.start(at),
    "count": lambda bulk, status, at: bulk.count([LineOutcome(number=bulk.done + 1, status=status)], at),
    "cancel": lambda bulk, _, at: bulk.cancel("no longer", at),
    "stop": lambda bulk, _, at: bulk.stop(at),
}


@given(
    st.booleans(),
    st.lists(
        st.tuples(
            st.sampled_from(sorted(BULK_EVENTS)),
            st.sampled_from([LineStatus.SETTLED, LineStatus.REFUSED, LineStatus.NOT_RUN]),
            moments,
        ),
        max_size=8,
    ),
)
def test_a_file(waits: bool, events: Sequence[tuple[str, LineStatus, datetime]]) -> None:
    bulk = accept(waits=waits)
    bulk.collect()
    first = BulkView.of(replace(bulk))
    now = AT
    for event, status, at in events:
        now = max(now, at)
        # Acts that its status excludes are skipped.
        with suppress(DomainError, ValueError):
            BULK_EVENTS[event](bulk, status, now)
        assert BulkView.of(bulk.confirm_replay(b"h")) == first
        assert bulk.as_accepted().collect() == []


def go_on(schedule: Schedule, event: str, at: datetime) -> None:
    with suppress(DomainError):
        match event:
            case "run" | "fail":
                if schedule.next_at:
                    code = "PAY_001" if event == "fail" else None
                    schedule.record(
                        Run(
                            number=schedule.next_number,
                            planned_at=schedule.next_at,
                            due_at=schedule.next_at,
                            run_at=at,
                            code=code,
                        ),
                        CALENDAR,
                    )
            case "pause":
                schedule.pause(at, reason="suspended")
            case "resume":
                schedule.resume(at, CALENDAR)
            case "cancel":
                schedule.cancel(at, reason="closed")


@given(
    st.sampled_from(Frequency),
    st.lists(st.tuples(st.sampled_from(["run", "fail", "pause", "resume", "cancel"]), moments), max_size=8),
)
def test_a_plan(frequency: Frequency, events: Sequence[tuple[str, datetime]]) -> None:
    asked = StandingOrder(source_id=HERS, target_id=HIS, amount=nad("5.00"), frequency=frequency, starts_at=LATER)
    schedule = Schedule.plan(asked, schedule_id=new_id(), initiator_id=HIM, key="k", calendar=CALENDAR, at=AT)
    first = ScheduleView.of(schedule)
    for event, at in events:
        go_on(schedule, event, at)
        assert ScheduleView.of(schedule.confirm_replay(asked).as_planned(CALENDAR)) == first
