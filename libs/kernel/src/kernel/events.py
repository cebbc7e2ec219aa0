"""Domain events: facts that an aggregate announces and the unit of work carries to the outbox."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from kernel.ids import new_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A fact that has happened. Subclasses add what happened; each has one proto message (publications.py)."""

    occurred_at: datetime
    event_id: UUID = field(default_factory=new_id)


class Aggregate:
    """Base of what changes as one; collects the events that its verbs announce."""

    # Imperative mapping builds objects without __init__, so the list is made on first use.
    _announced: list[Event]

    def announce(self, event: Event) -> None:
        self.__dict__.setdefault("_announced", []).append(event)

    def collect(self) -> list[Event]:
        """Hand over the announced events, once."""
        announced: list[Event] = self.__dict__.pop("_announced", [])
        return announced
