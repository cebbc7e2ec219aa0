"""A bulk run on fakes: each line once, whatever happens between any two steps."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import pytest

from chassis.rpc import RemoteError
from chassis.testing.clocks import ControlledClock
from kernel.actor import Actor, ActorKind
from kernel.errors import DomainError, InvalidValues, KeyReused, Kind, NotFound, Unavailable
from kernel.ids import new_id
from kernel.money import Money
from payments.application.bulk_transfers.approve_bulk import ApproveBulk
from payments.application.bulk_transfers.cancel_bulk import CancelBulk
from payments.application.bulk_transfers.judge_bulk import JudgeBulk
from payments.application.bulk_transfers.read_submission import ReadSubmission
from payments.application.bulk_transfers.resume_bulks import ResumeBulks
from payments.application.bulk_transfers.run_bulk import PostBatch, RunBulk
from payments.application.bulk_transfers.submit_bulk import Accepted, SubmitBulk
from payments.application.issuances.issue_money import IssueMoney
from payments.application.ports.authority import Roles
from payments.application.ports.bulk_transfers import BULKS_OPEN_MAX, FileDefaults
from payments.application.ports.transfers import Terms
from payments.application.transfers.batch import Outcome
from payments.application.transfers.post_transfers import PostTransfers, Waiting
from payments.application.wallets.open_issued_wallet import OpenIssuedWallet
from payments.domain.account import Account, AccountKind, SystemCode, system_account_id, treasury_id
from payments.domain.approval import ApprovalQuestion, ApprovalRules
from payments.domain.bulk import Bulk, BulkStatus, LineStatus
from payments.domain.bulk_file import RawFile, RawLine
from payments.domain.errors import BulkEnded, NotTheOwner, SignatureRequired, TooManyBulks, UnknownFormat
from payments.domain.events import BulkCompleted, TransferSettled, TransfersSettled
from payments.domain.payer_policy import PayerPolicy
from payments.domain.price_book import PriceBook
from payments.domain.standing import Standing
from payments.domain.transfer import TransferStatus
from payments.infrastructure.group_commit import GroupCommit
from services.payments.tests.approvals import approval_from
from services.payments.tests.fakes import (
    FakeAuthority,
    FakePrices,
    FakeScreening,
    FakeSignatures,
    FakeUnitOfWork,
    Meanwhile,
    posting,
    unable,
    unavailable,
)
from services.payments.tests.unit.prices import fee_rule, tier


class Killed(BaseException):
    """The process is gone."""


class Rules:
    async def refresh(self) -> None:
        pass


class Poster:
    """Posts, and dies after the posting of the chunk that it is told to."""

    def __init__(self, post: PostTransfers) -> None:
        self._post = post
        self.dies_after: int | None = None
        self.posted = 0

    async def __call__(self, waiting: Sequence[Waiting]) -> Sequence[Outcome]:
        outcomes = await self._post(waiting)
        self.posted += 1
        if self.posted == self.dies_after:
            raise Killed
        return outcomes


STAFF: Final = Actor(kind=ActorKind.USER, subject_id=str(new_id()), roles=frozenset({"staff"}))


class Office:
    """A payer with 1,000.00, payees, and bulks in chunks of two lines."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("payments.application.bulk_transfers.submit_bulk.CHUNK_LINES", 2)
        self.uow, self.screening, self.clock, self.prices = FakeUnitOfWork(), FakeScreening(), ControlledClock(), FakePrices()
        self.authority = FakeAuthority()
        self.post = Poster(posting(self.uow, self.screening, self.clock, self.prices))
        self.run = self.runner()
        self.resume = ResumeBulks(self.uow, self.clock)
        self.cancel = CancelBulk(self.uow, self.clock)
        self.lines: list[RawLine] = []
        self.mode = "best_effort"
        self.policy = PayerPolicy({"NAD": Decimal(5000)})
        self.payer, self.source = new_id(), new_id()
        self.payees = [new_id() for _ in range(4)]
        self.actor = Actor(kind=ActorKind.USER, subject_id=str(self.payer), roles=frozenset({"user"}))

    def runner(self, post: PostBatch | None = None, authority: FakeAuthority | None = None) -> RunBulk:
        judge = JudgeBulk(self, self.prices, PayerPolicy(), Terms())
        return RunBulk(self.uow, post or self.post, Rules(), authority or self.authority, judge, self.clock)

    async def open(self) -> "Office":
        treasury = Account(treasury_id("NAD"), AccountKind.SYSTEM, None, "NAD", Decimal(0), 0, self.clock.now())
        self.uow.committed.accounts[treasury.id] = treasury
        open_wallet = OpenIssuedWallet(self.uow, self.clock)
        for wallet_id, owner_id in ((self.source, self.payer), *((payee, new_id()) for payee in self.payees)):
            await open_wallet(actor=Actor.service("test"), wallet_id=wallet_id, owner_id=owner_id, currency="NAD")
        issue = IssueMoney(GroupCommit(posting(self.uow, self.screening, self.clock)))
        money = Money.of("1000", "NAD")
        await issue(actor=self.actor, key="issue", wallet_id=self.source, amount=money, reason="test")
        return self

    async def of(self, wallet_ids: Sequence[UUID]) -> dict[UUID, Account]:
        accounts = self.uow.committed.accounts
        return {id_: accounts[id_] for id_ in wallet_ids if id_ in accounts}

    def submitting(self) -> SubmitBulk:
        return SubmitBulk(
            uow=self.uow,
            judge_bulk=JudgeBulk(self, self.prices, self.policy, Terms()),
            signatures=FakeSignatures(),
            clock=self.clock,
        )

    async def submit(self, *amounts: str, key: str = "k", actor: Actor | None = None, targets: Sequence[UUID] = ()) -> Accepted:
        to = targets or self.payees
        lines = [RawLine(place=f"lines.{n}", target=str(to[n % len(to)]), amount=amount) for n, amount in enumerate(amounts)]

        def read(_body: bytes, given: FileDefaults) -> RawFile:
            return RawFile(source=str(self.source), currency="NAD", mode=given.mode, lines=lines)

        read_submission = ReadSubmission({"test": read}, self.clock)
        submission = await read_submission(key=key, media_type="test", body=b"", mode=self.mode)
        return await self.submitting()(actor=actor or self.actor, submission=submission)

    def bulk(self, bulk_id: UUID) -> Bulk:
        return self.uow.committed.bulks[bulk_id][0]

    def statuses(self, bulk_id: UUID) -> list[LineStatus]:
        chunks = [chunk for (of, _), chunk in sorted(self.uow.committed.chunks.items()) if of == bulk_id]
        return [outcome.status for chunk in chunks for outcome in chunk.outcomes or ()]

    def moved(self) -> list[Decimal]:
        return [self.uow.committed.accounts[payee].balance for payee in self.payees]


@pytest.fixture
async def office(monkeypatch: pytest.MonkeyPatch) -> Office:
    return await Office(monkeypatch).open()


async def test_each_line_is_settled_and_the_rest_is_told(office: Office) -> None:
    bulk = (await office.submit("100.00", "2000.00", "300.00", "1.00", "0.50")).bulk
    assert office.uow.committed.queued == [bulk.id]
    assert await office.run(bulk_id=bulk.id) is BulkStatus.PARTLY_COMPLETED
    ended = office.bulk(bulk.id)
    assert (ended.settled, ended.refused, ended.not_run) == (4, 1, 0)
    assert office.statuses(bulk.id)[1] is LineStatus.REFUSED
    assert office.moved() == [Decimal("100.50"), Decimal(0), Decimal(300), Decimal(1)]
    told = [event for event in office.uow.committed.events if isinstance(event, BulkCompleted)]
    assert [(event.status, event.settled) for event in told] == [("partly_completed", 4)]
    # Three chunks, a message each, and none a line.
    together = [event for event in office.uow.committed.events if isinstance(event, TransfersSettled)]
    assert [len(event.settled) for event in together] == [1, 2, 1]
    alone = [event for event in office.uow.committed.events if isinstance(event, TransferSettled)]
    assert [event.kind for event in alone] == ["issuance"]
    assert await office.run(bulk_id=bulk.id) is None


async def test_all_or_nothing_is_nothing_when_one_line_is_refused_and_names_it(office: Office) -> None:
    office.mode = "all_or_nothing"
    bulk = (await office.submit("100.00", "600.00", "301.00", "1.00")).bulk
    assert await office.run(bulk_id=bulk.id) is BulkStatus.FAILED
    assert office.moved() == [Decimal(0)] * 4
    expected = [LineStatus.NOT_RUN, LineStatus.NOT_RUN, LineStatus.REFUSED, LineStatus.NOT_RUN]
    assert office.statuses(bulk.id) == expected


async def test_all_or_nothing_is_all_in_one_go(office: Office) -> None:
    office.mode = "all_or_nothing"
    bulk = (await office.submit(*["10.00"] * 7)).bulk
    assert await office.run(bulk_id=bulk.id) is BulkStatus.COMPLETED
    assert office.post.posted == 1
    assert sum(office.moved()) == 70


@pytest.mark.parametrize("mode", ["best_effort", "all_or_nothing"])
async def test_a_file_that_a_rule_matches_waits_whole_and_runs_whole_once_approved(office: Office, mode: str) -> None:
    office.prices.rules = approval_from("50")
    office.mode = mode
    bulk = (await office.submit("10.00", "39.99", key="below")).bulk
    assert (bulk.status, office.uow.committed.queued) == (BulkStatus.ACCEPTED, [bulk.id])
    waiting = (await office.submit("10.00", "40.00")).bulk
    assert (waiting.status, waiting.approval_rules) == (BulkStatus.PENDING_APPROVAL, ("large",))
    assert office.uow.committed.queued == [bulk.id]
    assert await office.run(bulk_id=waiting.id) is None
    assert office.moved() == [Decimal(0)] * 4

    await ApproveBulk(office.uow, office.clock)(actor=STAFF, bulk_id=waiting.id)
    assert office.uow.committed.queued == [bulk.id, waiting.id]
    assert await office.run(bulk_id=waiting.id) is BulkStatus.COMPLETED
    assert office.statuses(waiting.id) == [LineStatus.SETTLED] * 2
    assert office.moved() == [Decimal(10), Decimal(40), Decimal(0), Decimal(0)]


@pytest.mark.parametrize("mode", ["best_effort", "all_or_nothing"])
@pytest.mark.parametrize("dies_after", [1, 2, 3])
async def test_killed_after_any_posting_no_line_is_lost_or_doubled(office: Office, mode: str, dies_after: int) -> None:
    office.mode = mode
    bulk = (await office.submit("1.00", "2.00", "3.00", "4.00", "5.00")).bulk
    office.post.dies_after = dies_after
    if mode == "best_effort" or dies_after == 1:
        with pytest.raises(Killed):
            await office.run(bulk_id=bulk.id)
    assert await office.run(bulk_id=bulk.id) in {BulkStatus.COMPLETED, None}
    assert office.bulk(bulk.id).status is BulkStatus.COMPLETED
    assert office.moved() == [Decimal(6), Decimal(2), Decimal(3), Decimal(4)]
    assert set(office.statuses(bulk.id)) == {LineStatus.SETTLED}
    assert len([key for _, key in office.uow.committed.transfers if key.startswith("bulk:")]) == 5


async def test_a_chunk_that_another_worker_has_run_meanwhile_is_counted_once(office: Office) -> None:
    bulk = (await office.submit("1.00", "2.00", "3.00")).bulk
    dying = Poster(posting(office.uow, office.screening, office.clock))
    dying.dies_after = 2
    once = iter([True])

    async def while_another_does(waiting: Sequence[Waiting]) -> Sequence[Outcome]:
        outcomes = await office.post(waiting)
        if next(once, False):
            with pytest.raises(Killed):
                await office.runner(dying)(bulk_id=bulk.id)
        return outcomes

    run = office.runner(while_another_does)
    assert await run(bulk_id=bulk.id) is BulkStatus.COMPLETED
    assert (office.bulk(bulk.id).settled, office.moved()[:3]) == (3, [Decimal(1), Decimal(2), Decimal(3)])


async def test_compliance_away_is_no_lines_fault(office: Office) -> None:
    bulk = (await office.submit("1.00")).bulk
    office.screening.away = True
    with pytest.raises(Unavailable):
        await office.run(bulk_id=bulk.id)
    assert office.bulk(bulk.id).status is BulkStatus.RUNNING
    office.screening.away = False
    assert await office.run(bulk_id=bulk.id) is BulkStatus.COMPLETED


@pytest.mark.parametrize("judge", [unavailable, unable(Kind.INTERNAL), unable(Kind.EXHAUSTED)])
async def test_without_an_answer_of_the_approval_rules_no_file_is_accepted(
    office: Office, judge: Callable[[ApprovalQuestion], bool]
) -> None:
    office.prices.rules = approval_from("50", judge)
    with pytest.raises((Unavailable, RemoteError)):
        await office.submit("1.00", "60.00")
    assert office.uow.committed.bulks == {}
    office.prices.rules = ApprovalRules()
    assert (await office.submit("1.00", "60.00")).replayed is False


def refusals(office: Office, bulk_id: UUID) -> list[str]:
    chunks = [chunk for (of, _), chunk in sorted(office.uow.committed.chunks.items()) if of == bulk_id]
    return [outcome.code for chunk in chunks for outcome in chunk.outcomes or ()]


BARRED = [
    ({"standing": Standing.SUSPENDED}, "PAY_050"),
    ({"standing": Standing.CLOSED}, "PAY_051"),
    ({"roles": frozenset({"guest"})}, "ACC_001"),
]


def bar(office: Office, changes: dict[str, Any]) -> None:
    for name, value in changes.items():
        getattr(office.authority, name)[office.payer] = value


@pytest.mark.parametrize("mode", ["best_effort", "all_or_nothing"])
@pytest.mark.parametrize(("changes", "code"), BARRED, ids=["suspended", "closed", "without the permission"])
async def test_a_payer_who_may_not_pay_has_every_line_refused(
    office: Office, mode: str, changes: dict[str, Any], code: str
) -> None:
    office.mode = mode
    bulk = (await office.submit("1.00", "2.00", "3.00")).bulk
    bar(office, changes)
    assert await office.run(bulk_id=bulk.id) is BulkStatus.FAILED
    assert (refusals(office, bulk.id), office.post.posted, office.moved()) == ([code] * 3, 0, [Decimal(0)] * 4)
    [ended] = [event for event in office.uow.committed.events if isinstance(event, BulkCompleted)]
    assert (ended.status, ended.settled, ended.refused, ended.not_run) == ("failed", 0, 3, 0)
    assert office.uow.committed.facts[-1].action == "payments.bulk.refuse"


async def test_a_payer_who_is_suspended_in_the_midst_has_the_rest_refused(office: Office) -> None:
    bulk = (await office.submit("1.00", "2.00", "3.00", "4.00", "5.00")).bulk

    async def then_is_suspended(waiting: Sequence[Waiting]) -> Sequence[Outcome]:
        outcomes = await office.post(waiting)
        bar(office, {"standing": Standing.SUSPENDED})
        return outcomes

    run = office.runner(then_is_suspended)
    assert await run(bulk_id=bulk.id) is BulkStatus.PARTLY_COMPLETED
    assert refusals(office, bulk.id) == ["", "", "PAY_050", "PAY_050", "PAY_050"]
    assert office.moved() == [Decimal(1), Decimal(2), Decimal(0), Decimal(0)]
    assert await office.run(bulk_id=bulk.id) is None


@pytest.mark.parametrize(("mode", "settled"), [("best_effort", 2), ("all_or_nothing", 3)])
async def test_a_file_of_which_lines_have_run_has_the_rest_refused_when_it_needs_an_approval_now(
    office: Office, mode: str, settled: int
) -> None:
    """Whether its worker has written them down, or died before it did."""
    office.mode = mode
    bulk = (await office.submit("1.00", "2.00", "3.00")).bulk
    office.post.dies_after = 1
    with pytest.raises(Killed):
        await office.run(bulk_id=bulk.id)
    office.prices.rules = approval_from("5")
    await office.run(bulk_id=bulk.id)
    ended = office.bulk(bulk.id)
    assert (ended.settled, ended.refused, ended.approval_rules) == (settled, 3 - settled, ())
    assert refusals(office, bulk.id) == [""] * settled + ["PAY_041"] * (3 - settled)


async def test_a_file_that_goes_on_is_judged_whole(office: Office) -> None:
    bulk = (await office.submit("1.00", "2.00", "3.00")).bulk
    office.post.dies_after = 2
    with pytest.raises(Killed):
        await office.run(bulk_id=bulk.id)
    assert office.bulk(bulk.id).done == 2
    office.prices.rules = approval_from("6.01", window=timedelta(hours=24))
    assert await office.run(bulk_id=bulk.id) is BulkStatus.COMPLETED


@pytest.mark.parametrize("judge", [unavailable, unable(Kind.INTERNAL), unable(Kind.EXHAUSTED)])
async def test_without_an_answer_of_the_approval_rules_no_line_runs(
    office: Office, judge: Callable[[ApprovalQuestion], bool]
) -> None:
    bulk = (await office.submit("1.00", "60.00")).bulk
    office.prices.rules = approval_from("50", judge)
    with pytest.raises((Unavailable, RemoteError)):
        await office.run(bulk_id=bulk.id)
    assert (office.bulk(bulk.id).status, office.post.posted) == (BulkStatus.RUNNING, 0)
    office.prices.rules = ApprovalRules()
    assert await office.run(bulk_id=bulk.id) is BulkStatus.COMPLETED


async def test_the_payer_is_asked_about_before_each_chunk_once(office: Office) -> None:
    bulk = (await office.submit("1.00", "2.00", "3.00", "4.00", "5.00")).bulk
    await office.run(bulk_id=bulk.id)
    assert office.authority.asked == [{office.payer}] * 3


async def test_each_chunk_is_run_in_the_roles_of_its_moment(office: Office) -> None:
    fees = Account(system_account_id(SystemCode.FEES, "NAD"), AccountKind.SYSTEM, None, "NAD", Decimal(0), 0, office.clock.now())
    office.uow.committed.accounts[fees.id] = fees
    office.prices.book = PriceBook([fee_rule(tier(flat="0.50"), kind="transfer", waived_roles=frozenset({"trainee"}))])
    bulk = (await office.submit("1.00", "2.00", "3.00", actor=replace(office.actor, roles=frozenset({"trainee"})))).bulk

    async def then_is_a_trainee(waiting: Sequence[Waiting]) -> Sequence[Outcome]:
        outcomes = await office.post(waiting)
        office.authority.roles[office.payer] = frozenset({"user", "trainee"})
        return outcomes

    run = office.runner(then_is_a_trainee)
    assert await run(bulk_id=bulk.id) is BulkStatus.COMPLETED
    made = [transfer for (_, key), transfer in office.uow.committed.transfers.items() if key.startswith("bulk:")]
    assert [transfer.quote.fee_total.text for transfer in made] == ["0.50", "0.50", "0.00"]


@pytest.mark.parametrize("mode", ["best_effort", "all_or_nothing"])
async def test_identity_away_is_no_lines_fault(office: Office, mode: str) -> None:
    office.mode = mode
    bulk = (await office.submit("1.00", "2.00", "3.00")).bulk
    office.authority.away = True
    with pytest.raises(Unavailable):
        await office.run(bulk_id=bulk.id)
    assert (office.bulk(bulk.id).status, office.bulk(bulk.id).done) == (BulkStatus.RUNNING, 0)
    office.authority.away = False
    assert await office.run(bulk_id=bulk.id) is BulkStatus.COMPLETED


@pytest.mark.parametrize(("mode", "settled"), [("best_effort", 2), ("all_or_nothing", 3)])
async def test_what_was_settled_by_a_worker_that_died_before_the_suspension_is_counted_as_settled(
    office: Office, mode: str, settled: int
) -> None:
    office.mode = mode
    bulk = (await office.submit("1.00", "2.00", "3.00")).bulk
    office.post.dies_after = 1
    with pytest.raises(Killed):
        await office.run(bulk_id=bulk.id)
    bar(office, {"standing": Standing.SUSPENDED})
    await office.run(bulk_id=bulk.id)
    ended = office.bulk(bulk.id)
    assert (ended.settled, ended.refused, ended.not_run) == (settled, 3 - settled, 0)
    assert sum(office.moved()) == (Decimal(3) if settled == 2 else Decimal(6))


async def test_cancelled_while_it_is_asked_about_its_payer_a_bulk_is_wound_up(office: Office) -> None:
    bulk = (await office.submit("1.00", "2.00", "3.00")).bulk

    class Cancelling(FakeAuthority):
        async def authorize(self, payers: Collection[UUID]) -> Mapping[UUID, Roles | DomainError]:
            await office.cancel(actor=office.actor, bulk_id=bulk.id, reason="wrong month")
            return await super().authorize(payers)

    authority = Cancelling(standing={office.payer: Standing.SUSPENDED})
    run = office.runner(authority=authority)
    assert await run(bulk_id=bulk.id) is BulkStatus.CANCELLED
    assert (office.bulk(bulk.id).not_run, office.bulk(bulk.id).reason) == (3, "wrong month")


async def test_what_is_screened_out_is_refused_without_saying_why(office: Office) -> None:
    bulk = (await office.submit("1.00")).bulk
    office.screening.blocked.add(office.payer)
    assert await office.run(bulk_id=bulk.id) is BulkStatus.FAILED
    [[outcome]] = [chunk.outcomes or [] for chunk in office.uow.committed.chunks.values()]
    assert outcome.code == "PAY_007"
    assert "list" not in outcome.message


async def test_cancelled_before_it_runs_nothing_moves(office: Office) -> None:
    bulk = (await office.submit("1.00")).bulk
    await office.cancel(actor=office.actor, bulk_id=bulk.id, reason="wrong month")
    assert await office.run(bulk_id=bulk.id) is None
    assert (office.bulk(bulk.id).status, office.moved()) == (BulkStatus.CANCELLED, [Decimal(0)] * 4)
    with pytest.raises(BulkEnded):
        await office.cancel(actor=office.actor, bulk_id=bulk.id, reason="again")
    with pytest.raises(NotFound):
        await office.cancel(actor=Actor(kind=ActorKind.USER, subject_id=str(new_id())), bulk_id=bulk.id, reason="not mine")


async def test_cancelled_while_its_worker_is_dead_it_counts_what_had_been_settled(office: Office) -> None:
    bulk = (await office.submit("1.00", "2.00", "3.00", "4.00")).bulk
    office.post.dies_after = 1
    with pytest.raises(Killed):
        await office.run(bulk_id=bulk.id)
    await office.cancel(actor=office.actor, bulk_id=bulk.id, reason="stop")
    assert office.bulk(bulk.id).status is BulkStatus.CANCELLING
    assert await office.run(bulk_id=bulk.id) is BulkStatus.CANCELLED
    ended = office.bulk(bulk.id)
    assert (ended.settled, ended.not_run) == (2, 2)
    assert office.moved() == [Decimal(1), Decimal(2), Decimal(0), Decimal(0)]
    assert office.statuses(bulk.id) == [LineStatus.SETTLED] * 2 + [LineStatus.NOT_RUN] * 2


async def test_a_bulk_that_nobody_runs_is_queued_again_and_given_up_after_a_day(office: Office) -> None:
    bulk = (await office.submit("1.00")).bulk
    office.uow.committed.queued.clear()
    assert await office.resume() == 0
    office.clock.advance(seconds=120)
    assert (await office.resume(), office.uow.committed.queued) == (0, [])
    office.clock.advance(seconds=1)
    assert await office.resume() == 1
    assert office.uow.committed.queued == [bulk.id]
    office.clock.advance(seconds=timedelta(hours=25).total_seconds())
    assert await office.resume() == 0
    assert office.bulk(bulk.id).status is BulkStatus.CANCELLED


@pytest.mark.parametrize("hours", [1, 25])
async def test_a_bulk_that_ends_just_as_it_is_missed_is_left_alone(office: Office, hours: int) -> None:
    bulk = (await office.submit("1.00")).bulk
    office.uow.committed.queued.clear()
    office.clock.advance(seconds=timedelta(hours=hours).total_seconds())
    await ResumeBulks(Meanwhile(office.uow, lambda: office.run(bulk_id=bulk.id)), office.clock)()
    assert (office.bulk(bulk.id).status, office.uow.committed.queued) == (BulkStatus.COMPLETED, [])


async def test_a_bulk_that_ends_just_as_it_is_missed_does_not_keep_the_others_from_being_queued(office: Office) -> None:
    ends = (await office.submit("1.00", key="ends")).bulk
    office.clock.advance(seconds=1)
    waits = (await office.submit("2.00", key="waits")).bulk
    office.uow.committed.queued.clear()
    office.clock.advance(seconds=timedelta(hours=1).total_seconds())
    resume = ResumeBulks(Meanwhile(office.uow, lambda: office.run(bulk_id=ends.id)), office.clock)
    assert await resume() == 1
    assert (office.bulk(ends.id).status, office.bulk(waits.id).status) == (BulkStatus.COMPLETED, BulkStatus.ACCEPTED)
    assert office.uow.committed.queued == [waits.id]


async def test_a_bulk_that_is_being_cancelled_is_queued_again_after_a_day_too(office: Office) -> None:
    bulk = (await office.submit("1.00", "2.00", "3.00")).bulk
    office.post.dies_after = 1
    with pytest.raises(Killed):
        await office.run(bulk_id=bulk.id)
    await office.cancel(actor=office.actor, bulk_id=bulk.id, reason="stop")
    office.uow.committed.queued.clear()
    office.clock.advance(seconds=timedelta(hours=25).total_seconds())
    assert await office.resume() == 1
    assert (office.bulk(bulk.id).status, office.bulk(bulk.id).reason) == (BulkStatus.CANCELLING, "stop")
    assert office.uow.committed.queued == [bulk.id]
    assert await office.run(bulk_id=bulk.id) is BulkStatus.CANCELLED
    assert office.moved()[:3] == [Decimal(1), Decimal(2), Decimal(0)]


async def test_a_line_whose_transfer_was_undone_before_it_was_written_down_was_settled(office: Office) -> None:
    bulk = (await office.submit("1.00", "2.00")).bulk
    office.post.dies_after = 1
    with pytest.raises(Killed):
        await office.run(bulk_id=bulk.id)
    for key, transfer in office.uow.committed.transfers.items():
        if key[1] == f"bulk:{bulk.id}:1":
            transfer.status = TransferStatus.REVERSED
    assert await office.run(bulk_id=bulk.id) is BulkStatus.COMPLETED
    assert office.statuses(bulk.id) == [LineStatus.SETTLED] * 2


async def test_the_same_key_is_the_same_bulk(office: Office) -> None:
    first = await office.submit("1.00")
    again = await office.submit("1.00")
    assert (again.bulk.id, again.replayed) == (first.bulk.id, True)
    with pytest.raises(KeyReused):
        await office.submit("2.00")


async def test_a_file_is_refused_for_whose_wallet_which_target_what_amount_and_how_many(office: Office) -> None:
    stranger = Actor(kind=ActorKind.USER, subject_id=str(new_id()))
    with pytest.raises(NotTheOwner):
        await office.submit("1.00", actor=stranger)
    with pytest.raises(InvalidValues) as unknown:
        await office.submit("1.00", "1.00", targets=[office.payees[0], new_id()])
    assert [fault.field for fault in unknown.value.faults] == ["lines.1.target_wallet_id"]
    with pytest.raises(SignatureRequired):
        await office.submit("2500.00", "2500.01")
    with pytest.raises(UnknownFormat):
        await ReadSubmission({}, office.clock)(key="k", media_type="text/html", body=b"")
    for n in range(BULKS_OPEN_MAX):
        await office.submit("1.00", key=f"key-{n}")
    with pytest.raises(TooManyBulks):
        await office.submit("1.00", key="one-too-many")
