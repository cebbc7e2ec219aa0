"""Recovering an account, without a bypass of the second factor."""

import asyncio
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from chassis.persistence.database import Database
from chassis.policies import Policies
from chassis.testing.clocks import ControlledClock
from elcorp.identity.v1.events_pb2 import UserFactorsChanged
from identity.application import Identity
from services.identity.tests.contract.api import Api, own_id, refusal
from services.identity.tests.contract.authenticator_app import App, second_factor
from services.identity.tests.contract.outbox import published
from services.identity.tests.contract.password_resets import NEW_PASSWORD, ask_reset, reset_links, reset_password
from services.identity.tests.contract.recovery import administrator, ask_recovery, decide
from services.identity.tests.fakes import Fakes
from services.identity.tests.stored import rows


@pytest.fixture
async def app(api: Api, clock: ControlledClock) -> App:
    app = await second_factor(api, await api.signed_in(), clock)
    clock.advance(seconds=60)
    return app


@pytest.fixture
async def approver(api: Api, app: App, fakes: Fakes, clock: ControlledClock) -> App:
    """An administrator who has just verified two factors; `token` belongs to that session. The customer of `app` exists too."""
    return await administrator(api, fakes, clock, name="admin", phone="+264811234599")


async def test_another_person_restores_access_to_a_user_who_lost_their_factor(
    api: Api, app: App, approver: App, database: Database
) -> None:
    asked = (await ask_recovery(api)).json()["data"]
    assert asked["status"] == "pending"
    listed = (await api.get("/auth/recovery?status=pending", token=approver.token)).json()["data"]["items"]
    assert [item["id"] for item in listed] == [asked["id"]]
    decided = await decide(api, asked["id"], approver.token)
    assert (decided.status_code, decided.json()["data"]["status"]) == (200, "approved")
    # One event for each of the two users who set up an app, and one that outdates the tokens of the user who lost it.
    *_, (cleared, _) = changed = await published(database, UserFactorsChanged)
    assert (len(changed), cleared.factors_version, cleared.has_second_factor) == (3, 2, False)
    assert "access_token" in (await api.login()).json()["data"]
    assert refusal(await decide(api, asked["id"], approver.token)) == (409, "RES_002")
    templates = {row.template for row in await rows(database, "SELECT template FROM messages")}
    assert {"recovery_requested", "recovery_decided"} <= templates
    ended = await rows(database, "SELECT DISTINCT end_reason FROM sessions WHERE end_reason = 'recovered'")
    assert len(ended) == 1


async def test_requesting_a_recovery_ends_its_sign_in(api: Api, app: App) -> None:
    challenge = (await api.login()).json()["data"]["challenge"]
    body = {"challenge": challenge, "reason": "lost"}
    assert (await api.post("/auth/recovery", body)).status_code == 202
    shown = await api.post("/auth/login/verify", {"challenge": challenge, "code": app.code()})
    assert refusal(shown) == (401, "AUTH_007")
    assert refusal(await api.post("/auth/recovery", body)) == (401, "AUTH_007")


async def test_an_approved_recovery_removes_every_factor(api: Api, app: App, approver: App, database: Database) -> None:
    waiting = (await api.login()).json()["data"]["challenge"]
    asked = (await ask_recovery(api)).json()["data"]
    assert (await decide(api, asked["id"], approver.token)).status_code == 200
    token = (await api.login()).json()["data"]["access_token"]
    factors = (await api.get("/auth/factors", token=token)).json()["data"]
    assert factors == {"totp_confirmed_at": None, "backup_codes_left": 0, "passkeys": []}
    for code in (app.code(), app.backup_codes[0]):
        assert refusal(await api.post("/auth/login/verify", {"challenge": waiting, "code": code})) == (401, "AUTH_007")
        assert refusal(await api.post("/auth/step-up", {"code": code}, token=token)) == (401, "AUTH_006")


async def test_a_decision_needs_two_factors_of_the_last_five_minutes(
    api: Api, app: App, approver: App, policies: Policies, clock: ControlledClock
) -> None:
    asked = (await ask_recovery(api)).json()["data"]
    clock.advance(seconds=301)
    policies.confirm()
    refused = await decide(api, asked["id"], approver.token)
    assert (refusal(refused), refused.json()["step_up"]["max_age"]) == ((401, "AUTH_005"), 300)


async def test_a_rejected_request_changes_nothing_and_another_may_follow(api: Api, app: App, approver: App) -> None:
    asked = (await ask_recovery(api)).json()["data"]
    assert refusal(await ask_recovery(api)) == (409, "RES_002")
    assert (await decide(api, asked["id"], approver.token, approve=False)).json()["data"]["status"] == "rejected"
    assert (await api.login()).json()["data"]["mfa_required"]
    assert (await ask_recovery(api)).status_code == 202


@pytest.mark.clause("ASVS 7.5.3")
async def test_a_decision_needs_another_person_with_the_permission_and_two_recent_factors(
    api: Api, app: App, approver: App
) -> None:
    asked = (await ask_recovery(api)).json()["data"]
    assert refusal(await decide(api, asked["id"], app.token)) == (403, "ACC_001")
    own = (await ask_recovery(api, email="admin@example.na", reason="broken")).json()["data"]
    assert refusal(await decide(api, own["id"], approver.token)) == (403, "ACC_001")
    one_factor = await decide(api, asked["id"], approver.first_token)
    assert (refusal(one_factor), one_factor.json()["step_up"]["acr_values"]) == ((401, "AUTH_005"), "urn:elcorp:acr:mfa")


async def test_of_two_concurrent_decisions_one_counts(api: Api, app: App, approver: App) -> None:
    asked = (await ask_recovery(api)).json()["data"]
    answers = await asyncio.gather(
        *(decide(api, asked["id"], approver.token, approve=approve) for approve in (True, False, True, False))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]


async def require_reset(api: Api, user_id: str, approver: App) -> None:
    answer = await api.post(f"/users/{user_id}/password-reset", {"reason": "Phished"}, token=approver.token)
    assert answer.status_code == 204, answer.text


async def choose_password(api: Api, identity: Identity, database: Database) -> None:
    await ask_reset(api)
    assert (await reset_password(api, (await reset_links(identity, database))[-1])).status_code == 200


@pytest.mark.parametrize("approve", [True, False])
async def test_staff_who_required_a_reset_do_not_decide_on_a_later_recovery(
    api: Api,
    app: App,
    approver: App,
    identity: Identity,
    database: Database,
    fakes: Fakes,
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
    other = (await administrator(api, fakes, clock, name="other", phone="+264811234588")).token
    assert (await decide(api, asked["id"], other, approve=approve)).status_code == 200


async def test_staff_who_required_a_reset_do_not_decide_on_a_recovery_that_was_pending(
    api: Api, app: App, approver: App, database: Database
) -> None:
    asked = (await ask_recovery(api)).json()["data"]
    for _ in range(2):
        await require_reset(api, await own_id(api, app.token), approver)
    assert refusal(await decide(api, asked["id"], approver.token)) == (403, "ACC_001")
    ((triggered_by,),) = await rows(database, "SELECT triggered_by FROM recovery_requests")
    assert [str(each) for each in triggered_by] == [await own_id(api, approver.token)]


async def test_a_concurrent_reset_and_decision_of_one_person_do_not_both_succeed(
    api: Api, app: App, approver: App, database: Database
) -> None:
    asked, customer = (await ask_recovery(api)).json()["data"], await own_id(api, app.token)
    reset, decision = await asyncio.gather(
        api.post(f"/users/{customer}/password-reset", {"reason": "Phished"}, token=approver.token),
        decide(api, asked["id"], approver.token),
    )
    assert (reset.status_code, decision.status_code) in {(204, 200), (204, 403)}
    ((status, triggered_by),) = await rows(database, "SELECT status, triggered_by FROM recovery_requests")
    # If the decision came first, no request was pending when the reset was required.
    assert (status, len(triggered_by)) == (("approved", 0) if decision.status_code == 200 else ("pending", 1))


async def test_the_user_of_a_device_does_not_decide_on_a_recovery_requested_on_it(api: Api, app: App, approver: App) -> None:
    asked = (await ask_recovery(api, device_id=api.device_id)).json()["data"]
    assert refusal(await decide(api, asked["id"], approver.token)) == (403, "ACC_001")


async def test_an_old_password_reset_does_not_prevent_a_decision(
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


async def test_the_database_refuses_a_decision_by_a_person_who_triggered_the_recovery(
    api: Api, app: App, database: Database
) -> None:
    await ask_recovery(api)
    decide = """
        UPDATE recovery_requests
        SET status = 'approved', decided_at = requested_at, decided_by = :by, triggered_by = ARRAY[cast(:by AS uuid)]
    """
    async with database.session() as session:
        with pytest.raises(IntegrityError, match="recovery_requests_triggered_by_another"):
            await session.execute(text(decide), {"by": uuid4()})


@pytest.mark.parametrize("approve", [True, False])
async def test_nobody_decides_on_a_recovery_of_a_user_with_more_permissions(
    api: Api, app: App, approver: App, fakes: Fakes, database: Database, approve: bool
) -> None:
    asked, customer = (await ask_recovery(api)).json()["data"], UUID(await own_id(api, app.token))
    fakes.authority.away = True
    assert refusal(await decide(api, asked["id"], approver.token, approve=approve)) == (503, "SRV_002")
    fakes.authority.away, fakes.authority.beyond = False, {customer}
    assert refusal(await decide(api, asked["id"], approver.token, approve=approve)) == (403, "ACC_003")
    assert await rows(database, "SELECT status, decided_by FROM recovery_requests") == [("pending", None)]
    fakes.authority.beyond = set()
    assert (await decide(api, asked["id"], approver.token, approve=approve)).status_code == 200
    assert fakes.authority.asked == [(UUID(await own_id(api, approver.token)), customer)]
