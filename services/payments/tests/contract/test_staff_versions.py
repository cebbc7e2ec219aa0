"""Staff's PUT requests must name the version that they replace."""

from typing import Any

import pytest

from chassis.testing.policies import bundle_of
from chassis.testing.stored import unchanged
from services.payments.tests.contract.bank import Bank, Holder, refusal

WRITES: list[tuple[str, dict[str, Any]]] = [
    ("/wallets/{wallet}/ceiling", {"amount": "20.00", "reason": "small shop"}),
    ("/wallets/{wallet}/usage", {"usage": "merchant", "reason": "licence checked"}),
    ("/limits/tiers/{owner}", {"tier": "standard", "reason": "registered"}),
]


@pytest.mark.parametrize(("path", "body"), WRITES)
async def test_a_put_by_staff_requires_the_version_that_it_replaces(
    bank: Bank, payer: Holder, payee: Holder, path: str, body: dict[str, Any]
) -> None:
    who: dict[str, Any] = {"roles": ("admin",)}
    at = path.format(wallet=payee.wallet_id, owner=payee.user_id)
    read_at = at.removesuffix("/ceiling").removesuffix("/usage")
    tag = (await bank.get(read_at, bank.staff_id, **who)).headers["etag"]
    for missing in ("", "*"):
        async with unchanged(bank.database):
            assert refusal(await bank.send("PUT", at, bank.staff_id, body, if_match=missing, **who)) == (428, "RES_006")
    async with unchanged(bank.database):
        assert refusal(await bank.send("PUT", at, bank.staff_id, body, if_match='"99"', **who)) == (412, "RES_003")
    written = await bank.send("PUT", at, bank.staff_id, body, if_match=tag, **who)
    assert (written.status_code, written.headers["etag"] != tag) == (200, True)
    # Money that moves in between changes the version: staff have not seen the new balance.
    if "/wallets/" in path:
        seen = (await bank.get(read_at, bank.staff_id, **who)).headers["etag"]
        await bank.made(payer, payee, "5.00")
        overtaken = await bank.send("PUT", at, bank.staff_id, {**body, "reason": "again"}, if_match=seen, **who)
        assert refusal(overtaken) == (412, "RES_003")


async def test_staff_who_may_not_read_wallets_can_set_a_ceiling(bank: Bank, payee: Holder) -> None:
    bank.policies.load(bundle_of({"treasurer": ["payment:reconcile"]}))
    body = {"amount": "20.00", "reason": "small shop"}
    answer = await bank.send("PUT", f"/wallets/{payee.wallet_id}/ceiling", bank.staff_id, body, roles=("treasurer",))
    assert (answer.status_code, answer.json()["data"]["ceiling"]) == (200, "20.00")
