"""A bulk counts its lines, and ends with the last of them."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta

import pytest

from kernel.errors import KeyReused
from kernel.ids import new_id
from kernel.money import Money
from payments.domain.bulk import Bulk, BulkStatus, LineOutcome, LineStatus
from payments.domain.bulk_file import BulkFile, BulkLine, BulkMode
from payments.domain.errors import BulkEnded
from payments.domain.events import BulkChanged, BulkCompleted
from payments.domain.transfer_order import TransferKind

AT = datetime(2026, 3, 21, 8, 0, tzinfo=UTC)


def bulk(lines: int = 3) -> Bulk:
    source = new_id()
    file = BulkFile(
        source_id=source,
        currency="NAD",
        mode=BulkMode.BEST_EFFORT,
        lines=tuple(BulkLine(number=n, target_id=new_id(), amount=Money.of("1.00", "NAD")) for n in range(1, lines + 1)),
    )
    return Bulk.accept(file, bulk_id=new_id(), initiator_id=new_id(), key="k", request_hash=b"h", format_="text/csv", at=AT)


def outcome(number: int, status: LineStatus = LineStatus.SETTLED) -> LineOutcome:
    return LineOutcome(number=number, status=status)


@pytest.mark.parametrize(
    ("statuses", "result"),
    [
        ((LineStatus.SETTLED, LineStatus.SETTLED, LineStatus.AWAITING_APPROVAL), BulkStatus.COMPLETED),
        ((LineStatus.SETTLED, LineStatus.REFUSED, LineStatus.SETTLED), BulkStatus.PARTLY_COMPLETED),
        ((LineStatus.REFUSED, LineStatus.REFUSED, LineStatus.REFUSED), BulkStatus.FAILED),
        ((LineStatus.REFUSED, LineStatus.NOT_RUN, LineStatus.NOT_RUN), BulkStatus.FAILED),
    ],
)
def test_it_ends_with_its_last_line_and_says_how(statuses: tuple[LineStatus, ...], result: BulkStatus) -> None:
    one = bulk()
    one.start(AT)
    one.count([outcome(1, statuses[0])], AT)
    assert [event.status for event in one.collect() if isinstance(event, BulkChanged)] == [
        BulkStatus.ACCEPTED,
        BulkStatus.RUNNING,
    ]
    assert one.status is BulkStatus.RUNNING
    one.count([outcome(2, statuses[1]), outcome(3, statuses[2])], AT + timedelta(seconds=1))
    assert (one.status, one.ended_at) == (result, AT + timedelta(seconds=1))
    [told] = one.collect()
    assert isinstance(told, BulkCompleted)
    assert (told.status, told.lines, told.settled + told.awaiting + told.refused + told.not_run) == (result, 3, 3)


def test_cancelled_it_keeps_what_has_run_and_runs_no_more() -> None:
    one = bulk()
    one.start(AT)
    one.count([outcome(1)], AT)
    one.cancel("wrong month", AT)
    assert one.status is BulkStatus.CANCELLING
    with pytest.raises(BulkEnded):
        one.cancel("again", AT)
    one.stop(AT)
    assert (one.status, one.settled, one.not_run, one.reason) == (BulkStatus.CANCELLED, 1, 2, "wrong month")
    for act in (lambda: one.cancel("again", AT), lambda: one.start(AT), lambda: one.count([outcome(2)], AT)):
        with pytest.raises(BulkEnded):
            act()


def test_cancelled_before_it_began_it_has_ended() -> None:
    one = bulk()
    one.cancel("wrong month", AT)
    assert (one.status, one.not_run, one.ended_at) == (BulkStatus.CANCELLED, 3, AT)
    with pytest.raises(ValueError, match="is cancelled"):
        one.stop(AT)


def test_lines_under_way_when_it_is_cancelled_are_counted() -> None:
    one = bulk()
    one.start(AT)
    one.cancel("stop", AT)
    one.count([outcome(1), outcome(2)], AT)
    one.stop(AT)
    assert (one.status, one.settled, one.not_run) == (BulkStatus.CANCELLED, 2, 1)


def test_going_on_after_a_crash_keeps_when_it_began() -> None:
    one = bulk()
    one.start(AT)
    one.start(AT + timedelta(minutes=5))
    assert (one.started_at, one.progressed_at) == (AT, AT + timedelta(minutes=5))


def test_lines_are_never_counted_twice_over() -> None:
    one = bulk(lines=1)
    one.start(AT)
    with pytest.raises(ValueError, match="has 1 lines"):
        one.count([outcome(1), outcome(2)], AT)


def test_a_lines_order_is_the_same_however_often_it_is_made() -> None:
    one = bulk()
    line = BulkLine(number=7, target_id=new_id(), amount=Money.of("5.00", "NAD"), reference="INV-1")
    order = one.order(line)
    assert order == one.order(line)
    assert (order.key, order.link_id, order.kind) == (f"bulk:{one.id}:7", one.id, TransferKind.TRANSFER)


def test_a_key_is_one_files_and_answered_as_the_first_time() -> None:
    one = bulk()
    first = asdict(one.confirm_replay(b"h"))
    one.start(AT)
    one.count([outcome(1)], AT)
    one.cancel("wrong month", AT)
    one.stop(AT)
    assert asdict(one.confirm_replay(b"h")) == first
    with pytest.raises(KeyReused):
        one.confirm_replay(b"other")


def test_a_bulk_is_another_version_after_every_change() -> None:
    one = bulk()
    versions = [one.version]
    for change in (
        lambda: one.start(AT),
        lambda: one.count([outcome(1)], AT),
        lambda: one.cancel("wrong month", AT),
        lambda: one.stop(AT),
    ):
        change()
        versions.append(one.version)
    assert versions == [1, 2, 3, 4, 5]


def test_what_a_cancelled_bulk_did_not_run_is_what_is_left_of_it() -> None:
    one = bulk(9)
    one.start(AT)
    done = [LineStatus.SETTLED] * 2 + [LineStatus.AWAITING_APPROVAL] + [LineStatus.REFUSED] * 2
    one.count([outcome(number, status) for number, status in enumerate(done, 1)], AT)
    one.cancel("wrong month", AT)
    one.stop(AT)
    assert (one.settled, one.awaiting, one.refused, one.not_run, one.done) == (2, 1, 2, 4, 9)
