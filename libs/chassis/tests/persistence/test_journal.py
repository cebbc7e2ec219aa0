"""Every committed audit fact is in the journal, and no other."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError

from chassis.messaging.contracts import Publications
from chassis.persistence.database import Database
from chassis.persistence.pipeline import Statement
from chassis.persistence.unit_of_work import SqlTransaction, SqlUnitOfWork
from chassis.testing.stored import require_journaled
from kernel.actor import Actor
from kernel.audit import AuditFact
from kernel.clock import SystemClock
from kernel.ids import new_id
from libs.chassis.tests.persistence.doors_database import rows

DOOR = new_id()


class Refusal(Exception):
    """The use case changed its mind."""


@dataclass(frozen=True, slots=True)
class Work:
    """One transaction: the number of facts that it records, and its end."""

    facts: int
    end: str


WORK = st.builds(Work, facts=st.integers(0, 3), end=st.sampled_from(["commit", "refuse", "cancel", "fail at commit"]))


class Doors:
    """Runs transactions, and remembers the facts of those that committed."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._uow = SqlUnitOfWork(database, SqlTransaction, Publications("doors", {}), service="doors")
        self.committed: set[object] = set()

    async def carry_out(self, work: Work) -> None:
        made = [
            AuditFact(action="doors.door.open", resource_type="door", resource_id="1", occurred_at=SystemClock().now())
            for _ in range(work.facts)
        ]
        with suppress(Refusal, IntegrityError, asyncio.CancelledError):
            async with self._uow.begin(Actor.service("doors"), audited=False) as tx:
                for fact in made:
                    tx.record(fact)
                if work.end == "refuse":
                    raise Refusal
                if work.end == "cancel":
                    raise asyncio.CancelledError
                if work.end == "fail at commit":
                    # Sent in one round trip with the outbox; the door is there already.
                    tx.pipeline.queue(Statement("INSERT INTO doors (id, is_open) VALUES ($1, true)", (DOOR,)))
            assert work.end == "commit"
            self.committed |= {fact.fact_id for fact in made}


async def test_after_any_commits_and_rollbacks_the_journal_has_the_committed_facts(database: Database) -> None:
    doors, loop = Doors(database), asyncio.get_running_loop()
    async with database.engine.begin() as connection:
        await connection.exec_driver_sql("INSERT INTO doors (id, is_open) VALUES (%s, true)", (DOOR,))

    async def carry_out_all(works: list[Work]) -> None:
        await asyncio.gather(*(doors.carry_out(work) for work in works))
        assert {fact_id for (fact_id,) in await rows(database, "SELECT fact_id FROM audit_journal")} == doors.committed
        await require_journaled(database)

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(works=st.lists(WORK, max_size=4))
    def check(works: list[Work]) -> None:
        asyncio.run_coroutine_threadsafe(carry_out_all(works), loop).result(timeout=300)

    await asyncio.to_thread(check)
    assert doors.committed


async def test_a_message_without_its_journal_rows_is_noticed(database: Database) -> None:
    """The check that every contract test ends with can fail."""
    await Doors(database).carry_out(Work(facts=2, end="commit"))
    await require_journaled(database)
    async with database.engine.begin() as connection:
        await connection.exec_driver_sql("INSERT INTO audit_journal (fact_id, digest) VALUES (%s, %s)", (DOOR, bytes(32)))
    with pytest.raises(AssertionError, match=f"in addition .*{DOOR}"):
        await require_journaled(database)
