"""Recorded reads, for tests of use cases."""

from dataclasses import dataclass, field

from kernel.actor import Actor
from kernel.reads import ReadOfOthers


@dataclass
class NotedReads:
    """Stores the recorded reads in memory."""

    noted: list[tuple[Actor, ReadOfOthers]] = field(default_factory=list)

    async def record(self, actor: Actor, read: ReadOfOthers, /) -> None:
        self.noted.append((actor, read))
