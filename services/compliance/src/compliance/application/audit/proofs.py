"""Build proofs against signed checkpoints, from a few hundred stored hashes at any size of the log."""

from collections.abc import Sequence

from compliance.application.audit.views import AuditViews
from compliance.domain import merkle
from compliance.domain.merkle import Span


async def hashes_of(spans: Sequence[Span], views: AuditViews) -> list[bytes]:
    """Compute the hash of each span of leaves."""
    nodes = await views.nodes({node for span in spans for node in merkle.cover(span)})
    return [merkle.hash_of(span, nodes) for span in spans]
