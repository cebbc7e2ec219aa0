"""The export: all data that is stored about a person, for that person only, without secrets."""

import json
import re
from datetime import timedelta
from typing import Any

import httpx
import pytest

from chassis.auth import TokenVerifier
from chassis.persistence.database import Database
from chassis.testing.clocks import ControlledClock
from elcorp.compliance.v1 import events_pb2 as compliance
from identity.application import Identity
from identity.infrastructure.sql.user_data import _SECTIONS
from services.identity.tests.contract.api import PASSWORD, Api, own_id
from services.identity.tests.contract.authenticator import Authenticator
from services.identity.tests.contract.authenticator_app import App
from services.identity.tests.contract.devices import Ed25519Device, register_key
from services.identity.tests.contract.mailbox import sent
from services.identity.tests.contract.outbox import published
from services.identity.tests.fakes import Fakes

NDAPEWA = {"organization": "Kunene Traders", "username": "ndapewa"}


async def test_the_export_has_everything_stored_about_the_person(api: Api, database: Database) -> None:
    token = await api.signed_in(**NDAPEWA)
    user_id = await own_id(api, token)
    await api.post("/wallet-addresses", {"label": "Rent"}, token=token)
    await register_key(api, token, Ed25519Device())
    await api.patch(f"/devices/{api.device_id}", {"name": "Telephone"}, token=token)
    answer = await api.post(f"/users/{user_id}/data-export", token=token)
    assert answer.status_code == 200, answer.text
    data = answer.json()["data"]
    assert data["profile"] == {
        "full_name": "Ndapewa Shikongo",
        "email": "ndapewa@example.na",
        "phone": "+264811234567",
        "organization": "Kunene Traders",
    }
    assert (data["account"]["id"], data["account"]["username"]) == (user_id, "ndapewa")
    assert [each["label"] for each in data["wallet_addresses"]] == [None, "Rent"]
    assert [(each["device_id"], each["name"]) for each in data["devices"]] == [(str(api.device_id), "Telephone")]
    assert [each["device_id"] for each in data["sessions"]] == [str(api.device_id)]
    assert [each["algorithm"] for each in data["device_keys"]] == ["Ed25519"]
    assert data["consents"][0]["agreed_at"]
    assert {each["template"] for each in data["messages"]} >= {"verify_email", "device_key_added"}
    assert data["audit_trail"] == f"/api/v1/audit/trails/{user_id}"
    assert answer.headers["cache-control"] == "no-store"
    assert (await sent(database))[-1] == "data_exported"
    facts = [fact.action for message, _ in await published(database, compliance.AuditFactsRecorded) for fact in message.facts]
    assert facts.count("identity.user.export") == 1


async def test_each_section_is_complete_and_in_order(api: Api, clock: ControlledClock, verifier: TokenVerifier) -> None:
    """Without other people's data. Each step has its own time, and the oldest row is written last."""
    times = [f"{clock.now() + timedelta(seconds=10 * step):%Y-%m-%dT%H:%M:%SZ}" for step in range(12)]
    until = [time.replace("03-21", "03-28") for time in times]
    telephone, keys = "0198a1f0-1c1e-7b43-9d0c-3f2a5f1f7a10", [Ed25519Device(), Ed25519Device()]

    async def register(device: Ed25519Device) -> str:
        return str((await register_key(api, token, device)).json()["data"]["id"])

    user_id = (await api.register(**NDAPEWA)).json()["data"]["id"]
    stranger = await api.signed_in(email="other@example.na", phone="+264811234569")
    await api.post("/wallet-addresses", {"label": "Not hers"}, token=stranger)
    clock.advance(seconds=10)
    first = (await api.login(device_id=telephone)).json()["data"]
    clock.advance(seconds=10)
    token = (await api.login()).json()["data"]["access_token"]
    sessions = [str((await verifier.verify(each)).session_id) for each in (first["access_token"], token)]
    home = (await api.get("/users/me", token=token)).json()["data"]["wallet_address"]
    clock.advance(seconds=10)
    rent = (await api.post("/wallet-addresses", {"currency": "ELC", "label": "Rent"}, token=token)).json()["data"]["address"]
    clock.advance(seconds=10)
    await api.delete(f"/wallet-addresses/{rent}", token=token)
    await api.patch(f"/wallet-addresses/{home}", {"label": "Home"}, token=token)
    clock.advance(seconds=10)
    key_ids = [await register(keys[0])]
    clock.advance(seconds=10)
    key_ids.append(await register(keys[1]))
    await api.delete(f"/device-keys/{key_ids[1]}", token=token)
    clock.advance(seconds=10)
    await api.patch(f"/devices/{telephone}", {"name": "Telephone"}, token=token)
    clock.advance(seconds=10)
    await api.refresh(first["refresh_token"], device_id=telephone)
    clock.advance(seconds=10)
    code = (await api.post("/users/me/phone", {"phone": "+264811234567"}, token=token)).json()["data"]
    clock.advance(seconds=10)
    await api.verify(code["verification_id"], channel="phone")
    await api.delete(f"/devices/{telephone}", token=token)
    clock.advance(seconds=10)
    fresh = (await api.post("/auth/step-up", {"password": PASSWORD}, token=token)).json()["data"]["access_token"]
    data = (await api.post(f"/users/{user_id}/data-export", token=fresh)).json()["data"]

    queued = [each.pop("queued_at") for each in data["messages"]]
    assert (len([each.pop("id") for each in data["messages"]]), queued) == (5, sorted(queued, reverse=True))
    created = [(each.pop("created_at"), each.pop("occurred_at")) for each in data["notices"]]
    assert (len([each.pop("id") for each in data["notices"]]), created) == (3, sorted(created, reverse=True))
    here = {"address": "198.51.100.7", "user_agent": f"python-httpx/{httpx.__version__}"}
    device: dict[str, Any] = {"name": None, "revoked_at": None}
    key: dict[str, Any] = {"device_id": str(api.device_id), "algorithm": "Ed25519", "revoked_at": times[6]}
    assert data == {
        "exported_at": times[11],
        "account": {
            "id": user_id,
            "username": "ndapewa",
            "status": "active",
            "initial_role": "user",
            "registered_at": times[0],
            "last_sign_in_at": times[2],
            "email_verified_at": times[0],
            "phone_verified_at": times[10],
            "password_changed_at": times[0],
            "second_factor_since": None,
        },
        "profile": {
            "full_name": "Ndapewa Shikongo",
            "email": "ndapewa@example.na",
            "phone": "+264811234567",
            "organization": "Kunene Traders",
        },
        "consents": [{"what": "terms", "agreed_at": times[0]}],
        "wallet_addresses": [
            {"address": home, "currency": "NAD", "issued_at": times[0], "retired_at": None, "label": "Home"},
            {"address": rent, "currency": "ELC", "issued_at": times[3], "retired_at": times[4], "label": "Rent"},
        ],
        "devices": [
            {
                **device,
                "device_id": telephone,
                "name": "Telephone",
                "first_seen_at": times[1],
                "last_seen_at": times[1],
                "revoked_at": times[10],
            },
            {**device, "device_id": str(api.device_id), "first_seen_at": times[2], "last_seen_at": times[2]},
        ],
        "device_keys": [
            {**key, "id": key_ids[0], "public_key": keys[0].public.hex(), "registered_at": times[5], "revoke_reason": "replaced"},
            {**key, "id": key_ids[1], "public_key": keys[1].public.hex(), "registered_at": times[6], "revoke_reason": "asked"},
        ],
        "sessions": [
            {
                "id": sessions[1],
                "device_id": str(api.device_id),
                "methods": ["pwd"],
                "authenticated_at": times[11],
                "earlier_proofs": [],
                "started_from": here,
                "seen_from": None,
                "started_at": times[2],
                "refreshed_at": None,
                "expires_at": until[2],
                "ended_at": None,
                "end_reason": None,
            },
            {
                "id": sessions[0],
                "device_id": telephone,
                "methods": ["pwd"],
                "authenticated_at": times[1],
                "earlier_proofs": [],
                "started_from": here,
                "seen_from": here,
                "started_at": times[1],
                "refreshed_at": times[8],
                "expires_at": until[1],
                "ended_at": times[10],
                "end_reason": "device_revoked",
            },
        ],
        "verifications": [
            {
                "purpose": "registration",
                "created_at": times[0],
                "expires_at": times[0].replace("08:00", "08:10"),
                "used_at": times[0],
            },
            {"purpose": "phone", "created_at": times[9], "expires_at": times[9].replace("08:01", "08:11"), "used_at": times[10]},
        ],
        "messages": [
            {"template": template, "delivered_at": None, "failed_at": None}
            for template in ("verify_phone", "device_key_added", "device_key_added", "new_device", "verify_email")
        ],
        "notices": [
            {"template": f"identity.{template}", "group": "security", "facts": facts, "read_at": None, "mailed_at": None}
            for template, facts in (
                ("device_key_added", {}),
                ("device_key_added", {}),
                ("new_device", {"address": "198.51.100.7", "time": "2026-03-21 08:00 UTC"}),
            )
        ],
        "notice_preferences": {"language": "en", "channels": {}, "quiet_hours": None, "summary": ["daily", 7, 0]},
        **{name: [] for name in ("authenticator_apps", "backup_codes", "passkeys", "password_resets")},
        **{name: [] for name in ("email_undos", "recovery_requests")},
        "audit_trail": f"/api/v1/audit/trails/{user_id}",
    }


async def test_factors_resets_and_requests_are_exported_completely(api: Api, clock: ControlledClock) -> None:
    times = [f"{clock.now() + timedelta(seconds=60 * step):%Y-%m-%dT%H:%M:%SZ}" for step in range(8)]
    token, authenticator = await api.signed_in(), Authenticator()
    user_id = await own_id(api, token)
    begun = (await api.post("/auth/factors/passkeys/options", token=token)).json()["data"]
    body = {"ceremony_id": begun["ceremony_id"], "name": "Laptop", "credential": authenticator.create(begun["options"])}
    passkey_id = (await api.post("/auth/factors/passkeys", body, token=token)).json()["data"]["id"]
    clock.advance(seconds=60)
    begun = (await api.post("/auth/step-up/options", token=token)).json()["data"]
    assertion = {"ceremony_id": begun["ceremony_id"], "credential": authenticator.get(begun["options"])}
    token = (await api.post("/auth/step-up", {"passkey": assertion}, token=token)).json()["data"]["access_token"]
    secret = (await api.post("/auth/factors/totp", token=token)).json()["data"]["secret"]
    clock.advance(seconds=60)
    app = App(secret, token, (), clock)
    confirmed = await api.post("/auth/factors/totp/confirm", {"code": app.code()}, token=token)
    codes = confirmed.json()["data"]["backup_codes"]
    for _ in range(2):
        clock.advance(seconds=60)
        await api.post("/auth/password-reset", {"email": "ndapewa@example.na"})
    clock.advance(seconds=60)
    # On another device, so that this session continues.
    challenge = (await api.login(device_id="0198a1f0-1c1e-7b43-9d0c-3f2a5f1f7a10")).json()["data"]["challenge"]
    asked = (await api.post("/auth/recovery", {"challenge": challenge, "reason": "broken"})).json()["data"]["id"]
    token = (await api.post("/auth/step-up", {"password": PASSWORD, "code": codes[0]}, token=token)).json()["data"][
        "access_token"
    ]
    data = (await api.post(f"/users/{user_id}/data-export", token=token)).json()["data"]
    code = {"created_at": times[2], "used_at": None}
    assert data["account"]["second_factor_since"] == times[0]
    assert data["authenticator_apps"] == [{"created_at": times[1], "confirmed_at": times[2]}]
    assert data["backup_codes"] == [{**code, "used_at": times[5]}, *[code] * 9]
    assert data["passkeys"] == [
        {
            "id": passkey_id,
            "name": "Laptop",
            "backed_up": False,
            "created_at": times[0],
            "last_used_at": times[1],
            "flagged_at": None,
        }
    ]
    # Only the newest link is valid.
    assert data["password_resets"] == [
        {"created_at": times[3], "expires_at": times[3].replace("08:03", "08:13"), "used_at": times[4]},
        {"created_at": times[4], "expires_at": times[4].replace("08:04", "08:14"), "used_at": None},
    ]
    undecided = {"confirmed_at": None, "decided_at": None, "decision_reason": None}
    assert data["recovery_requests"] == [
        {"id": asked, "reason": "broken", "status": "pending", "requested_at": times[5], **undecided}
    ]


async def test_no_secret_is_exported(api: Api) -> None:
    token = await api.signed_in(**NDAPEWA)
    await api.post("/auth/factors/totp", token=token)
    text = json.dumps((await api.post(f"/users/{await own_id(api, token)}/data-export", token=token)).json())
    assert not re.search(r"argon2|password_hash|digest|sealed|wrapped|secret|_index|eyJ|elr_", text)


async def test_only_the_person_and_staff_with_a_recent_sign_in_may_export(api: Api, fakes: Fakes, clock: ControlledClock) -> None:
    user_id = (await api.register()).json()["data"]["id"]
    other = await api.signed_in(email="johannes@example.na", phone="+264811234568")
    assert (await api.post(f"/users/{user_id}/data-export", token=other)).status_code == 404
    fakes.roles.roles = ("admin",)
    admin = await api.signed_in(email="boss@example.na", phone="+264811234569")
    assert (await api.post(f"/users/{user_id}/data-export?reason=complaint+4711", token=admin)).status_code == 200
    clock.advance(seconds=301)
    answer = await api.post(f"/users/{user_id}/data-export?reason=complaint+4711", token=admin)
    assert (answer.status_code, answer.json()["code"]) == (401, "AUTH_005")


async def test_a_restricted_person_is_not_exported(api: Api, identity: Identity) -> None:
    token = await api.signed_in()
    user_id = await own_id(api, token)
    await api.post(f"/users/{user_id}/erasure", {}, token=token)
    assert (await api.post(f"/users/{user_id}/data-export", token=token)).status_code == 404


async def test_every_table_with_personal_data_has_a_section(database: Database) -> None:
    """A new table must be exported, or listed here as having nothing for the person."""
    elsewhere = {
        "profiles",
        "subject_keys",
        # One row, exported beside the profile.
        "notice_preferences",
        # Hashes, tries and challenges: secret, and meaningless to the person.
        "password_history",
        "second_factor_failures",
        "sign_in_challenges",
        "passkey_ceremonies",
        # A view of profiles: the users whose address an earlier release folded.
        "emails_stored_folded",
        # Which staff member required a new password; the audit log says that one was required.
        "required_resets",
        # Read by its own id.
        "erasures",
    }
    async with database.read() as connection:
        query = """
            SELECT DISTINCT table_name FROM information_schema.columns
            WHERE table_schema = 'public' AND column_name IN ('user_id', 'subject_id')
        """
        tables = set((await connection.exec_driver_sql(query)).scalars())
    exported = {re.search(r"FROM (\w+)", str(query))[1] for query in _SECTIONS.values()}  # type: ignore[index]
    assert tables == exported | elsewhere


@pytest.mark.parametrize("section", _SECTIONS)
async def test_no_exported_section_has_a_secret_column(section: str) -> None:
    columns = str(_SECTIONS[section]).split("FROM", maxsplit=1)[0]
    assert not re.search(r"digest|hash|secret|sealed|credential_id|challenge|index|pending", columns)
