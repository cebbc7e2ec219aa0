"""The assurance that each operation requires."""

import httpx

from chassis.persistence.database import Database
from chassis.testing.assurance import misjudged
from chassis.testing.clocks import ControlledClock
from payments.interfaces.rest import ROUTERS
from services.payments.tests.contract.bank import Bank, Holder, refusal


async def test_every_operation_requires_the_assurance_it_declares(bank: Bank, database: Database, clock: ControlledClock) -> None:
    assert await misjudged(bank.payments, ROUTERS, database, clock) == []


async def test_staff_cancel_the_hold_of_others_only_within_five_minutes_of_signing_in(
    bank: Bank, payer: Holder, payee: Holder
) -> None:
    held = (await bank.pay(payer, payee, "300.00", capture="later")).json()["data"]

    async def void(seconds_ago: int) -> httpx.Response:
        signed_in = int(bank.clock.now().timestamp()) - seconds_ago
        token = bank.token(bank.staff_id, roles=("staff",), methods=("pwd",), claims={"auth_time": signed_in})
        headers = {"Authorization": f"Bearer {token}"}
        return await bank.client.post(f"/api/v1/transfers/{held['id']}/void", json={"reason": "case 7"}, headers=headers)

    assert refusal(await void(301)) == (401, "AUTH_005")
    assert await bank.wallet(payer) == ("1000.00", "300.00", "700.00")
    assert (await void(300)).json()["data"]["status"] == "cancelled"
