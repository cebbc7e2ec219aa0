"""Domain events: an aggregate announces them, and the unit of work writes them to the outbox."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from kernel.ids import new_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that has happened. Each subclass adds its fields and has one proto message (publications.py)."""

    occurred_at: datetime
    event_id: UUID = field(default_factory=new_id)


class Aggregate:
    """Base of aggregates; collects the events that their methods announce."""

    # Imperative mapping builds objects without __init__, so the list is made on first use.
    _announced: list[Event]

    def announce(self, event: Event) -> None:
        self.__dict__.setdefault("_announced", []).append(event)

    def collect(self) -> list[Event]:
        """Return the events announced since the last call."""
        announced: list[Event] = self.__dict__.pop("_announced", [])
        return announced
