"""Removal of old rows and jobs."""

import pytest
from procrastinate import App

from chassis.jobs import each, make_jobs
from libs.chassis.tests.jobs.painters import PainterSettings, rows
from libs.chassis.tests.jobs.queueing import defer


async def run_task(app: App, name: str) -> None:
    # This task only: other tasks due at this minute would be queued with it or before it.
    app.periodic_registry.periodic_tasks.clear()
    await app.configure_task(name).defer_async(timestamp=0)
    await app.run_worker_async(wait=False, install_signal_handlers=False, queues=["maintenance"])


async def test_old_idempotency_keys_and_inbox_rows_are_purged_and_recent_ones_stay(painters, urls):
    await rows(
        urls,
        """
        INSERT INTO idempotency_keys (owner, key, request_hash, status, body, headers, created_at)
        VALUES
            ('a', 'old', '', 200, '', '{}', now() - interval '24 hours'),
            ('a', 'young', '', 200, '', '{}', now() - interval '23 hours')
        RETURNING 1
        """,
    )
    await rows(
        urls,
        """
        INSERT INTO inbox (consumer, message_id, handled_at)
        VALUES
            ('old', gen_random_uuid(), now() - interval '14 days'),
            ('young', gen_random_uuid(), now() - interval '13 days')
        RETURNING 1
        """,
    )
    async with painters.app.open_async() as app:
        await run_task(app, "platform:purge_idempotency_keys")
        await run_task(app, "platform:purge_inbox")
    assert await rows(urls, "SELECT key FROM idempotency_keys") == [("young",)]
    assert await rows(urls, "SELECT consumer FROM inbox") == [("young",)]


async def test_if_a_run_cannot_purge_all_the_oldest_are_purged_first(painters, urls, monkeypatch):
    monkeypatch.setattr("chassis.jobs.maintenance.ROWS_A_RUN_MAX", 2)
    # In the order neither of their names nor of their insertion.
    ages = (("b", 30), ("d", 33), ("a", 31), ("c", 32))
    for name, days in ages:
        await rows(
            urls,
            f"""
            INSERT INTO idempotency_keys (owner, key, request_hash, status, body, headers, created_at)
            VALUES ('a', '{name}', '', 200, '', '{{}}', now() - interval '{days} days') RETURNING 1
            """,
        )
        await rows(
            urls,
            f"""
            INSERT INTO inbox (consumer, message_id, handled_at)
            VALUES ('{name}', gen_random_uuid(), now() - interval '{days} days') RETURNING 1
            """,
        )
    async with painters.app.open_async() as app:
        for left in (["a", "b"], []):
            await run_task(app, "platform:purge_idempotency_keys")
            await run_task(app, "platform:purge_inbox")
            assert await rows(urls, "SELECT key FROM idempotency_keys ORDER BY key") == [(name,) for name in left]
            assert await rows(urls, "SELECT consumer FROM inbox ORDER BY consumer") == [(name,) for name in left]


def test_maintenance_is_periodic():
    app = make_jobs(PainterSettings(database_url="postgresql://nowhere/x"))
    crons = {periodic.task.name: periodic.cron for periodic in app.periodic_registry.periodic_tasks.values()}
    assert crons == {
        "platform:purge_idempotency_keys": "*/10 * * * *",
        "platform:purge_inbox": "5 * * * *",
        "platform:remove_finished_jobs": "5-59/10 * * * *",
    }


@pytest.mark.parametrize(("seconds", "cron"), [(60, "* * * * *"), (6, "* * * * * */6")])
def test_minutely_jobs_can_run_more_often(seconds, cron):
    assert each(seconds) == cron


async def test_a_failed_job_is_removed_once_a_later_one_with_its_lock_succeeded(painters, database, urls):
    async def run(*locks):
        async with database.session() as session:
            for lock in locks:
                await defer(session, painters.wait, queueing_lock=lock)
            await session.commit()
        await app.run_worker_async(wait=False, queues=["default"], install_signal_handlers=False)

    painters.app.periodic_registry.periodic_tasks.clear()
    async with painters.app.open_async() as app:
        await run("front", "back", None)
        painters.go_on.set()
        await run("front", None)
        await run_task(app, "platform:remove_finished_jobs")
    failed = await rows(urls, "SELECT queueing_lock FROM procrastinate_jobs WHERE status = 'failed' ORDER BY 1")
    assert failed == [("back",), (None,)]


@pytest.mark.parametrize(("hours", "stays"), [(73, False), (71, True)])
async def test_finished_jobs_are_removed_after_three_days_and_failed_ones_stay(painters, database, urls, hours, stays):
    async with database.session() as session:
        await defer(session, painters.paint, door="front")
        await defer(session, painters.break_it)
        await session.commit()
    # A task that is due would be queued as the worker ends, and run_task could not queue it.
    painters.app.periodic_registry.periodic_tasks.clear()
    async with painters.app.open_async() as app:
        await app.run_worker_async(wait=False, install_signal_handlers=False)
        await rows(urls, f"UPDATE procrastinate_events SET at = at - interval '{hours} hours' RETURNING 1")
        await run_task(app, "platform:remove_finished_jobs")
    left = {name for (name,) in await rows(urls, "SELECT task_name FROM procrastinate_jobs")}
    assert ("painters:paint" in left) == stays
    assert "painters:break" in left
