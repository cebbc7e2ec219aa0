"""A bulk transfer counts its lines, and ends with the last one."""

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
def test_a_file_ends_with_its_last_line_and_with_its_final_status(statuses: tuple[LineStatus, ...], result: BulkStatus) -> None:
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
    [event] = one.collect()
    assert isinstance(event, BulkCompleted)
    assert (event.status, event.lines, event.settled + event.awaiting + event.refused + event.not_run) == (result, 3, 3)


def test_a_cancelled_file_keeps_what_has_run_and_runs_no_more() -> None:
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


def test_a_file_cancelled_before_it_started_has_ended() -> None:
    one = bulk()
    one.cancel("wrong month", AT)
    assert (one.status, one.not_run, one.ended_at) == (BulkStatus.CANCELLED, 3, AT)
    with pytest.raises(ValueError, match="is cancelled"):
        one.stop(AT)


def test_lines_that_run_during_a_cancellation_are_counted() -> None:
    one = bulk()
    one.start(AT)
    one.cancel("stop", AT)
    one.count([outcome(1), outcome(2)], AT)
    one.stop(AT)
    assert (one.status, one.settled, one.not_run) == (BulkStatus.CANCELLED, 2, 1)


def test_a_run_resumed_after_a_crash_keeps_its_start_time() -> None:
    one = bulk()
    one.start(AT)
    one.start(AT + timedelta(minutes=5))
    assert (one.started_at, one.progressed_at) == (AT, AT + timedelta(minutes=5))


def test_lines_are_never_counted_twice() -> None:
    one = bulk(lines=1)
    one.start(AT)
    with pytest.raises(ValueError, match="has 1 lines"):
        one.count([outcome(1), outcome(2)], AT)


def test_a_line_always_makes_the_same_order() -> None:
    one = bulk()
    line = BulkLine(number=7, target_id=new_id(), amount=Money.of("5.00", "NAD"), reference="INV-1")
    order = one.order(line)
    assert order == one.order(line)
    assert (order.key, order.link_id, order.kind) == (f"bulk:{one.id}:7", one.id, TransferKind.TRANSFER)


def test_a_key_names_one_file_and_returns_its_first_response() -> None:
    one = bulk()
    first = asdict(one.confirm_replay(b"h"))
    one.start(AT)
    one.count([outcome(1)], AT)
    one.cancel("wrong month", AT)
    one.stop(AT)
    assert asdict(one.confirm_replay(b"h")) == first
    with pytest.raises(KeyReused):
        one.confirm_replay(b"other")


def test_every_change_of_a_file_increases_its_version() -> None:
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


def test_a_cancelled_file_did_not_run_its_remaining_lines() -> None:
    one = bulk(9)
    one.start(AT)
    done = [LineStatus.SETTLED] * 2 + [LineStatus.AWAITING_APPROVAL] + [LineStatus.REFUSED] * 2
    one.count([outcome(number, status) for number, status in enumerate(done, 1)], AT)
    one.cancel("wrong month", AT)
    one.stop(AT)
    assert (one.settled, one.awaiting, one.refused, one.not_run, one.done) == (2, 1, 2, 4, 9)
