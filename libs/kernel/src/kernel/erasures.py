"""How a service answers the request to erase a person's data: the same in each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from kernel.audit import AuditFact, State
from kernel.events import Event
from kernel.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureRequest:
    """Identity's request. A repeated one has the same `erasure_id` and is answered again."""

    erasure_id: UUID
    user_id: UUID
    requested_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureAcknowledged(Event):
    """`kept`: the data that is kept, and why. `retain_until`: until when the law requires that the person stays identifiable."""

    erasure_id: UUID
    user_id: UUID
    kept: tuple[str, ...]
    retain_until: datetime | None = None


def acknowledge_erasure(
    tx: Transaction,
    request: ErasureRequest,
    *,
    context: str,
    at: datetime,
    kept: Sequence[str] = (),
    retain_until: datetime | None = None,
    after: State | None = None,
) -> None:
    """Record the answer of a service and announce it to identity. `after` is the fact's state, by default what is kept."""
    tx.record(
        AuditFact(
            action=f"{context}.erasure.acknowledge",
            resource_type="erasure",
            resource_id=str(request.erasure_id),
            occurred_at=at,
            after={"kept": list(kept)} if after is None else after,
            related_ids=(str(request.user_id),),
        )
    )
    tx.announce(
        ErasureAcknowledged(
            occurred_at=at,
            erasure_id=request.erasure_id,
            user_id=request.user_id,
            kept=tuple(kept),
            retain_until=retain_until,
        )
    )
