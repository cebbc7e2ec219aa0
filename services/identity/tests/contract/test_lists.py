"""Every list of identity keeps what all lists promise."""

from typing import Final
from uuid import UUID, uuid4

import httpx

from chassis.testing.clocks import ControlledClock
from chassis.testing.list_promises import ListPromises
from identity.interfaces.rest import ROUTERS
from kernel.notices import Recipient
from services.identity.tests.contract.api import Api, own_id
from services.identity.tests.contract.authenticator_app import second_factor
from services.identity.tests.contract.devices import Ed25519Device, register_key
from services.identity.tests.contract.notice_steps import REFUSED, NoticeSteps
from services.identity.tests.contract.people import signed_in_as
from services.identity.tests.fakes import Fakes

PATHS: Final = {
    "list_users": "/users?status=active&reason=audit",
    "list_sessions": "/sessions?live=true",
    "list_devices": "/devices",
    "list_wallet_addresses": "/wallet-addresses",
    "list_device_keys": "/device-keys",
    "list_recovery_requests": "/auth/recovery?confirmed=false&reason=audit",
    "list_notices": f"/notices?unread=true&template={REFUSED}",
}


async def test_every_list_keeps_its_promises(api: Api, fakes: Fakes, clock: ControlledClock, notice_steps: NoticeSteps) -> None:
    user = await api.signed_in()
    await second_factor(api, user, clock)
    lost = {"challenge": (await api.login()).json()["data"]["challenge"], "reason": "lost"}
    assert (await api.post("/auth/recovery", lost)).is_success
    api.device_id = uuid4()
    staff = await signed_in_as(api, fakes, "admin")
    await register_key(api, staff, Ed25519Device())
    for key in ("one", "two", "three"):
        await notice_steps.notify(Recipient.person(UUID(await own_id(api, staff))), key=key)

    async def ask(path: str) -> httpx.Response:
        return await api.get(path, token=staff)

    assert await ListPromises(ask, PATHS).broken(ROUTERS) == []
