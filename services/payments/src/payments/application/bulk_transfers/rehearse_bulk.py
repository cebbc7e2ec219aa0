from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from kernel.actor import Actor
from kernel.errors import DomainError, InvalidValues, Kind
from payments.application.bulk_transfers.acceptance import BulkAcceptance
from payments.application.bulk_transfers.bulk_rehearsal import BulkRehearsal, RunRehearsal
from payments.application.bulk_transfers.judge_bulk import kinds_of
from payments.application.bulk_transfers.lines import outcomes_of, requests_of
from payments.application.bulk_transfers.submission import Submission
from payments.application.ports.transfers import Request
from payments.application.transfers.rehearsed_run import RehearsedRun
from payments.domain.bulk import Bulk, BulkStatus
from payments.domain.transfer_order import TransferKind


@dataclass(frozen=True, slots=True)
class RehearseBulk:
    """Return the response that a file would get, and the outcomes of its lines if they ran now.

    It takes the same steps as the submission and the run, and writes nothing.
    """

    acceptance: BulkAcceptance
    rehearse: Callable[[Sequence[Request]], Awaitable[RehearsedRun]]

    async def __call__(self, *, actor: Actor, submission: Submission) -> BulkRehearsal:
        """Raise InvalidValues for invalid lines, and InvalidAmount if the total is larger than an amount can be."""
        accept, file = self.acceptance, submission.file
        total = file.total
        try:
            if earlier := await accept.earlier(actor, submission):
                return BulkRehearsal(file, total, bulk=earlier.bulk, replayed=True)
            ready = await accept.prepare(actor, submission)
            async with accept.uow.begin(actor) as tx:
                needs = await accept.judge(tx, actor, ready)
        except InvalidValues:
            raise
        except DomainError as refusal:
            return BulkRehearsal(file, total, refusal=refusal)
        if needs.denied:
            # It would never run.
            return BulkRehearsal(file, total, bulk=ready.bulk, needs=needs)
        kinds = {} if needs.approval else kinds_of(ready.outflows)
        run = await self._run(actor, ready.bulk, submission, kinds)
        return BulkRehearsal(file, total, bulk=ready.bulk, needs=needs, run=run)

    async def _run(
        self, actor: Actor, accepted: Bulk, submission: Submission, kinds: Mapping[UUID, TransferKind]
    ) -> RunRehearsal | None:
        """Return None if a dependency is unavailable: a real run would be retried, so its result is unknown."""
        lines, at = submission.file.lines, self.acceptance.clock.now()
        # The state once no decision is pending.
        bulk = replace(accepted, status=BulkStatus.ACCEPTED)
        run = await self.rehearse(requests_of(bulk, lines, actor, kinds))
        try:
            outcomes = outcomes_of(bulk, lines, run.outcomes)
        except DomainError as refusal:
            if refusal.kind is Kind.UNAVAILABLE:
                return None
            raise
        bulk.start(at)
        bulk.count(outcomes, at)
        return RunRehearsal(bulk, outcomes, run.fees, run.limits, run.screening)
