"""Sending messages."""

from dataclasses import dataclass, field

from identity.domain.message import Letter


@dataclass
class FakeTransport:
    """Accept every message, or raise `problem`."""

    problem: Exception | None = None
    delivered: list[Letter] = field(default_factory=list)

    async def deliver(self, letter: Letter) -> None:
        if self.problem:
            raise self.problem
        self.delivered.append(letter)
