"""One run of long work: its progress, its checkpoints, and its end if it was cancelled or taken over."""

from dataclasses import dataclass, field
from typing import Final

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from chassis.long_work.rows import JobRun
from chassis.persistence.database import Database
from kernel.clock import Clock
from kernel.long_work import MESSAGE_LENGTH_MAX, Json, LongWork, Reached, WorkCancelled, WorkState, WorkTakenOver

# Progress is written when one of these has passed since it was last written.
ROWS_A_WRITE: Final = 10_000
SECONDS_A_WRITE: Final = 0.5

# Only the current run of the current job writes: a worker that was silent for too long has lost its job, even if its successor
# has not begun.
_ADVANCE: Final = text(
    """
    UPDATE long_work SET
        done = greatest(done, :done),
        total = CASE WHEN cast(:total AS bigint) IS NOT NULL THEN greatest(done, :done, :total) END,
        message = :message,
        checkpoint = coalesce(cast(:checkpoint AS jsonb), checkpoint),
        updated_at = greatest(updated_at, :at),
        version = version + 1
    WHERE id = :id AND attempts = :attempts AND finished_at IS NULL AND EXISTS (
        SELECT FROM procrastinate_jobs WHERE id = :job_id AND attempts = :job_attempt AND status = 'doing'
    )
    RETURNING state
    """
).execution_options(unaudited=True)


@dataclass(slots=True)
class SqlWorkRun:
    """`work` is the work as it was when the run began."""

    work: LongWork
    job: JobRun
    database: Database
    clock: Clock
    rows_a_write: int = ROWS_A_WRITE
    seconds_a_write: float = SECONDS_A_WRITE
    # The last report, written or not.
    reached: Reached | None = field(default=None, init=False)
    _written_at: float = field(init=False)
    _written_done: int = field(init=False)

    def __post_init__(self) -> None:
        # The first progress is written at once.
        self._written_at, self._written_done = self.clock.elapsed() - self.seconds_a_write, self.work.done

    async def progress(self, done: int, *, total: int | None, message: str = "", checkpoint: Json | None = None) -> None:
        """Report how far the work is. Most reports write nothing. Raise WorkCancelled or WorkTakenOver.

        The next run continues from the last checkpoint that was written, so a checkpoint must also be right if it is old.
        """
        now = self.clock.elapsed()
        self.reached = Reached(done=done, total=total, message=message, checkpoint=checkpoint)
        if done - self._written_done < self.rows_a_write and now - self._written_at < self.seconds_a_write:
            return
        async with self.database.engine.begin() as connection:
            await self._write(connection, self.reached)
        self._written_at, self._written_done = now, done

    async def save(
        self, session: AsyncSession, done: int, *, total: int | None, message: str = "", checkpoint: Json | None = None
    ) -> None:
        """Write progress and checkpoint in the transaction of the work's effect, so that no other run repeats the effect.

        Raise WorkCancelled or WorkTakenOver; the transaction must then be rolled back.
        """
        # What a later report adds is noted at the end, but not what this transaction may roll back.
        await self._write(session, Reached(done=done, total=total, message=message, checkpoint=checkpoint))

    async def _write(self, connection: AsyncConnection | AsyncSession, reached: Reached) -> None:
        row = {
            "id": self.work.id,
            "attempts": self.work.attempts,
            "job_id": self.job.job_id,
            "job_attempt": self.job.attempt,
            "done": reached.done,
            "total": reached.total,
            "message": reached.message[:MESSAGE_LENGTH_MAX],
            "checkpoint": orjson.dumps(reached.checkpoint).decode() if reached.checkpoint is not None else None,
            "at": self.clock.now(),
        }
        state = (await connection.execute(_ADVANCE, row)).scalar()
        if state is None:
            raise WorkTakenOver
        if state == WorkState.CANCELLING:
            raise WorkCancelled
