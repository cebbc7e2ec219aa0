"""A change of e-mail ends other sessions; the old mailbox can undo it, but not a mere reader of it or a thief of the session."""

from uuid import uuid4

import pytest
from sqlalchemy import text

from chassis.persistence.database import Database
from chassis.testing.clocks import ControlledClock
from elcorp.identity.v1.events_pb2 import UserFactorsChanged
from identity.application import Identity
from identity.application.factors.purge_challenges import PurgeChallenges
from identity.settings import IdentitySettings
from identity.wiring.adapters import unit_of_work
from services.identity.tests.contract.api import PASSWORD, Api, refusal
from services.identity.tests.contract.authenticator import Authenticator
from services.identity.tests.contract.email_owner import CHANGED, HOUR, NEW, OLD, THIRD, EmailOwner
from services.identity.tests.contract.mailbox import mail
from services.identity.tests.contract.outbox import published, recording
from services.identity.tests.fakes import Fakes


@pytest.fixture
def owner(api: Api, identity: Identity, database: Database) -> EmailOwner:
    return EmailOwner(api, identity, database)


INVALID = (422, "VAL_001")


@pytest.mark.parametrize(("query", "others"), [("", "email_changed"), ("?end_other_sessions=false", None)])
@pytest.mark.clause("ASVS 7.4.3")
async def test_a_change_ends_the_other_sessions_unless_they_are_kept(
    api: Api, owner: EmailOwner, clock: ControlledClock, query: str, others: str | None
) -> None:
    await api.signed_in()
    clock.advance(seconds=1)
    token = (await api.login(device_id=str(uuid4()))).json()["data"]["access_token"]
    await owner.change(NEW, token, query)
    assert await owner.sessions() == [others, None]


async def test_confirming_the_present_address_ends_no_session_and_sends_no_link(api: Api, owner: EmailOwner) -> None:
    await api.signed_in()
    await owner.change(OLD, (await api.login(device_id=str(uuid4()))).json()["data"]["access_token"])
    assert (await owner.sessions(), await owner.links()) == ([None, None], [])


async def test_the_old_mailbox_undoes_the_change_once_and_voids_pending_codes_and_links(
    api: Api, owner: EmailOwner, database: Database
) -> None:
    token = await api.signed_in()
    await owner.change(NEW, token)
    # Codes and links that a thief may have left pending.
    waiting = (await api.post("/users/me/email", {"email": THIRD}, token=token)).json()["data"]["verification_id"]
    await api.post("/auth/password-reset", {"email": NEW})
    (link,) = await owner.links()
    begun = len(await owner.written())
    async with recording(database) as record:
        assert (await owner.undo(link)).json()["data"] == {"undone": True}
    assert record.actions == ["identity.session.end", "identity.email.undo"]
    assert (await owner.written())[begun:] == [("email_restored", NEW), ("password_reset_required", OLD)]
    assert await owner.sessions() == ["email_changed"]
    assert refusal(await api.verify(waiting)) == (401, "AUTH_010")
    assert not await owner.signs_in(NEW)
    assert not await owner.signs_in(OLD)
    assert refusal(await owner.undo(link)) == INVALID
    await api.post("/auth/password-reset", {"email": OLD})
    (reset,) = [each.facts["link"] for each in (await mail(database))[-1:]]
    body = {"token": str(reset).partition("#token=")[2], "password": CHANGED}
    assert (await api.post("/auth/password-reset/confirm", body)).status_code == 200
    assert await owner.signs_in(OLD, CHANGED)


@pytest.mark.parametrize(("age", "left"), [(72 * HOUR - 600, 0), (72 * HOUR + 1, 1)])
async def test_an_undo_removes_passkeys_a_thief_may_have_added_and_bypasses_no_second_factor(
    api: Api, owner: EmailOwner, database: Database, clock: ControlledClock, age: int, left: int
) -> None:
    token, authenticator = await api.signed_in(), Authenticator()
    begun = (await api.post("/auth/factors/passkeys/options", token=token)).json()["data"]
    body = {"ceremony_id": begun["ceremony_id"], "name": "Laptop", "credential": authenticator.create(begun["options"])}
    assert (await api.post("/auth/factors/passkeys", body, token=token)).status_code == 201
    clock.advance(seconds=age)
    await owner.change(NEW, await signed_in_by_passkey(api, authenticator))
    (link,) = await owner.links()
    begun = len(await owner.written())
    assert (await owner.undo(link)).status_code == 200
    notices = [("factor_removed", OLD)] if not left else []
    assert (await owner.written())[begun:] == [("email_restored", NEW), *notices, ("password_reset_required", OLD)]
    versions = [event.factors_version for event, _ in await published(database, UserFactorsChanged)]
    assert versions == ([1] if left else [1, 2])
    async with database.read() as connection:
        assert (await connection.execute(text("SELECT count(*) FROM passkeys"))).scalar_one() == left
    await api.post("/auth/password-reset", {"email": OLD})
    reset = str((await mail(database))[-1].facts["link"]).partition("#token=")[2]
    assert (await api.post("/auth/password-reset/confirm", {"token": reset, "password": CHANGED})).status_code == 200
    answer = (await api.login(email=OLD, password=CHANGED)).json()["data"]
    assert (answer["mfa_required"], answer["methods"]) == (True, ["passkey"] * left)


async def signed_in_by_passkey(api: Api, authenticator: Authenticator) -> str:
    begun = (await api.post("/auth/passkeys/options")).json()["data"]
    assertion = {"ceremony_id": begun["ceremony_id"], "credential": authenticator.get(begun["options"])}
    answer = await api.post("/auth/passkeys/login", {"device_id": str(api.device_id), **assertion})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["data"]["access_token"])


async def test_a_reader_of_the_old_mailbox_without_a_password_undoes_nothing(
    api: Api, owner: EmailOwner, database: Database, fakes: Fakes
) -> None:
    await owner.change(NEW, await api.signed_in())
    (link,) = await owner.links()
    fakes.attempts.limit = 2
    async with recording(database) as record:
        answers = [refusal(await owner.undo(link, "Not-the-one-7!")) for _ in range(3)]
    assert answers == [(401, "AUTH_001"), (401, "AUTH_001"), (429, "RATE_001")]
    assert [(fact["action"], fact["reason"]) for fact in record.facts] == [
        ("identity.email.undo_refused", "wrong_password"),
        ("identity.email.undo_refused", "wrong_password"),
        ("identity.email.undo_refused", "throttled"),
    ]
    assert await owner.signs_in(NEW)


async def test_a_thief_who_changed_the_password_first_gains_nothing(api: Api, owner: EmailOwner, clock: ControlledClock) -> None:
    token = await api.signed_in()
    user_id = (await api.get("/users/me", token=token)).json()["data"]["id"]
    body = {"current_password": PASSWORD, "new_password": CHANGED}
    assert (await api.patch(f"/users/{user_id}/password", body, token=token)).status_code == 200
    clock.advance(seconds=60)
    await owner.change(NEW, token)
    (link,) = await owner.links()
    assert (await owner.undo(link)).status_code == 200


@pytest.mark.parametrize("before", [6, 0])
async def test_a_thief_who_changes_the_password_many_times_gains_nothing(
    api: Api, owner: EmailOwner, clock: ControlledClock, before: int
) -> None:
    token = await api.signed_in()
    path = f"/users/{(await api.get('/users/me', token=token)).json()['data']['id']}/password"
    passwords = [PASSWORD, *(f"Okavango-Evening-{number}?*" for number in range(41, 48))]

    async def change_password(times: int) -> None:
        for _ in range(times):
            body = {"current_password": passwords.pop(0), "new_password": passwords[0]}
            assert (await api.patch(path, body, token=token)).status_code == 200
            clock.advance(seconds=1)

    await change_password(before)
    await owner.change(NEW, token)
    await change_password(6 - before)
    (link,) = await owner.links()
    assert (await owner.undo(link)).status_code == 200


async def test_a_password_replaced_long_before_undoes_nothing(api: Api, owner: EmailOwner, clock: ControlledClock) -> None:
    """A reader of the old mailbox may have set it by a reset."""
    token = await api.signed_in()
    user_id = (await api.get("/users/me", token=token)).json()["data"]["id"]
    body = {"current_password": PASSWORD, "new_password": CHANGED}
    assert (await api.patch(f"/users/{user_id}/password", body, token=token)).status_code == 200
    clock.advance(seconds=72 * HOUR + 1)
    await owner.change(NEW, (await api.login(password=CHANGED)).json()["data"]["access_token"])
    (link,) = await owner.links()
    assert refusal(await owner.undo(link)) == (401, "AUTH_001")
    assert (await owner.undo(link, CHANGED)).status_code == 200


@pytest.mark.parametrize(("seconds", "status"), [(72 * HOUR - 1, 200), (72 * HOUR, 422)])
async def test_a_link_is_valid_for_72_hours(
    api: Api, owner: EmailOwner, clock: ControlledClock, seconds: int, status: int
) -> None:
    await owner.change(NEW, await api.signed_in())
    (link,) = await owner.links()
    clock.advance(seconds=seconds)
    assert (await owner.undo(link)).status_code == status
    assert await owner.signs_in(NEW) is (status != 200)


async def test_an_undo_voids_links_of_later_changes_and_not_those_of_earlier_ones(
    api: Api, owner: EmailOwner, clock: ControlledClock
) -> None:
    token = await api.signed_in()
    await owner.change(NEW, token)
    clock.advance(seconds=1)
    await owner.change(THIRD, token)
    first, second = await owner.links()
    assert (await owner.undo(second)).status_code == 200
    assert (await owner.written())[-1] == ("password_reset_required", NEW)
    assert (await owner.undo(first)).status_code == 200
    assert (await owner.written())[-1] == ("password_reset_required", OLD)


async def test_the_thiefs_own_link_is_void_once_the_first_was_used(api: Api, owner: EmailOwner, clock: ControlledClock) -> None:
    token = await api.signed_in()
    await owner.change(NEW, token)
    clock.advance(seconds=1)
    await owner.change(THIRD, token)
    first, second = await owner.links()
    assert (await owner.undo(first)).status_code == 200
    assert refusal(await owner.undo(second)) == INVALID


async def test_an_address_that_another_user_has_now_is_not_taken_back(api: Api, owner: EmailOwner) -> None:
    await owner.change(NEW, await api.signed_in())
    (link,) = await owner.links()
    assert (await api.register(email=OLD, phone="+264811234569")).status_code == 200
    assert refusal(await owner.undo(link)) == (409, "IDN_005")
    assert (await owner.signs_in(NEW), await owner.signs_in(OLD)) == (True, True)


async def test_an_owner_who_registered_again_gets_the_first_account_back_once_the_address_is_free(
    api: Api, owner: EmailOwner
) -> None:
    await owner.change(NEW, await api.signed_in())
    (link,) = await owner.links()
    again = await api.signed_in(email=OLD, phone="+264811234569")
    body = (await owner.undo(link)).json()
    assert (body["code"], "change its address, and open the link again" in body["error"]) == ("IDN_005", True)
    await owner.change(THIRD, again)
    assert (await owner.undo(link)).status_code == 200
    assert (await owner.written())[-1] == ("password_reset_required", OLD)
    # The second account keeps its data, and its own undo link takes nothing back.
    assert await owner.signs_in(THIRD)
    assert refusal(await owner.undo((await owner.links())[-1])) == (409, "IDN_005")


async def test_a_link_is_exported_without_its_secret_and_dropped_after_its_end(
    api: Api, owner: EmailOwner, database: Database, settings: IdentitySettings, clock: ControlledClock
) -> None:
    token = await api.signed_in()
    await owner.change(NEW, token)
    user_id = (await api.get("/users/me", token=token)).json()["data"]["id"]
    exported = (await api.post(f"/users/{user_id}/data-export", token=token)).json()["data"]["email_undos"]
    assert exported == [{"created_at": "2026-03-21T08:00:00Z", "expires_at": "2026-03-24T08:00:00Z", "used_at": None}]
    purge, counting = PurgeChallenges(unit_of_work(settings, database), clock), text("SELECT count(*) FROM email_undos")
    for seconds, left in ((74 * HOUR, 1), (1, 0)):
        clock.advance(seconds=seconds)
        await purge()
        async with database.read() as connection:
            assert (await connection.execute(counting)).scalar_one() == left


async def test_a_malformed_or_unknown_link_undoes_nothing(api: Api, owner: EmailOwner) -> None:
    await owner.change(NEW, await api.signed_in())
    assert refusal(await owner.undo("no-link-of-ours")) == INVALID
    assert await owner.signs_in(NEW)
