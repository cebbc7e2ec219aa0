from dataclasses import dataclass
from uuid import UUID

from compliance.application.queries import CheckpointView, ComplianceQueries
from compliance.domain import merkle
from compliance.domain.entry import LoggedEntry
from compliance.domain.merkle import Span
from kernel.errors import DomainError, Kind, NotFound


class NotYetSigned(DomainError):
    """The entry is not covered by a signed checkpoint yet; ask again in a second."""

    kind = Kind.CONFLICT
    code = "CMP_002"


@dataclass(frozen=True, slots=True)
class InclusionProof:
    """All that is needed to verify, offline, that the entry is in the log."""

    entry: LoggedEntry
    proof: list[bytes]
    checkpoint: CheckpointView


@dataclass(frozen=True, slots=True)
class ConsistencyProof:
    """Proves that the later checkpoint's log begins with the earlier's."""

    first: CheckpointView
    second: CheckpointView
    proof: list[bytes]


@dataclass(frozen=True, slots=True)
class Prove:
    """Make proofs against signed checkpoints, from a few hundred stored hashes whatever the size of the log."""

    queries: ComplianceQueries

    async def inclusion(self, place: int | UUID, *, tree_size: int | None = None) -> InclusionProof:
        """Prove the entry at a place in the log, or of a fact, under the latest checkpoint or the one of `tree_size`.

        Raises NotFound for an entry or checkpoint that there is none of, NotYetSigned when no checkpoint covers it yet.
        """
        entry = await self.queries.entry(place)
        if entry is None:
            raise NotFound(entry=place)
        checkpoint = await self._checkpoint(tree_size)
        if checkpoint is None or checkpoint.size <= entry.sequence:
            raise NotYetSigned(sequence=entry.sequence, tree_size=tree_size)
        spans = merkle.inclusion_spans(entry.sequence, checkpoint.size)
        return InclusionProof(entry, await self._hashes(spans), checkpoint)

    async def consistency(self, first: int, second: int) -> ConsistencyProof:
        if first > second:
            first, second = second, first
        earlier, later = await self.queries.checkpoint_of(first), await self.queries.checkpoint_of(second)
        if earlier is None or later is None:
            raise NotFound(size=first if earlier is None else second)
        return ConsistencyProof(earlier, later, await self._hashes(merkle.consistency_spans(first, second)))

    async def _checkpoint(self, size: int | None) -> CheckpointView | None:
        if size is None:
            return await self.queries.latest_checkpoint()
        checkpoint = await self.queries.checkpoint_of(size)
        if checkpoint is None:
            raise NotFound(tree_size=size)
        return checkpoint

    async def _hashes(self, spans: list[Span]) -> list[bytes]:
        nodes = await self.queries.nodes({node for span in spans for node in merkle.cover(span)})
        return [merkle.hash_of(span, nodes) for span in spans]
