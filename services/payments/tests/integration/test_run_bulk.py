"""Running a bulk transfer: each line runs once, whatever happens between two steps."""

from collections.abc import Sequence
from decimal import Decimal

import pytest

from chassis.audited_reads import AuditedReads
from chassis.testing.objects import HeldUpload
from kernel.actor import Actor, ActorKind
from kernel.errors import InvalidValues, KeyReused, Unavailable
from kernel.ids import new_id
from payments.application.bulk_transfers.approve_bulk import ApproveBulk
from payments.application.bulk_transfers.read_submission import ReadSubmission
from payments.application.bulk_transfers.visible_bulks import VisibleBulks
from payments.application.ports.bulk_transfers import BULKS_OPEN_MAX
from payments.application.transfers.batch import Outcome
from payments.application.transfers.post_transfers import QueuedRequest
from payments.domain.approval import APPROVED_BY
from payments.domain.bulk import BulkStatus, LineStatus
from payments.domain.errors import NotTheOwner, SignatureRequired, TooManyBulks, UnknownFormat
from payments.domain.events import BulkCompleted, TransferSettled, TransfersSettled
from payments.infrastructure.sql.bulk_transfers import SqlBulkViews
from payments.wiring.approvals import decide_bulk
from payments.wiring.dependencies import unit_of_work
from services.payments.tests.approvals import approval_from
from services.payments.tests.fakes.payment_permissions import FakePaymentPermissions
from services.payments.tests.fakes.permissions import FakePermissions
from services.payments.tests.integration.bulk_bank import STAFF, BulkBank, Killed, Poster
from services.payments.tests.posting import posting
from services.payments.tests.usual import SETTINGS


async def test_each_line_is_settled_and_the_file_is_announced(bulk_bank: BulkBank) -> None:
    bulk = (await bulk_bank.submit("100.00", "2000.00", "300.00", "1.00", "0.50")).bulk
    assert await bulk_bank.queued() == [bulk.id]
    assert await bulk_bank.run(bulk_id=bulk.id) is BulkStatus.PARTLY_COMPLETED
    ended = await bulk_bank.bulk(bulk.id)
    assert (ended.settled, ended.refused, ended.not_run) == (4, 1, 0)
    assert (await bulk_bank.statuses(bulk.id))[1] is LineStatus.REFUSED
    assert await bulk_bank.moved() == [Decimal("100.50"), Decimal(0), Decimal(300), Decimal(1)]
    announced = [event for event in bulk_bank.uow.events if isinstance(event, BulkCompleted)]
    assert [(event.status, event.settled) for event in announced] == [("partly_completed", 4)]
    # Three chunks with one message each, and no message for a line.
    together = [event for event in bulk_bank.uow.events if isinstance(event, TransfersSettled)]
    assert [len(event.settled) for event in together] == [1, 2, 1]
    alone = [event for event in bulk_bank.uow.events if isinstance(event, TransferSettled)]
    assert [event.kind for event in alone] == ["issuance"]
    assert await bulk_bank.run(bulk_id=bulk.id) is None


async def test_an_all_or_nothing_file_with_a_refused_line_settles_nothing_and_names_the_line(bulk_bank: BulkBank) -> None:
    bulk_bank.mode = "all_or_nothing"
    bulk = (await bulk_bank.submit("100.00", "600.00", "301.00", "1.00")).bulk
    assert await bulk_bank.run(bulk_id=bulk.id) is BulkStatus.FAILED
    assert await bulk_bank.moved() == [Decimal(0)] * 4
    expected = [LineStatus.NOT_RUN, LineStatus.NOT_RUN, LineStatus.REFUSED, LineStatus.NOT_RUN]
    assert await bulk_bank.statuses(bulk.id) == expected


async def test_an_all_or_nothing_file_settles_in_one_transaction(bulk_bank: BulkBank) -> None:
    bulk_bank.mode = "all_or_nothing"
    bulk = (await bulk_bank.submit(*["10.00"] * 7)).bulk
    assert await bulk_bank.run(bulk_id=bulk.id) is BulkStatus.COMPLETED
    assert bulk_bank.post.posted == 1
    assert sum(await bulk_bank.moved()) == 70


@pytest.mark.parametrize("mode", ["best_effort", "all_or_nothing"])
async def test_a_file_that_a_rule_matches_waits_whole_and_runs_whole_once_approved(bulk_bank: BulkBank, mode: str) -> None:
    bulk_bank.prices.rules = approval_from("50")
    bulk_bank.mode = mode
    bulk = (await bulk_bank.submit("10.00", "39.99", key="below")).bulk
    assert (bulk.status, await bulk_bank.queued()) == (BulkStatus.ACCEPTED, [bulk.id])
    waiting = (await bulk_bank.submit("10.00", "40.00")).bulk
    assert (waiting.status, waiting.approval_rules) == (BulkStatus.PENDING_APPROVAL, ("large",))
    assert await bulk_bank.queued() == [bulk.id]
    assert await bulk_bank.run(bulk_id=waiting.id) is None
    assert await bulk_bank.moved() == [Decimal(0)] * 4

    decide = decide_bulk(settings=SETTINGS, database=bulk_bank.database, clock=bulk_bank.clock)
    visible = VisibleBulks(
        views=SqlBulkViews(bulk_bank.database),
        permissions=FakePermissions({APPROVED_BY}),
        payment_permissions=FakePaymentPermissions(),
        reads=AuditedReads(uow=unit_of_work(bulk_bank.database), clock=bulk_bank.clock),
    )
    await ApproveBulk(visible, decide)(actor=STAFF, bulk_id=waiting.id)
    assert await bulk_bank.queued() == [bulk.id, waiting.id]
    assert await bulk_bank.run(bulk_id=waiting.id) is BulkStatus.COMPLETED
    assert await bulk_bank.statuses(waiting.id) == [LineStatus.SETTLED] * 2
    assert await bulk_bank.moved() == [Decimal(10), Decimal(40), Decimal(0), Decimal(0)]


@pytest.mark.parametrize("mode", ["best_effort", "all_or_nothing"])
@pytest.mark.parametrize("dies_after", [1, 2, 3])
async def test_killed_after_any_posting_a_run_loses_no_line_and_doubles_none(
    bulk_bank: BulkBank, mode: str, dies_after: int
) -> None:
    bulk_bank.mode = mode
    bulk = (await bulk_bank.submit("1.00", "2.00", "3.00", "4.00", "5.00")).bulk
    bulk_bank.post.dies_after = dies_after
    if mode == "best_effort" or dies_after == 1:
        with pytest.raises(Killed):
            await bulk_bank.run(bulk_id=bulk.id)
    assert await bulk_bank.run(bulk_id=bulk.id) in {BulkStatus.COMPLETED, None}
    assert (await bulk_bank.bulk(bulk.id)).status is BulkStatus.COMPLETED
    assert await bulk_bank.moved() == [Decimal(6), Decimal(2), Decimal(3), Decimal(4)]
    assert set(await bulk_bank.statuses(bulk.id)) == {LineStatus.SETTLED}
    assert await bulk_bank.rows("SELECT count(*) FROM transfers WHERE idempotency_key LIKE 'bulk:%'") == [(5,)]


async def test_a_chunk_that_another_worker_has_run_meanwhile_is_counted_once(bulk_bank: BulkBank) -> None:
    bulk = (await bulk_bank.submit("1.00", "2.00", "3.00")).bulk
    dying = Poster(posting(bulk_bank.uow, bulk_bank.screening, bulk_bank.clock))
    dying.dies_after = 2
    once = iter([True])

    async def while_another_does(waiting: Sequence[QueuedRequest]) -> Sequence[Outcome]:
        outcomes = await bulk_bank.post(waiting)
        if next(once, False):
            with pytest.raises(Killed):
                await bulk_bank.runner(dying)(bulk_id=bulk.id)
        return outcomes

    run = bulk_bank.runner(while_another_does)
    assert await run(bulk_id=bulk.id) is BulkStatus.COMPLETED
    assert ((await bulk_bank.bulk(bulk.id)).settled, (await bulk_bank.moved())[:3]) == (3, [Decimal(1), Decimal(2), Decimal(3)])


async def test_while_compliance_is_away_no_line_fails(bulk_bank: BulkBank) -> None:
    bulk = (await bulk_bank.submit("1.00")).bulk
    bulk_bank.screening.away = True
    with pytest.raises(Unavailable):
        await bulk_bank.run(bulk_id=bulk.id)
    assert (await bulk_bank.bulk(bulk.id)).status is BulkStatus.RUNNING
    bulk_bank.screening.away = False
    assert await bulk_bank.run(bulk_id=bulk.id) is BulkStatus.COMPLETED


async def test_a_line_refused_by_screening_does_not_say_why(bulk_bank: BulkBank) -> None:
    bulk = (await bulk_bank.submit("1.00")).bulk
    bulk_bank.screening.blocked.add(bulk_bank.payer)
    assert await bulk_bank.run(bulk_id=bulk.id) is BulkStatus.FAILED
    [line] = await bulk_bank.lines(bulk.id)
    assert line.code == "PAY_007"
    assert "list" not in line.message


async def test_a_line_whose_transfer_was_undone_before_it_was_recorded_counts_as_settled(bulk_bank: BulkBank) -> None:
    bulk = (await bulk_bank.submit("1.00", "2.00")).bulk
    bulk_bank.post.dies_after = 1
    with pytest.raises(Killed):
        await bulk_bank.run(bulk_id=bulk.id)
    await bulk_bank.reverse(f"bulk:{bulk.id}:1")
    assert await bulk_bank.run(bulk_id=bulk.id) is BulkStatus.COMPLETED
    assert await bulk_bank.statuses(bulk.id) == [LineStatus.SETTLED] * 2


async def test_the_same_key_returns_the_same_file(bulk_bank: BulkBank) -> None:
    first = await bulk_bank.submit("1.00")
    again = await bulk_bank.submit("1.00")
    assert (again.bulk.id, again.replayed) == (first.bulk.id, True)
    with pytest.raises(KeyReused):
        await bulk_bank.submit("2.00")


async def test_a_file_is_refused_for_its_wallet_or_target_or_amount_or_number_of_lines(bulk_bank: BulkBank) -> None:
    stranger = Actor(kind=ActorKind.USER, subject_id=str(new_id()))
    with pytest.raises(NotTheOwner):
        await bulk_bank.submit("1.00", actor=stranger)
    with pytest.raises(InvalidValues) as unknown:
        await bulk_bank.submit("1.00", "1.00", targets=[bulk_bank.payees[0], new_id()])
    assert [fault.field for fault in unknown.value.faults] == ["lines.1.target_wallet_id"]
    with pytest.raises(SignatureRequired):
        await bulk_bank.submit("2500.00", "2500.01")
    with pytest.raises(UnknownFormat):
        await ReadSubmission({}, bulk_bank.clock)(key="k", upload=HeldUpload(media_type="text/html"))
    for n in range(BULKS_OPEN_MAX):
        await bulk_bank.submit("1.00", key=f"key-{n}")
    with pytest.raises(TooManyBulks):
        await bulk_bank.submit("1.00", key="one-too-many")
