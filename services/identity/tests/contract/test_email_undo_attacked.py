"""What thieves of a session or a password do to keep the owner from undoing their change of e-mail."""

import pytest

from chassis.database import Database
from chassis.testing.clocks import ControlledClock
from identity.application import Identity
from services.identity.tests.contract.api import Api, refusal
from services.identity.tests.contract.email_owner import NEW, OLD, THIRD, EmailOwner
from services.identity.tests.fakes import Surroundings

WRONG = "Not-the-one-7!"


@pytest.fixture
def owner(api: Api, identity: Identity, database: Database) -> EmailOwner:
    return EmailOwner(api, identity, database)


async def test_wrong_passwords_on_a_later_link_use_up_no_try_of_an_earlier_one(
    api: Api, owner: EmailOwner, clock: ControlledClock
) -> None:
    token = await api.signed_in()
    await owner.change(NEW, token)
    clock.advance(seconds=1)
    await owner.change(THIRD, token)
    first, second = await owner.links()
    answers = [refusal(await owner.undo(second, WRONG)) for _ in range(11)]
    assert answers == [(401, "AUTH_001")] * 10 + [(429, "RATE_001")]
    assert (await owner.undo(first)).status_code == 200
    assert (await owner.written())[-1] == ("password_reset_required", OLD)


async def test_wrong_passwords_count_against_the_address_that_they_come_from_over_all_links(
    api: Api, owner: EmailOwner, clock: ControlledClock, surroundings: Surroundings
) -> None:
    """Each costs hashes, and a thief has as many links as changes."""
    token = await api.signed_in()
    await owner.change(NEW, token)
    clock.advance(seconds=1)
    await owner.change(THIRD, token)
    surroundings.attempts.limit_of_address = 3
    answers = [refusal(await owner.undo(link, WRONG)) for link in (await owner.links()) * 2]
    assert answers == [(401, "AUTH_001")] * 3 + [(429, "RATE_001")]
