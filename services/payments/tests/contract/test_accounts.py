"""The accounts of the ledger over REST, for staff."""

from decimal import Decimal

from sqlalchemy import text

from kernel.ids import new_id
from payments.domain.account import SystemCode, system_account_id
from services.payments.tests.contract.bank import Bank, refusal

REASON = {"reason": "asked for by the police"}


async def test_staff_list_the_chart_of_accounts(bank: Bank) -> None:
    holder = await bank.holder("5.00")
    assert refusal(await bank.get("/accounts", holder.user_id)) == (403, "ACC_001")
    of_owner = f"owner_id={holder.user_id}&reason=complaint+4711"
    closed, unused = "status=closed&reason=audit", "currency=QQQ&reason=audit"
    for query, ids in ((of_owner, [str(holder.wallet_id)]), (closed, []), (unused, [])):
        assert [one["id"] for one in (await bank.staff("GET", f"/accounts?{query}")).json()["data"]["items"]] == ids
    nad = (await bank.staff("GET", "/accounts?kind=system&currency=NAD")).json()["data"]["items"]
    assert {one["code"]: one["normal_side"] for one in nad} == {
        "treasury": "debit",
        "settlement": "debit",
        "fees": "credit",
        "vat": "credit",
        "clearing": "credit",
        "fx": "credit",
        "fx_spread": "credit",
    }
    treasury = next(one for one in nad if one["code"] == "treasury")
    assert Decimal(treasury["balance"]) == Decimal(-5)
    postings = (await bank.staff("GET", f"/accounts/{treasury['id']}/postings")).json()["data"]["items"]
    assert [one["amount"] for one in postings] == ["-5.00"]
    for path in (f"/accounts/{new_id()}", f"/accounts/{new_id()}/postings"):
        assert refusal(await bank.staff("GET", path)) == (404, "RES_001")
    assert refusal(await bank.get(f"/wallets/{treasury['id']}", bank.staff_id, roles=("staff",))) == (404, "RES_001")
    assert refusal(await bank.staff("POST", f"/wallets/{treasury['id']}/freeze", REASON)) == (404, "RES_001")


async def test_the_list_of_accounts_starts_with_the_systems_own_then_wallets_oldest_first(bank: Bank) -> None:
    wallets: list[str] = []
    for _ in range(3):
        wallets.append(str((await bank.holder()).wallet_id))
        bank.wait(seconds=1)
    found: list[tuple[str, str]] = []
    page, total = 1, 1
    while len(found) < total:
        data = (await bank.staff("GET", f"/accounts?reason=audit&per_page=20&page={page}")).json()["data"]
        found += [(one["kind"], one["id"]) for one in data["items"]]
        page, total = page + 1, data["total"]
    assert len(set(found)) == len(found) == total
    assert [kind for kind, _ in found] == ["system"] * (total - 3) + ["wallet"] * 3
    assert [id_ for _, id_ in found[-3:]] == wallets


async def test_a_page_past_the_end_still_has_the_total(bank: Bank) -> None:
    holder = await bank.holder()
    await bank.holder()
    owned = f"/accounts?owner_id={holder.user_id}"
    for path in ("/wallets?", f"{owned}&", f"{owned}&kind=system&"):
        first, beyond = [
            (await bank.get(f"{path}page={page}", holder.user_id, roles=("user", "staff"))).json()["data"] for page in (1, 5)
        ]
        assert (beyond["items"], beyond["total"]) == ([], first["total"]), path
        assert first["total"] == len(first["items"])


async def test_a_frozen_system_account_moves_again_after_staff_unfreeze_it(bank: Bank) -> None:
    payer, payee = await bank.holder("10.00"), await bank.holder()
    bank.price(fee="1.00")
    fees = system_account_id(SystemCode.FEES, "NAD")
    async with bank.database.engine.begin() as connection:
        await connection.execute(text("UPDATE accounts SET status = 'frozen' WHERE id = :id"), {"id": fees})
    assert refusal(await bank.pay(payer, payee, "1.00")) == (409, "PAY_008")
    path, why = f"/accounts/{fees}/unfreeze", {"reason": "case 12: explained"}
    assert refusal(await bank.post(path, payer.user_id, why)) == (403, "ACC_001")
    assert refusal(await bank.staff("POST", path, why, methods=("pwd",))) == (401, "AUTH_005")
    data = (await bank.staff("POST", path, why)).json()["data"]
    assert (data["code"], data["status"], data["status_reason"]) == ("fees", "open", why["reason"])
    assert (await bank.staff("GET", f"/accounts/{fees}")).json()["data"] == data
    assert (await bank.pay(payer, payee, "1.00")).status_code == 201
    assert refusal(await bank.staff("POST", path, why)) == (409, "PAY_011")
    assert refusal(await bank.staff("POST", f"/accounts/{payer.wallet_id}/unfreeze", why)) == (404, "RES_001")
