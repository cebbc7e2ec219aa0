"""Every field of identity's single-object responses, at times that differ."""

import re
from base64 import b64decode
from typing import Any
from uuid import UUID, uuid4

import pytest

from chassis.auth import TokenVerifier
from chassis.persistence.database import Database
from chassis.testing.clocks import ControlledClock
from identity.application import Identity
from identity.application.messages.deliver_message import DeliverMessage
from identity.infrastructure.delivery import MailboxOnly
from identity.infrastructure.erasure_receipts import verify_receipt
from identity.settings import IdentitySettings
from identity.wiring.adapters import unit_of_work
from services.identity.tests.contract.api import DETAILS, Api, own_id
from services.identity.tests.contract.authenticator_app import second_factor
from services.identity.tests.contract.erasures import ErasureSteps
from services.identity.tests.contract.mailbox import mail
from services.identity.tests.fakes import Fakes
from services.identity.tests.people import CODE
from services.identity.tests.stored import views_of

REASON = "Seen in person with their identity card"


def at(minute: int, *, day: int = 21, second: int = 0) -> str:
    return f"2026-03-{day}T08:{minute:02}:{second:02}Z"


async def test_registering_and_reading_the_own_account(api: Api, clock: ControlledClock, fakes: Fakes) -> None:
    fakes.roles.roles = ("user", "auditor")
    pending = (await api.request_registration(organization="Namib Mills", username="oryx")).json()["data"]
    verification_id = pending["verification_id"]
    assert pending == {"verification_id": verification_id, "expires_at": at(10)}
    clock.advance(seconds=60)
    resent = await api.post("/auth/verify-email/resend", {"verification_id": verification_id})
    assert (resent.status_code, resent.json()["data"]) == (202, {"accepted": True})
    clock.advance(seconds=60)
    made = (await api.verify(verification_id)).json()["data"]
    clock.advance(seconds=60)
    pair = (await api.login()).json()["data"]
    address = (await api.get("/wallet-addresses", token=pair["access_token"])).json()["data"]["items"][0]["address"]
    profile = {
        "full_name": DETAILS["full_name"],
        "email": DETAILS["email"],
        "phone": DETAILS["phone"],
        "organization": "Namib Mills",
        "email_verified_at": at(2),
        "phone_verified_at": None,
        "email_takes_mail": True,
    }
    account = {
        **profile,
        "id": made["id"],
        "username": "oryx",
        "status": "active",
        "wallet_address": address,
        "registered_at": at(2),
        "last_sign_in_at": at(3),
    }
    assert made == {"id": made["id"], "wallet_address": address}
    token = pair["access_token"]
    me = await api.get("/users/me", token=token)
    assert me.json()["data"] == {**account, "roles": ["auditor", "user"]}
    # The roles and the last sign-in are shown too, but do not change the version.
    assert re.fullmatch(r'"1\.[0-9a-f]{12}"', me.headers["etag"])
    read = await api.get(f"/users/{made['id']}/profile", token=token)
    assert (read.json()["data"], read.headers["etag"]) == (profile, '"1"')
    code = (await api.post("/users/me/phone", {"phone": DETAILS["phone"]}, token=token)).json()["data"]
    assert code == {"verification_id": code["verification_id"], "expires_at": at(13)}
    clock.advance(seconds=60)
    confirmed = (await api.verify(code["verification_id"], channel="phone")).json()["data"]
    assert confirmed == {"id": made["id"], "wallet_address": None}
    changed = await api.patch(f"/users/{made['id']}/profile", {"organization": None}, token=token)
    profile |= {"organization": None, "phone_verified_at": at(4)}
    assert (changed.json()["data"], changed.headers["etag"]) == (profile, '"3"')


async def test_a_user_created_by_staff(api: Api, clock: ControlledClock, fakes: Fakes) -> None:
    fakes.roles.roles = ("admin",)
    token = await api.signed_in()
    clock.advance(seconds=60)
    selma = {"full_name": "Selma Nangolo", "email": "selma@example.na", "phone": "+264811234560"}
    made = (await api.post("/users", {**selma, "organization": "Mills", "username": "Selma"}, token=token)).json()["data"]
    assert made == {"id": made["id"], "wallet_address": made["wallet_address"], "registered_at": at(1)}
    read = await api.get(f"/users/{made['id']}", token=token)
    assert re.fullmatch(r'"1\.[0-9a-f]{12}"', read.headers["etag"])
    assert read.json()["data"] == {
        **selma,
        **made,
        "organization": "Mills",
        "username": "selma",
        "status": "active",
        "email_takes_mail": True,
        "last_sign_in_at": None,
        "email_verified_at": None,
        "phone_verified_at": None,
    }


async def test_signing_in_with_two_factors(api: Api, clock: ControlledClock) -> None:
    await api.register()
    pair = (await api.login()).json()["data"]
    assert set(pair) == {"access_token", "refresh_token", "token_type", "expires_in", "device_token", "organization_id"}
    refreshed = (await api.refresh(pair["refresh_token"])).json()["data"]
    assert (set(refreshed), refreshed["device_token"]) == (set(pair), None)
    token = refreshed["access_token"]
    begun = await api.post("/auth/factors/totp", token=token)
    assert (begun.status_code, set(begun.json()["data"])) == (201, {"secret", "uri"})
    secret = begun.json()["data"]["secret"]
    assert begun.json()["data"]["uri"] == f"otpauth://totp/Elcorp:ndapewa%40example.na?secret={secret}&issuer=Elcorp"
    app = await second_factor(api, token, clock)
    assert len(set(app.backup_codes)) == 10
    clock.advance(seconds=60)
    asked = (await api.login()).json()["data"]
    expected: dict[str, Any] = {"mfa_required": True, "methods": ["totp", "backup_code"], "enrolment": False, "expires_in": 300}
    assert asked == {**expected, "challenge": asked["challenge"]}
    verified = (await api.post("/auth/login/verify", {"challenge": asked["challenge"], "code": app.code()})).json()["data"]
    assert (set(verified), verified["token_type"], verified["expires_in"]) == (set(pair), "Bearer", 900)
    token = verified["access_token"]
    factors = (await api.get("/auth/factors", token=token)).json()["data"]
    assert factors == {"totp_confirmed_at": at(0), "backup_codes_left": 10, "passkeys": []}
    stepped = (
        await api.post("/auth/step-up", {"password": DETAILS["password"], "code": app.backup_codes[3]}, token=token)
    ).json()["data"]
    assert (set(stepped), stepped["token_type"], stepped["expires_in"]) == (
        {"access_token", "token_type", "expires_in"},
        "Bearer",
        900,
    )
    assert (await api.get("/auth/factors", token=token)).json()["data"]["backup_codes_left"] == 9
    assert (await api.delete("/auth/factors/totp", token=token)).json()["data"] == {"removed": True}
    assert (await api.post("/auth/logout", token=token)).json()["data"] == {"signed_out": True}


@pytest.mark.parametrize(("approve", "status"), [(True, "approved"), (False, "rejected")])
async def test_recovery(
    api: Api, clock: ControlledClock, fakes: Fakes, verifier: TokenVerifier, approve: bool, status: str
) -> None:
    user_id = (await api.register()).json()["data"]["id"]
    await second_factor(api, (await api.login()).json()["data"]["access_token"], clock)
    fakes.roles.roles = ("admin",)
    admin = await second_factor(api, await api.signed_in(email="admin@example.na", phone="+264811234599"), clock)
    clock.advance(seconds=60)
    challenge = (await api.login(device_id=str(uuid4()))).json()["data"]["challenge"]
    asked = (await api.post("/auth/recovery", {"challenge": challenge, "reason": "stolen"})).json()["data"]
    verification_id = asked.pop("verification_id")
    assert asked.pop("code_expires_at") == at(11)
    assert asked == {"id": asked["id"], "status": "pending", "expires_at": at(1, day=28)}
    confirmation = {"verification_id": verification_id, "code": CODE}
    assert (await api.post("/auth/recovery/confirm", confirmation)).json()["data"] == {"confirmed": True}
    clock.advance(seconds=60)
    stepped = await api.post("/auth/step-up", {"password": DETAILS["password"], "code": admin.code()}, token=admin.token)
    token = stepped.json()["data"]["access_token"]
    waiting = {
        **asked,
        "user_id": user_id,
        "reason": "stolen",
        "requested_at": at(1),
        "confirmed_at": at(1),
        "decided_at": None,
        "decided_by": None,
        "decision_reason": None,
    }
    page = {"page": 1, "per_page": 20, "total": 1}
    for query in ("?reason=audit", "?status=pending", "?status=pending&confirmed=true"):
        assert (await api.get(f"/auth/recovery{query}", token=token)).json()["data"] == {"items": [waiting], **page}
    body = {"approve": approve, "reason": REASON}
    decided = (await api.post(f"/auth/recovery/{asked['id']}/decision", body, token=token)).json()["data"]
    by = (await verifier.verify(token)).subject_id
    after = {**waiting, "status": status, "decided_at": at(2), "decided_by": by, "decision_reason": REASON}
    assert decided == after
    assert (await api.get(f"/auth/recovery?status={status}&reason=audit", token=token)).json()["data"] == {
        "items": [after],
        **page,
    }
    assert (await api.get("/auth/recovery?status=pending", token=token)).json()["data"]["items"] == []


async def test_an_erasure_on_its_way(api: Api, clock: ControlledClock, erasure_steps: ErasureSteps) -> None:
    token = await api.signed_in()
    user_id = await own_id(api, token)
    clock.advance(seconds=60)
    asked = await api.post(f"/users/{user_id}/erasure", {}, token=token)
    erasure = {
        "id": asked.json()["data"]["id"],
        "status": "requested",
        "requested_at": at(1),
        "answered": [],
        "restricted_until": None,
        "erased_at": None,
        "receipt": None,
    }
    path = f"/erasures/{erasure['id']}"
    assert (asked.status_code, asked.json()["data"]) == (202, erasure)
    assert (await api.get(path)).json()["data"] == erasure
    clock.advance(seconds=60)
    until = clock.now().replace(minute=5)
    await erasure_steps.answer(str(erasure["id"]), "payments", "compliance", until=until)
    assert (await api.get(path)).json()["data"] == {**erasure, "answered": ["compliance", "payments"]}
    await erasure_steps.answer(str(erasure["id"]), "governance")
    erasure |= {"answered": ["compliance", "governance", "payments"], "status": "restricted", "restricted_until": at(5)}
    assert (await api.get(path)).json()["data"] == erasure
    clock.advance(seconds=179)
    assert await erasure_steps.carry_out() == 0
    clock.advance(seconds=1)
    assert await erasure_steps.carry_out() == 1
    done = (await api.get(path)).json()["data"]
    (key,) = (await api.get("/erasures/receipt-keys")).json()["data"]
    assert done == {**erasure, "status": "erased", "erased_at": at(5), "receipt": done["receipt"]}
    assert key == {"id": done["receipt"]["key_id"], "public_key": key["public_key"], "created_at": at(5)}
    assert verify_receipt(done["receipt"], b64decode(key["public_key"]))
    statement = done["receipt"]["statement"]
    answer = {"acknowledged_at": "2026-03-21T08:02:00+00:00", "retain_until": None}
    assert statement == {
        "type": "elcorp-erasure-receipt-v1",
        "erasure_id": erasure["id"],
        "user_id": user_id,
        "requested_at": "2026-03-21T08:01:00+00:00",
        "erased_at": "2026-03-21T08:05:00+00:00",
        "destroyed_key_sha256": statement["destroyed_key_sha256"],
        "acknowledgements": {
            "compliance": {**answer, "kept": ["compliance: something"], "retain_until": "2026-03-21T08:05:00+00:00"},
            "governance": {**answer, "kept": ["governance: something"]},
            "payments": {**answer, "kept": ["payments: something"]},
        },
    }


async def test_a_developers_mailbox(
    api: Api, identity: Identity, database: Database, settings: IdentitySettings, clock: ControlledClock
) -> None:
    token = await api.signed_in()
    await api.post("/users/me/phone", {"phone": DETAILS["phone"]}, token=token)
    await api.register(email="other@example.na", phone="+264811234560")
    deliver = DeliverMessage(
        unit_of_work(settings, database), views_of(database).messages, MailboxOnly(), clock, keep_content=True
    )
    first, second, third = await mail(database)
    for message in (second, first, third):
        await deliver(message_id=message.id)
    listed = {
        recipient: (await api.get(f"/dev/mailbox{recipient}")).json()["data"]["items"]
        for recipient in ("", "?recipient=ndapewa@example.na", "?recipient=%2B264811234567", "?recipient=nobody@example.na")
    }
    for each in listed[""]:
        assert each.pop("queued_at")
    for each in (*listed["?recipient=ndapewa@example.na"], *listed["?recipient=%2B264811234567"]):
        del each["queued_at"]
    usual: dict[str, Any] = {"template": "verify_email", "subject": "Elcorp: Confirm your e-mail address", "channel": "email"}
    usual |= {"facts": {"code": CODE}, "text": listed[""][0]["text"]}
    mails = [
        {**usual, "id": str(third.id), "to": "other@example.na"},
        {
            **usual,
            "id": str(second.id),
            "to": "+264811234567",
            "template": "verify_phone",
            "channel": "sms",
            "subject": "Confirm your telephone number",
            "text": f"Elcorp: Enter this code to confirm your number. Never share it with anyone. Code: {CODE}",
        },
        {**usual, "id": str(first.id), "to": "ndapewa@example.na"},
    ]
    assert listed == {
        "": mails,
        "?recipient=ndapewa@example.na": mails[2:],
        "?recipient=%2B264811234567": mails[1:2],
        "?recipient=nobody@example.na": [],
    }
    assert f"Code: {CODE}" in usual["text"]
    assert UUID(mails[0]["id"])
