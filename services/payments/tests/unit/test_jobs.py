"""How payments' background jobs are queued: their queues, locks and retries."""

import pytest
from procrastinate import RetryStrategy

from chassis.jobs import each
from chassis.persistence.database import Database
from chassis.policies import BundleRefresher
from payments.application.ports.queued_jobs import QUEUED
from payments.bootstrap import _posting, jobs
from payments.infrastructure.cached_prices import CachedPrices
from payments.infrastructure.payer_rights import PeersAuthority, PeersDeciders
from payments.settings import PaymentsSettings
from services.payments.tests.usual import APPROVAL_KEY


def usual_settings() -> PaymentsSettings:
    return PaymentsSettings(database_url="postgresql://nowhere/x", approval_key=APPROVAL_KEY, job_seconds=30)


async def test_each_job_has_its_queue_and_locks_and_schedule() -> None:
    """A periodic job waits in its queue once. A job that must not run concurrently has a lock too."""
    app = jobs(usual_settings())
    found = {
        name.removeprefix("payments:"): (task.queue, task.queueing_lock, task.lock)
        for name, task in app.tasks.items()
        if name.startswith("payments:")
    }
    assert found == {
        "expire_transfers": ("ledger", "expire_transfers", None),
        "check_ledger": ("ledger", "check_ledger", "check_ledger"),
        "resume_bulks": ("ledger", "resume_bulks", None),
        "expire_bulks": ("ledger", "expire_bulks", None),
        "collect_objects": ("ledger", "collect_objects", "collect_objects"),
        "run_schedules": ("schedules", "run_schedules", "run_schedules"),
        "align_schedules": ("schedules", "align_schedules", "align_schedules"),
        "resume_long_work": ("maintenance", "resume_long_work", None),
        "execute_approvals": ("approvals", "execute_approvals", "execute_approvals"),
        "purge_idempotency_steps": ("approvals", "purge_idempotency_steps", None),
        # Queued with the locks of their bulk transfer or work.
        "run_bulk": ("bulks", None, None),
        "check_whole_ledger": ("ledger_verifications", None, None),
    }
    ticks = {name: tick.cron for (name, _), tick in app.periodic_registry.periodic_tasks.items()}
    own = {name.removeprefix("payments:"): cron for name, cron in ticks.items() if name.startswith("payments:")}
    frequent = ("expire_transfers", "check_ledger", "resume_bulks", "expire_bulks", "run_schedules", "align_schedules")
    rare = {"collect_objects": "17 * * * *", "resume_long_work": each(60), "purge_idempotency_steps": "2-59/10 * * * *"}
    assert own == {**dict.fromkeys((*frequent, "execute_approvals"), each(30)), **rare}


async def test_jobs_fetch_prices_and_approval_rules_before_their_work(monkeypatch: pytest.MonkeyPatch) -> None:
    fetched: list[str] = []

    async def prices(_self: CachedPrices) -> bool:
        fetched.append("prices")
        return True

    async def policies(_self: BundleRefresher) -> bool:
        fetched.append("policies")
        return True

    monkeypatch.setattr(CachedPrices, "refresh", prices)
    monkeypatch.setattr(BundleRefresher, "refresh", policies)
    settings = PaymentsSettings(approval_key=APPROVAL_KEY, database_url="postgresql://nowhere/x", hold_days=3, approval_hours=5)
    database = Database.connect("postgresql://nowhere/x", pool_size=1)
    post, rules, authority, deciders = _posting(settings, database)
    await rules.refresh()
    assert fetched == ["prices", "policies"]
    assert post.terms == settings.terms
    assert {type(post.prices), type(post.limits)} == {CachedPrices}
    assert id(post.prices) == id(post.limits)
    assert (type(authority), type(deciders)) == (PeersAuthority, PeersDeciders)


async def test_queued_jobs_are_retried_a_few_times_and_the_others_at_their_next_tick() -> None:
    app = jobs(usual_settings())
    retries = {name: task.retry_strategy for name, task in app.tasks.items() if name.startswith("payments:")}
    for queued in QUEUED:
        assert retries.pop(f"payments:{queued.task}") == RetryStrategy(max_attempts=5, exponential_wait=2)
    assert set(retries.values()) == {None}
