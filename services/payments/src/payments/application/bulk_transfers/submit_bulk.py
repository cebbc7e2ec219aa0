from dataclasses import dataclass
from typing import Final

from kernel.actor import Actor
from payments.application.bulk_transfers import audit
from payments.application.bulk_transfers.acceptance import AcceptedBulk, BulkAcceptance
from payments.application.bulk_transfers.approval import BulkContent
from payments.application.bulk_transfers.keep_file import KeepFile
from payments.application.bulk_transfers.notices import approval_needed
from payments.application.bulk_transfers.submission import Submission
from payments.domain.bulk import Chunk
from payments.domain.bulk_file import chunks_of

# Lines that run and commit together. Their accounts are locked for about 0.1 seconds.
CHUNK_LINES: Final = 500


@dataclass(frozen=True, slots=True)
class SubmitBulk:
    """Accept a file if every line is valid. Repeating a key returns the first bulk.

    The file is judged as a whole: it runs as a job, or waits for an approval.
    """

    acceptance: BulkAcceptance
    keep_file: KeepFile

    async def __call__(self, *, actor: Actor, submission: Submission) -> AcceptedBulk:
        """Raise InvalidValues (each fault with its place), NotTheOwner, KeyReused, TooManyBulks, MalwareFound.

        Raise StepUpRequired, SignatureRequired or InvalidSignature if the payer must add proof to the file.
        """
        if earlier := await self.acceptance.earlier(actor, submission):
            return earlier
        actor.require_admitted()
        ready = await self.acceptance.prepare(actor, submission)
        bulk = ready.bulk
        # Before the transaction: if it does not commit, the file is unused, and collect_objects removes it.
        await self.keep_file(actor=actor, upload=submission.upload)
        async with self.acceptance.uow.begin(actor) as tx:
            if earlier := await self.acceptance.find(tx, actor, submission):
                return earlier
            needs = await self.acceptance.judge(tx, actor, ready)
            needs.require_proof()
            chunks = [Chunk(number=n, lines=lines) for n, lines in enumerate(chunks_of(submission.file.lines, CHUNK_LINES), 1)]
            await tx.bulks.add(bulk, chunks, actor)
            if needs.approval:
                content = await BulkContent.of(bulk, submission.file.lines)
                tx.approvals.ask(content.asked(asked_by=actor, at=bulk.created_at))
                tx.announce(approval_needed(bulk, at=bulk.created_at))
            tx.create(audit.ACCEPTED_BULK, bulk, "accept", at=bulk.created_at, reason=bulk.reason)
        return AcceptedBulk(bulk, replayed=False)
