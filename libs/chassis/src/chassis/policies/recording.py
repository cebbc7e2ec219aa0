"""Record the decisions of a serving process in compliance, through the outbox of its service."""

import asyncio
from collections.abc import Sequence
from typing import Final

from chassis.persistence import outbox
from chassis.persistence.database import Database
from chassis.persistence.pipeline import Pipeline
from chassis.policies.decision_log import DecisionLog, write_line, write_lines
from chassis.policies.decision_messages import DECISIONS_MAX, decisions_message
from chassis.policies.decisions import Decision

# A process writes at most one row to its outbox in this time, unless it has more decisions than one message takes.
GATHER_SECONDS: Final = 1.0
RECORDING_SECONDS_MAX: Final = 5.0


class DecisionRecorder:
    """Writes decisions to the outbox, in a transaction of their own, and denials also as log lines, for operators.

    The relay finds the row when it polls, within a second: decisions do not wake it. If the outbox cannot be written, or the
    process ends before that, all decisions of the batch become log lines, and the caller gets the error.
    """

    def __init__(self, database: Database, producer: str) -> None:
        self._database = database
        self._producer = producer

    async def __call__(self, decisions: Sequence[Decision]) -> None:
        """Raise what the database raises, or TimeoutError after RECORDING_SECONDS_MAX."""
        try:
            async with asyncio.timeout(RECORDING_SECONDS_MAX):
                await self._record(decisions)
        except BaseException:
            for decision in decisions:
                write_line(decision)
            raise
        await write_lines([decision for decision in decisions if not decision.allowed])

    async def _record(self, decisions: Sequence[Decision]) -> None:
        async with self._database.session() as session:
            pipeline = Pipeline(session)
            pipeline.queue(outbox.insert([decisions_message(decisions, self._producer)]))
            await pipeline.commit()
            await session.commit()


def recorded_decisions(database: Database, producer: str) -> DecisionLog:
    """Return the decision log of a process. Close it before the database. Jobs may lose the last second at their end."""
    return DecisionLog(DecisionRecorder(database, producer), batch_max=DECISIONS_MAX, gather_seconds=GATHER_SECONDS)
