"""After an erasure, all backups, the database and the master key together reveal nothing personal (GDPR 17)."""

import base64
import os
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
import pytest

from chassis.crypto import UnsealableError
from chassis.testing.clocks import ControlledClock
from chassis.testing.databases import DatabaseUrls
from identity.infrastructure.vault import SealedProfile
from identity.settings import IdentitySettings
from identity.wiring.adapters import vault
from services.identity.tests.contract.api import PASSWORD, Api, own_id
from services.identity.tests.contract.authenticator import Authenticator
from services.identity.tests.contract.authenticator_app import second_factor
from services.identity.tests.contract.devices import Ed25519Device, proof
from services.identity.tests.contract.erasures import ErasureSteps
from services.identity.tests.contract.passkeys import add_passkey, step_up_with_passkey

NDAPEWA: dict[str, Any] = {
    "full_name": "Ndapewa Shikongo",
    "email": "ndapewa@example.na",
    "phone": "+264811234567",
    "organization": "Kunene Traders",
    "username": "ndapewa.s",
}
PERSONAL = ("Ndapewa", "ndapewa", "Shikongo", "Meameno", "example.na", "811234567", "Kunene", "Rent for Oshana", PASSWORD)


@dataclass
class Thief:
    """Copies every row of every table as text, and keeps sealed values."""

    urls: DatabaseUrls

    def copy(self) -> str:
        with psycopg.connect(self.urls.owner) as connection:
            names = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
            rows = [
                connection.execute(psycopg.sql.SQL("SELECT t.* FROM {} t").format(psycopg.sql.Identifier(name))).fetchall()
                for (name,) in names
            ]
        # Read binary columns as text, because a response stored as bytes is text too.
        return "\n".join(value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value) for value in _flatten(rows))

    def profile(self) -> dict[str, Any]:
        with psycopg.connect(self.urls.owner, row_factory=psycopg.rows.dict_row) as connection:
            row = connection.execute("SELECT p.*, k.wrapped FROM profiles p JOIN subject_keys k ON k.subject_id = p.user_id")
            found = row.fetchone()
        assert found
        return found


def _flatten(value: Any) -> list[Any]:
    return [leaf for item in value for leaf in _flatten(item)] if isinstance(value, list | tuple) else [value]


async def live(api: Api) -> str:
    """Use the account as users do, with idempotency keys, and return the access token."""
    token = await api.signed_in(**NDAPEWA)
    user_id = await own_id(api, token)
    await api.post("/wallet-addresses", {"label": "Rent for Oshana"}, token=token, key="address-1")
    await api.patch(f"/devices/{api.device_id}", {"name": "Telephone of Ndapewa"}, token=token)
    authenticator = Authenticator()
    added = await add_passkey(api, token, authenticator, name="Ndapewa at Kunene")
    assert added.status_code == 201, added.text
    token = str((await step_up_with_passkey(api, token, authenticator)).json()["data"]["access_token"])
    text = (await api.post("/device-keys/challenges", token=token)).json()["data"]["challenge"]
    await api.post("/device-keys", proof(Ed25519Device(), text), token=token, key="device-1")
    for method, path, body in (
        ("PATCH", f"/users/{user_id}", {"full_name": "Ndapewa Meameno Shikongo"}),
        ("PATCH", f"/users/{user_id}/profile", {"full_name": "Ndapewa Meameno Shikongo"}),
        ("POST", f"/users/{user_id}/data-export", None),
    ):
        await api.client.request(
            method,
            f"/api/v1{path}",
            json=body,
            headers={"Authorization": f"Bearer {token}", "Idempotency-Key": f"{method}-{path}"},
        )
    return token


async def erase(api: Api, erasure_steps: ErasureSteps, token: str) -> None:
    user_id = await own_id(api, token)
    erasure = (await api.post(f"/users/{user_id}/erasure", {}, token=token, key="erasure-1")).json()["data"]
    await erasure_steps.answer(erasure["id"])
    assert await erasure_steps.carry_out() == 1


async def test_no_personal_data_is_readable_before_an_erasure_either(api: Api, database_urls: DatabaseUrls) -> None:
    await live(api)
    copy = Thief(database_urls).copy()
    # A username is a public handle: it is stored unencrypted, and is deleted with the account.
    assert [word for word in PERSONAL if word in copy.replace(NDAPEWA["username"], "")] == []


@pytest.mark.clause("GDPR 17")
async def test_the_database_has_no_personal_data_after_an_erasure(
    api: Api,
    erasure_steps: ErasureSteps,
    database_urls: DatabaseUrls,
) -> None:
    token = await live(api)
    await erase(api, erasure_steps, token)
    copy = Thief(database_urls).copy()
    assert [word for word in PERSONAL if word in copy] == []
    with psycopg.connect(database_urls.owner) as connection:
        for table in ("subject_keys", "profiles", "password_history", "totps", "passkeys", "one_time_codes", "password_resets"):
            counted = psycopg.sql.SQL("SELECT count(*) FROM {}").format(psycopg.sql.Identifier(table))
            assert connection.execute(counted).fetchone() == (0,), table
        assert connection.execute("SELECT count(*) FROM messages WHERE sealed IS NOT NULL").fetchone() == (0,)
        assert connection.execute("SELECT count(*) FROM wallet_addresses WHERE label IS NOT NULL").fetchone() == (0,)
        origins = "SELECT count(*) FROM sessions WHERE started_from IS NOT NULL OR seen_from IS NOT NULL"
        assert connection.execute(origins).fetchone() == (0,)


@pytest.mark.clause("GDPR 17")
async def test_a_backup_of_sealed_data_cannot_be_opened_with_what_remains(
    api: Api,
    erasure_steps: ErasureSteps,
    database_urls: DatabaseUrls,
    settings: IdentitySettings,
) -> None:
    """The backup still has rows whose key was destroyed. Here only the key's row is missing, as after a partial restore."""
    token = await live(api)
    thief = Thief(database_urls)
    backup = thief.profile()
    await erase(api, erasure_steps, token)
    wrapped = backup.pop("wrapped")
    user_id: UUID = backup.pop("user_id")
    del backup["phone_verified"]
    keys = vault(settings)
    assert keys.open(user_id, SealedProfile(wrapped, **backup)).email == NDAPEWA["email"]
    with psycopg.connect(database_urls.owner) as connection:
        left = [row[0] for row in connection.execute("SELECT wrapped FROM subject_keys").fetchall()]
    others = [*left, keys._subject_keys.new(str(user_id)), os.urandom(len(wrapped)), base64.b64decode(b"AAAA")]
    for other in others:
        with pytest.raises(UnsealableError):
            keys.open(user_id, SealedProfile(other, **backup))


PERSONAL_TABLES = {
    "profiles": "user_id",
    "subject_keys": "subject_id",
    "password_history": "user_id",
    "totps": "user_id",
    "backup_codes": "user_id",
    "passkeys": "user_id",
    "passkey_ceremonies": "user_id",
    "sign_in_challenges": "user_id",
    "password_resets": "user_id",
    "email_undos": "user_id",
    "one_time_codes": "user_id",
    "second_factor_failures": "user_id",
}


CHANGED = "Kavango-Morning-63?*"


async def live_with_factors(api: Api, clock: ControlledClock, **details: str) -> str:
    """Leave a row in each table, and return a token of two factors that were just verified."""
    token = await api.signed_in(**details)
    # An open undo link remains.
    email = f"late.{details['email']}"
    pending = (await api.post("/users/me/email", {"email": email}, token=token)).json()["data"]["verification_id"]
    assert (await api.verify(pending)).status_code == 200
    body = {"current_password": PASSWORD, "new_password": CHANGED}
    assert (await api.patch(f"/users/{await own_id(api, token)}/password", body, token=token)).status_code == 200
    app = await second_factor(api, token, clock)
    clock.advance(seconds=60)
    token = str(
        (await api.post("/auth/step-up", {"password": CHANGED, "code": app.code()}, token=token)).json()["data"]["access_token"]
    )
    assert (await add_passkey(api, token, Authenticator())).status_code == 201
    assert (await api.post("/users/me/email", {"email": f"new.{email}"}, token=token)).status_code == 202
    assert (await api.post("/auth/password-reset", {"email": email})).status_code == 202
    login = await api.login(email=email, password=CHANGED, device_id="0198a1f0-1c1e-7b43-9d0c-3f2a5f1f7a10")
    assert login.json()["data"]["mfa_required"]
    assert (await api.post("/auth/step-up", {"code": "000000"}, token=token)).status_code == 401
    return token


async def test_an_erasure_deletes_the_users_personal_rows_and_nobody_elses(
    api: Api,
    erasure_steps: ErasureSteps,
    clock: ControlledClock,
    database_urls: DatabaseUrls,
) -> None:
    people = []
    for number, name in enumerate(("ndapewa", "johannes")):
        token = await live_with_factors(api, clock, email=f"{name}@example.na", phone=f"+26481123456{number}")
        people.append((await own_id(api, token), token))

    def counted(user_id: str) -> dict[str, int]:
        with psycopg.connect(database_urls.owner) as connection:
            query = psycopg.sql.SQL("SELECT count(*) FROM {} WHERE {} = %s")
            found = {
                table: connection.execute(
                    query.format(psycopg.sql.Identifier(table), psycopg.sql.Identifier(column)), (user_id,)
                ).fetchone()
                for table, column in PERSONAL_TABLES.items()
            }
        return {table: row[0] for table, row in found.items() if row}

    (gone, _), (kept, token) = people
    before = counted(kept)
    assert [table for table, count in (*counted(gone).items(), *before.items()) if not count] == []
    with psycopg.connect(database_urls.owner) as connection:
        # An open link prevents the erasure.
        connection.execute("UPDATE email_undos SET used_at = created_at WHERE user_id = %s", (gone,))
    erasure = (await api.post(f"/users/{gone}/erasure", {}, token=people[0][1])).json()["data"]
    await erasure_steps.answer(erasure["id"])
    assert await erasure_steps.carry_out() == 1
    assert counted(gone) == dict.fromkeys(PERSONAL_TABLES, 0)
    assert counted(kept) == before
    assert (await api.get("/auth/factors", token=token)).json()["data"]["backup_codes_left"] == 10
