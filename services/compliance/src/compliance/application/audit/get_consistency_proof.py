from dataclasses import dataclass

from compliance.application.audit.proofs import hashes_of
from compliance.application.audit.views import AuditViews, CheckpointView
from compliance.domain import merkle
from compliance.domain.checkpoint import VerifierKey
from kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class ConsistencyProof:
    """The proof that the log at the earlier checkpoint is the beginning of the log at the later one."""

    first: CheckpointView
    second: CheckpointView
    proof: list[bytes]
    key: VerifierKey


@dataclass(frozen=True, slots=True)
class GetConsistencyProof:
    """Prove that the log at the smaller of two signed checkpoints is the beginning of the log at the larger."""

    views: AuditViews
    key: VerifierKey

    async def __call__(self, *, first: int, second: int) -> ConsistencyProof:
        """Take the sizes in any order. Raise NotFound if no checkpoint has one of them."""
        if first > second:
            first, second = second, first
        earlier, later = await self.views.checkpoint_of(first), await self.views.checkpoint_of(second)
        if earlier is None or later is None:
            raise NotFound(size=first if earlier is None else second)
        proof = await hashes_of(merkle.consistency_spans(first, second), self.views)
        return ConsistencyProof(earlier, later, proof, self.key)
