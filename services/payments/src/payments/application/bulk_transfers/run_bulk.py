from collections.abc import Mapping, Sequence
from contextvars import copy_context
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import DomainError
from payments.application.bulk_transfers import audit
from payments.application.bulk_transfers.approval import BulkContent
from payments.application.bulk_transfers.judge_bulk import JudgeBulk, kinds_of
from payments.application.bulk_transfers.lines import outcome_found, outcome_refused, outcomes_of, requests_of
from payments.application.bulk_transfers.notices import approval_needed
from payments.application.ports.bulk_transfers import RuleRefresher
from payments.application.ports.payer_rights import Authority, Payer
from payments.application.ports.unit_of_work import Transaction, UnitOfWork
from payments.application.transfers.post_transfers import PostBatch, QueuedRequest
from payments.domain.approval import ApprovalRules
from payments.domain.bulk import Bulk, BulkStatus, Chunk, LineOutcome, LineStatus
from payments.domain.bulk_file import BulkLine
from payments.domain.errors import ApprovalNeeded
from payments.domain.payer_rules import PayerRequest, payments_of
from payments.domain.payment_permission import PaymentQuestion
from payments.domain.transfer import Transfer
from payments.domain.transfer_order import TransferKind

# A chunk, and each of its lines with its transfer, if one was made.
_Unrecorded = tuple[Chunk, Sequence[tuple[BulkLine, Transfer | None]]]


@dataclass(frozen=True, slots=True)
class _Run:
    bulk: Bulk
    actor: Actor
    chunks: Sequence[Chunk]
    # The kinds with which this run judged the payments to each wallet; None before that.
    kinds: Mapping[UUID, TransferKind] | None = None
    # What the policies are asked about the whole file.
    payments: Sequence[PaymentQuestion] = ()


@dataclass(frozen=True, slots=True)
class RunBulk:
    """Run the remaining lines of a bulk transfer.

    A chunk takes two transactions: one moves the money, the other records the outcomes of the lines. If the worker is killed
    between them, the chunk runs again, and each settled line returns its transfer by its key. An all-or-nothing file is one
    request to the ledger, and so one transaction over all lines.

    Before each chunk, check whether the payer may pay, in which roles, and whether the policies permit the whole file. If not,
    the remaining lines are refused with the reason.

    Before the first chunk the file is judged again: rules, roles and the usage of wallets may have changed since it was
    submitted. If it now requires an approval, it waits for one, unless it was approved; if lines have run already, the rest are
    refused. If a payee's wallet changes its usage later, its lines are refused.
    """

    uow: UnitOfWork
    post: PostBatch
    rules: RuleRefresher
    authority: Authority
    judge_bulk: JudgeBulk
    clock: Clock

    async def __call__(self, *, bulk_id: UUID) -> BulkStatus | None:
        """Return the final status, or None if there was nothing to do. Raise Unavailable if the run must be retried."""
        await self.rules.refresh()
        run = await self._start(bulk_id)
        while run and run.chunks:
            run = await self._run_next_chunks(run)
            await self.rules.refresh()
        return run.bulk.status if run else None

    async def _start(self, bulk_id: UUID) -> _Run | None:
        async with self.uow.begin(Actor.service("payments")) as tx:
            found = await tx.bulks.lock(bulk_id)
            if found is None or not found[0].status.may_run:
                return None
            bulk, actor = found
            at = self.clock.now()
            with tx.change(audit.BULK, bulk, "start", at=at, reason=bulk.reason):
                bulk.start(at)
                if bulk.status is BulkStatus.CANCELLING:
                    await self._end_cancelled(tx, bulk, at)
                else:
                    await tx.bulks.save(bulk)
            return _Run(bulk, actor, await self._next_chunks(tx, bulk))

    async def _run_next_chunks(self, run: _Run) -> _Run:
        payer = Payer(run.bulk.initiator_id, run.bulk.organization_id)
        answer = (await self.authority.authorize({payer}))[payer]
        if isinstance(answer, DomainError):
            return await self._refuse_rest(run, answer)
        actor = replace(run.actor, roles=answer)
        if run.kinds is None:
            run = await self._judge_again(run, actor)
            if not run.chunks:
                return run
        elif denial := self.judge_bulk.rules().denial(actor, run.payments, is_planned=True):
            return await self._refuse_rest(run, denial)
        outcomes = await self._post(replace(run, actor=actor))
        return await self._record_outcomes(run, outcomes)

    async def _judge_again(self, run: _Run, actor: Actor) -> _Run:
        """Judge the whole file by the current rules, roles and accounts. An approved file requires no other approval."""
        rules, currency = self.judge_bulk.rules(), run.bulk.currency
        if rules.permission is None and (run.bulk.decided_by or not rules.approvals.rules.get(currency)):
            return replace(run, kinds={})
        async with self.uow.begin(Actor.service("payments")) as tx:
            lines = await tx.bulks.lines(run.bulk.id)
        outflows = await self.judge_bulk.outflows(run.bulk, lines)
        request = PayerRequest(initiator_id=run.bulk.initiator_id, actor=actor, outflows=outflows, is_planned=True)
        async with self.uow.begin(Actor.service("payments")) as tx:
            found = await tx.bulks.lock(run.bulk.id)
            if found is None:
                raise RuntimeError(f"bulk {run.bulk.id} is gone")
            bulk = found[0]
            if not bulk.status.may_run:
                return replace(run, bulk=bulk, chunks=())
            if bulk.decided_by:
                # Perhaps just now: another worker, believed dead, made the bulk wait, and it has been approved since.
                rules = replace(rules, approvals=ApprovalRules())
            # Serialise what is sent in this currency, so that nothing is sent while the windows are evaluated.
            await tx.spending.lock([(bulk.payer_id, currency)])
            needs = await self.judge_bulk(tx, bulk, request, rules, self.clock.now())
            if not needs.denied and not needs.approval:
                kinds = {} if bulk.decided_by and rules.permission is None else kinds_of(outflows)
                return replace(run, kinds=kinds, payments=tuple(payments_of(outflows)))
            if not needs.denied and bulk.status is BulkStatus.RUNNING and not await self._has_run(tx, bulk):
                await self._hold_back(tx, bulk, needs.approval, await BulkContent.of(bulk, lines), actor)
                return replace(run, bulk=bulk, chunks=())
        return await self._refuse_rest(run, needs.denied or ApprovalNeeded.of(needs.approval))

    async def _hold_back(self, tx: Transaction, bulk: Bulk, rules: tuple[str, ...], content: BulkContent, actor: Actor) -> None:
        """Make the bulk wait for the approval of these rules."""
        before, at = audit.state(bulk), self.clock.now()
        bulk.hold_back(rules, at=at, expires_at=at + self.judge_bulk.terms.approval_life)
        await tx.bulks.save(bulk)
        tx.approvals.ask(content.asked(asked_by=actor, at=at))
        tx.announce(approval_needed(bulk, at=at))
        tx.record(audit.held_back(bulk, before=before, at=at))

    async def _has_run(self, tx: Transaction, bulk: Bulk) -> bool:
        """Return whether a line has run, recorded or not."""
        return bulk.done > 0 or any(made for _, lines in await self._unrecorded_chunks(tx, bulk) for _, made in lines)

    async def _record_outcomes(self, run: _Run, outcomes: Sequence[LineOutcome]) -> _Run:
        async with self.uow.begin(Actor.service("payments")) as tx:
            found = await tx.bulks.lock(run.bulk.id)
            if found is None:
                raise RuntimeError(f"bulk {run.bulk.id} is gone")
            bulk, actor = found
            if not bulk.status.may_run or bulk.done != run.bulk.done:
                # Another worker, believed dead, has run the same chunk; its keys ensure that each line is settled once.
                return replace(run, bulk=bulk, actor=actor, chunks=await self._next_chunks(tx, bulk))
            at = self.clock.now()
            with tx.change(audit.BULK, bulk, "progress", at=at, reason=bulk.reason):
                bulk.count(outcomes, at)
                await tx.bulks.save(bulk, _with_outcomes(outcomes, run.chunks))
                if bulk.status is BulkStatus.CANCELLING:
                    await self._end_cancelled(tx, bulk, at)
            return replace(run, bulk=bulk, actor=actor, chunks=await self._next_chunks(tx, bulk))

    async def _refuse_rest(self, run: _Run, refusal: DomainError) -> _Run:
        """Refuse the remaining lines, which ends the bulk."""
        async with self.uow.begin(Actor.service("payments")) as tx:
            found = await tx.bulks.lock(run.bulk.id)
            if found is None:
                raise RuntimeError(f"bulk {run.bulk.id} is gone")
            bulk, actor = found
            if not bulk.status.may_run:
                return _Run(bulk, actor, ())
            at = self.clock.now()
            with tx.change(audit.BULK, bulk, "refuse", at=at, reason=bulk.reason):
                if bulk.status is BulkStatus.CANCELLING:
                    await self._end_cancelled(tx, bulk, at)
                else:
                    chunks = [
                        replace(chunk, outcomes=[_settled_or_refused(refusal, line, made) for line, made in lines])
                        for chunk, lines in await self._unrecorded_chunks(tx, bulk)
                    ]
                    bulk.count([outcome for chunk in chunks for outcome in chunk.outcomes or ()], at)
                    await tx.bulks.save(bulk, chunks)
            return _Run(bulk, actor, ())

    async def _next_chunks(self, tx: Transaction, bulk: Bulk) -> Sequence[Chunk]:
        if not bulk.status.may_run:
            return ()
        return await tx.bulks.waiting(bulk.id, limit=None if bulk.is_whole else 1)

    async def _post(self, run: _Run) -> Sequence[LineOutcome]:
        lines = [line for chunk in run.chunks for line in chunk.lines]
        context = copy_context()
        requests = requests_of(run.bulk, lines, run.actor, run.kinds or {})
        outcomes = await self.post([QueuedRequest(request, context) for request in requests])
        return outcomes_of(run.bulk, lines, outcomes)

    async def _end_cancelled(self, tx: Transaction, bulk: Bulk, at: datetime) -> None:
        """End a cancelled bulk."""
        chunks = []
        for chunk, lines in await self._unrecorded_chunks(tx, bulk):
            outcomes = [outcome_found(line, made) for line, made in lines]
            bulk.count([outcome for outcome in outcomes if outcome.status is not LineStatus.NOT_RUN], at)
            chunks.append(replace(chunk, outcomes=outcomes))
        if bulk.status.is_open:
            bulk.stop(at)
        await tx.bulks.save(bulk, chunks)

    async def _unrecorded_chunks(self, tx: Transaction, bulk: Bulk) -> Sequence[_Unrecorded]:
        """Return the remaining chunks. Lines that were settled but not recorded when a worker died are found by their keys."""
        left = []
        for chunk in await tx.bulks.waiting(bulk.id, limit=None):
            keys = {line.number: (bulk.initiator_id, bulk.order(line).key) for line in chunk.lines}
            made = await tx.transfers.find_by_keys(list(keys.values()))
            left.append((chunk, [(line, made.get(keys[line.number])) for line in chunk.lines]))
        return left


def _with_outcomes(outcomes: Sequence[LineOutcome], chunks: Sequence[Chunk]) -> Sequence[Chunk]:
    left = iter(outcomes)
    return [replace(chunk, outcomes=[next(left) for _ in chunk.lines]) for chunk in chunks]


def _settled_or_refused(refusal: DomainError, line: BulkLine, made: Transfer | None) -> LineOutcome:
    return outcome_found(line, made) if made else outcome_refused(line, refusal)
