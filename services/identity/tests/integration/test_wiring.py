"""The parts of each process, as its settings say."""

from datetime import timedelta
from uuid import uuid4

import pytest
from procrastinate import RetryStrategy
from pydantic import SecretStr
from sqlalchemy import text

from chassis.persistence.database import Database
from chassis.run import main
from chassis.testing.clocks import ControlledClock
from chassis.testing.databases import DatabaseUrls
from chassis.testing.running import eventually, running
from chassis.testing.sessions import check_that_ended_sessions_are_refused
from identity.application.signing_keys.ensure_signing_keys import EnsureSigningKeys
from identity.bootstrap import SERVICE, jobs, serving
from identity.infrastructure.signing_keys import SealedKeyMaker
from identity.interfaces.rest import dev, served
from identity.settings import IdentitySettings
from kernel.clock import SystemClock
from services.identity.tests.integration.storage import Storage, enrol_user, someone, start_session


@pytest.mark.parametrize(("environment", "shown"), [("local", True), ("staging", False), ("production", False)])
def test_the_mailbox_is_served_only_locally(settings: IdentitySettings, environment: str, shown: bool) -> None:
    configured = settings.model_copy(update={"environment": environment})
    assert (dev in served(mailbox=configured.has_mailbox)) is shown


async def test_periodic_jobs_have_their_schedule(settings: IdentitySettings, database_urls: DatabaseUrls) -> None:
    app = jobs(settings.model_copy(update={"database_url": SecretStr(database_urls.app)}))
    schedule = {name: task.cron for (name, _), task in app.periodic_registry.periodic_tasks.items()}
    assert {name: cron for name, cron in schedule.items() if name.startswith("identity:")} == {
        "identity:rotate_signing_keys": "5 * * * *",
        "identity:end_overdue_sessions": "*/15 * * * *",
        "identity:carry_out_erasures": "* * * * *",
        "identity:purge_codes": "25 * * * *",
        "identity:purge_challenges": "40 * * * *",
        "identity:record_counted_attempts": "* * * * *",
        "identity:resume_messages": "* * * * *",
        "identity:send_due_mail": "* * * * *",
        "identity:resume_notice_requests": "* * * * *",
        "identity:purge_notices": "50 * * * *",
        "identity:tend_address_messages": "* * * * *",
        "identity:execute_approvals": "* * * * *",
        "identity:purge_idempotency_steps": "2-59/10 * * * *",
    }


async def test_jobs_run_one_at_a_time_and_deliveries_are_retried_for_half_an_hour(
    settings: IdentitySettings, database_urls: DatabaseUrls
) -> None:
    app = jobs(settings.model_copy(update={"database_url": SecretStr(database_urls.app)}))
    own = {name.removeprefix("identity:"): task for name, task in app.tasks.items() if name.startswith("identity:")}
    due = [
        "rotate_signing_keys",
        "end_overdue_sessions",
        "carry_out_erasures",
        "purge_codes",
        "purge_challenges",
        "resume_messages",
        "send_due_mail",
        "resume_notice_requests",
        "purge_notices",
    ]
    queued = {name: (task.queue, task.queueing_lock) for name, task in own.items() if name in {*due, "deliver_message"}}
    assert queued == {"deliver_message": ("messages", None)} | {name: ("maintenance", name) for name in due}
    # A failed periodic job runs again at its next time. A delivery waits 2, 4, 8, … seconds, eleven times.
    retries = {name: task.retry_strategy for name, task in own.items() if task.retry_strategy}
    assert retries == dict.fromkeys(
        ("deliver_message", "deliver_to_address", "inform_people"), RetryStrategy(max_attempts=11, exponential_wait=2)
    )


@pytest.mark.parametrize(("idle_minutes", "key_days", "ended", "keys"), [(60, 2, [True, False], 3), (30, 4, [True, True], 2)])
async def test_jobs_use_the_settings(
    storage: Storage,
    database: Database,
    settings: IdentitySettings,
    database_urls: DatabaseUrls,
    monkeypatch: pytest.MonkeyPatch,
    idle_minutes: int,
    key_days: int,
    ended: list[bool],
    keys: int,
) -> None:
    """Jobs use the system clock, so idle times and key ages here are far from their limits."""
    now, sessions = SystemClock().now(), []
    await EnsureSigningKeys(storage.uow, SealedKeyMaker(settings.key()), ControlledClock(now - timedelta(days=3)))()
    for minutes in (75, 45):
        clock = ControlledClock(now - timedelta(minutes=minutes))
        user_id = (await enrol_user(storage, clock, someone(minutes))).user_id
        sessions.append((await start_session(storage, clock, user_id, uuid4())).id)
    given = {"session_idle_minutes": idle_minutes, "signing_key_days": key_days}
    # A process never closes its own.
    monkeypatch.setattr(Database, "connect", lambda *_, **_rest: database)
    app = jobs(settings.model_copy(update={**given, "database_url": SecretStr(database_urls.app)}))
    # Other jobs due at this minute do not matter here.
    app.periodic_registry.periodic_tasks.clear()
    async with app.open_async():
        for name in ("end_overdue_sessions", "rotate_signing_keys"):
            await app.tasks[f"identity:{name}"].defer_async(timestamp=0)
        await app.run_worker_async(wait=False, queues=["maintenance"], install_signal_handlers=False)
    views = [await storage.views.sessions.session(session_id) for session_id in sessions]
    assert [view is not None and view.end_reason == "idle" for view in views] == ended
    async with database.read() as connection:
        assert await connection.scalar(text("SELECT count(*) FROM signing_keys")) == keys


@pytest.mark.parametrize("name", ["create-admin", "rotate-keys", "unlock", "rotate-master-key"])
def test_commands_describe_themselves(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(SERVICE, [name, "--help"])
    output = capsys.readouterr().out
    assert (left.value.code, SERVICE.commands[name].help in " ".join(output.split())) == (0, True)


@pytest.fixture
def own(settings: IdentitySettings, database_urls: DatabaseUrls, redis_url: str, broker_url: str) -> IdentitySettings:
    servers = {"database_url": database_urls.app, "redis_url": redis_url, "rabbitmq_url": broker_url}
    return settings.model_copy(update={name: SecretStr(url) for name, url in servers.items()})


async def test_the_service_itself_refuses_ended_sessions(
    own: IdentitySettings, redis_url: str, broker_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await check_that_ended_sessions_are_refused(
        serving(own), "/api/v1/sessions", monkeypatch=monkeypatch, broker_url=broker_url, redis_url=redis_url
    )


async def test_serve_is_ready_once_it_has_keys_and_policies(own: IdentitySettings) -> None:
    async with serving(own) as parts:
        report = await parts.readiness.report()
        failing = {name for name, error in report.checks.items() if error}
        assert (report.ready, failing) == (False, {"signing_keys", "administrator", "policies", "broker"})
        assert set(report.checks) == {"redis", "database", "signing_keys", "administrator", "policies", "broker"}

        async def holds_keys() -> bool:
            return (await parts.readiness.check())["signing_keys"] is None

        # The first background task loads them.
        async with running(parts.background[0]):
            await eventually(holds_keys, expected=True)
