"""The audit facts of second factors and recovery, with every field."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from chassis.auth import Claims, TokenVerifier
from chassis.crypto import BlindIndex
from chassis.persistence.database import Database
from chassis.testing.clocks import ControlledClock
from identity.application import Identity
from identity.application.attempts.counters import name_digest
from identity.application.factors.purge_challenges import PurgeChallenges
from identity.domain.sign_in_name import SignInName
from identity.settings import IdentitySettings
from identity.wiring.adapters import unit_of_work
from services.identity.tests.contract.api import PASSWORD, Api
from services.identity.tests.contract.authenticator import Authenticator
from services.identity.tests.contract.authenticator_app import App, second_factor
from services.identity.tests.contract.outbox import ANONYMOUS, IDENTITY, Whole, event, fact, recording, user
from services.identity.tests.contract.passkeys import REGISTER, SIGN_IN, add_passkey, begin, sign_in_with_passkey
from services.identity.tests.fakes import Fakes
from services.identity.tests.people import CODE
from services.identity.tests.stored import views_of

REASON = "Seen in person with their identity card"


@pytest.fixture
async def token(api: Api) -> str:
    return await api.signed_in()


@pytest.fixture
async def claims(token: str, verifier: TokenVerifier) -> Claims:
    return await verifier.verify(token)


def of(claims: Claims, action: str, clock: ControlledClock, *, by: Whole | None = None, **rest: Any) -> Whole:
    """A fact about the user, recorded now."""
    return fact(action, ("user", claims.subject_id), by=by or user(claims), at=clock.now(), **rest)


async def new_passkey(api: Api, token: str, authenticator: Authenticator) -> tuple[str, str]:
    """Return the ids of the challenge and of the passkey."""
    ceremony = await begin(api, REGISTER, token)
    added = await add_passkey(api, token, authenticator, ceremony=ceremony)
    return ceremony["ceremony_id"], added.json()["data"]["id"]


async def test_facts_of_an_authenticator_app(
    api: Api, database: Database, clock: ControlledClock, token: str, claims: Claims
) -> None:
    async with recording(database) as record:
        app = await second_factor(api, token, clock)
        clock.advance(seconds=60)
        fresh = (await api.post("/auth/step-up", {"password": PASSWORD, "code": app.code()}, token=token)).json()["data"][
            "access_token"
        ]
        await api.post("/auth/factors/backup-codes", token=fresh)
        await api.delete("/auth/factors/totp", token=fresh)
    *_, renewed, withdrawn, removed = record.facts
    assert record.actions == [
        "identity.factor.begin",
        "identity.factor.add",
        "identity.user.second_factor_shown",
        "identity.session.step_up",
        "identity.factor.renew_backup_codes",
        "identity.session.withdraw_proof",
        "identity.factor.remove",
    ]
    by: Whole = {**user(claims), "methods": ["pwd", "otp", "mfa"], "authenticated_at": "2026-03-21T08:01:00Z"}
    assert renewed == of(claims, "identity.factor.renew_backup_codes", clock, by=by, after={"codes": 10, "sessions_ended": 0})
    state = withdrawn["before"]
    assert (state["methods"], withdrawn["after"]) == (["pwd", "otp", "mfa"], {**state, "methods": ["pwd"]})
    assert removed == of(claims, "identity.factor.remove", clock, by=by, after={"factor": "totp", "sessions_ended": 0})


async def test_facts_of_the_first_app(api: Api, database: Database, clock: ControlledClock, token: str, claims: Claims) -> None:
    async with recording(database) as record:
        await second_factor(api, token, clock)
    assert record.facts == [
        of(claims, "identity.factor.begin", clock, after={"factor": "totp"}),
        of(claims, "identity.factor.add", clock, after={"factor": "totp", "sessions_ended": 0}),
    ]
    changed = {"user_id": claims.subject_id, "factors_version": "1", "has_second_factor": True}
    assert record.events == [event("identity.user.factors_changed", claims.subject_id, at=clock.now(), **changed)]


async def test_facts_of_codes_requested_wrong_and_right(
    api: Api, database: Database, clock: ControlledClock, token: str, claims: Claims
) -> None:
    app = await second_factor(api, token, clock)
    clock.advance(seconds=60)
    async with recording(database) as record:
        challenge = (await api.login()).json()["data"]["challenge"]
        for code in ("000000", app.backup_codes[0]):
            await api.post("/auth/login/verify", {"challenge": challenge, "code": code})
    async with database.read() as connection:
        challenge_id = (await connection.execute(text("SELECT id FROM sign_in_challenges"))).scalar_one()
    after = {"challenge": str(challenge_id), "enrolment": False}
    assert record.facts[:3] == [
        of(claims, "identity.user.sign_in_challenged", clock, by=ANONYMOUS, after=after, related=[api.device_id]),
        of(claims, "identity.user.second_factor_failed", clock, by=ANONYMOUS, after={"factor": "code"}),
        of(claims, "identity.user.second_factor_shown", clock, by=ANONYMOUS, after={"factor": "backup_code"}),
    ]
    assert record.actions[3:] == ["identity.session.end", "identity.user.sign_in"]


async def test_fact_of_a_wrong_password_in_the_session(
    api: Api, database: Database, clock: ControlledClock, token: str, claims: Claims
) -> None:
    async with recording(database) as record:
        await api.post("/auth/step-up", {"password": "wrong"}, token=token)
    assert record.facts == [of(claims, "identity.user.second_factor_failed", clock, after={"factor": "password"})]


async def test_facts_of_passkeys(api: Api, database: Database, clock: ControlledClock, token: str, claims: Claims) -> None:
    authenticator, by = Authenticator(), user(claims)
    async with recording(database) as record:
        ceremony_id, passkey_id = await new_passkey(api, token, authenticator)
    rest: dict[str, Any] = {"by": by, "at": clock.now()}
    begun = ("passkey_ceremony", ceremony_id)
    assert record.facts == [
        fact("identity.passkey.challenge", begun, after={"kind": "register"}, related=[claims.subject_id], **rest),
        of(claims, "identity.factor.add", clock, after={"factor": "passkey", "sessions_ended": 0}),
    ]
    async with recording(database) as record:
        await api.patch(f"/auth/factors/passkeys/{passkey_id}", {"name": "Old laptop"}, token=token)
    owner: dict[str, Any] = {"related": [claims.subject_id]}
    assert record.facts == [fact("identity.passkey.rename", ("passkey", passkey_id), **owner, **rest)]


async def test_facts_of_a_removed_passkey(
    api: Api, database: Database, clock: ControlledClock, verifier: TokenVerifier, token: str, claims: Claims
) -> None:
    authenticator = Authenticator()
    _, passkey_id = await new_passkey(api, token, authenticator)
    pair = (await sign_in_with_passkey(api, authenticator)).json()["data"]
    async with recording(database) as record:
        await api.delete(f"/auth/factors/passkeys/{passkey_id}", token=pair["access_token"])
    by = user(await verifier.verify(pair["access_token"]))
    assert by["methods"] == ["hwk", "user", "mfa"]
    at, ended = clock.now(), await verifier.verify(pair["access_token"])
    # The passkey was the session's only proof.
    state = {
        "generation": 1,
        "expires_at": f"{at + timedelta(days=7):%Y-%m-%dT%H:%M:%S}+00:00",
        "methods": ["hwk", "user", "mfa"],
    }
    assert record.facts == [
        fact(
            "identity.session.end",
            ("session", ended.session_id),
            by=by,
            at=at,
            before={"live": True, **state},
            after={"live": False, **state},
            reason="factor_changed",
            related=[ended.subject_id, ended.device_id],
        ),
        of(claims, "identity.factor.remove", clock, by=by, after={"factor": "passkey", "sessions_ended": 1}),
    ]


async def answer(api: Api, authenticator: Authenticator) -> str:
    """Answer a challenge at sign-in, and return its id."""
    ceremony = await begin(api, SIGN_IN)
    await sign_in_with_passkey(api, authenticator, ceremony=ceremony)
    return str(ceremony["ceremony_id"])


async def test_facts_of_refused_passkey_answers(
    api: Api, database: Database, clock: ControlledClock, token: str, claims: Claims
) -> None:
    authenticator = Authenticator()
    _, passkey_id = await new_passkey(api, token, authenticator)
    rest: dict[str, Any] = {"by": ANONYMOUS, "at": clock.now()}
    async with recording(database) as record:
        authenticator.verifies_user = False
        first = await answer(api, authenticator)
        authenticator.verifies_user, authenticator.count = True, 4
        await answer(api, authenticator)
        authenticator.synchronized = True
        await answer(api, authenticator)
        authenticator.synchronized, authenticator.count = False, 2
        await answer(api, authenticator)
        unknown = await answer(api, Authenticator())
    challenge, refuse = "identity.passkey.challenge", "identity.passkey.refuse"
    refused = [each for each in record.facts if each["action"] in {challenge, refuse}]
    signed: dict[str, Any] = {"after": {"flagged": False}, **rest}
    owner: dict[str, Any] = {"related": [claims.subject_id]}
    assert refused[:2] == [
        fact(challenge, ("passkey_ceremony", first), after={"kind": "sign_in"}, **rest),
        fact(refuse, ("passkey", passkey_id), reason="refused", **owner, **signed),
    ]
    assert [each for each in refused[2:] if each["action"] == refuse] == [
        fact(refuse, ("passkey", passkey_id), reason="backup_eligibility_changed", **owner, **signed),
        fact(refuse, ("passkey", passkey_id), after={"flagged": True}, reason="counter_regression", **owner, **rest),
        fact(refuse, ("passkey_ceremony", unknown), reason="refused", **signed),
    ]


async def test_fact_of_an_expired_challenge(api: Api, database: Database, clock: ControlledClock, token: str) -> None:
    begun = (await api.post("/auth/factors/passkeys/options", token=token)).json()["data"]
    asked: Mapping[str, Any] = {"ceremony_id": begun["ceremony_id"], "credential": Authenticator().create(begun["options"])}
    async with recording(database) as record:
        await api.post("/auth/passkeys/login", {**asked, "device_id": str(api.device_id)})
    resource = ("passkey_ceremony", begun["ceremony_id"])
    rest: dict[str, Any] = {"by": ANONYMOUS, "at": clock.now(), "after": {"flagged": False}}
    assert record.facts == [fact("identity.passkey.refuse", resource, reason="over", **rest)]


async def test_fact_of_purged_challenges(
    api: Api, settings: IdentitySettings, database: Database, clock: ControlledClock, token: str
) -> None:
    await api.post("/auth/passkeys/options")
    await api.post("/auth/password-reset", {"email": "ndapewa@example.na"})
    resource = ("sign_in_challenge", "expired")
    # Two hours after they expired: a challenge lasts five minutes, a link ten.
    for seconds, dropped in ((125 * 60, 0), (1, 1), (299, 0), (1, 1), (3600, 0)):
        clock.advance(seconds=seconds)
        async with recording(database) as record:
            assert await PurgeChallenges(unit_of_work(settings, database), clock)() == dropped
        after = {"dropped": dropped}
        assert record.facts == [fact("identity.factor.purge", resource, by=IDENTITY, at=clock.now(), after=after)]


async def test_facts_of_a_forgotten_password(
    api: Api,
    identity: Identity,
    settings: IdentitySettings,
    database: Database,
    clock: ControlledClock,
    claims: Claims,
) -> None:
    digest = BlindIndex(settings.digest(), purpose="sign-in-name")
    known, unknown = (name_digest(digest, SignInName.email(f"{name}@example.na")) for name in ("ndapewa", "nobody"))
    async with recording(database) as record:
        for name in ("ndapewa", "nobody"):
            await api.post("/auth/password-reset", {"email": f"{name}@example.na"})
    rest: dict[str, Any] = {"by": ANONYMOUS, "at": clock.now()}
    asked = "identity.password.reset_asked"
    assert record.facts == [
        fact(asked, ("user", claims.subject_id), after={"account": known, "sent": True}, **rest),
        fact(asked, ("account", unknown), after={"account": unknown, "sent": False}, **rest),
    ]
    async with database.read() as connection:
        message_id = (await connection.execute(text("SELECT id FROM messages WHERE template = 'password_reset'"))).scalar_one()
    message = await views_of(database).messages.waiting_message(message_id)
    assert message
    link = str(message.facts["link"]).partition("#token=")[2]
    async with recording(database) as record:
        await api.post("/auth/password-reset/confirm", {"token": link, "password": "Okavango-Delta-93!"})
    ended, reset = record.facts
    after = {"sessions_ended": 1, "second_factor": False}
    assert (ended["action"], ended["reason"], ended["actor"]) == ("identity.session.end", "password_changed", ANONYMOUS)
    assert reset == of(claims, "identity.password.reset", clock, by=ANONYMOUS, after=after)


@pytest.fixture
async def approver(api: Api, clock: ControlledClock, fakes: Fakes) -> App:
    """An administrator who has just verified two factors."""
    fakes.roles.roles = ("admin",)
    approver = await second_factor(api, await api.signed_in(email="admin@example.na", phone="+264811234599"), clock)
    clock.advance(seconds=60)
    stepped = await api.post("/auth/step-up", {"password": PASSWORD, "code": approver.code()}, token=approver.token)
    fakes.roles.roles = ("user",)
    approver.token = stepped.json()["data"]["access_token"]
    return approver


@pytest.mark.parametrize("approve", [True, False])
async def test_facts_of_a_recovery(
    api: Api,
    database: Database,
    verifier: TokenVerifier,
    clock: ControlledClock,
    token: str,
    claims: Claims,
    approver: App,
    approve: bool,
) -> None:
    await second_factor(api, (await api.login()).json()["data"]["access_token"], clock)
    async with recording(database) as record:
        challenge = (await api.login(password=PASSWORD, device_id=str(uuid4()))).json()["data"]["challenge"]
        asked = (await api.post("/auth/recovery", {"challenge": challenge, "reason": "lost"})).json()["data"]
        await api.post("/auth/recovery/confirm", {"verification_id": asked["verification_id"], "code": CODE})
        body = {"approve": approve, "reason": REASON}
        await api.post(f"/auth/recovery/{asked['id']}/decision", body, token=approver.token)
    resource = ("recovery_request", asked["id"])
    owner: dict[str, Any] = {"related": [claims.subject_id]}
    by, status = user(await verifier.verify(approver.token)), "approved" if approve else "rejected"
    _, ask, sent, accepted, confirm, voted, decide, *rest = record.facts
    pending = {"status": "pending"}
    at = clock.now()
    code = ("verification", asked["verification_id"])
    waits = {"purpose": "recovery", "tries": 0, "sends": 1, "used": False}
    assert sent == fact("identity.verification.request", code, by=ANONYMOUS, at=at, after=waits, **owner)
    used = {**waits, "tries": 1, "used": True}
    assert accepted == fact("identity.verification.accept", code, by=ANONYMOUS, at=at, after=used, **owner)
    was, is_now = {"confirmed": False}, {"confirmed": True, "by": "mailbox"}
    assert confirm == fact("identity.recovery.confirm", resource, by=ANONYMOUS, at=at, before=was, after=is_now, **owner)
    assert ask == fact("identity.recovery.ask", resource, by=ANONYMOUS, at=at, after=pending, reason="lost", **owner)
    after = {"status": status, "approve": approve}
    decided: dict[str, Any] = {"by": by, "at": at, "before": pending, "after": after, "reason": REASON}
    assert (voted["action"], voted["actor"], voted["reason"]) == ("identity.approval.decide", by, REASON)
    assert (voted["after"]["outcome"], set(voted["related_ids"])) == (status, {asked["id"], claims.subject_id, by["subject_id"]})
    assert decide == fact("identity.recovery.decide", resource, **decided, **owner)
    if not approve:
        assert rest == []
        return
    ended, cleared = rest
    assert (ended["action"], ended["reason"], ended["actor"]) == ("identity.session.end", "recovered", by)
    lost = {"second_factor": False, "sessions_ended": 1}
    before = {"second_factor": True}
    assert cleared == of(
        claims, "identity.factor.remove", clock, by=by, before=before, after=lost, reason="recovery", related=[asked["id"]]
    )


async def test_fact_of_a_wrong_code_at_enrolment(
    api: Api, database: Database, clock: ControlledClock, token: str, claims: Claims, fakes: Fakes
) -> None:
    await api.post("/auth/factors/totp", token=token)
    async with recording(database) as record:
        assert (await api.post("/auth/factors/totp/confirm", {"code": "000000"}, token=token)).status_code == 401
    assert record.facts == []
