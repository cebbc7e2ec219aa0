"""The audit facts and events of sign-in, sessions and devices, with every field."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from chassis.auth import Claims, TokenVerifier
from chassis.crypto import BlindIndex
from chassis.persistence.database import Database
from chassis.testing.clocks import ControlledClock
from identity.application.attempts.counters import name_digest
from identity.application.sessions.end_overdue_sessions import EndOverdueSessions
from identity.domain.sign_in_name import SignInName
from identity.infrastructure.one_time_secrets import RandomSecrets
from identity.settings import IdentitySettings
from identity.wiring.adapters import unit_of_work
from services.identity.tests.contract.api import PASSWORD, Api
from services.identity.tests.contract.authenticator import Authenticator
from services.identity.tests.contract.authenticator_app import second_factor
from services.identity.tests.contract.devices import Es256Device, dpop, register_key
from services.identity.tests.contract.outbox import ANONYMOUS, IDENTITY, Whole, at_text, event, fact, recording, user
from services.identity.tests.contract.passkeys import SIGN_IN, add_passkey, begin, sign_in_with_passkey
from services.identity.tests.fakes import Fakes

WRONG = "Wrong-Sunrise-47!"
LIFE = timedelta(days=7)


def state(
    started_at: datetime, *, live: bool = True, generation: int = 1, methods: Sequence[str] = ("pwd",)
) -> dict[str, object]:
    expires_at = (started_at + LIFE).isoformat()
    return {"live": live, "generation": generation, "expires_at": expires_at, "methods": list(methods)}


def ended(claims: Claims, reason: str, *, at: datetime) -> Whole:
    """The event of a session that has ended."""
    return event(
        "identity.session.ended",
        claims.session_id,
        at=at,
        session_id=str(claims.session_id),
        user_id=claims.subject_id,
        tokens_valid_until=at_text(at + timedelta(minutes=15)),
        reason=reason,
    )


def device(api: Api) -> Whole:
    return {**ANONYMOUS, "device_id": str(api.device_id)}


async def signed_in(api: Api, verifier: TokenVerifier, **changes: Any) -> tuple[dict[str, Any], Claims]:
    pair: dict[str, Any] = (await api.login(**changes)).json()["data"]
    return pair, await verifier.verify(pair["access_token"])


async def test_facts_of_signing_in_on_a_device_again(
    api: Api, database: Database, verifier: TokenVerifier, clock: ControlledClock
) -> None:
    await api.register()
    async with recording(database) as record:
        _, first = await signed_in(api, verifier)
        _, second = await signed_in(api, verifier)
    at, sign_in = clock.now(), "identity.user.sign_in"
    owner = [first.subject_id, first.device_id]
    assert record.facts == [
        fact(
            sign_in,
            ("session", first.session_id),
            by=user(first),
            at=at,
            after={**state(at), "new_device": True},
            related=owner,
        ),
        fact(
            "identity.session.end",
            ("session", first.session_id),
            by=user(second),
            at=at,
            before=state(at),
            after=state(at, live=False),
            reason="replaced",
            related=owner,
        ),
        fact(
            sign_in,
            ("session", second.session_id),
            by=user(second),
            at=at,
            after={**state(at), "new_device": False},
            related=[*owner, first.session_id],
        ),
    ]
    assert record.events == [ended(first, "replaced", at=at)]


async def test_facts_of_failed_sign_ins(
    api: Api, database: Database, settings: IdentitySettings, clock: ControlledClock, fakes: Fakes
) -> None:
    user_id = (await api.register()).json()["data"]["id"]
    digest = BlindIndex(settings.digest(), purpose="sign-in-name")
    known, unknown = (name_digest(digest, SignInName.email(f"{name}@example.na")) for name in ("ndapewa", "nobody"))
    async with recording(database) as record:
        await api.login(email="nobody@example.na")
        await api.login(password=WRONG)
        fakes.attempts.limit = 1
        await api.login(password=WRONG)
    rest: dict[str, Any] = {"by": device(api), "at": clock.now(), "related": [api.device_id]}
    failed = "identity.user.sign_in_failed"
    assert record.facts == [
        fact(failed, ("account", unknown), after={"account": unknown}, reason="unknown_account", **rest),
        fact(failed, ("user", user_id), after={"account": known}, reason="wrong_password", **rest),
        fact(failed, ("user", user_id), after={"account": known}, reason="throttled", **rest),
    ]


async def test_facts_of_sign_ins_that_fail_at_the_second_factor(
    api: Api, database: Database, verifier: TokenVerifier, clock: ControlledClock
) -> None:
    claims = await verifier.verify(token := await api.signed_in())
    await second_factor(api, token, clock)
    challenge = (await api.login()).json()["data"]["challenge"]
    async with database.read() as connection:
        challenge_id = (await connection.execute(text("SELECT id FROM sign_in_challenges"))).scalar_one()
    clock.advance(seconds=300)
    async with recording(database) as record:
        for given in (challenge, "made-up"):
            await api.post("/auth/login/verify", {"challenge": given, "code": "000000"})
    rest: dict[str, Any] = {"by": ANONYMOUS, "at": clock.now(), "reason": "over"}
    failed, made_up = "identity.user.sign_in_failed", RandomSecrets().digest("made-up").hex()[:32]
    assert record.facts == [
        fact(failed, ("user", claims.subject_id), after={"challenge": str(challenge_id)}, related=[api.device_id], **rest),
        fact(failed, ("sign_in_challenge", made_up), **rest),
    ]


async def test_facts_of_a_passkey_sign_in_of_a_barred_user(
    api: Api, database: Database, verifier: TokenVerifier, clock: ControlledClock, fakes: Fakes
) -> None:
    authenticator, claims = Authenticator(), await verifier.verify(token := await api.signed_in())
    passkey_id = (await add_passkey(api, token, authenticator)).json()["data"]["id"]
    fakes.roles.roles = ("admin",)
    admin = await api.signed_in(email="admin@example.na", phone="+264811234562")
    await api.post(f"/users/{claims.subject_id}/suspend", {"reason": "Under investigation"}, token=admin)
    asked = await begin(api, SIGN_IN)
    async with recording(database) as record:
        assert (await sign_in_with_passkey(api, authenticator, ceremony=asked)).status_code == 401
    resource, after = ("user", claims.subject_id), {"passkey": passkey_id}
    rest: dict[str, Any] = {"at": clock.now()}
    assert record.facts == [
        fact("identity.user.second_factor_shown", resource, by=ANONYMOUS, after={"factor": "passkey"}, **rest),
        fact(
            "identity.user.sign_in_failed",
            resource,
            by=device(api),
            after=after,
            reason="not_active",
            related=[api.device_id],
            **rest,
        ),
    ]


async def test_facts_of_refreshing_and_signing_out(
    api: Api, database: Database, verifier: TokenVerifier, clock: ControlledClock
) -> None:
    await api.register()
    pair, claims = await signed_in(api, verifier)
    started_at, owner = clock.now(), [claims.subject_id, claims.device_id]
    clock.advance(seconds=60)
    async with recording(database) as record:
        await api.refresh(pair["refresh_token"])
        await api.post("/auth/logout", token=pair["access_token"])
    resource = ("session", claims.session_id)
    # A refresh token does not say how its session began.
    bearer = {name: value for name, value in user(claims).items() if name not in {"authenticated_at", "methods"}}
    assert record.facts == [
        fact(
            "identity.session.refresh",
            resource,
            by=bearer,
            at=clock.now(),
            before=state(started_at),
            after=state(started_at, generation=2),
            related=owner,
        ),
        fact(
            "identity.session.end",
            resource,
            by=user(claims),
            at=clock.now(),
            before=state(started_at, generation=2),
            after=state(started_at, generation=2, live=False),
            reason="signed_out",
            related=owner,
        ),
    ]
    assert record.events == [ended(claims, "signed_out", at=clock.now())]


@pytest.mark.parametrize(("elsewhere", "reason"), [(False, "refresh_reused"), (True, "wrong_device")])
async def test_facts_of_a_stolen_refresh_token(
    api: Api, database: Database, verifier: TokenVerifier, clock: ControlledClock, elsewhere: bool, reason: str
) -> None:
    await api.register()
    pair, claims = await signed_in(api, verifier)
    started_at = clock.now()
    await api.refresh(pair["refresh_token"])
    clock.advance(seconds=11)
    thief = str(uuid4() if elsewhere else api.device_id)
    async with recording(database) as record:
        assert (await api.refresh(pair["refresh_token"], device_id=thief)).status_code == 401
    bearer = {name: value for name, value in user(claims).items() if name not in {"authenticated_at", "methods"}}
    assert record.facts == [
        fact(
            "identity.session.refresh_reused",
            ("session", claims.session_id),
            by={**bearer, "device_id": thief},
            at=clock.now(),
            before=state(started_at, generation=2),
            after=state(started_at, generation=2, live=False),
            reason=reason,
            related=[claims.subject_id, claims.device_id],
        )
    ]
    assert record.events == [ended(claims, reason, at=clock.now())]


async def test_facts_of_refreshing_without_and_with_the_devices_key(
    api: Api, database: Database, verifier: TokenVerifier, clock: ControlledClock
) -> None:
    await api.register()
    pair, claims = await signed_in(api, verifier)
    started_at, device = clock.now(), Es256Device()
    assert (await register_key(api, pair["access_token"], device)).status_code == 201
    async with recording(database) as record:
        await api.refresh(pair["refresh_token"])
        for _ in range(2):
            device_proof = dpop(device, at=clock.now())
            assert (await api.refresh(pair["refresh_token"], proofs=[device_proof])).status_code == 200
    bearer = {name: value for name, value in user(claims).items() if name not in {"authenticated_at", "methods"}}
    rest: dict[str, Any] = {"by": bearer, "at": clock.now(), "related": [claims.subject_id, claims.device_id]}
    resource, first, second = ("session", claims.session_id), state(started_at), state(started_at, generation=2)
    # The retry changes nothing in the session, but its proof is used up.
    assert record.facts == [
        fact("identity.session.refresh_refused", resource, reason="device_proof_missing", **rest),
        fact("identity.session.refresh", resource, before=first, after=second, **rest),
        fact("identity.session.refresh", resource, before=second, after=second, **rest),
    ]
    assert record.events == []


async def test_facts_of_a_removed_factor_withdrawn_from_a_remaining_session(
    api: Api, database: Database, verifier: TokenVerifier, clock: ControlledClock
) -> None:
    started_at, claims = clock.now(), await verifier.verify(token := await api.signed_in())
    app = await second_factor(api, token, clock)
    clock.advance(seconds=60)
    stepped = await api.post("/auth/step-up", {"password": PASSWORD, "code": app.code()}, token=token)
    fresh = stepped.json()["data"]["access_token"]
    async with recording(database) as record:
        await api.delete("/auth/factors/totp", token=fresh)
    assert record.facts[0] == fact(
        "identity.session.withdraw_proof",
        ("session", claims.session_id),
        by=user(await verifier.verify(fresh)),
        at=clock.now(),
        before=state(started_at, methods=("pwd", "otp", "mfa")),
        after=state(started_at),
        related=[claims.subject_id, claims.device_id],
    )


async def test_facts_of_overdue_sessions(
    api: Api, database: Database, settings: IdentitySettings, verifier: TokenVerifier, clock: ControlledClock
) -> None:
    await api.register()
    _, claims = await signed_in(api, verifier)
    started_at = clock.now()
    clock.advance(days=1)
    async with recording(database) as record:
        assert await EndOverdueSessions(unit_of_work(settings, database), clock, timedelta(days=1))() == 1
    assert record.facts == [
        fact(
            "identity.session.end",
            ("session", claims.session_id),
            by=IDENTITY,
            at=clock.now(),
            before=state(started_at),
            after=state(started_at, live=False),
            reason="idle",
            related=[claims.subject_id, claims.device_id],
        )
    ]
    assert record.events == [ended(claims, "idle", at=clock.now())]


async def test_facts_of_stepping_up(api: Api, database: Database, verifier: TokenVerifier, clock: ControlledClock) -> None:
    claims = await verifier.verify(token := await api.signed_in())
    app = await second_factor(api, token, clock)
    clock.advance(seconds=60)
    async with recording(database) as record:
        await api.post("/auth/step-up", {"password": PASSWORD, "code": app.code()}, token=token)
    rest: dict[str, Any] = {"by": user(claims), "at": clock.now()}
    assert record.facts == [
        fact("identity.user.second_factor_shown", ("user", claims.subject_id), after={"factor": "totp"}, **rest),
        fact(
            "identity.session.step_up",
            ("session", claims.session_id),
            before={"methods": ["pwd"]},
            after={"methods": ["pwd", "otp", "mfa"]},
            related=[claims.subject_id, claims.device_id],
            **rest,
        ),
    ]


async def test_facts_of_devices_that_are_named_and_revoked(
    api: Api, database: Database, verifier: TokenVerifier, clock: ControlledClock
) -> None:
    await api.signed_in()
    _, theirs = await signed_in(api, verifier, device_id=str(uuid4()))
    pair, claims = await signed_in(api, verifier)
    path, token = f"/devices/{theirs.device_id}", pair["access_token"]
    async with recording(database) as record:
        await api.patch(path, {"name": "Telephone"}, token=token)
        async with database.read() as connection:
            sealed = (await connection.execute(text("SELECT name FROM devices WHERE name IS NOT NULL"))).scalar_one()
        for _ in range(2):
            await api.delete(path, token=token)
    rest: dict[str, Any] = {"by": user(claims), "at": clock.now()}
    plain = {"name_digest": None, "revoked": False}
    named = {"name_digest": sha256(sealed.encode()).hexdigest()[:16], "revoked": False}
    gone = {**named, "revoked": True}
    resource, owner = ("device", theirs.device_id), [theirs.subject_id]
    assert record.facts == [
        fact("identity.device.change", resource, before=plain, after=named, related=owner, **rest),
        fact(
            "identity.session.end",
            ("session", theirs.session_id),
            before=state(clock.now()),
            after=state(clock.now(), live=False),
            reason="device_revoked",
            related=[theirs.subject_id, theirs.device_id],
            **rest,
        ),
        fact("identity.device.revoke", resource, before=named, after=gone, related=owner, **rest),
    ]
    assert record.events == [ended(theirs, "device_revoked", at=clock.now())]


async def test_facts_of_unlocking(
    api: Api, database: Database, verifier: TokenVerifier, clock: ControlledClock, fakes: Fakes
) -> None:
    user_id = (await api.register()).json()["data"]["id"]
    fakes.roles.roles = ("admin",)
    claims = await verifier.verify(token := await api.signed_in(email="admin@example.na", phone="+264811234562"))
    async with recording(database) as record:
        await api.post(f"/users/{user_id}/unlock", {"reason": "Called from the number on file"}, token=token)
    rest: dict[str, Any] = {"by": user(claims), "at": clock.now(), "reason": "Called from the number on file"}
    assert record.facts == [fact("identity.user.unlock", ("user", user_id), **rest)]


async def test_facts_of_sessions_ended_for_their_user(
    api: Api, database: Database, verifier: TokenVerifier, clock: ControlledClock
) -> None:
    """One session from another device, then all: each with its own fact and event."""
    await api.register()
    _, first = await signed_in(api, verifier, device_id=str(uuid4()))
    _, second = await signed_in(api, verifier, device_id=str(uuid4()))
    pair, claims = await signed_in(api, verifier, password=PASSWORD)
    async with recording(database) as record:
        await api.delete(f"/sessions/{first.session_id}", token=pair["access_token"])
        await api.post("/auth/logout-all", {"keep_current": True}, token=pair["access_token"])
    assert record.facts == [
        fact(
            "identity.session.end",
            ("session", each.session_id),
            by=user(claims),
            at=clock.now(),
            before=state(clock.now()),
            after=state(clock.now(), live=False),
            reason=reason,
            related=[each.subject_id, each.device_id],
        )
        for each, reason in ((first, "revoked"), (second, "signed_out_everywhere"))
    ]
    assert record.events == [
        ended(first, "revoked", at=clock.now()),
        ended(second, "signed_out_everywhere", at=clock.now()),
    ]


async def test_a_repeated_act_leaves_no_fact(api: Api, database: Database, verifier: TokenVerifier) -> None:
    """A session that has ended is not ended again, for any reason."""
    await api.register()
    _, there = await signed_in(api, verifier, device_id=str(uuid4()))
    pair, here = await signed_in(api, verifier)
    token = pair["access_token"]

    async def everything(again: bool) -> None:
        assert (await api.delete(f"/sessions/{there.session_id}", token=token)).status_code == 204
        assert (await api.post("/auth/logout-all", {"keep_current": True}, token=token)).status_code == 200
        assert (await api.patch(f"/devices/{here.device_id}", {"name": "Desk"}, token=token)).status_code == 200
        assert (await api.delete(f"/devices/{there.device_id}", token=token)).status_code == 204
        if again:
            assert (await api.post("/auth/logout", token=token)).status_code == 200
            for path in (f"/sessions/{here.session_id}", f"/sessions/{there.session_id}"):
                assert (await api.delete(path, token=token)).status_code == 204
            assert (await api.post("/auth/logout", token=token)).status_code == 200

    async with recording(database) as record:
        await everything(again=False)
    assert record.actions == ["identity.session.end", "identity.device.change", "identity.device.revoke"]
    async with recording(database) as record:
        await everything(again=True)
    assert (record.actions, [each["session_id"] for each in record.events]) == (["identity.session.end"], [str(here.session_id)])


async def test_facts_of_the_organization_that_a_session_acts_for(
    api: Api, database: Database, verifier: TokenVerifier, clock: ControlledClock, fakes: Fakes
) -> None:
    await api.register()
    pair, claims = await signed_in(api, verifier)
    organization = uuid4()
    fakes.roles.memberships[UUID(claims.subject_id)] = frozenset({organization})
    path, alone, owner = (
        f"/sessions/{claims.session_id}/organization",
        {"organization_id": None},
        [claims.subject_id, claims.device_id],
    )
    acting = {"organization_id": str(organization)}
    async with recording(database) as record:
        await api.client.put(f"/api/v1{path}", json=acting, headers={"Authorization": f"Bearer {pair['access_token']}"})
        fakes.roles.memberships.clear()
        clock.advance(seconds=20)
        await api.post("/auth/step-up", {"password": PASSWORD}, token=pair["access_token"])
    set_, _step_up, left = record.facts
    assert set_ == fact(
        "identity.session.set_organization",
        ("session", claims.session_id),
        by=user(claims),
        at=clock.now() - timedelta(seconds=20),
        before=alone,
        after=acting,
        related=[*owner, organization],
    )
    assert left == fact(
        "identity.session.leave_organization",
        ("session", claims.session_id),
        by=user(claims),
        at=clock.now(),
        before=acting,
        after=alone,
        reason="membership_ended",
        related=owner,
    )
    assert record.events == []
