"""A payer with bulk transfers in chunks of two lines, on a real database."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import pytest
from sqlalchemy import text

from chassis.persistence.database import Database
from chassis.testing.clocks import ControlledClock
from chassis.testing.objects import HeldUpload, folder_store
from kernel.actor import Actor, ActorKind
from kernel.ids import new_id
from kernel.money import Money
from kernel.objects import NoScanner
from kernel.pages import CursorRequest
from payments.application.bulk_transfers.acceptance import AcceptedBulk, BulkAcceptance
from payments.application.bulk_transfers.cancel_bulk import CancelBulk
from payments.application.bulk_transfers.judge_bulk import JudgeBulk
from payments.application.bulk_transfers.keep_file import KeepFile
from payments.application.bulk_transfers.read_submission import ReadSubmission
from payments.application.bulk_transfers.resume_bulks import ResumeBulks
from payments.application.bulk_transfers.run_bulk import RunBulk
from payments.application.bulk_transfers.submit_bulk import SubmitBulk
from payments.application.bulk_transfers.views import BulkLineView
from payments.application.issuances.issue_money import IssueMoney
from payments.application.ports.bulk_transfers import FileDefaults
from payments.application.ports.transfers import Terms
from payments.application.transfers.batch import Outcome
from payments.application.transfers.post_transfers import PostBatch, PostTransfers, QueuedRequest
from payments.application.transfers.reverse_transfer import ReverseTransfer
from payments.application.wallets.open_issued_wallet import OpenIssuedWallet
from payments.domain.bulk import Bulk, LineStatus
from payments.domain.bulk_file import RawFile, RawLine
from payments.domain.payer_policy import PayerPolicy
from payments.infrastructure.group_commit import GroupCommit
from payments.infrastructure.sql.accounts import SqlAccountLookup
from payments.infrastructure.sql.bulk_transfers import SqlBulkViews, object_claims
from services.payments.tests.fakes.authority import FakeAuthority
from services.payments.tests.fakes.payment_permissions import FakePaymentPermissions
from services.payments.tests.fakes.prices import FakePrices
from services.payments.tests.fakes.rules import NoRules
from services.payments.tests.fakes.screening import FakeScreening
from services.payments.tests.fakes.signatures import FakeSignatures
from services.payments.tests.posting import posting
from services.payments.tests.units_of_work import NotedUnitOfWork


class Killed(BaseException):
    """The process was killed."""


class Poster:
    """Posts orders, and dies after posting the given chunk."""

    def __init__(self, post: PostTransfers) -> None:
        self._post = post
        self.dies_after: int | None = None
        self.posted = 0

    async def __call__(self, waiting: Sequence[QueuedRequest]) -> Sequence[Outcome]:
        outcomes = await self._post(waiting)
        self.posted += 1
        if self.posted == self.dies_after:
            raise Killed
        return outcomes


STAFF: Final = Actor(kind=ActorKind.USER, subject_id=str(new_id()), roles=frozenset({"staff"}))


class BulkBank:
    """A payer with 1,000.00, some payees, and bulk transfers in chunks of two lines."""

    def __init__(self, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("payments.application.bulk_transfers.submit_bulk.CHUNK_LINES", 2)
        self.database, self.views, self.wallets = database, SqlBulkViews(database), SqlAccountLookup(database)
        self.uow, self.screening, self.clock, self.prices = (
            NotedUnitOfWork(database),
            FakeScreening(),
            ControlledClock(),
            FakePrices(),
        )
        self.authority = FakeAuthority()
        self.post = Poster(posting(self.uow, self.screening, self.clock, self.prices))
        self.run = self.runner()
        self.resume = ResumeBulks(self.uow, self.clock)
        self.cancel = CancelBulk(self.uow, self.clock)
        self.mode = "best_effort"
        self.policy = PayerPolicy({"NAD": Decimal(5000)})
        self.payer, self.source = new_id(), new_id()
        self.payees = [new_id() for _ in range(4)]
        self.actor = Actor(kind=ActorKind.USER, subject_id=str(self.payer), roles=frozenset({"user"}))

    def runner(self, post: PostBatch | None = None, authority: FakeAuthority | None = None) -> RunBulk:
        judge = JudgeBulk(self.wallets, self.prices, FakePaymentPermissions(), PayerPolicy(), Terms())
        return RunBulk(self.uow, post or self.post, NoRules(), authority or self.authority, judge, self.clock)

    async def open(self) -> "BulkBank":
        open_wallet = OpenIssuedWallet(self.uow, self.clock)
        for wallet_id, owner_id in ((self.source, self.payer), *((payee, new_id()) for payee in self.payees)):
            await open_wallet(actor=Actor.service("test"), wallet_id=wallet_id, owner_id=owner_id, currency="NAD")
        issue = IssueMoney(GroupCommit(posting(self.uow, self.screening, self.clock)))
        money = Money.of("1000", "NAD")
        await issue(actor=self.actor, key="issue", wallet_id=self.source, amount=money, reason="test")
        return self

    def submitting(self) -> SubmitBulk:
        return SubmitBulk(
            acceptance=BulkAcceptance(
                uow=self.uow,
                judge_bulk=JudgeBulk(self.wallets, self.prices, FakePaymentPermissions(), self.policy, Terms()),
                signatures=FakeSignatures(),
                clock=self.clock,
            ),
            keep_file=KeepFile(
                uow=self.uow,
                scanner=NoScanner(),
                claims=object_claims(self.database),
                objects=folder_store(),
                clock=self.clock,
            ),
        )

    async def submit(
        self, *amounts: str, key: str = "k", actor: Actor | None = None, targets: Sequence[UUID] = ()
    ) -> AcceptedBulk:
        to = targets or self.payees
        lines = [RawLine(place=f"lines.{n}", target=str(to[n % len(to)]), amount=amount) for n, amount in enumerate(amounts)]

        def read(_body: bytes, given: FileDefaults) -> RawFile:
            return RawFile(source=str(self.source), currency="NAD", mode=given.mode, lines=lines)

        read_submission = ReadSubmission({"test": read}, self.clock)
        submission = await read_submission(key=key, upload=HeldUpload(media_type="test"), mode=self.mode)
        return await self.submitting()(actor=actor or self.actor, submission=submission)

    async def bulk(self, bulk_id: UUID) -> Bulk:
        async with self.uow.begin(STAFF) as tx:
            found = await tx.bulks.lock(bulk_id)
        assert found
        return found[0]

    async def lines(self, bulk_id: UUID) -> Sequence[BulkLineView]:
        return (await self.views.bulk_lines(bulk_id, CursorRequest())).items

    async def statuses(self, bulk_id: UUID) -> list[LineStatus]:
        """Return the statuses of lines in chunks that have run, and of all lines once the file has ended."""
        return [LineStatus(line.status) for line in await self.lines(bulk_id) if line.status != "waiting"]

    async def refusals(self, bulk_id: UUID) -> list[str]:
        return [line.code for line in await self.lines(bulk_id)]

    async def moved(self) -> list[Decimal]:
        accounts = await self.wallets.of(self.payees)
        return [accounts[payee].balance for payee in self.payees]

    async def reverse(self, key: str) -> None:
        """Reverse the payer's transfer with this key."""
        async with self.uow.begin(STAFF) as tx:
            [transfer] = (await tx.transfers.find_by_keys([(self.payer, key)])).values()
        reverse_transfer = ReverseTransfer(uow=self.uow, clock=self.clock)
        await reverse_transfer(actor=STAFF, key="reverse", transfer_id=transfer.id, reason="paid twice")

    async def rows(self, query: str) -> list[Any]:
        async with self.database.read() as connection:
            return [tuple(row) for row in await connection.execute(text(query))]

    async def queued(self) -> list[UUID]:
        query = "SELECT args ->> 'bulk_id' FROM procrastinate_jobs WHERE task_name = 'payments:run_bulk' ORDER BY id"
        return [UUID(bulk_id) for (bulk_id,) in await self.rows(query)]

    async def forget_queued(self) -> None:
        async with self.database.engine.begin() as connection:
            await connection.execute(text("DELETE FROM procrastinate_jobs"))
