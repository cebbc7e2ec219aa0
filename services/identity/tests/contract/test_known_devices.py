"""Passwords that the owner replaced on a long-known device undo nothing; passwords that a stranger replaced do."""

from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from chassis.persistence.database import Database
from chassis.testing.clocks import ControlledClock
from identity.application import Identity
from services.identity.tests.contract.api import PASSWORD, Api
from services.identity.tests.contract.authenticator_app import second_factor
from services.identity.tests.contract.email_owner import CHANGED, HOUR, NEW, OLD, EmailOwner
from services.identity.tests.contract.mailbox import mail

KNOWN_AFTER = 72 * HOUR
NEXT = "Okavango-Evening-58?*"


@dataclass
class Holder:
    """A user whose first device, `home`, has been known since its first sign-in."""

    api: Api
    owner: EmailOwner
    clock: ControlledClock
    user_id: str
    home_token: str

    async def at_home(self, password: str = PASSWORD) -> str:
        return await self.elsewhere(password, self.api.device_id, device_token=self.home_token)

    async def elsewhere(self, password: str = PASSWORD, device_id: UUID | None = None, **changes: str) -> str:
        answer = await self.api.login(password=password, device_id=str(device_id or uuid4()), **changes)
        token: str = answer.json()["data"]["access_token"]
        return token

    async def replace(self, token: str, current: str, new: str) -> None:
        body = {"current_password": current, "new_password": new}
        assert (await self.api.patch(f"/users/{self.user_id}/password", body, token=token)).status_code == 200
        self.clock.advance(seconds=1)

    async def reset(self, password: str) -> None:
        """Choose a password by a link in the mailbox."""
        await self.api.post("/auth/password-reset", {"email": OLD})
        sent = (await mail(self.owner.database))[-1]
        body = {"token": str(sent.facts["link"]).partition("#token=")[2], "password": password}
        assert (await self.api.post("/auth/password-reset/confirm", body)).status_code == 200
        self.clock.advance(seconds=1)

    async def undoes(self, password: str) -> bool:
        (link,) = await self.owner.links()
        answer = await self.owner.undo(link, password)
        assert answer.status_code in {200, 401}, answer.text
        return answer.status_code == 200


@pytest.fixture
async def holder(api: Api, identity: Identity, database: Database, clock: ControlledClock) -> Holder:
    user_id = (await api.register()).json()["data"]["id"]
    home_token = (await api.login()).json()["data"]["device_token"]
    return Holder(api, EmailOwner(api, identity, database), clock, user_id, home_token)


@pytest.mark.parametrize(("seconds", "undoes"), [(KNOWN_AFTER - 2, True), (KNOWN_AFTER, False)])
async def test_a_password_replaced_on_a_device_known_for_72_hours_undoes_nothing(
    holder: Holder, clock: ControlledClock, seconds: int, undoes: bool
) -> None:
    """Its owner escapes a thief of password and mailbox: first a new password, then, on another device, a new address."""
    clock.advance(seconds=seconds)
    await holder.replace(await holder.at_home(), PASSWORD, CHANGED)
    await holder.owner.change(NEW, await holder.elsewhere(CHANGED))
    assert await holder.undoes(PASSWORD) is undoes
    if not undoes:
        assert await holder.undoes(CHANGED)


async def test_a_device_id_without_its_token_does_not_make_the_device_known(holder: Holder, clock: ControlledClock) -> None:
    """A thief may have read the device's id somewhere: staff see it, and so does the audit log."""
    clock.advance(seconds=KNOWN_AFTER)
    home = holder.api.device_id
    await holder.replace(await holder.elsewhere(device_id=home), PASSWORD, CHANGED)
    await holder.owner.change(NEW, await holder.elsewhere(CHANGED, home, device_token="eld_" + "A" * 43))
    assert await holder.undoes(PASSWORD)


async def test_a_revoked_device_becomes_known_only_after_another_72_hours(holder: Holder, clock: ControlledClock) -> None:
    clock.advance(seconds=KNOWN_AFTER)
    token = await holder.elsewhere()
    assert (await holder.api.delete(f"/devices/{holder.api.device_id}", token=token)).status_code == 204
    clock.advance(seconds=1)
    await holder.replace(await holder.at_home(), PASSWORD, CHANGED)
    await holder.owner.change(NEW, await holder.elsewhere(CHANGED))
    assert await holder.undoes(PASSWORD)


@pytest.mark.parametrize("at_home", [True, False])
async def test_after_a_reset_by_link_the_device_of_the_change_decides_who_is_the_owner(
    holder: Holder, clock: ControlledClock, at_home: bool
) -> None:
    """Anyone who reads the mailbox can reset the password. The owner then changes the address on a device of their own."""
    clock.advance(seconds=KNOWN_AFTER)
    await holder.reset(CHANGED)
    token = await holder.at_home(CHANGED) if at_home else await holder.elsewhere(CHANGED)
    await holder.owner.change(NEW, token)
    assert await holder.undoes(PASSWORD) is not at_home


async def test_no_password_from_before_the_owners_replacement_undoes_anything(holder: Holder, clock: ControlledClock) -> None:
    """The thief replaced the password first. The owner's replacement voids that password and all earlier ones."""
    clock.advance(seconds=KNOWN_AFTER)
    await holder.replace(await holder.elsewhere(), PASSWORD, CHANGED)
    await holder.replace(await holder.at_home(CHANGED), CHANGED, NEXT)
    await holder.owner.change(NEW, await holder.elsewhere(NEXT))
    assert [await holder.undoes(each) for each in (PASSWORD, CHANGED, NEXT)] == [False, False, True]


async def test_a_password_that_a_stranger_replaced_after_the_owner_undoes_the_change(
    holder: Holder, clock: ControlledClock
) -> None:
    clock.advance(seconds=KNOWN_AFTER)
    await holder.replace(await holder.at_home(), PASSWORD, CHANGED)
    await holder.replace(await holder.elsewhere(CHANGED), CHANGED, NEXT)
    await holder.owner.change(NEW, await holder.elsewhere(NEXT))
    assert [await holder.undoes(each) for each in (PASSWORD, CHANGED)] == [False, True]


async def test_a_session_of_72_hours_needs_no_device_token(holder: Holder, database: Database, clock: ControlledClock) -> None:
    pair = (await holder.api.login()).json()["data"]
    for _ in range(4):
        clock.advance(seconds=18 * HOUR)
        pair = (await holder.api.refresh(pair["refresh_token"])).json()["data"]
    stepped = await holder.api.post("/auth/step-up", {"password": PASSWORD}, token=pair["access_token"])
    await holder.replace(stepped.json()["data"]["access_token"], PASSWORD, CHANGED)
    async with database.read() as connection:
        rows = (await connection.execute(text("SELECT from_known_device FROM password_history"))).scalars().all()
        proven = (await connection.execute(text("SELECT DISTINCT known_device FROM sessions"))).scalars().all()
    assert (rows, proven) == ([True], [False])


async def test_a_sign_in_with_a_second_factor_keeps_that_the_device_is_known(
    holder: Holder, database: Database, clock: ControlledClock
) -> None:
    """A sign-in that waits for its code is on a known device, as one without a code is."""
    app = await second_factor(holder.api, await holder.at_home(), clock)
    clock.advance(seconds=60)
    body = {"device_token": holder.home_token}
    challenge = (await holder.api.login(**body)).json()["data"]["challenge"]
    assert (await holder.api.post("/auth/login/verify", {"challenge": challenge, "code": app.code()})).status_code == 200
    async with database.read() as connection:
        newest = text("SELECT known_device FROM sessions ORDER BY started_at DESC, id DESC LIMIT 1")
        assert (await connection.execute(newest)).scalar_one() is True
