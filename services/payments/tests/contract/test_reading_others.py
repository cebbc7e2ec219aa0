"""What others own is read with the permission for it, whatever a role is called, and leaves a fact."""

from typing import Final

import pytest

from chassis.testing.policies import bundle_of
from kernel.ids import new_id
from services.payments.tests.contract.bank import Bank, Holder

WALLET, TRANSFER = "wallet:read_any", "transfer:read_any"
PERIOD: Final = "since=2026-01-01T00:00:00Z&until=2026-12-31T00:00:00Z"
EVERY: Final = (WALLET, TRANSFER, "payment:create", "payment:approve", "payment:reconcile", "treasury:issue", "policy:manage")
# With it alone others' are there; with all others they are not.
READS: Final = {
    "/wallets/{wallet}": WALLET,
    "/wallets/{wallet}/balance?as_of=2026-03-21T08:00:00Z": WALLET,
    "/wallets/{wallet}/postings": WALLET,
    "/wallets/{wallet}/statement?" + PERIOD: WALLET,
    "/transfers/{transfer}": TRANSFER,
    "/transfers/{transfer}/receipt": TRANSFER,
}


@pytest.mark.parametrize("role", ["staff", "auditor"])
@pytest.mark.parametrize("path", READS)
async def test_others_are_read_with_the_permission_whatever_the_role_is_called(
    bank: Bank, payer: Holder, payee: Holder, role: str, path: str
) -> None:
    transfer = (await bank.pay(payer, payee, "5.00")).json()["data"]["id"]
    at, answers = path.format(wallet=payer.wallet_id, transfer=transfer), []
    for granted in ([each for each in EVERY if each != READS[path]], [READS[path]]):
        bank.policies.load(bundle_of({role: granted, "user": []}))
        answers.append((await bank.get(at, new_id(), roles=(role,))).status_code)
    assert answers == [404, 200]
