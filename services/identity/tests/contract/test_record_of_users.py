"""The audit facts of users, and the events with them, with every field."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from chassis.auth import TokenVerifier
from chassis.persistence.database import Database
from chassis.testing.clocks import ControlledClock
from identity.application import Identity
from identity.application.registration.purge_codes import PurgeCodes
from identity.application.users.unfold_email import UnfoldEmail
from identity.infrastructure.contact_parsing import ContactParser
from identity.settings import IdentitySettings
from identity.wiring.adapters import unit_of_work
from kernel.actor import Actor
from services.identity.tests.contract.api import PASSWORD, Api
from services.identity.tests.contract.mailbox import mail
from services.identity.tests.contract.outbox import ANONYMOUS, IDENTITY, Whole, event, fact, recording, user
from services.identity.tests.fakes import Fakes

NEW_PASSWORD = "Kavango-Morning-63?*"
REASON = "Reported as stolen"
Token = Callable[..., Awaitable[str]]


@pytest.fixture
def administrator(api: Api, fakes: Fakes) -> Token:
    """Return the token of an administrator."""

    async def token() -> str:
        fakes.roles.roles = ("admin",)
        token = await api.signed_in(email="admin@example.na", phone="+264811234562")
        fakes.roles.roles = ("user",)
        return token

    return token


def code_fact(action: str, code: dict[str, Any], user_id: object, **rest: Any) -> Whole:
    after = {"purpose": "registration", "tries": 0, "sends": 1, "used": False, **rest.pop("after", {})}
    resource = ("verification", code["verification_id"])
    return fact(action, resource, after=after, related=[user_id], **rest)


async def test_facts_of_a_registration(api: Api, database: Database, clock: ControlledClock) -> None:
    async with recording(database) as record:
        code = (await api.request_registration()).json()["data"]
        await api.verify(code["verification_id"], code="000000")
        await api.post("/auth/verify-email/resend", {"verification_id": code["verification_id"]})
        made = (await api.verify(code["verification_id"])).json()["data"]
    user_id, address = made["id"], made["wallet_address"]
    rest: dict[str, Any] = {"by": ANONYMOUS, "at": clock.now()}
    account = {"status": "active", "initial_role": "user", "wallet_address": address, "agreed_terms": True}
    assert record.facts == [
        code_fact("identity.registration.request", code, user_id, **rest),
        code_fact("identity.verification.refuse", code, user_id, after={"tries": 1}, **rest),
        code_fact("identity.verification.renew", code, user_id, after={"sends": 2}, **rest),
        fact("identity.user.register", ("user", user_id), after=account, related=[address], **rest),
        code_fact("identity.verification.accept", code, user_id, after={"tries": 1, "sends": 2, "used": True}, **rest),
    ]
    body = {"user_id": user_id, "wallet_address": address, "initial_role": "user"}
    assert record.events == [event("identity.user.registered", user_id, at=clock.now(), **body)]


@pytest.mark.parametrize(("channel", "contact"), [("email", "new@example.na"), ("phone", "+264811234569")])
async def test_facts_of_a_changed_contact(
    api: Api, database: Database, verifier: TokenVerifier, clock: ControlledClock, channel: str, contact: str
) -> None:
    claims = await verifier.verify(token := await api.signed_in())
    async with recording(database) as record:
        code = (await api.post(f"/users/me/{channel}", {channel: contact}, token=token)).json()["data"]
        await api.verify(code["verification_id"], channel=channel)
    accepted = {"purpose": channel, "tries": 1, "used": True}
    after = {"can_be_undone": True, "sessions_ended": 0}
    changed = fact("identity.email.change", ("user", claims.subject_id), by=ANONYMOUS, at=clock.now(), after=after)
    assert record.facts == [
        code_fact(
            "identity.verification.request", code, claims.subject_id, by=user(claims), at=clock.now(), after={"purpose": channel}
        ),
        *([changed] if channel == "email" else []),
        code_fact("identity.verification.accept", code, claims.subject_id, by=ANONYMOUS, at=clock.now(), after=accepted),
    ]
    assert record.events == []


async def test_facts_of_a_number_that_another_user_verified(
    api: Api, database: Database, verifier: TokenVerifier, clock: ControlledClock
) -> None:
    typed = await verifier.verify(await api.signed_in(email="typed@example.na"))
    claims = await verifier.verify(token := await api.signed_in())
    code = (await api.post("/users/me/phone", {"phone": "+264811234567"}, token=token)).json()["data"]
    async with recording(database) as record:
        await api.verify(code["verification_id"], channel="phone")
    accepted = {"purpose": "phone", "tries": 1, "used": True}
    rest: dict[str, Any] = {"by": ANONYMOUS, "at": clock.now()}
    removed = fact(
        "identity.user.remove_phone",
        ("user", typed.subject_id),
        before={"version": 1},
        after={"version": 2, "changed": ["phone"]},
        reason="verified_by_another",
        related=[code["verification_id"]],
        **rest,
    )
    assert record.facts == [
        removed,
        code_fact("identity.verification.accept", code, claims.subject_id, after=accepted, **rest),
    ]


async def test_facts_of_an_undone_change_of_email(
    api: Api, identity: Identity, database: Database, verifier: TokenVerifier, clock: ControlledClock
) -> None:
    claims = await verifier.verify(token := await api.signed_in())
    pending = (await api.post("/users/me/email", {"email": "new@example.na"}, token=token)).json()["data"]
    await api.verify(pending["verification_id"])
    link = str((await mail(database))[-1].facts["undo_link"]).partition("#token=")[2]
    clock.advance(seconds=60)
    async with recording(database) as record:
        for password in ("Not-the-one-7!", PASSWORD):
            await api.post("/auth/email-change/undo", {"token": link, "password": password})
    resource = ("user", claims.subject_id)
    async with database.read() as connection:
        undo_id = (await connection.execute(text("SELECT id FROM email_undos"))).scalar_one()
    refused, ended, undone = record.facts
    assert refused == fact("identity.email.undo_refused", resource, by=ANONYMOUS, at=clock.now(), reason="wrong_password")
    assert (ended["action"], ended["resource_id"], ended["reason"]) == (
        "identity.session.end",
        str(claims.session_id),
        "email_changed",
    )
    after = {"sessions_ended": 1, "passkeys_removed": 0, "device_keys_revoked": 0, "second_factor": False}
    assert undone == fact("identity.email.undo", resource, by=ANONYMOUS, at=clock.now(), after=after, related=[undo_id])


async def test_facts_of_an_address_that_was_stored_folded(
    api: Api, settings: IdentitySettings, database: Database, verifier: TokenVerifier, clock: ControlledClock
) -> None:
    claims = await verifier.verify(await api.signed_in())
    uow = unit_of_work(settings, database)
    async with database.engine.begin() as connection:
        await connection.execute(text("UPDATE profiles SET email_as_given = false"))
        await connection.execute(text("UPDATE users SET email_verified_at = NULL"))
    async with recording(database) as record:
        await UnfoldEmail(uow, ContactParser(), clock)(
            actor=Actor.service("identity"), user_id=UUID(claims.subject_id), email="Ndapewa@example.na", reason=REASON
        )
    resource = ("user", claims.subject_id)
    assert record.facts == [fact("identity.email.unfold", resource, by=IDENTITY, at=clock.now(), reason=REASON)]
    assert record.events == []


async def test_facts_of_dropped_codes(api: Api, settings: IdentitySettings, database: Database, clock: ControlledClock) -> None:
    await api.request_registration()
    purge, resource = PurgeCodes(unit_of_work(settings, database), clock), ("verification", "expired")
    # They can be sent again for a day.
    for seconds, dropped in ((25 * 3600, 0), (1, 1)):
        clock.advance(seconds=seconds)
        async with recording(database) as record:
            await purge()
        after = {"dropped": dropped}
        assert record.facts == [fact("identity.verification.purge", resource, by=IDENTITY, at=clock.now(), after=after)]


async def test_facts_of_users_created_by_staff(
    api: Api, identity: Identity, database: Database, verifier: TokenVerifier, clock: ControlledClock, administrator: Token
) -> None:
    claims = await verifier.verify(token := await administrator())
    async with recording(database) as record:
        details = {"full_name": "Selma Nangolo", "email": "selma@example.na"}
        made = (await api.post("/users", details, token=token)).json()["data"]
        first = await identity.users.create_administrator(email="boss@example.na", password=None, only_first=True)
    assert first
    (_, boss), (registered, followed) = record.facts, record.events
    user_id, address = made["id"], made["wallet_address"]
    account = {"status": "active", "initial_role": "user", "wallet_address": address, "agreed_terms": False}
    of_boss = {**account, "initial_role": "admin", "wallet_address": followed["wallet_address"]}
    register = "identity.user.register"
    assert record.facts == [
        fact(register, ("user", user_id), by=user(claims), at=clock.now(), after=account, related=[address]),
        fact(register, ("user", first.user_id), by=IDENTITY, at=clock.now(), after=of_boss, related=[followed["wallet_address"]]),
    ]
    assert boss["related_ids"] != [address]
    body = {"user_id": user_id, "wallet_address": address, "initial_role": "user"}
    assert registered == event("identity.user.registered", user_id, at=clock.now(), **body)
    body = {"user_id": str(first.user_id), "wallet_address": followed["wallet_address"], "initial_role": "admin"}
    assert followed == event("identity.user.registered", first.user_id, at=clock.now(), **body)


async def test_facts_of_changed_details(api: Api, database: Database, verifier: TokenVerifier, clock: ControlledClock) -> None:
    claims = await verifier.verify(token := await api.signed_in())
    async with recording(database) as record:
        for body in ({"full_name": "Ndapewa Meameno", "organization": "Namib Mills"}, {"full_name": "Ndapewa Meameno"}):
            assert (await api.patch(f"/users/{claims.subject_id}/profile", body, token=token)).status_code == 200
    after = {"version": 2, "changed": ["full_name", "organization"]}
    resource, before = ("user", claims.subject_id), {"version": 1}
    assert record.facts == [fact("identity.user.update", resource, by=user(claims), at=clock.now(), before=before, after=after)]
    assert record.events == []


async def test_facts_of_a_changed_username(
    api: Api, database: Database, verifier: TokenVerifier, clock: ControlledClock, administrator: Token
) -> None:
    user_id = (await api.register()).json()["data"]["id"]
    claims = await verifier.verify(token := await administrator())
    async with recording(database) as record:
        assert (await api.patch_another(user_id, {"username": "ndapewa"}, token=token)).status_code == 200
    rest: dict[str, Any] = {"by": user(claims), "at": clock.now()}
    after = {"version": 2, "changed": ["username"]}
    changed = fact("identity.user.update", ("user", user_id), before={"version": 1}, after=after, **rest)
    # Read for its ETag, then changed and returned.
    assert record.facts == [profile_shown(user_id, **rest), changed, profile_shown(user_id, **rest)]


# The user's status before and after, and the reason for the end of their session.
CHANGES = [
    ("identity.user.suspend", "active", "suspended", "suspended"),
    ("identity.user.activate", "suspended", "active", None),
    ("identity.user.delete", "active", "deleted", "deleted"),
    ("identity.user.restore", "deleted", "active", None),
]


@pytest.mark.parametrize(("action", "before", "after", "ended"), CHANGES)
async def test_facts_of_a_changed_status(
    api: Api,
    database: Database,
    verifier: TokenVerifier,
    clock: ControlledClock,
    administrator: Token,
    action: str,
    before: str,
    after: str,
    ended: str | None,
) -> None:
    theirs = await verifier.verify(await api.signed_in())
    claims, user_id = await verifier.verify(token := await administrator()), theirs.subject_id

    async def change(verb: str, reason: str) -> int:
        if verb == "delete":
            return (await api.delete(f"/users/{user_id}?reason={reason}", token=token)).status_code
        return (await api.post(f"/users/{user_id}/{verb}", {"reason": reason}, token=token)).status_code

    for earlier in {"suspended": ["suspend"], "deleted": ["delete"]}.get(before, []):
        await change(earlier, "First")
    async with recording(database) as record:
        for _ in range(2):
            assert await change(action.rpartition(".")[2], REASON) in {200, 204}
    rest: dict[str, Any] = {"by": user(claims), "at": clock.now()}
    states: dict[str, Any] = {"before": {"status": before}, "after": {"status": after}, "reason": REASON}
    changed = fact(action, ("user", user_id), **rest, **states)
    # Each response except a deletion's has the profile; the second change had no effect.
    reads = [] if action == "identity.user.delete" else [profile_shown(user_id, **rest)] * 2
    assert record.facts == [*([session_ended(theirs, ended, **rest)] if ended else []), changed, *reads]
    body = {"user_id": user_id, "status": after, "reason": REASON, "version": "2" if before == "active" else "3"}
    published = event("identity.user.status_changed", user_id, at=clock.now(), **body)
    assert [each for each in record.events if each["type"] == "identity.user.status_changed"] == [published]
    assert len(record.events) == len(record.facts) - len(reads)


def profile_shown(user_id: str, **rest: Any) -> Whole:
    return fact("identity.user.read", ("read", f"read/{user_id}"), related=[user_id], **rest)


def session_ended(claims: Any, reason: str, **rest: Any) -> Whole:
    state = {"generation": 1, "expires_at": "2026-03-28T08:00:00+00:00", "methods": ["pwd"]}
    return fact(
        "identity.session.end",
        ("session", claims.session_id),
        before={"live": True, **state},
        after={"live": False, **state},
        reason=reason,
        related=[claims.subject_id, claims.device_id],
        **rest,
    )


async def test_facts_of_a_changed_password(
    api: Api, database: Database, verifier: TokenVerifier, clock: ControlledClock, fakes: Fakes
) -> None:
    await api.signed_in()
    elsewhere = await verifier.verify((await api.login(device_id=str(uuid4()))).json()["data"]["access_token"])
    claims = await verifier.verify(token := (await api.login()).json()["data"]["access_token"])
    path = f"/users/{claims.subject_id}/password"
    rest: dict[str, Any] = {"by": user(claims), "at": clock.now()}
    async with recording(database) as record:
        fakes.attempts.limit = 1
        for current in ("Wrong-Sunrise-47!", PASSWORD):
            await api.patch(path, {"current_password": current, "new_password": NEW_PASSWORD}, token=token)
        fakes.attempts.limit = 10
        await api.patch(path, {"current_password": PASSWORD, "new_password": NEW_PASSWORD}, token=token)
    resource = ("user", claims.subject_id)
    assert record.facts == [
        fact("identity.password.change_refused", resource, reason="wrong_password", **rest),
        fact("identity.password.change_refused", resource, reason="throttled", **rest),
        session_ended(elsewhere, "password_changed", **rest),
        fact("identity.password.change", resource, after={"sessions_ended": 1}, **rest),
    ]


async def test_facts_of_a_required_new_password(
    api: Api, database: Database, verifier: TokenVerifier, clock: ControlledClock, administrator: Token
) -> None:
    theirs = await verifier.verify(await api.signed_in())
    claims = await verifier.verify(token := await administrator())
    async with recording(database) as record:
        await api.post(f"/users/{theirs.subject_id}/password-reset", {"reason": "Phished"}, token=token)
    rest: dict[str, Any] = {"by": user(claims), "at": clock.now()}
    resource, after = ("user", theirs.subject_id), {"sessions_ended": 1}
    assert record.facts == [
        session_ended(theirs, "password_changed", **rest),
        fact("identity.password.require_reset", resource, after=after, reason="Phished", **rest),
    ]
