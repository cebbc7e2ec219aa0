"""Records each read of other people's data as an audit fact before the response."""

from typing import Any

from chassis.persistence.unit_of_work import SqlUnitOfWork
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.reads import ReadOfOthers


class AuditedReads:
    """The `Reads` of every service: writes the fact in a transaction of its own.

    A read that cannot be recorded fails, so that no data is returned without a record (fail-closed).
    """

    def __init__(self, uow: SqlUnitOfWork[Any], clock: Clock) -> None:
        self._uow = uow
        self._clock = clock

    async def record(self, actor: Actor, read: ReadOfOthers, /) -> None:
        """Record that the actor reads others' data; raises Unavailable when the fact cannot be written."""
        async with self._uow.begin(actor) as tx:
            for fact in read.facts(at=self._clock.now()):
                tx.record(fact)
