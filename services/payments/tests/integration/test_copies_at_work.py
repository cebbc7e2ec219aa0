"""The `work` process keeps the copies, also while the broker or one of the producers is away."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID

import pytest
from pydantic import SecretStr

from chassis.health import Readiness
from chassis.persistence.database import Database
from chassis.testing.databases import DatabaseUrls
from chassis.testing.events import announce
from chassis.testing.running import eventually, running
from elcorp.identity.v1.events_pb2 import UserStatusChanged
from kernel.ids import new_id
from payments.bootstrap import working
from payments.domain.standing import Standing
from payments.infrastructure.copies import Copies
from payments.settings import PaymentsSettings
from services.payments.tests.contract.identity_peer import IdentityPeer, identity_server

NOWHERE = "127.0.0.1:1"
# How old the copies may be here: a test says when one is too old by not letting the feed be read.
SECONDS_MAX = 30.0


@dataclass
class Work:
    identity: IdentityPeer
    settings: PaymentsSettings
    copies: Copies

    async def standing(self, user_id: UUID) -> Standing | None:
        return (await self.copies.standings([user_id])).get(user_id)


@pytest.fixture
async def at_work(database: Database, database_urls: DatabaseUrls) -> AsyncIterator[Work]:
    async with identity_server() as (identity, target):
        settings = PaymentsSettings.model_validate(
            {
                "database_url": database_urls.app,
                "database_relay_url": database_urls.relay,
                "rabbitmq_url": f"amqp://guest:guest@{NOWHERE}/",
                "identity_target": target,
                "governance_target": f"dns:///{NOWHERE}",
                "projection_seconds_max": SECONDS_MAX,
            }
        )
        yield Work(identity, settings, Copies(database, seconds_max=SECONDS_MAX))


async def missing(readiness: Readiness) -> dict[str, str | None]:
    checks = (await readiness.report()).checks
    return {name: checks[name] for name in ("standings", "grants")}


async def test_without_the_broker_and_governance_the_copy_of_standings_is_complete(at_work: Work) -> None:
    before = new_id()
    at_work.identity.change(before, "active")
    async with working(at_work.settings) as parts, running(*parts.background):
        await eventually(lambda: at_work.standing(before), Standing.ACTIVE)
        # The copy of roles was never filled: it is shown, and the process is ready all the same.
        await eventually(lambda: missing(parts.readiness), {"standings": None, "grants": "empty"})
        assert (await parts.readiness.report()).ready
    assert set(at_work.identity.asked) == {"ListStandings"}


async def test_an_event_changes_the_copy_before_the_feed_does(at_work: Work, broker_url: str) -> None:
    user_id = new_id()
    at_work.identity.change(user_id, "active")
    settings = at_work.settings.model_copy(update={"rabbitmq_url": SecretStr(broker_url)})

    async def standing_after_the_event() -> Standing | None:
        # Until the consumer has bound its queue, an event reaches nobody: the feed would bring the change.
        await announce(broker_url, UserStatusChanged(user_id=str(user_id), status="deleted", version=2))
        return await at_work.standing(user_id)

    async with working(settings) as parts, running(*parts.background):
        await eventually(lambda: at_work.standing(user_id), Standing.ACTIVE)
        await eventually(standing_after_the_event, Standing.CLOSED)
    assert at_work.identity.status[user_id] == ("active", 1)
