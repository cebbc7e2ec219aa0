from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextvars import copy_context
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from kernel.actor import Actor
from kernel.audit import State
from kernel.clock import Clock
from kernel.errors import DomainError
from payments.application.bulk_transfers import audit
from payments.application.bulk_transfers.judge_bulk import JudgeBulk, kinds_of
from payments.application.bulk_transfers.lines import outcome_found, outcome_refused, outcomes_of, requests_of
from payments.application.ports.authority import Authority, Roles
from payments.application.ports.bulk_transfers import Rules
from payments.application.ports.unit_of_work import Transaction, UnitOfWork
from payments.application.transfers.batch import Outcome
from payments.application.transfers.post_transfers import Waiting
from payments.domain.bulk import Bulk, BulkStatus, Chunk, LineOutcome, LineStatus
from payments.domain.bulk_file import BulkLine
from payments.domain.errors import ApprovalNeeded
from payments.domain.payer_rules import PayerRequest
from payments.domain.transfer import Transfer
from payments.domain.transfer_order import TransferKind

PostBatch = Callable[[Sequence[Waiting]], Awaitable[Sequence[Outcome]]]


@dataclass(frozen=True, slots=True)
class _Run:
    bulk: Bulk
    actor: Actor
    chunks: Sequence[Chunk]
    # As what this run has judged the payments to each wallet; None before it has.
    kinds: Mapping[UUID, TransferKind] | None = None


@dataclass(frozen=True, slots=True)
class RunBulk:
    """Run what is left of a bulk.

    A chunk takes two transactions: one that moves the money, one that writes down what became of the lines. Killed
    between them, the chunk is run again, and each line that was settled answers by its key with its transfer. All or
    nothing is one request to the ledger, and so one transaction, over all the lines.

    Before each chunk it is asked whether the payer may pay, and in which roles. One who may no longer has the lines that are
    left refused with the reason.

    Before the first chunk the file is judged again, unless somebody approved it: rules, roles and the use of wallets may have
    changed since it was handed in. Where it needs an approval now, it waits for one, or, with lines that have run, the rest is
    refused. A payee's wallet that changes its use later has its lines refused.
    """

    uow: UnitOfWork
    post: PostBatch
    rules: Rules
    authority: Authority
    judge_bulk: JudgeBulk
    clock: Clock

    async def __call__(self, *, bulk_id: UUID) -> BulkStatus | None:
        """Return how the bulk ended, None when there was nothing to do; raises Unavailable when it is to be tried again."""
        await self.rules.refresh()
        run = await self._begin(bulk_id)
        while run and run.chunks:
            run = await self._go_on(run)
            await self.rules.refresh()
        return run.bulk.status if run else None

    async def _begin(self, bulk_id: UUID) -> _Run | None:
        async with self.uow.begin(Actor.service("payments")) as tx:
            found = await tx.bulks.lock(bulk_id)
            if found is None or not found[0].status.may_run:
                return None
            bulk, actor = found
            before, at = audit.state(bulk), self.clock.now()
            bulk.start(at)
            if bulk.status is BulkStatus.CANCELLING:
                await self._wind_up(tx, bulk, at)
            else:
                await tx.bulks.save(bulk)
            _account_for(tx, bulk, "start", before=before, at=at)
            return _Run(bulk, actor, await self._next(tx, bulk))

    async def _go_on(self, run: _Run) -> _Run:
        payer = run.bulk.initiator_id
        answer = (await self.authority.authorize({payer}))[payer]
        if isinstance(answer, DomainError):
            return await self._refuse(run, answer)
        if run.kinds is None:
            run = await self._judge(run, answer)
            if not run.chunks:
                return run
        outcomes = await self._post(replace(run, actor=replace(run.actor, roles=answer)))
        return await self._advance(run, outcomes)

    async def _judge(self, run: _Run, roles: Roles) -> _Run:
        """Judge the whole file by the rules, roles and accounts of now."""
        rules, currency = self.judge_bulk.rules(), run.bulk.currency
        if run.bulk.decided_by or not rules.approvals.rules.get(currency):
            return replace(run, kinds={})
        async with self.uow.begin(Actor.service("payments")) as tx:
            lines = await tx.bulks.lines(run.bulk.id)
        outflows = await self.judge_bulk.outflows(run.bulk, lines)
        actor, payer_id = replace(run.actor, roles=roles), run.bulk.initiator_id
        request = PayerRequest(initiator_id=payer_id, actor=actor, outflows=outflows, is_planned=True)
        async with self.uow.begin(Actor.service("payments")) as tx:
            found = await tx.bulks.lock(run.bulk.id)
            if found is None:
                raise RuntimeError(f"bulk {run.bulk.id} is gone")
            bulk, before, at = found[0], audit.state(found[0]), self.clock.now()
            if not bulk.status.may_run:
                return replace(run, bulk=bulk, chunks=())
            if bulk.decided_by:
                # Another worker, taken for dead, has held it back, and somebody has approved it.
                return replace(run, kinds={})
            # The turn of what is sent in this currency: nothing is sent while the windows are looked at.
            await tx.spending.lock([(payer_id, currency)])
            needs = await self.judge_bulk(tx, bulk, request, rules, at)
            if not needs.approval:
                return replace(run, kinds=kinds_of(outflows))
            if bulk.status is BulkStatus.RUNNING and not await self._has_run(tx, bulk):
                bulk.hold_back(needs.approval, at=at, expires_at=at + self.judge_bulk.terms.approval_life)
                await tx.bulks.save(bulk)
                tx.record(audit.held_back(bulk, before=before, at=at))
                for event in bulk.collect():
                    tx.announce(event)
                return replace(run, bulk=bulk, chunks=())
        return await self._refuse(run, ApprovalNeeded.of(needs.approval))

    async def _has_run(self, tx: Transaction, bulk: Bulk) -> bool:
        """Tell whether a line has run, written down or not."""
        return bulk.done > 0 or any(made for _, lines in await self._left(tx, bulk) for _, made in lines)

    async def _advance(self, run: _Run, outcomes: Sequence[LineOutcome]) -> _Run:
        async with self.uow.begin(Actor.service("payments")) as tx:
            found = await tx.bulks.lock(run.bulk.id)
            if found is None:
                raise RuntimeError(f"bulk {run.bulk.id} is gone")
            bulk, actor = found
            if not bulk.status.may_run or bulk.done != run.bulk.done:
                # Another worker, taken for dead, has run the same chunk; the keys have seen to it that it ran once.
                return _Run(bulk, actor, await self._next(tx, bulk), run.kinds)
            before, at = audit.state(bulk), self.clock.now()
            bulk.count(outcomes, at)
            await tx.bulks.save(bulk, _with(outcomes, run.chunks))
            if bulk.status is BulkStatus.CANCELLING:
                await self._wind_up(tx, bulk, at)
            _account_for(tx, bulk, "progress", before=before, at=at)
            return _Run(bulk, actor, await self._next(tx, bulk), run.kinds)

    async def _refuse(self, run: _Run, refusal: DomainError) -> _Run:
        """Refuse the lines that are left, and so end the bulk."""
        async with self.uow.begin(Actor.service("payments")) as tx:
            found = await tx.bulks.lock(run.bulk.id)
            if found is None:
                raise RuntimeError(f"bulk {run.bulk.id} is gone")
            bulk, actor = found
            if not bulk.status.may_run:
                return _Run(bulk, actor, ())
            before, at = audit.state(bulk), self.clock.now()
            if bulk.status is BulkStatus.CANCELLING:
                await self._wind_up(tx, bulk, at)
            else:
                chunks = [
                    replace(chunk, outcomes=[_settled_or(refusal, line, made) for line, made in lines])
                    for chunk, lines in await self._left(tx, bulk)
                ]
                bulk.count([outcome for chunk in chunks for outcome in chunk.outcomes or ()], at)
                await tx.bulks.save(bulk, chunks)
            _account_for(tx, bulk, "refuse", before=before, at=at)
            return _Run(bulk, actor, ())

    async def _next(self, tx: Transaction, bulk: Bulk) -> Sequence[Chunk]:
        if not bulk.status.may_run:
            return ()
        return await tx.bulks.waiting(bulk.id, limit=None if bulk.is_whole else 1)

    async def _post(self, run: _Run) -> Sequence[LineOutcome]:
        lines = [line for chunk in run.chunks for line in chunk.lines]
        context = copy_context()
        requests = requests_of(run.bulk, lines, run.actor, run.kinds or {})
        outcomes = await self.post([Waiting(request, context) for request in requests])
        return outcomes_of(run.bulk, lines, outcomes)

    async def _wind_up(self, tx: Transaction, bulk: Bulk, at: datetime) -> None:
        """End a cancelled bulk."""
        chunks = []
        for chunk, lines in await self._left(tx, bulk):
            outcomes = [outcome_found(line, made) for line, made in lines]
            bulk.count([outcome for outcome in outcomes if outcome.status is not LineStatus.NOT_RUN], at)
            chunks.append(replace(chunk, outcomes=outcomes))
        if bulk.status.is_open:
            bulk.stop(at)
        await tx.bulks.save(bulk, chunks)

    async def _left(self, tx: Transaction, bulk: Bulk) -> Sequence[tuple[Chunk, Sequence[tuple[BulkLine, Transfer | None]]]]:
        """Return the chunks that are left. What had been settled and not written down when a worker died is found by its keys."""
        left = []
        for chunk in await tx.bulks.waiting(bulk.id, limit=None):
            keys = {line.number: (bulk.initiator_id, bulk.order(line).key) for line in chunk.lines}
            made = await tx.transfers.find_by_keys(list(keys.values()))
            left.append((chunk, [(line, made.get(keys[line.number])) for line in chunk.lines]))
        return left


@dataclass(frozen=True, slots=True)
class ResumeBulks:
    """Queue again what nobody runs any more, and give up what could not be run for a day."""

    uow: UnitOfWork
    clock: Clock
    silence: timedelta = timedelta(minutes=2)
    patience: timedelta = timedelta(hours=24)

    async def __call__(self, *, limit: int = 100) -> int:
        """Return how many were queued."""
        at = self.clock.now()
        actor = Actor.service("payments")
        async with self.uow.begin(actor) as tx:
            left = await tx.bulks.left_behind(at - self.silence, limit=limit)
        queued = 0
        for bulk_id in left:
            async with self.uow.begin(actor) as tx:
                found = await tx.bulks.lock(bulk_id)
                if found is None or not found[0].status.may_run:
                    continue
                bulk, before = found[0], audit.state(found[0])
                if at - (bulk.decided_at or bulk.created_at) > self.patience and bulk.status is not BulkStatus.CANCELLING:
                    bulk.cancel("could not be run for a day", at)
                    await tx.bulks.save(bulk)
                    _account_for(tx, bulk, "give_up", before=before, at=at)
                if bulk.status.is_open:
                    await tx.bulks.queue(bulk_id)
                    queued += 1
        return queued


def _account_for(tx: Transaction, bulk: Bulk, verb: str, *, before: State, at: datetime) -> None:
    tx.record(audit.changed(bulk, verb, before=before, at=at))
    for event in bulk.collect():
        tx.announce(event)


def _with(outcomes: Sequence[LineOutcome], chunks: Sequence[Chunk]) -> Sequence[Chunk]:
    left = iter(outcomes)
    return [replace(chunk, outcomes=[next(left) for _ in chunk.lines]) for chunk in chunks]


def _settled_or(refusal: DomainError, line: BulkLine, made: Transfer | None) -> LineOutcome:
    return outcome_found(line, made) if made else outcome_refused(line, refusal)
