"""Issuances over REST."""

from chassis.testing.policies import bundle_of
from kernel.ids import new_id
from services.payments.tests.contract.bank import GRANTS, Bank, Holder, refusal


async def test_only_the_treasury_issues_and_only_staff_see_the_books(bank: Bank) -> None:
    holder = await bank.holder()
    issue = {"wallet_id": str(holder.wallet_id), "amount": "5.00", "currency": "NAD", "reason": "not permitted"}
    for path, response in (
        ("issue", await bank.post("/issuances", holder.user_id, issue)),
        ("books", await bank.get("/ledger/trial-balance", holder.user_id)),
        ("pay as guest", await bank.post("/transfers", holder.user_id, {}, roles=("guest",))),
    ):
        assert (response.status_code, response.json()["code"]) == (403, "ACC_001"), path


async def test_a_user_who_issued_money_sees_that_transfer_only(bank: Bank, payer: Holder, payee: Holder) -> None:
    issuer, role = new_id(), ("treasurer",)
    bank.policies.load(bundle_of({**GRANTS, "treasurer": ["treasury:issue"]}))
    issue = {"wallet_id": str(payee.wallet_id), "amount": "5.00", "currency": "NAD", "reason": "resolution 12"}
    issued = (await bank.post("/issuances", issuer, issue, roles=role)).json()["data"]
    made = await bank.made(payer, payee, "1.00")
    assert (await bank.get(f"/transfers/{issued['id']}", issuer, roles=role)).status_code == 200
    assert refusal(await bank.get(f"/transfers/{made['id']}", issuer, roles=role)) == (404, "RES_001")
    assert refusal(await bank.get(f"/transfers/{issued['id']}", new_id(), roles=role)) == (404, "RES_001")
