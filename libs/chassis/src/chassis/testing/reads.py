"""Reads on record, for tests of use cases."""

from dataclasses import dataclass, field

from kernel.actor import Actor
from kernel.reads import ReadOfOthers


@dataclass
class NotedReads:
    """Keeps what it is given."""

    noted: list[tuple[Actor, ReadOfOthers]] = field(default_factory=list)

    async def record(self, actor: Actor, read: ReadOfOthers, /) -> None:
        self.noted.append((actor, read))
