"""Each chunk of a bulk transfer runs with the rules and the payer's authority at that moment."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from chassis.rpc import RemoteError
from kernel.errors import DomainError, Kind, Unavailable
from payments.application.ports.payer_rights import Payer, Roles
from payments.application.transfers.batch import Outcome
from payments.application.transfers.post_transfers import QueuedRequest
from payments.domain.approval import ApprovalQuestion, ApprovalRules
from payments.domain.bulk import BulkStatus
from payments.domain.events import BulkCompleted
from payments.domain.price_book import PriceBook
from payments.domain.standing import Standing
from services.payments.tests.approvals import approval_from
from services.payments.tests.fakes.approvals import unable, unavailable
from services.payments.tests.fakes.authority import FakeAuthority
from services.payments.tests.integration.bulk_bank import BulkBank, Killed
from services.payments.tests.unit.prices import fee_rule, tier

BARRED = [
    ({"standing": Standing.SUSPENDED}, "PAY_050"),
    ({"standing": Standing.CLOSED}, "PAY_051"),
    ({"roles": frozenset({"guest"})}, "ACC_001"),
]


def bar(bulk_bank: BulkBank, changes: dict[str, Any]) -> None:
    for name, value in changes.items():
        getattr(bulk_bank.authority, name)[bulk_bank.payer] = value


@pytest.mark.parametrize("judge", [unavailable, unable(Kind.INTERNAL), unable(Kind.EXHAUSTED)])
async def test_without_a_response_of_the_approval_rules_no_file_is_accepted(
    bulk_bank: BulkBank, judge: Callable[[ApprovalQuestion], bool]
) -> None:
    bulk_bank.prices.rules = approval_from("50", judge)
    with pytest.raises((Unavailable, RemoteError)):
        await bulk_bank.submit("1.00", "60.00")
    assert await bulk_bank.rows("SELECT id FROM bulks") == []
    bulk_bank.prices.rules = ApprovalRules()
    assert (await bulk_bank.submit("1.00", "60.00")).replayed is False


@pytest.mark.parametrize("mode", ["best_effort", "all_or_nothing"])
@pytest.mark.parametrize(("changes", "code"), BARRED, ids=["suspended", "closed", "without the permission"])
async def test_a_payer_who_may_not_pay_has_every_line_refused(
    bulk_bank: BulkBank, mode: str, changes: dict[str, Any], code: str
) -> None:
    bulk_bank.mode = mode
    bulk = (await bulk_bank.submit("1.00", "2.00", "3.00")).bulk
    bar(bulk_bank, changes)
    assert await bulk_bank.run(bulk_id=bulk.id) is BulkStatus.FAILED
    assert (await bulk_bank.refusals(bulk.id), bulk_bank.post.posted, await bulk_bank.moved()) == (
        [code] * 3,
        0,
        [Decimal(0)] * 4,
    )
    [ended] = [event for event in bulk_bank.uow.events if isinstance(event, BulkCompleted)]
    assert (ended.status, ended.settled, ended.refused, ended.not_run) == ("failed", 0, 3, 0)
    assert bulk_bank.uow.facts[-1].action == "payments.bulk.refuse"


async def test_a_payer_suspended_during_a_run_has_the_remaining_lines_refused(bulk_bank: BulkBank) -> None:
    bulk = (await bulk_bank.submit("1.00", "2.00", "3.00", "4.00", "5.00")).bulk

    async def then_is_suspended(waiting: Sequence[QueuedRequest]) -> Sequence[Outcome]:
        outcomes = await bulk_bank.post(waiting)
        bar(bulk_bank, {"standing": Standing.SUSPENDED})
        return outcomes

    run = bulk_bank.runner(then_is_suspended)
    assert await run(bulk_id=bulk.id) is BulkStatus.PARTLY_COMPLETED
    assert await bulk_bank.refusals(bulk.id) == ["", "", "PAY_050", "PAY_050", "PAY_050"]
    assert await bulk_bank.moved() == [Decimal(1), Decimal(2), Decimal(0), Decimal(0)]
    assert await bulk_bank.run(bulk_id=bulk.id) is None


@pytest.mark.parametrize(("mode", "settled"), [("best_effort", 2), ("all_or_nothing", 3)])
async def test_a_started_file_has_its_remaining_lines_refused_when_it_now_requires_an_approval(
    bulk_bank: BulkBank, mode: str, settled: int
) -> None:
    """Whether or not its worker recorded the outcomes before it died."""
    bulk_bank.mode = mode
    bulk = (await bulk_bank.submit("1.00", "2.00", "3.00")).bulk
    bulk_bank.post.dies_after = 1
    with pytest.raises(Killed):
        await bulk_bank.run(bulk_id=bulk.id)
    bulk_bank.prices.rules = approval_from("5")
    await bulk_bank.run(bulk_id=bulk.id)
    ended = await bulk_bank.bulk(bulk.id)
    assert (ended.settled, ended.refused, ended.approval_rules) == (settled, 3 - settled, ())
    assert await bulk_bank.refusals(bulk.id) == [""] * settled + ["PAY_041"] * (3 - settled)


async def test_a_resumed_file_is_checked_as_a_whole(bulk_bank: BulkBank) -> None:
    bulk = (await bulk_bank.submit("1.00", "2.00", "3.00")).bulk
    bulk_bank.post.dies_after = 2
    with pytest.raises(Killed):
        await bulk_bank.run(bulk_id=bulk.id)
    assert (await bulk_bank.bulk(bulk.id)).done == 2
    bulk_bank.prices.rules = approval_from("6.01", window=timedelta(hours=24))
    assert await bulk_bank.run(bulk_id=bulk.id) is BulkStatus.COMPLETED


@pytest.mark.parametrize("judge", [unavailable, unable(Kind.INTERNAL), unable(Kind.EXHAUSTED)])
async def test_without_a_response_of_the_approval_rules_no_line_runs(
    bulk_bank: BulkBank, judge: Callable[[ApprovalQuestion], bool]
) -> None:
    bulk = (await bulk_bank.submit("1.00", "60.00")).bulk
    bulk_bank.prices.rules = approval_from("50", judge)
    with pytest.raises((Unavailable, RemoteError)):
        await bulk_bank.run(bulk_id=bulk.id)
    assert ((await bulk_bank.bulk(bulk.id)).status, bulk_bank.post.posted) == (BulkStatus.RUNNING, 0)
    bulk_bank.prices.rules = ApprovalRules()
    assert await bulk_bank.run(bulk_id=bulk.id) is BulkStatus.COMPLETED


async def test_the_payer_is_looked_up_once_before_each_chunk(bulk_bank: BulkBank) -> None:
    bulk = (await bulk_bank.submit("1.00", "2.00", "3.00", "4.00", "5.00")).bulk
    await bulk_bank.run(bulk_id=bulk.id)
    assert bulk_bank.authority.asked == [{bulk_bank.payer}] * 3


async def test_each_chunk_runs_with_the_roles_of_its_moment(bulk_bank: BulkBank) -> None:
    bulk_bank.prices.book = PriceBook([fee_rule(tier(flat="0.50"), kind="transfer", waived_roles=frozenset({"trainee"}))])
    bulk = (await bulk_bank.submit("1.00", "2.00", "3.00", actor=replace(bulk_bank.actor, roles=frozenset({"trainee"})))).bulk

    async def then_is_a_trainee(waiting: Sequence[QueuedRequest]) -> Sequence[Outcome]:
        outcomes = await bulk_bank.post(waiting)
        bulk_bank.authority.roles[bulk_bank.payer] = frozenset({"user", "trainee"})
        return outcomes

    run = bulk_bank.runner(then_is_a_trainee)
    assert await run(bulk_id=bulk.id) is BulkStatus.COMPLETED
    fees = await bulk_bank.rows("SELECT fee_total FROM transfers WHERE idempotency_key LIKE 'bulk:%' ORDER BY idempotency_key")
    assert fees == [(Decimal("0.5"),), (Decimal("0.5"),), (Decimal(0),)]


@pytest.mark.parametrize("mode", ["best_effort", "all_or_nothing"])
async def test_while_identity_is_away_no_line_fails(bulk_bank: BulkBank, mode: str) -> None:
    bulk_bank.mode = mode
    bulk = (await bulk_bank.submit("1.00", "2.00", "3.00")).bulk
    bulk_bank.authority.away = True
    with pytest.raises(Unavailable):
        await bulk_bank.run(bulk_id=bulk.id)
    assert ((await bulk_bank.bulk(bulk.id)).status, (await bulk_bank.bulk(bulk.id)).done) == (BulkStatus.RUNNING, 0)
    bulk_bank.authority.away = False
    assert await bulk_bank.run(bulk_id=bulk.id) is BulkStatus.COMPLETED


@pytest.mark.parametrize(("mode", "settled"), [("best_effort", 2), ("all_or_nothing", 3)])
async def test_lines_settled_by_a_worker_that_died_before_the_suspension_count_as_settled(
    bulk_bank: BulkBank, mode: str, settled: int
) -> None:
    bulk_bank.mode = mode
    bulk = (await bulk_bank.submit("1.00", "2.00", "3.00")).bulk
    bulk_bank.post.dies_after = 1
    with pytest.raises(Killed):
        await bulk_bank.run(bulk_id=bulk.id)
    bar(bulk_bank, {"standing": Standing.SUSPENDED})
    await bulk_bank.run(bulk_id=bulk.id)
    ended = await bulk_bank.bulk(bulk.id)
    assert (ended.settled, ended.refused, ended.not_run) == (settled, 3 - settled, 0)
    assert sum(await bulk_bank.moved()) == (Decimal(3) if settled == 2 else Decimal(6))


async def test_a_file_cancelled_while_its_payer_is_looked_up_stops(bulk_bank: BulkBank) -> None:
    bulk = (await bulk_bank.submit("1.00", "2.00", "3.00")).bulk

    class Cancelling(FakeAuthority):
        async def authorize(
            self, payers: Collection[Payer], *, organization_id: UUID | None = None
        ) -> Mapping[Payer, Roles | DomainError]:
            await bulk_bank.cancel(actor=bulk_bank.actor, bulk_id=bulk.id, reason="wrong month")
            return await super().authorize(payers, organization_id=organization_id)

    authority = Cancelling(standing={bulk_bank.payer: Standing.SUSPENDED})
    run = bulk_bank.runner(authority=authority)
    assert await run(bulk_id=bulk.id) is BulkStatus.CANCELLED
    assert ((await bulk_bank.bulk(bulk.id)).not_run, (await bulk_bank.bulk(bulk.id)).reason) == (3, "wrong month")
