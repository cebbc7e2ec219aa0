from dataclasses import dataclass
from typing import Final

from kernel.actor import Actor
from payments.application.bulk_transfers import audit
from payments.application.bulk_transfers.acceptance import Accepted, BulkAcceptance
from payments.application.bulk_transfers.submission import Submission
from payments.domain.bulk import Chunk
from payments.domain.bulk_file import chunks_of

# Lines that are run, and committed, together: their accounts are locked for about a tenth of a second.
CHUNK_LINES: Final = 500


@dataclass(frozen=True, slots=True)
class SubmitBulk:
    """Accept a file that is right in every line; repeating a key returns the first bulk.

    The file is judged as a whole: it runs as a job, or waits for somebody to approve it.
    """

    acceptance: BulkAcceptance

    async def __call__(self, *, actor: Actor, submission: Submission) -> Accepted:
        """Raise InvalidValues (what is wrong where), NotTheOwner, KeyReused, TooManyBulks.

        Raises StepUpRequired, SignatureRequired or InvalidSignature for what the payer has to show with the file.
        """
        if earlier := await self.acceptance.earlier(actor, submission):
            return earlier
        actor.require_admitted()
        ready = await self.acceptance.prepare(actor, submission)
        bulk = ready.bulk
        async with self.acceptance.uow.begin(actor) as tx:
            if earlier := await self.acceptance.find(tx, actor, submission):
                return earlier
            needs = await self.acceptance.judge(tx, actor, ready)
            needs.require_proof()
            chunks = [Chunk(number=n, lines=lines) for n, lines in enumerate(chunks_of(submission.file.lines, CHUNK_LINES), 1)]
            await tx.bulks.add(bulk, chunks, actor)
            tx.create(audit.ACCEPTED_BULK, bulk, "accept", at=bulk.created_at, reason=bulk.reason)
        return Accepted(bulk, replayed=False)
