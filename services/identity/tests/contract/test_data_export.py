"""Export: all that is held about a person, for that person, and no secret in it."""

import json
import re

import pytest

from chassis.database import Database
from chassis.testing.clocks import ControlledClock
from elcorp.compliance.v1 import events_pb2 as compliance
from identity.application import Identity
from identity.infrastructure.queries.privacy import _SECTIONS
from services.identity.tests.contract.api import Api
from services.identity.tests.contract.devices import Ed25519Device, proof
from services.identity.tests.contract.outbox import published
from services.identity.tests.contract.test_erasure import own_id
from services.identity.tests.contract.test_users import sent
from services.identity.tests.fakes import Surroundings

NDAPEWA = {"organization": "Kunene Traders", "username": "ndapewa"}


async def test_person_gets_all_that_is_held_about_them(api: Api, database: Database) -> None:
    token = await api.signed_in(**NDAPEWA)
    user_id = await own_id(api, token)
    await api.post("/wallet-addresses", {"label": "Rent"}, token=token)
    text = (await api.post("/device-keys/challenges", token=token)).json()["data"]["challenge"]
    await api.post("/device-keys", proof(Ed25519Device(), text), token=token)
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


async def test_no_secret_is_exported(api: Api) -> None:
    token = await api.signed_in(**NDAPEWA)
    await api.post("/auth/factors/totp", token=token)
    text = json.dumps((await api.post(f"/users/{await own_id(api, token)}/data-export", token=token)).json())
    assert not re.search(r"argon2|password_hash|digest|sealed|wrapped|secret|_index|eyJ|elr_", text)


async def test_who_may_export(api: Api, surroundings: Surroundings, clock: ControlledClock) -> None:
    user_id = (await api.register()).json()["data"]["id"]
    other = await api.signed_in(email="johannes@example.na", phone="+264811234568")
    assert (await api.post(f"/users/{user_id}/data-export", token=other)).status_code == 404
    surroundings.roles.roles = ("admin",)
    admin = await api.signed_in(email="boss@example.na", phone="+264811234569")
    assert (await api.post(f"/users/{user_id}/data-export", token=admin)).status_code == 200
    clock.advance(seconds=301)
    answer = await api.post(f"/users/{user_id}/data-export", token=admin)
    assert (answer.status_code, answer.json()["code"]) == (401, "AUTH_005")


async def test_restricted_person_is_exported_to_nobody(api: Api, identity: Identity) -> None:
    token = await api.signed_in()
    user_id = await own_id(api, token)
    await api.post(f"/users/{user_id}/erasure", {}, token=token)
    assert (await api.post(f"/users/{user_id}/data-export", token=token)).status_code == 404


async def test_every_table_about_a_person_has_its_section(database: Database) -> None:
    """A table that is added must be exported, or said here to hold nothing for the person."""
    elsewhere = {
        "profiles",
        "subject_keys",
        # Hashes, tries and challenges: of no meaning to the person, and secret.
        "password_history",
        "second_factor_failures",
        "sign_in_challenges",
        "passkey_ceremonies",
        # Read under its own id.
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
async def test_sections_name_no_secret_column(section: str) -> None:
    columns = str(_SECTIONS[section]).split("FROM", maxsplit=1)[0]
    assert not re.search(r"digest|hash|secret|sealed|credential_id|challenge|index|pending", columns)
