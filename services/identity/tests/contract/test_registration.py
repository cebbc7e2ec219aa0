"""Registration: the same response for every address, and an account once the code is confirmed."""

from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from chassis.persistence.database import Database
from chassis.testing.clocks import ControlledClock
from identity.application import Identity
from services.identity.tests.contract.api import DETAILS, Api, refusal
from services.identity.tests.contract.mailbox import mail, sent
from services.identity.tests.contract.people import JOHANNES, sign_in_johannes
from services.identity.tests.people import CODE
from services.identity.tests.stored import rows

OTHER = {"email": "other@example.na", "phone": "+264811234568"}


def verification(response: httpx.Response) -> str:
    return str(response.json()["data"]["verification_id"])


async def test_registering_sends_a_code_and_confirming_it_creates_the_user(api: Api, database: Database) -> None:
    requested = await api.request_registration()
    assert requested.status_code == 202
    assert await rows(database, "SELECT 1 FROM users") == []
    assert refusal(await api.login()) == (401, "AUTH_001")
    created = (await api.verify(verification(requested))).json()["data"]
    assert UUID(created["id"]) != UUID(created["wallet_address"])
    token = (await api.login()).json()["data"]["access_token"]
    me = (await api.get("/users/me", token=token)).json()["data"]
    assert (me["id"], me["wallet_address"], me["phone_verified_at"]) == (created["id"], created["wallet_address"], None)
    assert me["email_verified_at"]
    assert await sent(database) == ["verify_email"]


@pytest.mark.parametrize(
    "changes",
    [{}, {"email": "other@example.na", "username": "ndapewa"}, {"phone": "+264811234568"}, {"email": "NDAPEWA@Example.na"}],
)
async def test_registration_answers_the_same_whether_or_not_the_account_exists(
    api: Api, database: Database, changes: dict[str, str]
) -> None:
    fresh = await api.request_registration(**OTHER)
    await api.register(username="ndapewa")
    known = await api.request_registration(**changes)
    assert fresh.status_code == known.status_code == 202
    assert fresh.json().keys() == known.json().keys()
    assert fresh.json()["data"].keys() == known.json()["data"].keys()
    assert {*fresh.headers} == {*known.headers}
    # The right code of a decoy is refused like a wrong one.
    assert refusal(await api.verify(verification(known))) == (401, "AUTH_010")
    template = "registration_clashed" if "username" in changes else "already_registered"
    assert (await sent(database))[-1] == template
    assert await rows(database, "SELECT count(*) FROM users") == [(1,)]


async def test_a_taken_username_is_reported_only_by_mail(api: Api, database: Database) -> None:
    await api.register(username="ndapewa")
    answer = await api.request_registration(**OTHER, username="Ndapewa")
    assert answer.status_code == 202
    assert (await sent(database))[-1] == "registration_clashed"


async def test_nobody_can_register_another_persons_address_in_advance(api: Api) -> None:
    """Two registrations of one address are separate: the owner's code does not confirm the stranger's password."""
    strangers = await api.request_registration(password="Strange-Sunrise-47!")
    owners = await api.request_registration()
    assert (await api.verify(verification(owners))).status_code == 200
    assert (await api.login()).status_code == 200
    assert refusal(await api.login(password="Strange-Sunrise-47!")) == (401, "AUTH_001")
    assert refusal(await api.verify(verification(strangers))) == (409, "RES_002")


async def test_a_registration_repeated_with_its_key_gets_the_first_response(api: Api, database: Database) -> None:
    first, again = [await api.post("/auth/register", DETAILS, key="key-1") for _ in range(2)]
    assert (first.status_code, again.status_code, first.content) == (202, 202, again.content)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert await sent(database) == ["verify_email"]


async def test_a_code_is_used_once_and_five_wrong_ones_invalidate_it(api: Api, clock: ControlledClock) -> None:
    first = verification(await api.request_registration())
    for _ in range(5):
        assert refusal(await api.verify(first, code="000000")) == (401, "AUTH_010")
    assert refusal(await api.verify(first)) == (401, "AUTH_010")
    second = verification(await api.request_registration())
    assert (await api.verify(second)).status_code == 200
    assert refusal(await api.verify(second)) == (401, "AUTH_010")
    assert refusal(await api.verify(str(uuid4()))) == (401, "AUTH_010")
    assert refusal(await api.verify(second, channel="phone")) == (401, "AUTH_010")


async def test_a_code_expires_after_ten_minutes_and_can_be_sent_again(
    api: Api, database: Database, clock: ControlledClock
) -> None:
    pending = verification(await api.request_registration())
    clock.advance(seconds=600)
    assert refusal(await api.verify(pending)) == (401, "AUTH_010")
    again = await api.post("/auth/verify-email/resend", {"verification_id": pending})
    assert (again.status_code, again.json()["data"]) == (202, {"accepted": True})
    assert (await api.verify(pending)).status_code == 200
    assert await sent(database) == ["verify_email", "verify_email"]


async def test_resending_answers_the_same_for_an_unknown_registration(api: Api, database: Database) -> None:
    answer = await api.post("/auth/verify-email/resend", {"verification_id": str(uuid4())})
    assert (answer.status_code, answer.json()["data"]) == (202, {"accepted": True})
    assert await sent(database) == []


async def test_nobody_can_flood_a_mailbox(api: Api, database: Database, clock: ControlledClock) -> None:
    for _ in range(8):
        assert (await api.request_registration()).status_code == 202
    assert await sent(database) == ["verify_email"] * 5
    clock.advance(seconds=3600)
    await api.request_registration()
    assert len(await sent(database)) == 6


async def test_pending_data_is_sealed_and_deleted_once_the_code_is_confirmed(api: Api, database: Database) -> None:
    pending = verification(await api.request_registration())
    (before,) = await rows(database, "SELECT c::text, encode(pending, 'escape') FROM one_time_codes c")
    assert not [word for word in ("ndapewa", "Ndapewa", "81123", "argon2", "246810") if word in str(before)]
    await api.verify(pending)
    assert await rows(database, "SELECT pending FROM one_time_codes") == [(None,)]


async def test_a_clash_is_reported_to_the_mailbox(api: Api, identity: Identity, database: Database) -> None:
    await api.register(username="ndapewa")
    await api.request_registration()
    await api.request_registration(email="third@example.na", phone="+264811234569", username="ndapewa")
    assert [(each.template, each.to) for each in await mail(database)][1:] == [
        ("already_registered", "ndapewa@example.na"),
        ("registration_clashed", "third@example.na"),
    ]


async def test_pending_data_is_deleted_when_its_code_is_used(api: Api, database: Database) -> None:
    pending = verification(await api.request_registration())
    assert await rows(database, "SELECT pending IS NULL FROM one_time_codes") == [(False,)]
    await api.verify(pending, code="000000")
    assert await rows(database, "SELECT pending IS NULL FROM one_time_codes") == [(False,)]
    await api.verify(pending)
    assert await rows(database, "SELECT pending IS NULL FROM one_time_codes") == [(True,)]


async def test_a_code_is_sent_again_four_times_and_a_used_one_never(api: Api, database: Database, clock: ControlledClock) -> None:
    pending = verification(await api.request_registration())
    for _ in range(6):
        # Far enough apart that the hourly limit does not apply.
        clock.advance(seconds=3601)
        await api.post("/auth/verify-email/resend", {"verification_id": pending})
    assert await sent(database) == ["verify_email"] * 5
    other = verification(await api.request_registration(**OTHER))
    await api.verify(other)
    await api.post("/auth/verify-email/resend", {"verification_id": other})
    assert await sent(database) == ["verify_email"] * 6


async def test_a_code_of_yesterday_is_not_sent_again(api: Api, database: Database, clock: ControlledClock) -> None:
    pending = verification(await api.request_registration())
    clock.advance(days=1)
    await api.post("/auth/verify-email/resend", {"verification_id": pending})
    assert await sent(database) == ["verify_email"]
    assert refusal(await api.verify(pending)) == (401, "AUTH_010")


async def test_sending_again_counts_toward_the_hourly_limit_of_the_address(api: Api, database: Database) -> None:
    first, second = [verification(await api.request_registration()) for _ in range(2)]
    for pending in (first, second, first, second, first):
        await api.post("/auth/verify-email/resend", {"verification_id": pending})
    assert await sent(database) == ["verify_email"] * 5


async def test_a_new_email_address_takes_effect_once_its_code_is_confirmed(api: Api, database: Database) -> None:
    await api.register(**JOHANNES)
    token = await sign_in_johannes(api)
    pending = (await api.post("/users/me/email", {"email": "new@example.na"}, token=token)).json()["data"]
    assert (await api.login(email="new@example.na")).status_code == 401
    assert (await api.verify(pending["verification_id"])).status_code == 200
    assert (await api.login(email="new@example.na")).status_code == 200
    assert (await api.login(email=JOHANNES["email"])).status_code == 401
    assert (await sent(database))[-2:] == ["verify_email", "email_changed"]


async def test_a_number_is_verified_by_text_message(api: Api, database: Database) -> None:
    await api.register(**JOHANNES)
    token = await sign_in_johannes(api)
    pending = (await api.post("/users/me/phone", {"phone": "+264811234568"}, token=token)).json()["data"]
    assert refusal(await api.verify(pending["verification_id"])) == (401, "AUTH_010")
    assert (await api.verify(pending["verification_id"], channel="phone")).status_code == 200
    me: Any = (await api.get("/users/me", token=token)).json()["data"]
    assert (me["phone"], bool(me["phone_verified_at"])) == ("+264811234568", True)
    assert (await sent(database))[-1] == "verify_phone"


async def test_the_mailbox_shows_only_delivered_messages(api: Api) -> None:
    await api.request_registration()
    answer = await api.get("/dev/mailbox?recipient=ndapewa@example.na")
    assert (answer.status_code, answer.json()["data"]["items"]) == (200, [])
    assert CODE not in answer.text
