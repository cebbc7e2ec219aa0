"""The whole `work` process: it receives identity's announcement from the broker and publishes the changed roles."""

import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import cast

import pytest
from pydantic import SecretStr

from chassis.messaging.contracts import Publications
from chassis.messaging.listener import Listener
from chassis.messaging.relay import Relay
from chassis.persistence.database import Database
from chassis.persistence.delivery import Delivery
from chassis.persistence.unit_of_work import SqlTransaction, SqlUnitOfWork
from chassis.testing.databases import Databases, DatabaseUrls
from chassis.testing.running import eventually, running
from elcorp.governance.v1.events_pb2 import SubjectRolesChanged
from elcorp.identity.v1.events_pb2 import UserRegistered
from governance.application.policy_bundles.ensure_bundle import EnsureBundle
from governance.application.standings.reconcile_standings import ReconcileStandings
from governance.bootstrap import SERVICE, jobs, publish_first, reconcile_periodically, serving, working
from governance.domain.events import SubjectRolesChanged as Registered
from governance.settings import GovernanceSettings
from kernel.actor import Actor
from kernel.errors import Unavailable
from kernel.ids import new_id
from services.governance.tests.stored import rows

SECONDS_MAX = 120
REPORT_KEY = SecretStr("Z292ZXJuYW5jZS10ZXN0LXJlcG9ydC1rZXktMzItYnk=")


def registered(event: Registered) -> UserRegistered:
    return UserRegistered(user_id=str(event.subject_id), wallet_address=str(new_id()), initial_role=event.roles[0])


async def test_a_registration_grants_a_role_and_announces_it(
    databases: Databases, database: Database, urls: DatabaseUrls, broker_url: str
) -> None:
    subject, stop = new_id(), asyncio.Event()
    heard: asyncio.Queue[Delivery[SubjectRolesChanged]] = asyncio.Queue()
    listening = asyncio.Event()

    async def on_connected() -> None:
        listening.set()

    listener = Listener(broker_url, {SubjectRolesChanged: heard.put}, on_connected=on_connected)
    identity = Publications("identity", {Registered: registered})
    settings = GovernanceSettings(database_url=urls.app, database_relay_url=urls.relay, rabbitmq_url=broker_url)

    async with databases.create("governance", SERVICE.migrations) as elsewhere, working(settings) as parts:
        # The part of identity that this test needs: an outbox and its relay.
        other = Database.connect(elsewhere.app, pool_size=1)
        async with SqlUnitOfWork(other, SqlTransaction, identity, service="identity").begin(Actor.service("identity")) as tx:
            tx.announce(Registered(occurred_at=datetime.now(UTC), subject_id=subject, roles=("staff",), version=1))
        relay = Relay(elsewhere.relay, broker_url, identity)
        running = [asyncio.ensure_future(run(stop)) for run in (listener.run, *parts.background)]
        try:
            await asyncio.wait_for(listening.wait(), SECONDS_MAX)
            running.append(asyncio.ensure_future(relay.run(stop)))
            delivery = await asyncio.wait_for(heard.get(), SECONDS_MAX)
        finally:
            stop.set()
            await asyncio.gather(*running)
            await other.close()

    assert (delivery.producer, delivery.message.subject_id, list(delivery.message.roles)) == (
        "governance",
        str(subject),
        ["staff"],
    )


@pytest.mark.parametrize("there", [True, False], ids=["there", "away"])
async def test_a_worker_is_ready_while_its_database_is(urls: DatabaseUrls, unused_tcp_port: int, there: bool) -> None:
    nowhere = f"postgresql://x@127.0.0.1:{unused_tcp_port}/x"
    settings = GovernanceSettings(database_url=urls.app if there else nowhere)
    async with working(settings) as parts:
        report = await parts.readiness.report()
    assert (report.ready, {name: error is None for name, error in report.checks.items()}) == (there, {"database": there})


async def test_serve_publishes_a_bundle_first_and_decides_by_it(urls: DatabaseUrls, broker_url: str, redis_url: str) -> None:
    settings = GovernanceSettings(database_url=urls.app, rabbitmq_url=broker_url, redis_url=redis_url)
    async with serving(settings) as parts:
        report = await parts.readiness.report()
        failing = {name for name, error in report.checks.items() if error}
        assert (report.ready, failing) == (False, {"policies", "broker"})
        assert set(report.checks) == {"database", "policies", "broker", "redis"}

        async def ready() -> bool:
            return (await parts.readiness.report()).ready

        async with AsyncExitStack() as work:
            for each in parts.background:
                await work.enter_async_context(running(each))
            await eventually(ready, expected=True)
    other = Database.connect(urls.app, pool_size=1)
    assert await rows(other, "SELECT version, published_by FROM policy_bundles") == [(1, "governance")]
    await other.close()


async def test_standings_are_compared_at_start_and_periodically_until_stop() -> None:
    asked: list[str] = []

    async def reconcile(*, actor: Actor) -> int:
        asked.append(actor.subject_id)
        if len(asked) == 1:
            raise Unavailable(dependency="identity")
        return 0

    async def times() -> bool:
        return len(asked) >= 4

    async with running(reconcile_periodically(cast("ReconcileStandings", reconcile), every_seconds=0)):
        await eventually(times, expected=True)
    assert set(asked) == {"governance"}


@pytest.mark.parametrize("failures", [0, 2])
async def test_publishing_the_first_bundle_is_retried_until_it_succeeds(failures: int) -> None:
    done: list[str] = []

    async def ensure(*, actor: Actor) -> None:
        done.append(actor.subject_id)
        if len(done) <= failures:
            raise Unavailable(dependency="database")

    async def then() -> None:
        done.append("then")

    async def told() -> bool:
        return "then" in done

    async with running(publish_first(cast("EnsureBundle", ensure), then=then)):
        await eventually(told, expected=True)
    assert done == [*["governance"] * (failures + 1), "then"]


async def test_the_periodic_jobs_have_their_schedule(urls: DatabaseUrls) -> None:
    app = jobs(GovernanceSettings(database_url=urls.app, report_key=REPORT_KEY))
    schedule = {name: task.cron for (name, _), task in app.periodic_registry.periodic_tasks.items()}
    assert {name: cron for name, cron in schedule.items() if name.startswith("governance:")} == {
        "governance:ask_reviewers": "* * * * *",
        "governance:close_access_reviews": "* * * * *",
        "governance:end_limited_roles": "* * * * *",
        "governance:end_memberships": "* * * * *",
        "governance:purge_idempotency_steps": "2-59/10 * * * *",
    }
