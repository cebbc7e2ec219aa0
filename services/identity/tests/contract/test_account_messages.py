"""Notices to users about their accounts: the template, the address and the facts, sent to the owner only."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import pytest

from chassis.persistence.database import Database
from chassis.testing.clocks import ControlledClock
from identity.application import Identity
from services.identity.tests.contract.api import DETAILS, PASSWORD, Api, own_id
from services.identity.tests.contract.authenticator import Authenticator
from services.identity.tests.contract.authenticator_app import App, second_factor
from services.identity.tests.contract.devices import Ed25519Device, register_key
from services.identity.tests.contract.mailbox import mail
from services.identity.tests.contract.passkeys import add_passkey
from services.identity.tests.fakes import Fakes
from services.identity.tests.people import CODE

Notices = list[tuple[str, str, str, dict[str, Any]]]
REASON = {"reason": "Called from the number on file"}


@dataclass
class SentNotices:
    """The messages sent since the last call: user, template, address and facts."""

    identity: Identity
    database: Database
    _seen: set[UUID] = field(default_factory=set)

    async def new_notices(self) -> Notices:
        new = [each for each in await mail(self.database) if each.id not in self._seen]
        self._seen |= {each.id for each in new}
        return [(str(each.user_id), each.template.value, each.to, dict(each.facts)) for each in new]


@pytest.fixture
def sent_notices(identity: Identity, database: Database) -> SentNotices:
    return SentNotices(identity, database)


@pytest.fixture
async def token(api: Api) -> str:
    return await api.signed_in()


@pytest.fixture
async def user_id(api: Api, token: str) -> str:
    return await own_id(api, token)


@pytest.fixture
async def admin(api: Api, fakes: Fakes, clock: ControlledClock, token: str) -> str:
    """An administrator who has just verified two factors."""
    fakes.roles.roles = ("admin",)
    app = await second_factor(api, await api.signed_in(email="admin@example.na", phone="+264811234599"), clock)
    clock.advance(seconds=60)
    stepped = await api.post("/auth/step-up", {"password": PASSWORD, "code": app.code()}, token=app.token)
    fakes.roles.roles = ("user",)
    return str(stepped.json()["data"]["access_token"])


@pytest.fixture
def owner(user_id: str) -> Callable[..., Notices]:
    """Make the owner's expected notice: one message to their own address."""

    def notice(template: str, **facts: Any) -> Notices:
        return [(user_id, template, DETAILS["email"], facts)]  # type: ignore[list-item]

    return notice


async def strong(api: Api, app: App, clock: ControlledClock) -> str:
    clock.advance(seconds=60)
    stepped = await api.post("/auth/step-up", {"password": PASSWORD, "code": app.code()}, token=app.token)
    return str(stepped.json()["data"]["access_token"])


async def test_notices_of_factors_keys_exports_and_passwords(
    api: Api, sent_notices: SentNotices, clock: ControlledClock, token: str, user_id: str, owner: Callable[..., Notices]
) -> None:
    await sent_notices.new_notices()
    app = await second_factor(api, token, clock)
    assert await sent_notices.new_notices() == owner("factor_added", factor="totp")
    fresh = await strong(api, app, clock)
    assert await sent_notices.new_notices() == []
    assert (await api.post("/auth/factors/backup-codes", token=fresh)).status_code == 201
    assert await sent_notices.new_notices() == owner("backup_codes_renewed")
    passkey_id = (await add_passkey(api, fresh, Authenticator())).json()["data"]["id"]
    assert await sent_notices.new_notices() == owner("factor_added", factor="passkey")
    assert (await api.patch(f"/auth/factors/passkeys/{passkey_id}", {"name": "Desk"}, token=fresh)).status_code == 200
    assert await sent_notices.new_notices() == []
    assert (await api.delete(f"/auth/factors/passkeys/{passkey_id}", token=fresh)).status_code == 200
    assert await sent_notices.new_notices() == owner("factor_removed", factor="passkey")
    fresh = await strong(api, app, clock)
    assert (await api.delete("/auth/factors/totp", token=fresh)).status_code == 200
    assert await sent_notices.new_notices() == owner("factor_removed", factor="totp")
    fresh = (await api.post("/auth/step-up", {"password": PASSWORD}, token=fresh)).json()["data"]["access_token"]
    key = (await register_key(api, fresh, Ed25519Device())).json()["data"]
    assert await sent_notices.new_notices() == owner("device_key_added")
    assert (await api.delete(f"/device-keys/{key['id']}", token=fresh)).status_code == 200
    assert await sent_notices.new_notices() == []
    assert (await api.post(f"/users/{user_id}/data-export", token=fresh)).status_code == 200
    assert await sent_notices.new_notices() == owner("data_exported")
    body = {"current_password": PASSWORD, "new_password": "Kavango-Morning-63?*"}
    assert (await api.patch(f"/users/{user_id}/password", body, token=fresh)).status_code == 200
    assert await sent_notices.new_notices() == owner("password_changed")
    await api.post("/auth/password-reset", {"email": DETAILS["email"]})
    ((_, template, to, facts),) = await sent_notices.new_notices()
    page, _, link = facts["link"].partition("#token=")
    assert (template, to, page, set(facts)) == (
        "password_reset",
        DETAILS["email"],
        "http://localhost:8000/reset-password",
        {"link"},
    )
    reset = await api.post("/auth/password-reset/confirm", {"token": link, "password": "Okavango-Delta-93!"})
    assert reset.status_code == 200
    assert await sent_notices.new_notices() == owner("password_changed")


async def test_notices_of_acts_by_administrators(
    api: Api, sent_notices: SentNotices, admin: str, user_id: str, owner: Callable[..., Notices]
) -> None:
    await sent_notices.new_notices()
    assert (await api.post(f"/users/{user_id}/data-export?reason=complaint+4711", token=admin)).status_code == 200
    assert await sent_notices.new_notices() == owner("data_exported")
    assert (await api.post(f"/users/{user_id}/password-reset", REASON, token=admin)).status_code == 204
    assert await sent_notices.new_notices() == owner("password_reset_required")
    for verb, template in (
        ("suspend", "account_suspended"),
        ("activate", "account_activated"),
        ("delete", "account_deleted"),
        ("restore", "account_restored"),
    ):
        # Repeating it sends no further notice.
        for expected in (owner(template), []):
            if verb == "delete":
                done = await api.delete(f"/users/{user_id}?reason=Asked%20for%20it", token=admin)
            else:
                done = await api.post(f"/users/{user_id}/{verb}", REASON, token=admin)
            assert (done.is_success, await sent_notices.new_notices()) == (True, expected)
    assert (await api.patch_another(user_id, {"organization": "Namib Mills"}, token=admin)).status_code == 200
    assert (await api.post(f"/users/{user_id}/unlock", REASON, token=admin)).status_code == 204
    assert await sent_notices.new_notices() == []
    made = (await api.post("/users", {"full_name": "Selma Nangolo", "email": "selma@example.na"}, token=admin)).json()["data"]
    assert await sent_notices.new_notices() == [(made["id"], "account_created", "selma@example.na", {})]
    erasure = (await api.post(f"/users/{user_id}/erasure", {"reason": "ordered"}, token=admin)).json()["data"]
    assert await sent_notices.new_notices() == owner("erasure_requested", erasure=erasure["id"])


async def test_notices_of_sessions(api: Api, sent_notices: SentNotices, token: str, owner: Callable[..., Notices]) -> None:
    await sent_notices.new_notices()
    device_id = str(uuid4())
    pair = (await api.login(device_id=device_id)).json()["data"]
    assert await sent_notices.new_notices() == owner("new_device", time="2026-03-21 08:00 UTC", address="198.51.100.7")
    assert (await api.login()).status_code == 200
    assert await sent_notices.new_notices() == []
    assert (await api.refresh(pair["refresh_token"], device_id=str(uuid4()))).status_code == 401
    assert await sent_notices.new_notices() == owner("session_compromised")


@pytest.mark.parametrize(("approve", "decision"), [(True, "approved"), (False, "rejected")])
async def test_notices_of_recovery(
    api: Api,
    sent_notices: SentNotices,
    clock: ControlledClock,
    admin: str,
    token: str,
    owner: Callable[..., Notices],
    approve: bool,
    decision: str,
) -> None:
    await second_factor(api, (await api.login()).json()["data"]["access_token"], clock)
    challenge = (await api.login(device_id=str(uuid4()))).json()["data"]["challenge"]
    await sent_notices.new_notices()
    asked = (await api.post("/auth/recovery", {"challenge": challenge, "reason": "lost"})).json()["data"]
    assert await sent_notices.new_notices() == owner("recovery_requested", code=CODE)
    confirmation = {"verification_id": asked["verification_id"], "code": CODE}
    assert (await api.post("/auth/recovery/confirm", confirmation)).status_code == 200
    assert await sent_notices.new_notices() == []
    body = {"approve": approve, "reason": "Seen in person with their identity card"}
    assert (await api.post(f"/auth/recovery/{asked['id']}/decision", body, token=admin)).status_code == 200
    assert await sent_notices.new_notices() == owner("recovery_decided", decision=decision)
