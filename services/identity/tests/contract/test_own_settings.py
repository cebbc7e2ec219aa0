"""A platform's own settings take effect everywhere."""

import jwt
import pytest

from chassis.persistence.database import Database
from chassis.testing.clocks import ControlledClock
from identity.application import Identity
from identity.settings import IdentitySettings
from services.identity.tests.contract.api import Api
from services.identity.tests.contract.authenticator import Authenticator
from services.identity.tests.contract.mailbox import mail
from services.identity.tests.stored import MASTER_KEY

ORIGINS = ("https://app.elcorp.na", "https://admin.elcorp.na")


@pytest.fixture
def settings() -> IdentitySettings:
    """Every value differs from its default."""
    return IdentitySettings(
        master_key=MASTER_KEY,
        argon2_memory_kib=96,
        argon2_passes=3,
        access_token_seconds=120,
        session_days=2,
        session_idle_minutes=30,
        passkey_domain="elcorp.na",
        passkey_origins=ORIGINS,
        reset_page="https://app.elcorp.na/reset",
        undo_page="https://app.elcorp.na/undo",
        password_length_min=14,
        password_length_min_single_factor=16,
        password_complexity=False,
        public_url="https://api.example.na",
        token_audience="example",
    )


async def test_tokens_and_sessions_use_the_settings(api: Api, clock: ControlledClock) -> None:
    await api.register()
    pair = (await api.login()).json()["data"]
    claims = jwt.decode(pair["access_token"], options={"verify_signature": False})
    assert (claims["iss"], claims["aud"], claims["exp"] - claims["iat"]) == ("https://api.example.na", "example", 120)
    assert pair["expires_in"] == 120
    (session,) = (await api.get("/sessions", token=pair["access_token"])).json()["data"]["items"]
    assert (session["started_at"], session["expires_at"]) == ("2026-03-21T08:00:00Z", "2026-03-23T08:00:00Z")
    stepped = await api.post("/auth/step-up", {"password": "Oshana-Sunrise-47!"}, token=pair["access_token"])
    assert stepped.json()["data"]["expires_in"] == 120
    clock.advance(seconds=30 * 60 - 1)
    kept = (await api.refresh(pair["refresh_token"])).json()["data"]
    assert kept["expires_in"] == 120
    clock.advance(seconds=30 * 60)
    assert (await api.refresh(kept["refresh_token"])).json()["code"] == "AUTH_002"


async def test_passwords_use_the_settings(api: Api, database: Database, identity: Identity) -> None:
    plain = "kunene river at dawn"
    assert "too short" in (await api.request_registration(password=plain[:15])).text
    assert (await api.register(password=plain[:16])).status_code == 200
    async with database.read() as connection:
        (row,) = (await connection.exec_driver_sql("SELECT password_hash FROM users")).all()
    assert row.password_hash.startswith("$argon2id$v=19$m=96,t=3,p=1$")
    await api.post("/auth/password-reset", {"email": "ndapewa@example.na"})
    link = str((await mail(database))[-1].facts["link"])
    assert link.startswith("https://app.elcorp.na/reset#token=")


@pytest.mark.parametrize(
    ("party", "origin", "status"),
    [
        ("elcorp.na", ORIGINS[0], 201),
        ("elcorp.na", ORIGINS[1], 201),
        ("elcorp.na", "http://localhost:8000", 401),
        ("localhost", ORIGINS[0], 401),
    ],
)
async def test_passkeys_use_the_settings(api: Api, party: str, origin: str, status: int) -> None:
    token = await api.signed_in()
    begun = (await api.post("/auth/factors/passkeys/options", token=token)).json()["data"]
    assert begun["options"]["rp"]["id"] == "elcorp.na"
    credential = Authenticator(party=party, origin=origin).create(begun["options"])
    body = {"ceremony_id": begun["ceremony_id"], "name": "Laptop", "credential": credential}
    assert (await api.post("/auth/factors/passkeys", body, token=token)).status_code == status
    assert (await api.post("/auth/passkeys/options")).json()["data"]["options"]["rpId"] == "elcorp.na"
