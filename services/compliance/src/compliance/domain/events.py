from dataclasses import dataclass

from kernel.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointSigned(Event):
    origin: str
    tree_size: int
    root_hash: bytes
    note: str
