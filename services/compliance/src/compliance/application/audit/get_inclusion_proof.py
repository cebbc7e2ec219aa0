from dataclasses import dataclass
from uuid import UUID

from compliance.application.audit.people import people_in
from compliance.application.audit.proofs import hashes_of
from compliance.application.audit.reads_of_the_log import read_of_entry
from compliance.application.audit.views import AuditViews, CheckpointView
from compliance.domain import merkle
from compliance.domain.checkpoint import VerifierKey
from compliance.domain.entry import LoggedEntry
from kernel.actor import Actor
from kernel.errors import DomainError, Kind, NotFound
from kernel.reads import Reads


class NotYetSigned(DomainError):
    """No signed checkpoint covers the entry yet. Try again in a second."""

    kind = Kind.CONFLICT
    code = "CMP_002"


@dataclass(frozen=True, slots=True)
class InclusionProof:
    """All that is needed to verify offline that the entry is in the log."""

    entry: LoggedEntry
    proof: list[bytes]
    checkpoint: CheckpointView
    key: VerifierKey


@dataclass(frozen=True, slots=True)
class GetInclusionProof:
    """Prove that an entry is in the log. The proof contains the entry, so reading another user's is recorded."""

    views: AuditViews
    reads: Reads
    key: VerifierKey

    async def __call__(self, *, actor: Actor, place: int | UUID, tree_size: int | None = None) -> InclusionProof:
        """Prove the entry by its index or fact id, under the latest checkpoint or the one of size `tree_size`.

        Raises NotFound if the entry or the checkpoint does not exist, NotYetSigned if no checkpoint covers the entry yet.
        """
        logged = await self.views.entry(place)
        if logged is None:
            raise NotFound(entry=place)
        checkpoint = await self._checkpoint(tree_size)
        if checkpoint is None or checkpoint.size <= logged.sequence:
            raise NotYetSigned(sequence=logged.sequence, tree_size=tree_size)
        proof = await hashes_of(merkle.inclusion_spans(logged.sequence, checkpoint.size), self.views)
        if logged.entry.actor.subject_id != actor.subject_id:
            people = await people_in(self.views, [logged], but=actor)
            await self.reads.record(actor, read_of_entry(logged, people, verb="read_proof"))
        return InclusionProof(logged, proof, checkpoint, self.key)

    async def _checkpoint(self, size: int | None) -> CheckpointView | None:
        if size is None:
            return await self.views.latest_checkpoint()
        checkpoint = await self.views.checkpoint_of(size)
        if checkpoint is None:
            raise NotFound(tree_size=size)
        return checkpoint
