from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from kernel.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointSigned(Event):
    origin: str
    tree_size: int
    root_hash: bytes
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureAcknowledged(Event):
    """`kept`: the data that is kept, and why. `retain_until`: until when the user must stay identifiable."""

    erasure_id: UUID
    user_id: UUID
    kept: tuple[str, ...]
    retain_until: datetime | None
