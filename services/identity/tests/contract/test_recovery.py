"""Getting an account back, and that no way round the second factor comes of it."""

import asyncio
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from chassis.persistence.database import Database
from chassis.policies import Policies
from chassis.testing.clocks import ControlledClock
from elcorp.identity.v1.events_pb2 import UserFactorsChanged
from identity.application import Identity
from services.identity.tests.contract.api import PASSWORD, Api, own_id, refusal
from services.identity.tests.contract.authenticator_app import App, second_factor
from services.identity.tests.contract.outbox import published
from services.identity.tests.contract.recovering import administrator, ask_recovery, decide
from services.identity.tests.fakes import Surroundings
from services.identity.tests.stored import rows

NEW_PASSWORD = "Okavango-Delta-93!"


async def ask(api: Api, email: str = "ndapewa@example.na") -> httpx.Response:
    return await api.post("/auth/password-reset", {"email": email})


async def links(identity: Identity, database: Database) -> list[str]:
    """Read the tokens of the links that were sent, oldest first."""
    sent = await rows(database, "SELECT id FROM messages WHERE template = 'password_reset' ORDER BY queued_at, id")
    messages = [await identity.queries.waiting_message(row.id) for row in sent]
    return [str(message.facts["link"]).partition("#token=")[2] for message in messages if message]


async def reset(api: Api, token: str, password: str = NEW_PASSWORD) -> httpx.Response:
    return await api.post("/auth/password-reset/confirm", {"token": token, "password": password})


@pytest.fixture
async def app(api: Api, clock: ControlledClock) -> App:
    app = await second_factor(api, await api.signed_in(), clock)
    clock.advance(seconds=60)
    return app


@pytest.fixture
async def approver(api: Api, app: App, surroundings: Surroundings, clock: ControlledClock) -> App:
    """An administrator with two factors just shown; `token` is of that session. The customer of `app` exists too."""
    return await administrator(api, surroundings, clock, name="admin", phone="+264811234599")


async def test_answer_and_status_are_alike_for_known_and_unknown_addresses(
    api: Api, identity: Identity, database: Database
) -> None:
    await api.register()
    known, unknown = await ask(api), await ask(api, "nobody@example.na")
    assert (known.status_code, known.json()["data"]) == (unknown.status_code, unknown.json()["data"]) == (202, {"accepted": True})
    assert len(await links(identity, database)) == 1


@pytest.mark.clause("ASVS 6.4.2", "ASVS 6.4.3")
async def test_reset_ends_every_session_and_never_goes_round_the_second_factor(
    api: Api, app: App, identity: Identity, database: Database, surroundings: Surroundings
) -> None:
    await ask(api)
    (token,) = await links(identity, database)
    answer = await reset(api, token)
    assert (answer.status_code, answer.json()["data"]) == (200, {"reset": True})
    assert await rows(database, "SELECT id FROM sessions WHERE ended_at IS NULL") == []
    assert surroundings.revocations.ended
    assert refusal(await api.login()) == (401, "AUTH_001")
    challenged = (await api.login(password=NEW_PASSWORD)).json()["data"]
    assert challenged["methods"] == ["totp", "backup_code"]
    completed = await api.post("/auth/login/verify", {"challenge": challenged["challenge"], "code": app.code()})
    assert completed.status_code == 200


@pytest.mark.clause("ASVS 6.4.2", "ASVS 6.4.3")
async def test_link_is_good_once_for_ten_minutes_and_stored_as_a_digest(
    api: Api, identity: Identity, database: Database, clock: ControlledClock
) -> None:
    await api.register()
    await ask(api)
    (token,) = await links(identity, database)
    ((digest,),) = await rows(database, "SELECT digest FROM password_resets")
    assert (len(digest), token.encode() in bytes(digest), len(token)) == (32, False, 43)
    weak = await reset(api, token, "short")
    assert weak.json()["errors"][0]["field"] == "password"
    answers = await asyncio.gather(*(reset(api, token) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 422, 422, 422, 422]
    await ask(api)
    late = (await links(identity, database))[-1]
    clock.advance(seconds=600)
    for stale in (late, token, "made-up"):
        refused = await reset(api, stale)
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "token")


async def test_newest_link_alone_is_good_and_five_an_hour_are_sent(api: Api, identity: Identity, database: Database) -> None:
    await api.register()
    for _ in range(7):
        assert (await ask(api)).status_code == 202
    sent = await links(identity, database)
    assert len(sent) == 5
    assert (await reset(api, sent[0])).status_code == 422
    assert (await reset(api, sent[-1])).status_code == 200


async def test_change_of_password_ends_a_sign_in_that_waits(api: Api, app: App, identity: Identity, database: Database) -> None:
    challenge = (await api.login()).json()["data"]["challenge"]
    await ask(api)
    await reset(api, (await links(identity, database))[0])
    completed = await api.post("/auth/login/verify", {"challenge": challenge, "code": app.code()})
    assert refusal(completed) == (401, "AUTH_001")


async def test_another_person_gives_back_an_account_whose_factor_is_lost(
    api: Api, app: App, approver: App, database: Database
) -> None:
    asked = (await ask_recovery(api)).json()["data"]
    assert asked["status"] == "pending"
    listed = (await api.get("/auth/recovery?status=pending", token=approver.token)).json()["data"]["items"]
    assert [item["id"] for item in listed] == [asked["id"]]
    decided = await decide(api, asked["id"], approver.token)
    assert (decided.status_code, decided.json()["data"]["status"]) == (200, "approved")
    # One for each of the two who set up an app, and one that outdates the tokens of who has lost it.
    *_, (cleared, _) = changed = await published(database, UserFactorsChanged)
    assert (len(changed), cleared.factors_version, cleared.has_second_factor) == (3, 2, False)
    assert "access_token" in (await api.login()).json()["data"]
    assert refusal(await decide(api, asked["id"], approver.token)) == (409, "RES_002")
    templates = {row.template for row in await rows(database, "SELECT template FROM messages")}
    assert {"recovery_requested", "recovery_decided"} <= templates
    ended = await rows(database, "SELECT DISTINCT end_reason FROM sessions WHERE end_reason = 'recovered'")
    assert len(ended) == 1


async def test_asking_ends_the_sign_in_that_it_goes_by(api: Api, app: App) -> None:
    challenge = (await api.login()).json()["data"]["challenge"]
    body = {"challenge": challenge, "reason": "lost"}
    assert (await api.post("/auth/recovery", body)).status_code == 202
    shown = await api.post("/auth/login/verify", {"challenge": challenge, "code": app.code()})
    assert refusal(shown) == (401, "AUTH_007")
    assert refusal(await api.post("/auth/recovery", body)) == (401, "AUTH_007")


async def test_approved_recovery_leaves_no_factor_of_any_kind(api: Api, app: App, approver: App, database: Database) -> None:
    waiting = (await api.login()).json()["data"]["challenge"]
    asked = (await ask_recovery(api)).json()["data"]
    assert (await decide(api, asked["id"], approver.token)).status_code == 200
    token = (await api.login()).json()["data"]["access_token"]
    factors = (await api.get("/auth/factors", token=token)).json()["data"]
    assert factors == {"totp_confirmed_at": None, "backup_codes_left": 0, "passkeys": []}
    for code in (app.code(), app.backup_codes[0]):
        assert refusal(await api.post("/auth/login/verify", {"challenge": waiting, "code": code})) == (401, "AUTH_007")
        assert refusal(await api.post("/auth/step-up", {"code": code}, token=token)) == (401, "AUTH_006")


async def test_decision_needs_two_factors_of_the_last_five_minutes(
    api: Api, app: App, approver: App, policies: Policies, clock: ControlledClock
) -> None:
    asked = (await ask_recovery(api)).json()["data"]
    clock.advance(seconds=301)
    policies.confirm()
    refused = await decide(api, asked["id"], approver.token)
    assert (refusal(refused), refused.json()["step_up"]["max_age"]) == ((401, "AUTH_005"), 300)


async def test_rejected_request_changes_nothing_and_another_may_follow(api: Api, app: App, approver: App) -> None:
    asked = (await ask_recovery(api)).json()["data"]
    assert refusal(await ask_recovery(api)) == (409, "RES_002")
    assert (await decide(api, asked["id"], approver.token, approve=False)).json()["data"]["status"] == "rejected"
    assert (await api.login()).json()["data"]["mfa_required"]
    assert (await ask_recovery(api)).status_code == 202


@pytest.mark.clause("ASVS 7.5.3")
async def test_nobody_decides_on_their_own_account_or_without_permission_and_two_factors_just_now(
    api: Api, app: App, approver: App
) -> None:
    asked = (await ask_recovery(api)).json()["data"]
    assert refusal(await decide(api, asked["id"], app.token)) == (403, "ACC_001")
    own = (await ask_recovery(api, email="admin@example.na", reason="broken")).json()["data"]
    assert refusal(await decide(api, own["id"], approver.token)) == (403, "ACC_001")
    one_factor = await decide(api, asked["id"], approver.first_token)
    assert (refusal(one_factor), one_factor.json()["step_up"]["acr_values"]) == ((401, "AUTH_005"), "urn:elcorp:acr:mfa")


async def test_two_decisions_at_once_settle_it_once(api: Api, app: App, approver: App) -> None:
    asked = (await ask_recovery(api)).json()["data"]
    answers = await asyncio.gather(
        *(decide(api, asked["id"], approver.token, approve=approve) for approve in (True, False, True, False))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]


async def test_changed_password_voids_the_links_that_wait(api: Api, identity: Identity, database: Database) -> None:
    token = await api.signed_in()
    await ask(api)
    (link,) = await links(identity, database)
    user_id = (await api.get("/users/me", token=token)).json()["data"]["id"]
    changed = await api.patch(
        f"/users/{user_id}/password", {"current_password": PASSWORD, "new_password": "Etosha-Morning-58!"}, token=token
    )
    assert changed.status_code == 200, changed.text
    assert (await reset(api, link)).status_code == 422


async def test_changed_address_voids_the_links_in_the_mailbox_that_was_left(
    api: Api, identity: Identity, database: Database
) -> None:
    token = await api.signed_in()
    await ask(api)
    (link,) = await links(identity, database)
    pending = (await api.post("/users/me/email", {"email": "new@example.na"}, token=token)).json()["data"]
    assert (await api.verify(pending["verification_id"])).status_code == 200
    assert (await reset(api, link)).status_code == 422


async def test_reset_forgets_the_guesses_of_the_password_that_is_gone(
    api: Api, identity: Identity, database: Database, surroundings: Surroundings
) -> None:
    await api.register(username="ndapewa")
    surroundings.attempts.limit = 1
    for _ in range(2):
        await api.login(password=NEW_PASSWORD)
        await api.login(email=None, username="ndapewa", password=NEW_PASSWORD)
    assert refusal(await api.login()) == (429, "RATE_001")
    await ask(api)
    assert (await reset(api, (await links(identity, database))[0])).status_code == 200
    assert (await api.login(password=NEW_PASSWORD)).status_code == 200
    assert (await api.login(email=None, username="ndapewa", password=NEW_PASSWORD)).status_code == 200


async def require_reset(api: Api, user_id: str, approver: App) -> None:
    answer = await api.post(f"/users/{user_id}/password-reset", {"reason": "Phished"}, token=approver.token)
    assert answer.status_code == 204, answer.text


async def choose_password(api: Api, identity: Identity, database: Database) -> None:
    await ask(api)
    assert (await reset(api, (await links(identity, database))[-1])).status_code == 200


@pytest.mark.parametrize("approve", [True, False])
async def test_nobody_decides_on_a_recovery_after_a_reset_that_they_required(
    api: Api,
    app: App,
    approver: App,
    identity: Identity,
    database: Database,
    surroundings: Surroundings,
    clock: ControlledClock,
    approve: bool,
) -> None:
    customer = await own_id(api, app.token)
    await require_reset(api, customer, approver)
    await choose_password(api, identity, database)
    asked = (await ask_recovery(api, password=NEW_PASSWORD)).json()["data"]
    assert refusal(await decide(api, asked["id"], approver.token, approve=approve)) == (403, "ACC_001")
    assert await rows(database, "SELECT status, decided_by FROM recovery_requests") == [("pending", None)]
    assert len(await rows(database, "SELECT user_id FROM totps")) == 2
    other = (await administrator(api, surroundings, clock, name="other", phone="+264811234588")).token
    assert (await decide(api, asked["id"], other, approve=approve)).status_code == 200


async def test_nobody_decides_on_a_recovery_that_waited_when_they_required_a_reset(
    api: Api, app: App, approver: App, database: Database
) -> None:
    asked = (await ask_recovery(api)).json()["data"]
    for _ in range(2):
        await require_reset(api, await own_id(api, app.token), approver)
    assert refusal(await decide(api, asked["id"], approver.token)) == (403, "ACC_001")
    ((triggered_by,),) = await rows(database, "SELECT triggered_by FROM recovery_requests")
    assert [str(each) for each in triggered_by] == [await own_id(api, approver.token)]


async def test_a_reset_and_a_decision_at_once_are_not_both_one_persons(
    api: Api, app: App, approver: App, database: Database
) -> None:
    asked, customer = (await ask_recovery(api)).json()["data"], await own_id(api, app.token)
    reset, decision = await asyncio.gather(
        api.post(f"/users/{customer}/password-reset", {"reason": "Phished"}, token=approver.token),
        decide(api, asked["id"], approver.token),
    )
    assert (reset.status_code, decision.status_code) in {(204, 200), (204, 403)}
    ((status, triggered_by),) = await rows(database, "SELECT status, triggered_by FROM recovery_requests")
    # Decided first, the request waited no longer when the reset was required.
    assert (status, len(triggered_by)) == (("approved", 0) if decision.status_code == 200 else ("pending", 1))


async def test_nobody_decides_on_a_recovery_that_was_requested_on_their_device(api: Api, app: App, approver: App) -> None:
    asked = (await ask_recovery(api, device_id=api.device_id)).json()["data"]
    assert refusal(await decide(api, asked["id"], approver.token)) == (403, "ACC_001")


async def test_a_reset_of_long_ago_bars_nobody(
    api: Api,
    app: App,
    approver: App,
    identity: Identity,
    database: Database,
    clock: ControlledClock,
    policies: Policies,
) -> None:
    await require_reset(api, await own_id(api, app.token), approver)
    await choose_password(api, identity, database)
    clock.advance(days=30)
    policies.confirm()
    assert (await ask_recovery(api, password=NEW_PASSWORD)).status_code == 202
    ((triggered_by,),) = await rows(database, "SELECT triggered_by FROM recovery_requests")
    assert list(triggered_by) == []


async def test_the_database_refuses_a_decision_of_a_person_who_triggered_it(api: Api, app: App, database: Database) -> None:
    await ask_recovery(api)
    decide = """
        UPDATE recovery_requests
        SET status = 'approved', decided_at = requested_at, decided_by = :by, triggered_by = ARRAY[cast(:by AS uuid)]
    """
    async with database.session() as session:
        with pytest.raises(IntegrityError, match="recovery_requests_triggered_by_another"):
            await session.execute(text(decide), {"by": uuid4()})


@pytest.mark.parametrize("approve", [True, False])
async def test_nobody_decides_on_a_recovery_of_one_who_may_more(
    api: Api, app: App, approver: App, surroundings: Surroundings, database: Database, approve: bool
) -> None:
    asked, customer = (await ask_recovery(api)).json()["data"], UUID(await own_id(api, app.token))
    surroundings.authority.away = True
    assert refusal(await decide(api, asked["id"], approver.token, approve=approve)) == (503, "SRV_002")
    surroundings.authority.away, surroundings.authority.beyond = False, {customer}
    assert refusal(await decide(api, asked["id"], approver.token, approve=approve)) == (403, "ACC_003")
    assert await rows(database, "SELECT status, decided_by FROM recovery_requests") == [("pending", None)]
    surroundings.authority.beyond = set()
    assert (await decide(api, asked["id"], approver.token, approve=approve)).status_code == 200
    assert surroundings.authority.asked == [(UUID(await own_id(api, approver.token)), customer)]
