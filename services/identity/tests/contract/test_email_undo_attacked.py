"""Attacks by thieves of a session or a password that must not keep the owner from undoing a change of e-mail."""

from datetime import datetime
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import text

from chassis.persistence.database import Database
from chassis.testing.clocks import ControlledClock
from chassis.testing.databases import DatabaseUrls
from elcorp.identity.v1.events_pb2 import DeviceKeyRevoked
from identity.application import Identity
from identity.domain.email_undo import LIFE, SUSPECT_FOR
from services.identity.tests.contract.api import Api, own_id, refusal
from services.identity.tests.contract.devices import Ed25519Device, register_key
from services.identity.tests.contract.email_owner import CHANGED, NEW, OLD, THIRD, EmailOwner
from services.identity.tests.contract.mailbox import mail
from services.identity.tests.contract.outbox import published, recording
from services.identity.tests.contract.people import signed_in_as
from services.identity.tests.fakes import Fakes

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


async def test_wrong_passwords_on_all_links_count_against_their_address(
    api: Api, owner: EmailOwner, clock: ControlledClock, fakes: Fakes
) -> None:
    """Each try costs hashes, and a thief has one link per change."""
    token = await api.signed_in()
    await owner.change(NEW, token)
    clock.advance(seconds=1)
    await owner.change(THIRD, token)
    fakes.attempts.limit_of_address = 3
    answers = [refusal(await owner.undo(link, WRONG)) for link in (await owner.links()) * 2]
    assert answers == [(401, "AUTH_001")] * 3 + [(429, "RATE_001")]


async def statuses(database: Database, user_id: str) -> list[tuple[str, str | None]]:
    query = "SELECT u.status, e.status FROM users u LEFT JOIN erasures e ON e.user_id = u.id WHERE u.id = :id"
    async with database.read() as connection:
        return [(row[0], row[1]) for row in await connection.execute(text(query), {"id": user_id})]


@pytest.mark.parametrize(("status", "back"), [("suspended", "activate"), ("deleted", "restore")])
async def test_an_account_closed_by_staff_is_returned_to_its_owner_and_stays_closed(
    api: Api, owner: EmailOwner, database: Database, fakes: Fakes, status: str, back: str
) -> None:
    """Staff may suspend it when a thief is reported, or delete it at the thief's request."""
    token = await api.signed_in()
    user_id = await own_id(api, token)
    await owner.change(NEW, token, "?end_other_sessions=false")
    (link,) = await owner.links()
    admin, reason = await signed_in_as(api, fakes, "admin"), {"reason": "Reported as stolen"}
    if status == "deleted":
        assert (await api.delete(f"/users/{user_id}?reason=Reported+as+stolen", token=admin)).status_code == 204
    else:
        assert (await api.post(f"/users/{user_id}/suspend", reason, token=admin)).status_code == 200
    begun = len(await owner.written())
    assert (await owner.undo(link)).status_code == 200
    assert (await owner.written())[begun:] == [("email_restored", NEW), ("password_reset_required", OLD)]
    assert await statuses(database, user_id) == [(status, None)]
    assert refusal(await owner.undo(link)) == (422, "VAL_001")
    assert (await api.post(f"/users/{user_id}/{back}", reason, token=admin)).status_code == 200
    assert not await owner.signs_in(NEW)
    assert not await owner.signs_in(OLD)
    await api.post("/auth/password-reset", {"email": OLD})
    reset = str((await mail(database))[-1].facts["link"]).partition("#token=")[2]
    assert (await api.post("/auth/password-reset/confirm", {"token": reset, "password": CHANGED})).status_code == 200
    assert await owner.signs_in(OLD, CHANGED)


@pytest.mark.parametrize("by_staff", [False, True])
async def test_no_account_is_erased_while_a_change_of_its_address_can_be_undone(
    api: Api, owner: EmailOwner, database: Database, clock: ControlledClock, fakes: Fakes, *, by_staff: bool
) -> None:
    token = await api.signed_in()
    user_id = await own_id(api, token)
    await owner.change(NEW, token)
    clock.advance(seconds=60)
    await owner.change(THIRD, token)
    until = clock.now() + LIFE
    asks = await signed_in_as(api, fakes, "admin") if by_staff else token
    async with recording(database) as record:
        answer = await api.post(f"/users/{user_id}/erasure", {}, token=asks)
    assert refusal(answer) == (409, "IDN_006")
    assert datetime.fromisoformat(answer.json()["details"]["possible_from"]) == until
    assert (record.facts, await statuses(database, user_id)) == ([], [("active", None)])
    assert fakes.authority.disabled == []
    first, _ = await owner.links()
    assert (await owner.undo(first)).status_code == 200
    assert (await owner.written())[-1] == ("password_reset_required", OLD)


async def test_no_account_is_erased_if_its_address_changes_while_governance_is_asked(
    api: Api, owner: EmailOwner, database: Database, fakes: Fakes
) -> None:
    token = await api.signed_in()
    user_id = await own_id(api, token)

    async def change() -> None:
        fakes.authority.meanwhile = None
        await owner.change(NEW, token)

    fakes.authority.meanwhile = change
    assert refusal(await api.post(f"/users/{user_id}/erasure", {}, token=token)) == (409, "IDN_006")
    assert await statuses(database, user_id) == [("active", None)]


async def test_an_account_is_erased_after_the_link_has_expired(
    api: Api, owner: EmailOwner, database: Database, clock: ControlledClock
) -> None:
    token = await api.signed_in()
    user_id = await own_id(api, token)
    await owner.change(NEW, token)
    for seconds, status in ((LIFE.total_seconds() - 1, 409), (1, 202)):
        clock.advance(seconds=seconds)
        fresh = (await api.login(email=NEW)).json()["data"]["access_token"]
        assert (await api.post(f"/users/{user_id}/erasure", {}, token=fresh)).status_code == status
    assert await statuses(database, user_id) == [("restricted", "requested")]


async def test_an_account_is_erased_after_the_link_was_used(api: Api, owner: EmailOwner, database: Database) -> None:
    token = await api.signed_in()
    user_id = await own_id(api, token)
    await owner.change(NEW, token)
    (link,) = await owner.links()
    assert (await owner.undo(link)).status_code == 200
    await api.post("/auth/password-reset", {"email": OLD})
    reset = str((await mail(database))[-1].facts["link"]).partition("#token=")[2]
    assert (await api.post("/auth/password-reset/confirm", {"token": reset, "password": CHANGED})).status_code == 200
    fresh = (await api.login(email=OLD, password=CHANGED)).json()["data"]["access_token"]
    assert (await api.post(f"/users/{user_id}/erasure", {}, token=fresh)).status_code == 202


async def test_a_link_does_not_reopen_a_permanently_closed_account(
    api: Api, owner: EmailOwner, database_urls: DatabaseUrls
) -> None:
    """Earlier releases accepted an erasure while a link was open."""
    await owner.change(NEW, await api.signed_in())
    (link,) = await owner.links()
    with psycopg.connect(database_urls.owner) as connection:
        connection.execute("UPDATE users SET status = 'restricted'")
    answer = await owner.undo(link)
    assert refusal(answer) == (422, "VAL_001")
    assert "or the account was closed permanently" in answer.text
    with psycopg.connect(database_urls.owner) as connection:
        assert connection.execute("SELECT used_at FROM email_undos").fetchall() == [(None,)]


async def new_key(api: Api, token: str) -> str:
    answer = await register_key(api, token, Ed25519Device())
    assert answer.status_code == 201, answer.text
    return str(answer.json()["data"]["id"])


async def test_an_undo_revokes_device_keys_a_thief_may_have_registered_and_no_older_ones(
    api: Api, owner: EmailOwner, database: Database, clock: ControlledClock
) -> None:
    own = await new_key(api, await api.signed_in())
    user_id = await own_id(api, (await api.login()).json()["data"]["access_token"])
    clock.advance(seconds=1)
    recent = []
    for _ in range(2):
        token = (await api.login(device_id=str(uuid4()))).json()["data"]["access_token"]
        recent.append(await new_key(api, token))
    clock.advance(seconds=SUSPECT_FOR.total_seconds())
    token = (await api.login(device_id=str(uuid4()))).json()["data"]["access_token"]
    await owner.change(NEW, token, "?end_other_sessions=false")
    recent.append(await new_key(api, token))
    (link,) = await owner.links()
    async with recording(database) as record:
        assert (await owner.undo(link)).status_code == 200
    revoked = [fact for fact in record.facts if fact["action"] == "identity.device_key.revoke"]
    assert sorted(fact["resource_id"] for fact in revoked) == sorted(recent)
    assert {fact["reason"] for fact in revoked} == {"email_change_undone"}
    (undone,) = [fact for fact in record.facts if fact["action"] == "identity.email.undo"]
    assert undone["after"]["device_keys_revoked"] == 3
    events = [event for event, _ in await published(database, DeviceKeyRevoked)]
    revocations = {(event.key_id, event.user_id, event.reason) for event in events}
    assert (len(events), revocations) == (3, {(key_id, user_id, "email_change_undone") for key_id in recent})
    async with database.read() as connection:
        live = await connection.execute(text("SELECT id FROM device_keys WHERE revoked_at IS NULL"))
        assert [str(row[0]) for row in live] == [own]
