"""Long work in the database: cheap progress, one current run, checkpoints, cancellation, and work whose job is gone."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import IntegrityError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.job_queue import JobQueue, UndeclaredJob
from chassis.jobs import JobWithoutCode, JobWorker, WorkJob, long_work_jobs, make_jobs
from chassis.jobs.long_work import ATTEMPTS_MAX, requeue_stranded
from chassis.long_work import LongWorkRunner, SqlLongWorkReads, SqlLongWorks, SqlWorkRun
from chassis.messaging.contracts import Publications
from chassis.persistence.database import Database
from chassis.persistence.unit_of_work import SqlTransaction, SqlUnitOfWork
from chassis.testing.clocks import ControlledClock
from chassis.testing.long_work import JobRuns
from chassis.testing.running import eventually, running
from kernel.actor import Actor
from kernel.audit import Audited
from kernel.errors import InvalidValue, Unavailable
from kernel.long_work import RUNS_MAX, JobName, Json, LongWork, WorkCancelled, WorkRun, WorkTakenOver
from kernel.pages import CursorRequest
from libs.chassis.tests.jobs.painters import PainterSettings

PAINT_HOUSE = JobName(task="paint_house", queue="houses")
QUEUE = JobQueue("painters", [PAINT_HOUSE])
HOUSES = Audited[LongWork](
    action="painters.house", resource_type="house", id_of=lambda work: work.id, state=lambda work: {"state": work.state.value}
)
ANNA = Actor.service("anna")


class HouseTransaction(SqlTransaction):
    def __init__(self, session: AsyncSession, actor: Actor) -> None:
        super().__init__(session, actor)
        self.works = SqlLongWorks(session, QUEUE)


@dataclass
class Houses:
    """Painting houses, wall by wall."""

    database: Database
    jobs: JobRuns
    clock: ControlledClock = field(default_factory=ControlledClock)

    @property
    def uow(self) -> SqlUnitOfWork[HouseTransaction]:
        return SqlUnitOfWork(self.database, HouseTransaction, Publications("painters", {}), service="painters")

    async def ask(self, *, exclusive: str | None = None) -> LongWork:
        async with self.uow.begin(ANNA) as tx:
            work = LongWork.ask("house", requested_by="anna", at=self.clock.now(), exclusive=exclusive)
            await tx.works.add(work, PAINT_HOUSE)
            tx.create(HOUSES, work, at=self.clock.now())
        return work

    async def change(self, work: LongWork, verb: str) -> None:
        async with self.uow.begin(ANNA) as tx:
            found = await tx.works.lock("house", work.id)
            assert found
            with tx.change(HOUSES, found, verb, at=self.clock.now()) as at:
                getattr(found, verb)(at)
            await tx.works.save(found)
            if verb == "resume":
                await tx.works.queue(found)

    async def find(self, work: LongWork) -> LongWork:
        found = await SqlLongWorkReads(self.database).find("house", work.id)
        assert found
        return found

    def runner(self, steps: Callable[[WorkRun], Awaitable[Json]]) -> LongWorkRunner:
        return LongWorkRunner(
            kind="house",
            service="painters",
            uow=self.uow,
            database=self.database,
            audited=HOUSES,
            steps=steps,
            clock=self.clock,
        )

    async def begun(self, work: LongWork) -> SqlWorkRun:
        """Begin a run, and return it as its steps see it."""
        job, runs = await self.jobs.fetch(), []

        async def steps(run: WorkRun) -> Json:
            runs.append(run)
            raise WorkTakenOver

        await self.runner(steps)(work.id, job, is_last=False)
        [run] = runs
        assert isinstance(run, SqlWorkRun)
        return run

    async def scalar(self, query: str) -> Any:
        async with self.database.read() as connection:
            return await connection.scalar(text(query))


@pytest.fixture
async def houses(database: Database) -> AsyncIterator[Houses]:
    async with JobRuns(database) as jobs:
        yield Houses(database, jobs)


async def test_most_reports_write_nothing_and_the_end_notes_the_last(houses: Houses) -> None:
    work, writes = await houses.ask(), []
    event.listen(
        houses.database.engine.sync_engine,
        "before_cursor_execute",
        lambda *given: writes.append(given[2]) if "greatest(done" in given[2] else None,
    )

    async def steps(run: WorkRun) -> Json:
        for wall in range(1, 25_001):
            await run.progress(wall, total=25_000, message=f"wall {wall}")
        houses.clock.advance(seconds=1)
        await run.progress(25_000, total=25_000, message="last wall")
        await run.progress(25_001, total=25_000, message="one more")
        return {"walls": 25_000}

    assert await houses.runner(steps)(work.id, await houses.jobs.fetch(), is_last=False) == "succeeded"
    # The first, each ten thousandth, and one after a second.
    assert len(writes) == 4
    done = await houses.find(work)
    assert (done.done, done.total, done.message, done.result) == (25_001, 25_001, "one more", {"walls": 25_000})
    assert done.version == 1 + 4 + 2


async def test_progress_never_goes_backwards(houses: Houses) -> None:
    work = await houses.ask()
    run = await houses.begun(work)
    seen = []
    for wall in (1, 7, 3, 9, 2):
        houses.clock.advance(seconds=1)
        await run.progress(wall, total=8)
        found = await houses.find(work)
        seen.append((found.done, found.total, found.version))
    assert seen == [(1, 8, 3), (7, 8, 4), (7, 8, 5), (9, 9, 6), (9, 9, 7)]


async def test_a_worker_whose_job_was_taken_over_writes_nothing_more(houses: Houses) -> None:
    work = await houses.ask()
    first = await houses.begun(work)
    await first.progress(1, total=9, checkpoint={"wall": 1})
    await houses.jobs.take_over(first.job)
    houses.clock.advance(seconds=1)
    # The next run has not begun yet.
    with pytest.raises(WorkTakenOver):
        await first.progress(2, total=9, checkpoint={"wall": 2})
    second = await houses.begun(work)
    assert (second.work.checkpoint, second.work.attempts) == ({"wall": 1}, 2)
    houses.clock.advance(seconds=1)
    with pytest.raises(WorkTakenOver):
        await first.progress(3, total=9)
    assert await houses.runner(_finish)(work.id, first.job, is_last=True) is None
    assert (await houses.find(work)).done == 1
    await second.progress(5, total=9)
    assert (await houses.find(work)).done == 5


async def _finish(_run: WorkRun) -> Json:
    return {"by": "a run that ends"}


async def test_a_run_that_lost_its_job_does_not_record_its_end(houses: Houses) -> None:
    work = await houses.ask()
    job = await houses.jobs.fetch()

    async def steps(_run: WorkRun) -> Json:
        await houses.jobs.take_over(job)
        return {"by": "first"}

    assert await houses.runner(steps)(work.id, job, is_last=True) is None
    assert (await houses.find(work)).is_open
    assert await houses.runner(_finish)(work.id, await houses.jobs.fetch(), is_last=True) == "succeeded"
    assert (await houses.find(work)).result == {"by": "a run that ends"}
    # Created, two beginnings, one end.
    assert await houses.scalar("SELECT count(*) FROM audit_journal") == 4


async def test_a_checkpoint_in_the_transaction_of_the_effect_is_made_once(houses: Houses) -> None:
    work = await houses.ask()
    first = await houses.begun(work)

    async def paint(run: SqlWorkRun, wall: int) -> None:
        async with houses.database.session() as session, session.begin():
            await session.execute(text("INSERT INTO effects VALUES (:name)"), {"name": f"wall {wall}"})
            await run.save(session, wall, total=3, checkpoint={"wall": wall})

    await paint(first, 1)
    await houses.jobs.take_over(first.job)
    with pytest.raises(WorkTakenOver):
        await paint(first, 2)
    second = await houses.begun(work)
    assert second.work.checkpoint == {"wall": 1}
    await paint(second, 2)
    assert await houses.scalar("SELECT count(*) FROM effects") == 2
    await houses.change(work, "cancel")
    with pytest.raises(WorkCancelled):
        await paint(second, 3)
    assert await houses.scalar("SELECT count(*) FROM effects") == 2


async def test_a_failure_is_tried_again_from_the_checkpoint_and_recorded_at_the_last_attempt(houses: Houses) -> None:
    work = await houses.ask()
    job = await houses.jobs.fetch()

    async def fails(run: WorkRun) -> Json:
        await run.progress(2, total=4, checkpoint={"wall": 2})
        raise Unavailable(dependency="paint")

    with pytest.raises(Unavailable):
        await houses.runner(fails)(work.id, job, is_last=False)
    assert (await houses.find(work)).state == "running"
    with pytest.raises(Unavailable):
        await houses.runner(fails)(work.id, job, is_last=True)
    failed = await houses.find(work)
    assert (failed.state, failed.error_code, failed.error) == ("failed", "SRV_002", "A dependency is unavailable; retry later.")
    assert (failed.attempts, failed.checkpoint) == (2, {"wall": 2})
    await houses.jobs.finish(job, "failed")
    await houses.change(work, "resume")
    assert await houses.runner(_finish)(work.id, await houses.jobs.fetch(), is_last=False) == "succeeded"


async def test_work_that_kills_each_of_its_workers_fails_at_last(houses: Houses) -> None:
    work = await houses.ask()
    for _ in range(RUNS_MAX):
        run = await houses.begun(work)
        await houses.jobs.take_over(run.job)
    assert await houses.runner(_finish)(work.id, await houses.jobs.fetch(), is_last=False) == "failed"
    assert (await houses.find(work)).error == "The work was started too often without coming to an end."


async def test_work_whose_job_is_gone_is_queued_again_once(houses: Houses, database: Database) -> None:
    work, ended = await houses.ask(), await houses.ask()
    await houses.change(ended, "cancel")
    assert await requeue_stranded(database, QUEUE, silence_seconds=0) == 0
    async with database.engine.begin() as connection:
        await connection.execute(text("UPDATE procrastinate_jobs SET status = 'doing'"))
        await connection.execute(text("UPDATE procrastinate_jobs SET status = 'aborted'"))
    assert await requeue_stranded(database, QUEUE, silence_seconds=0) == 1
    assert await requeue_stranded(database, QUEUE, silence_seconds=0) == 0
    assert await houses.runner(_finish)(work.id, await houses.jobs.fetch(), is_last=False) == "succeeded"


async def test_exclusive_work_is_open_once_whatever_a_use_case_does(houses: Houses) -> None:
    work = await houses.ask(exclusive="street")
    with pytest.raises(IntegrityError, match="long_work_exclusive"):
        await houses.ask(exclusive="street")
    await houses.ask(exclusive="another street")
    await houses.change(work, "cancel")
    await houses.ask(exclusive="street")


async def test_work_of_another_kind_is_not_found(houses: Houses, database: Database) -> None:
    work = await houses.ask()
    reads = SqlLongWorkReads(database)
    assert await reads.find("garden", work.id) is None
    async with houses.uow.begin(ANNA) as tx:
        assert await tx.works.lock("garden", work.id) is None


async def test_the_list_is_paged_newest_first(houses: Houses, database: Database) -> None:
    asked = [(await houses.ask()).id for _ in range(5)]
    reads = SqlLongWorkReads(database)
    first = await reads.page("house", CursorRequest(limit=3))
    second = await reads.page("house", CursorRequest(after=first.next_cursor, limit=3))
    assert [work.id for work in (*first.items, *second.items)] == asked[::-1]
    assert second.next_cursor is None
    with pytest.raises(InvalidValue):
        await reads.page("house", CursorRequest(after="x"))


async def test_the_runtime_role_deletes_no_work(houses: Houses, database: Database) -> None:
    await houses.ask()
    with pytest.raises(ProgrammingError, match="permission denied"):
        async with database.engine.begin() as connection:
            await connection.execute(text("DELETE FROM long_work"))


async def test_a_job_that_nobody_declared_is_not_queued(database: Database) -> None:
    async with database.session() as session:
        with pytest.raises(UndeclaredJob):
            await QUEUE.defer(session, JobName(task="paint_houses", queue="houses"), lock="x")


def test_a_process_without_the_code_of_a_queued_job_does_not_start(houses: Houses) -> None:
    settings = PainterSettings(database_url="postgresql://nowhere/x")
    jobs = long_work_jobs([WorkJob(PAINT_HOUSE, houses.runner(_finish))], database=houses.database, queue=QUEUE)
    make_jobs(settings, [jobs], queued=[PAINT_HOUSE])
    for wrong in (JobName(task="paint_hose", queue="houses"), JobName(task="paint_house", queue="gardens")):
        with pytest.raises(JobWithoutCode):
            make_jobs(settings, [jobs], queued=[wrong])


async def test_workers_do_queued_work_and_a_cancelled_one_stops(houses: Houses, urls: Any) -> None:
    """Two workers, as two processes have; each work is done once."""
    begun: list[str] = []

    async def steps(run: WorkRun) -> Json:
        begun.append(str(run.work.id))
        while run.work.id == cancelled.id:
            houses.clock.advance(seconds=1)
            await run.progress(1, total=None)
            await asyncio.sleep(0)
        return {"done": 1}

    works = [await houses.ask() for _ in range(3)]
    cancelled = works[1]
    apps = [
        make_jobs(
            PainterSettings(database_url=urls.app),
            [long_work_jobs([WorkJob(PAINT_HOUSE, houses.runner(steps))], database=houses.database, queue=QUEUE)],
            queued=[PAINT_HOUSE],
        )
        for _ in range(2)
    ]
    async with apps[0].open_async() as one, apps[1].open_async() as two:
        workers = [JobWorker(app, service="painters", grace_seconds=5) for app in (one, two)]
        async with running(workers[0].run), running(workers[1].run):
            await eventually(lambda: str(cancelled.id) in begun)
            await houses.change(cancelled, "cancel")

            async def states() -> list[str]:
                return [(await houses.find(work)).state for work in works]

            await eventually(states, ["succeeded", "cancelled", "succeeded"])
    assert sorted(begun) == sorted(str(work.id) for work in works)
    assert {(await houses.find(work)).attempts for work in works} == {1}


def test_the_last_attempt_is_the_one_after_which_the_job_is_not_retried(houses: Houses) -> None:
    blueprint = long_work_jobs([WorkJob(PAINT_HOUSE, houses.runner(_finish))], database=houses.database, queue=QUEUE)
    retry: Any = blueprint.tasks["paint_house"].retry_strategy
    assert retry.max_attempts == ATTEMPTS_MAX
