"""A recovery is decided only after the account's mailbox has confirmed it, because a thief may have the password too."""

import argparse
import asyncio
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest
from pydantic import SecretStr

from chassis.persistence.database import Database
from chassis.policies import Policies
from chassis.testing.clocks import ControlledClock
from chassis.testing.databases import DatabaseUrls
from identity.application import Identity
from identity.commands import recovery as recovery_commands
from identity.settings import IdentitySettings
from services.identity.tests.contract.api import DETAILS, PASSWORD, Api, own_id, refusal
from services.identity.tests.contract.authenticator_app import App, second_factor
from services.identity.tests.contract.mailbox import mail
from services.identity.tests.contract.outbox import recording
from services.identity.tests.contract.recovery import administrator, ask_recovery, confirm_recovery, decide
from services.identity.tests.fakes import Fakes
from services.identity.tests.stored import rows

NEW_PASSWORD = "Okavango-Delta-93!"
OWN = str(DETAILS["email"])
WRONG = "000000"
ALIKE = (401, "AUTH_010")


@pytest.fixture
async def app(api: Api, clock: ControlledClock) -> App:
    """The customer's authenticator app."""
    app = await second_factor(api, await api.signed_in(), clock)
    clock.advance(seconds=60)
    return app


@pytest.fixture
async def approver(api: Api, app: App, fakes: Fakes, clock: ControlledClock) -> App:
    return await administrator(api, fakes, clock, name="admin", phone="+264811234599")


async def ask(api: Api, email: str = OWN) -> httpx.Response:
    return await ask_recovery(api, confirmed=False, email=email)


def id_of(asked: httpx.Response) -> str:
    return str(asked.json()["data"]["id"])


async def reset(api: Api, identity: Identity, database: Database, password: str = NEW_PASSWORD) -> None:
    await api.post("/auth/password-reset", {"email": OWN})
    link = (await mail(database))[-1].facts["link"]
    body = {"token": str(link).partition("#token=")[2], "password": password}
    assert (await api.post("/auth/password-reset/confirm", body)).status_code == 200


@pytest.mark.parametrize("approve", [True, False])
async def test_staff_who_know_the_password_do_not_decide_on_a_recovery_they_requested(
    api: Api, app: App, approver: App, database: Database, approve: bool
) -> None:
    """With an invented device id, they are neither its trigger nor the device's user."""
    asked = await ask(api)
    assert refusal(await decide(api, id_of(asked), approver.token, approve=approve)) == (409, "IDN_004")
    assert await rows(database, "SELECT status, decided_by, confirmed_at FROM recovery_requests") == [("pending", None, None)]
    assert len(await rows(database, "SELECT user_id FROM totps")) == 2
    (listed,) = (await api.get("/auth/recovery?status=pending&confirmed=false", token=approver.token)).json()["data"]["items"]
    assert (listed["id"], listed["confirmed_at"]) == (id_of(asked), None)
    assert (await api.get("/auth/recovery?status=pending&confirmed=true", token=approver.token)).json()["data"]["items"] == []
    assert (await confirm_recovery(api, asked)).status_code == 200
    assert (await decide(api, id_of(asked), approver.token, approve=approve)).status_code == 200


async def test_the_code_goes_to_the_accounts_mailbox_and_may_be_sent_again(
    api: Api, app: App, identity: Identity, database: Database
) -> None:
    asked = await ask(api)
    body = {"verification_id": asked.json()["data"]["verification_id"]}
    for _ in range(6):
        assert (await api.post("/auth/verify-email/resend", body)).status_code == 202
    sent = [(each.template.value, each.to) for each in await mail(database)]
    assert sent.count(("recovery_requested", OWN)) == 5
    assert (await confirm_recovery(api, asked)).status_code == 200
    await api.post("/auth/verify-email/resend", body)
    assert len(await mail(database)) == len(sent)


async def test_all_wrong_codes_get_the_same_answer(api: Api, app: App, clock: ControlledClock) -> None:
    late = await ask(api)
    other = await api.request_registration(email="new@example.na", phone="+264811234569")
    clock.advance(seconds=600)
    asked = await ask(api)
    unknown = {"verification_id": str(uuid4()), "code": "246810"}
    answers = [
        await api.post("/auth/recovery/confirm", unknown),
        await confirm_recovery(api, other),
        await confirm_recovery(api, late),
        await confirm_recovery(api, asked, WRONG),
        await api.verify(asked.json()["data"]["verification_id"]),
    ]
    assert (await confirm_recovery(api, asked)).status_code == 200
    answers.append(await confirm_recovery(api, asked))
    assert [refusal(answer) for answer in answers] == [ALIKE] * 6
    assert len({answer.json()["error"] for answer in answers}) == 1


async def test_five_wrong_codes_invalidate_a_code(api: Api, app: App, database: Database) -> None:
    asked = await ask(api)
    async with recording(database) as record:
        for _ in range(5):
            assert refusal(await confirm_recovery(api, asked, WRONG)) == ALIKE
    assert record.actions == ["identity.verification.refuse"] * 5
    assert refusal(await confirm_recovery(api, asked)) == ALIKE
    assert await rows(database, "SELECT confirmed_at FROM recovery_requests") == [(None,)]


async def test_wrong_codes_count_over_all_requests_of_an_account_until_its_password_changes(
    api: Api, app: App, approver: App, identity: Identity, database: Database
) -> None:
    """Otherwise staff who know the password could request, guess and request again, and unlock the account in between."""
    for _ in range(4):
        asked = await ask(api)
        for _ in range(5):
            assert refusal(await confirm_recovery(api, asked, WRONG)) == ALIKE
    asked, user_id = await ask(api), await own_id(api, app.token)
    body = {"reason": "Called from the number on file"}
    assert (await api.post(f"/users/{user_id}/unlock", body, token=approver.token)).status_code == 204
    refused = await confirm_recovery(api, asked)
    assert (refusal(refused), refused.headers["Retry-After"]) == ((429, "RATE_001"), "3600")
    await reset(api, identity, database)
    assert refusal(await confirm_recovery(api, asked)) == ALIKE
    assert (await ask_recovery(api, password=NEW_PASSWORD)).status_code == 202


async def test_a_thiefs_request_does_not_block_the_owners(api: Api, app: App) -> None:
    thiefs = await ask(api)
    owners = await ask(api)
    assert (await confirm_recovery(api, owners)).status_code == 200
    # Both codes were mailed, each for its own request; only one request of an account can await a decision.
    assert refusal(await confirm_recovery(api, thiefs)) == (409, "RES_002")
    assert refusal(await ask(api)) == (409, "RES_002")


async def test_of_two_requests_confirmed_concurrently_one_awaits_a_decision(api: Api, app: App, database: Database) -> None:
    asked = [await ask(api) for _ in range(2)]
    answers = await asyncio.gather(*(confirm_recovery(api, each) for each in asked))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert len(await rows(database, "SELECT id FROM recovery_requests WHERE confirmed_at IS NOT NULL")) == 1


async def test_five_requests_an_hour_await_their_codes_and_a_new_password_ends_them(
    api: Api, app: App, identity: Identity, database: Database, clock: ControlledClock
) -> None:
    asked = []
    for _ in range(5):
        asked.append(await ask(api))
        clock.advance(seconds=60)
    refused = await ask(api)
    assert (refusal(refused), refused.headers["Retry-After"]) == ((429, "RATE_001"), "3300")
    await reset(api, identity, database)
    assert refusal(await confirm_recovery(api, asked[-1])) == ALIKE
    assert (await ask_recovery(api, password=NEW_PASSWORD)).status_code == 202


async def test_the_limit_of_five_requests_ends_after_an_hour(api: Api, app: App, clock: ControlledClock) -> None:
    for _ in range(5):
        assert (await ask(api)).status_code == 202
    clock.advance(seconds=3600)
    assert (await ask(api)).status_code == 202


async def test_a_recovery_confirmed_by_a_mailbox_ends_if_the_address_changes_or_the_change_is_undone(
    api: Api, app: App, approver: App, identity: Identity, database: Database, clock: ControlledClock, policies: Policies
) -> None:
    """The mailbox may have been left because someone else reads it; or it was the thief's, and the change is undone."""

    async def stepped_up() -> str:
        clock.advance(seconds=60)
        proof = {"password": PASSWORD, "code": app.code()}
        answer = await api.post("/auth/step-up", proof, token=app.token)
        return str(answer.json()["data"]["access_token"])

    first = id_of(await ask_recovery(api))
    pending = (await api.post("/users/me/email", {"email": "new@example.na"}, token=await stepped_up())).json()["data"]
    assert (await api.verify(pending["verification_id"])).status_code == 200
    clock.advance(seconds=60)
    second = id_of(await ask_recovery(api, email="new@example.na"))
    (link,) = [str(each.facts["undo_link"]) for each in await mail(database) if "undo_link" in each.facts]
    undo = {"token": link.partition("#token=")[2], "password": PASSWORD}
    assert (await api.post("/auth/email-change/undo", undo)).status_code == 200
    for request_id in (first, second):
        assert refusal(await decide(api, request_id, approver.token)) == (409, "RES_002")
    assert await rows(database, "SELECT DISTINCT status FROM recovery_requests") == [("pending",)]


async def test_staff_who_created_an_account_do_not_decide_on_its_recovery(
    api: Api, app: App, approver: App, identity: Identity, database: Database, clock: ControlledClock, fakes: Fakes
) -> None:
    """They entered the address to which the code goes. No other staff member enters an address."""
    email = "selma@example.na"
    made = await api.post("/users", {"full_name": "Selma Nangolo", "email": email}, token=approver.token)
    user_id = made.json()["data"]["id"]
    answer = await api.patch_another(user_id, {"full_name": "Selma N", "email": "admin2@example.na"}, token=approver.token)
    assert answer.status_code in {200, 422}
    assert (await api.get(f"/users/{user_id}", token=approver.token)).json()["data"]["email"] == email
    await api.post("/auth/password-reset", {"email": email})
    link = str((await mail(database))[-1].facts["link"])
    body = {"token": link.partition("#token=")[2], "password": PASSWORD}
    assert (await api.post("/auth/password-reset/confirm", body)).status_code == 200
    token = (await api.login(email=email, device_id=str(uuid4()))).json()["data"]["access_token"]
    await second_factor(api, token, clock)
    asked = await ask_recovery(api, email=email)
    assert refusal(await decide(api, id_of(asked), approver.token)) == (403, "ACC_001")
    other = await administrator(api, fakes, clock, name="other", phone="+264811234588")
    assert (await decide(api, id_of(asked), other.token)).status_code == 200


async def test_without_a_mailable_address_an_operator_confirms_a_recovery(
    api: Api,
    app: App,
    approver: App,
    fakes: Fakes,
    clock: ControlledClock,
    identity: Identity,
    database: Database,
    database_urls: DatabaseUrls,
    settings: IdentitySettings,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The address may be another person's (ADR 0021). An operator who has seen the owner confirms; another person decides."""
    customer = await api.register(email="karl@strasse.example.na", phone="+264811234577")
    user_id = customer.json()["data"]["id"]
    token = (await api.login(email="karl@strasse.example.na", device_id=str(uuid4()))).json()["data"]["access_token"]
    await second_factor(api, token, clock)
    with psycopg.connect(database_urls.owner) as connection:
        connection.execute("UPDATE profiles SET email_as_given = false WHERE user_id = %s", (user_id,))
        connection.execute("UPDATE users SET email_verified_at = NULL WHERE id = %s", (user_id,))
    asked = await ask(api, "karl@strasse.example.na")
    with psycopg.connect(database_urls.owner) as connection:
        # The command uses the system clock.
        connection.execute("UPDATE recovery_requests SET expires_at = now() + interval '1 day'")
    assert [each for each in await mail(database) if each.template == "recovery_requested"] == []
    seen_by = await own_id(api, approver.token)
    command = settings.model_copy(update={"database_url": SecretStr(database_urls.app)})
    arguments = argparse.Namespace(request_id=UUID(id_of(asked)), seen_by=UUID(seen_by), reason="Seen with their identity card")
    async with recording(database) as record:
        assert [await recovery_commands.confirm_recovery(command, arguments) for _ in range(2)] == [0, 1]
    assert "can now be decided" in capsys.readouterr().out
    assert [(fact["action"], fact["after"], fact["reason"]) for fact in record.facts] == [
        ("identity.recovery.confirm", {"confirmed": True, "by": "operator"}, "Seen with their identity card")
    ]
    assert refusal(await decide(api, id_of(asked), approver.token)) == (403, "ACC_001")
    other = await administrator(api, fakes, clock, name="other", phone="+264811234588")
    assert (await decide(api, id_of(asked), other.token)).status_code == 200
