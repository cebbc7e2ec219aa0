"""Wallets as their owners and staff meet them."""

from decimal import Decimal

import pytest
from sqlalchemy import text

from kernel.ids import new_id
from payments.domain.account import SystemCode, system_account_id
from services.payments.tests.contract.bank import Bank, refusal

REASON = {"reason": "asked for by the police"}


async def test_an_owner_opens_several_wallets_and_names_them(bank: Bank) -> None:
    holder = await bank.holder()
    opened = await bank.post("/wallets", holder.user_id, {"currency": "USD", "name": "travel"}, key="w")
    again = await bank.post("/wallets", holder.user_id, {"currency": "USD", "name": "travel"}, key="w")
    assert (opened.status_code, again.status_code) == (201, 201)
    data = opened.json()["data"]
    assert (again.json()["data"], data["currency"], data["name"], data["status"]) == (data, "USD", "travel", "open")
    listed = (await bank.get("/wallets", holder.user_id)).json()["data"]
    assert (listed["total"], [item["id"] for item in listed["items"]][1:]) == (2, [data["id"]])
    bank.wait(seconds=1)
    third = (await bank.post("/wallets", holder.user_id, {"currency": "USD", "name": "a"})).json()["data"]
    oldest_first = [str(holder.wallet_id), data["id"], third["id"]]
    assert [item["id"] for item in (await bank.get("/wallets", holder.user_id)).json()["data"]["items"]] == oldest_first
    renamed = await bank.send("PATCH", f"/wallets/{data['id']}", holder.user_id, {"name": "Swakopmund & Lüderitz"})
    assert (renamed.status_code, renamed.json()["data"]["name"]) == (200, "Swakopmund & Lüderitz")
    assert (await bank.post("/wallets", holder.user_id, {"currency": "XXX"})).status_code == 422


async def test_an_owner_has_so_many_wallets_at_most(bank: Bank) -> None:
    holder = await bank.holder()
    for _ in range(49):
        assert (await bank.post("/wallets", holder.user_id, {"currency": "NAD"})).status_code == 201
    assert refusal(await bank.post("/wallets", holder.user_id, {"currency": "NAD"})) == (409, "PAY_018")
    other = await bank.holder()
    assert (await bank.post("/wallets", other.user_id, {"currency": "NAD"})).status_code == 201
    # One that is closed makes room.
    await bank.send("DELETE", f"/wallets/{holder.wallet_id}", holder.user_id)
    assert (await bank.post("/wallets", holder.user_id, {"currency": "NAD"})).status_code == 201


async def test_strangers_find_no_wallet_to_name_close_or_read(bank: Bank) -> None:
    holder, stranger = await bank.holder("5.00"), await bank.holder()
    path = f"/wallets/{holder.wallet_id}"
    period = "since=2026-03-01T00:00:00Z&until=2026-04-01T00:00:00Z"
    for refused in (
        await bank.get(path, stranger.user_id),
        await bank.send("PATCH", path, stranger.user_id, {"name": "mine"}),
        await bank.send("DELETE", path, stranger.user_id),
        await bank.get(f"{path}/statement?{period}", stranger.user_id),
        await bank.get(f"{path}/balance?as_of=2026-03-21T08:00:00Z", stranger.user_id),
        await bank.get(f"{path}/postings", stranger.user_id),
        await bank.staff("PATCH", path, {"name": "staff's"}),
        await bank.staff("POST", f"/wallets/{new_id()}/freeze", REASON),
    ):
        assert refusal(refused) == (404, "RES_001"), refused.request.url
    assert refusal(await bank.post(f"{path}/freeze", holder.user_id, REASON)) == (403, "ACC_001")
    assert (await bank.staff("GET", path)).json()["data"]["balance"] == "5.00"
    assert (await bank.staff("GET", f"{path}/statement?{period}&reason=complaint+4711")).status_code == 200


async def test_a_wallet_is_frozen_again_with_another_reason_and_unfrozen_once(bank: Bank) -> None:
    holder = await bank.holder()
    path = f"/wallets/{holder.wallet_id}"
    for reason in ("first reason", "second reason"):
        assert (await bank.staff("POST", f"{path}/freeze", {"reason": reason})).json()["data"]["status"] == "frozen"
    account = (await bank.staff("GET", f"/accounts/{holder.wallet_id}")).json()["data"]
    assert account["status_reason"] == "second reason"
    assert refusal(await bank.send("DELETE", path, holder.user_id)) == (409, "PAY_008")
    assert (await bank.staff("POST", f"{path}/unfreeze", REASON)).json()["data"]["status"] == "open"
    assert refusal(await bank.staff("POST", f"{path}/unfreeze", REASON)) == (409, "PAY_011")


async def test_only_an_empty_wallet_is_closed_and_for_good(bank: Bank) -> None:
    holder, other = await bank.holder("5.00"), await bank.holder()
    path = f"/wallets/{holder.wallet_id}"
    assert refusal(await bank.send("DELETE", path, holder.user_id)) == (409, "PAY_010")
    await bank.made(holder, other, "5.00")
    closed = await bank.send("DELETE", path, holder.user_id)
    assert (closed.status_code, closed.json()["data"]["status"]) == (200, "closed")
    assert refusal(await bank.send("DELETE", path, holder.user_id)) == (409, "PAY_009")
    assert refusal(await bank.pay(other, holder, "1.00")) == (409, "PAY_009")
    assert refusal(await bank.staff("POST", f"{path}/freeze", REASON)) == (409, "PAY_009")


async def test_a_ceiling_bounds_what_arrives(bank: Bank) -> None:
    payer, holder = await bank.holder("100.00"), await bank.holder("5.00")
    path = f"/wallets/{holder.wallet_id}/ceiling"
    bounded = await bank.staff("PUT", path, {"amount": "20.00", **REASON})
    assert bounded.json()["data"]["ceiling"] == "20.00"
    assert refusal(await bank.pay(payer, holder, "15.01")) == (409, "PAY_006")
    assert refusal(await bank.pay(payer, holder, "15.01", capture="later")) == (409, "PAY_006")
    assert (await bank.pay(payer, holder, "15.00")).status_code == 201
    assert refusal(await bank.staff("PUT", path, {"amount": "19.99", **REASON})) == (409, "PAY_006")
    assert refusal(await bank.send("PUT", path, holder.user_id, {"amount": "50.00", **REASON})) == (403, "ACC_001")
    assert (await bank.staff("PUT", path, {"amount": None, **REASON})).json()["data"]["ceiling"] is None
    assert (await bank.pay(payer, holder, "15.01")).status_code == 201


async def test_a_balance_is_read_as_of_any_instant_since_the_wallet_was_opened(bank: Bank) -> None:
    payer, payee = await bank.holder("100.00"), await bank.holder()
    opened = bank.clock.now()
    bank.wait(seconds=60)
    await bank.made(payer, payee, "40.00")
    moved = bank.clock.now()
    bank.wait(seconds=60)

    async def balance(at: str) -> tuple[int, str | None]:
        response = await bank.get(f"/wallets/{payer.wallet_id}/balance?as_of={at}", payer.user_id)
        return response.status_code, response.json().get("data", {}).get("balance")

    assert await balance(f"{opened:%Y-%m-%dT%H:%M:%SZ}") == (200, "0.00")
    assert await balance(f"{moved:%Y-%m-%dT%H:%M:%SZ}") == (200, "100.00")
    assert await balance(f"{moved:%Y-%m-%dT%H:%M:%S}.000001Z") == (200, "60.00")
    assert (await balance("2026-03-21T07:59:59Z"))[0] == 422
    assert (await balance("2030-01-01T00:00:00Z"))[0] == 422
    assert (await balance("2026-03-21T08:00:00"))[0] == 422


async def test_a_statement_is_json_csv_or_pdf(bank: Bank) -> None:
    payer, payee = await bank.holder("100.00"), await bank.holder()
    bank.wait(days=1)
    await bank.made(payer, payee, "40.00", description="=rent, March")
    await bank.made(payer, payee, "10.00")
    bank.wait(days=1)
    path = f"/wallets/{payer.wallet_id}/statement?since=2026-03-22T00:00:00Z&until=2026-03-23T00:00:00Z"
    data = (await bank.get(path, payer.user_id)).json()["data"]
    said = [data[name] for name in ("opening_balance", "paid_in", "paid_out", "closing_balance")]
    assert said == ["100.00", "0.00", "50.00", "50.00"]
    assert [(line["amount"], line["balance_after"]) for line in data["lines"]] == [("-40.00", "60.00"), ("-10.00", "50.00")]
    text = await bank.get(f"{path}&format=csv", payer.user_id)
    assert text.headers["content-type"].startswith("text/csv")
    assert "attachment" in text.headers["content-disposition"]
    # A spreadsheet must not run what somebody wrote as a description.
    assert "'=rent, March" in text.text
    document = await bank.get(f"{path}&format=pdf", payer.user_id)
    assert (document.headers["content-type"], document.content[:5]) == ("application/pdf", b"%PDF-")
    assert (await bank.get(f"{path}&format=xls", payer.user_id)).status_code == 422


@pytest.mark.parametrize(
    "period",
    [
        "since=2026-03-23T00:00:00Z&until=2026-03-22T00:00:00Z",
        "since=2027-03-23T00:00:00Z&until=2027-03-24T00:00:00Z",
        "since=2026-03-22T00:00:00&until=2026-03-23T00:00:00Z",
        "since=2026-03-22T00:00:00Z",
        "since=0001-01-01T00:00:00Z&until=0001-01-01T00:00:00Z",
        "since=0001-01-01T00:00:00%2B01:00&until=2026-03-22T00:00:00Z",
        "since=2026-03-22T00:00:00Z&until=9999-12-31T23:59:59-01:00&format=csv",
    ],
)
async def test_a_period_that_is_none_has_no_statement(bank: Bank, period: str) -> None:
    holder = await bank.holder()
    assert (await bank.get(f"/wallets/{holder.wallet_id}/statement?{period}", holder.user_id)).status_code == 422


async def test_a_statement_of_all_time_is_made(bank: Bank) -> None:
    holder = await bank.holder("5.00")
    bank.wait(seconds=1)
    path = f"/wallets/{holder.wallet_id}/statement?since=0001-01-01T00:00:00Z&until=9999-12-31T23:59:59Z"
    data = (await bank.get(path, holder.user_id)).json()["data"]
    assert (data["opening_balance"], data["closing_balance"]) == ("0.00", "5.00")


async def test_a_statement_has_so_many_lines_at_most(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("payments.application.history.read_statement.LINES_MAX", 2)
    payer, payee = await bank.holder("10.00"), await bank.holder()
    path = f"/wallets/{payer.wallet_id}/statement?since=2026-01-01T00:00:00Z&until=2027-01-01T00:00:00Z"
    await bank.made(payer, payee, "1.00")
    assert len((await bank.get(path, payer.user_id)).json()["data"]["lines"]) == 2
    await bank.made(payer, payee, "1.00")
    assert refusal(await bank.get(path, payer.user_id)) == (422, "VAL_001")


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


async def test_the_chart_of_accounts_lists_the_systems_own_first_then_wallets_oldest_first(bank: Bank) -> None:
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


async def test_a_page_past_the_end_still_tells_the_total(bank: Bank) -> None:
    holder = await bank.holder()
    await bank.holder()
    owned = f"/accounts?owner_id={holder.user_id}"
    for path in ("/wallets?", f"{owned}&", f"{owned}&kind=system&"):
        first, beyond = [
            (await bank.get(f"{path}page={page}", holder.user_id, roles=("user", "staff"))).json()["data"] for page in (1, 5)
        ]
        assert (beyond["items"], beyond["total"]) == ([], first["total"]), path
        assert first["total"] == len(first["items"])


async def test_an_account_of_the_systems_that_did_not_add_up_moves_again_once_somebody_looked(bank: Bank) -> None:
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
