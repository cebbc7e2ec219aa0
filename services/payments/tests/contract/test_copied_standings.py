"""The copy of standings decides while it is fresh; otherwise identity does, and nobody passes while neither can."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID

import pytest
from sqlalchemy import text

from chassis.messaging.contracts import spec_of
from chassis.persistence.database import Database
from chassis.persistence.delivery import Delivery
from chassis.projections.follower import Projection
from elcorp.identity.v1.events_pb2 import UserStatusChanged
from kernel.clock import SystemClock
from kernel.errors import Unavailable
from kernel.ids import new_id
from payments.domain.standing import Standing
from payments.infrastructure.copies import Copies, copy_standing, standing_projection
from payments.infrastructure.payer_rights import CopiedStandings, IdentityStandings
from services.payments.tests.contract.identity_peer import IdentityPeer, identity_peer

# Beyond what a test takes: a copy is behind when a test says so.
SECONDS_MAX = 600.0


@dataclass
class Copied:
    identity: IdentityPeer
    projection: Projection
    standings: CopiedStandings
    database: Database

    async def of(self, *user_ids: UUID) -> list[Standing]:
        self.identity.asked.clear()
        found = await self.standings.standings(user_ids)
        return [found[user_id] for user_id in user_ids]

    async def announce(self, user_id: UUID, status: str, version: int) -> None:
        """Deliver identity's event."""
        message = UserStatusChanged(user_id=str(user_id), status=status, version=version)
        kind, at = spec_of(UserStatusChanged).type, SystemClock().now()
        delivery = Delivery(message_id=new_id(), type=kind, producer="identity", occurred_at=at, message=message)
        await copy_standing(self.projection)(delivery)

    async def grow_old(self, seconds: float = SECONDS_MAX) -> None:
        """Let the copy be complete as of longer ago, as when nobody reads the feed."""
        async with self.database.engine.begin() as connection:
            earlier = text("UPDATE projections SET complete_as_of = complete_as_of - make_interval(secs => :seconds)")
            await connection.execute(earlier, {"seconds": seconds})


@pytest.fixture
async def copied(database: Database) -> AsyncIterator[Copied]:
    async with identity_peer() as (identity, channel):
        copy = Copies(database, seconds_max=SECONDS_MAX)
        projection = standing_projection(database, channel, seconds_max=SECONDS_MAX)
        yield Copied(identity, projection, CopiedStandings(copy, IdentityStandings(channel)), database)


async def users(copied: Copied) -> tuple[UUID, UUID, UUID]:
    active, suspended, closed = new_id(), new_id(), new_id()
    for user_id, status in ((active, "active"), (suspended, "suspended"), (closed, "erased")):
        copied.identity.change(user_id, status)
    return active, suspended, closed


EACH = [Standing.ACTIVE, Standing.SUSPENDED, Standing.CLOSED]


async def test_a_fresh_copy_answers_without_identity(copied: Copied) -> None:
    everybody = await users(copied)
    await copied.projection.complete()
    assert (await copied.of(*everybody), copied.identity.asked) == (EACH, [])


async def test_an_empty_copy_asks_identity(copied: Copied) -> None:
    everybody = await users(copied)
    assert (await copied.of(*everybody), copied.identity.asked) == (EACH, ["GetSubjects"])


async def test_identity_decides_about_users_whom_the_copy_lacks(copied: Copied) -> None:
    active, *_ = await users(copied)
    await copied.projection.complete()
    newcomer, stranger = new_id(), new_id()
    copied.identity.change(newcomer, "active")
    found = await copied.of(active, newcomer, stranger)
    assert found == [Standing.ACTIVE, Standing.ACTIVE, Standing.CLOSED]
    assert copied.identity.asked == ["GetSubjects"]


async def test_a_suspension_arrives_by_its_event(copied: Copied) -> None:
    active, *_ = await users(copied)
    await copied.projection.complete()
    await copied.announce(active, "suspended", copied.identity.change(active, "suspended"))
    assert (await copied.of(active), copied.identity.asked) == ([Standing.SUSPENDED], [])


async def test_with_the_broker_away_a_suspension_arrives_by_the_feed(copied: Copied) -> None:
    active, *_ = await users(copied)
    await copied.projection.complete()
    copied.identity.change(active, "suspended")
    await copied.projection.complete()
    assert (await copied.of(active), copied.identity.asked) == ([Standing.SUSPENDED], [])


async def test_with_the_broker_away_and_an_old_copy_identity_is_asked(copied: Copied) -> None:
    """No event, and nobody reads the feed: the copy still says that the payer may act, so it does not count."""
    active, *_ = await users(copied)
    await copied.projection.complete()
    copied.identity.change(active, "suspended")
    assert await copied.of(active) == [Standing.ACTIVE], "this is what the named seconds permit"

    await copied.grow_old()

    assert (await copied.of(active), copied.identity.asked) == ([Standing.SUSPENDED], ["GetSubjects"])


async def test_without_a_fresh_copy_and_without_identity_nobody_passes(copied: Copied) -> None:
    active, *_ = await users(copied)
    await copied.projection.complete()
    copied.identity.away = True
    assert await copied.of(active) == [Standing.ACTIVE]
    await copied.grow_old()
    with pytest.raises(Unavailable):
        await copied.of(active)


async def test_a_copy_from_a_clock_that_was_set_back_does_not_count(copied: Copied) -> None:
    active, *_ = await users(copied)
    await copied.projection.complete()
    await copied.grow_old(seconds=-60)
    assert (await copied.of(active), copied.identity.asked) == ([Standing.ACTIVE], ["GetSubjects"])


async def test_a_copy_that_is_filled_again_does_not_count_until_it_is_complete(copied: Copied) -> None:
    active, *_ = await users(copied)
    await copied.projection.complete()
    await copied.projection.state.fill_again()
    assert (await copied.of(active), copied.identity.asked) == ([Standing.ACTIVE], ["GetSubjects"])
    await copied.projection.complete()
    assert (await copied.of(active), copied.identity.asked) == ([Standing.ACTIVE], [])


async def test_without_permitted_seconds_identity_is_always_asked(copied: Copied, database: Database) -> None:
    active, *_ = await users(copied)
    await copied.projection.complete()
    assert await Copies(database, seconds_max=0).standings([active]) == {}


async def test_a_status_that_this_release_does_not_know_may_not_act(copied: Copied) -> None:
    user_id = new_id()
    copied.identity.change(user_id, "frozen")
    await copied.projection.complete()
    assert await copied.of(user_id) == [Standing.CLOSED]


async def test_a_late_event_does_not_reopen_a_closed_account(copied: Copied) -> None:
    user_id = new_id()
    first = copied.identity.change(user_id, "active")
    await copied.announce(user_id, "erased", copied.identity.change(user_id, "erased"))
    await copied.projection.complete()
    await copied.announce(user_id, "active", first)
    assert (await copied.of(user_id), copied.identity.asked) == ([Standing.CLOSED], [])
