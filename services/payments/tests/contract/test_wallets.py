"""Wallets over REST, for their owners and staff."""

from kernel.ids import new_id
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


async def test_wallets_are_listed_in_pages(bank: Bank) -> None:
    holder = await bank.holder()
    page = (await bank.get("/wallets", holder.user_id)).json()["data"]
    assert [wallet["id"] for wallet in page["items"]] == [str(holder.wallet_id)]
    assert (page["page"], page["per_page"], page["total"]) == (1, 20, 1)
    for bad in ("page=0", "per_page=101", "page=x", "sort=balance"):
        assert (await bank.get(f"/wallets?{bad}", holder.user_id)).status_code == 422


async def test_the_number_of_wallets_of_an_owner_is_limited(bank: Bank) -> None:
    holder = await bank.holder()
    for _ in range(49):
        assert (await bank.post("/wallets", holder.user_id, {"currency": "NAD"})).status_code == 201
    assert refusal(await bank.post("/wallets", holder.user_id, {"currency": "NAD"})) == (409, "PAY_018")
    other = await bank.holder()
    assert (await bank.post("/wallets", other.user_id, {"currency": "NAD"})).status_code == 201
    # A closed wallet does not count.
    await bank.send("DELETE", f"/wallets/{holder.wallet_id}", holder.user_id)
    assert (await bank.post("/wallets", holder.user_id, {"currency": "NAD"})).status_code == 201


async def test_strangers_cannot_name_or_close_or_read_a_wallet(bank: Bank) -> None:
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


async def test_only_an_empty_wallet_is_closed_and_closing_is_permanent(bank: Bank) -> None:
    holder, other = await bank.holder("5.00"), await bank.holder()
    path = f"/wallets/{holder.wallet_id}"
    assert refusal(await bank.send("DELETE", path, holder.user_id)) == (409, "PAY_010")
    await bank.made(holder, other, "5.00")
    closed = await bank.send("DELETE", path, holder.user_id)
    assert (closed.status_code, closed.json()["data"]["status"]) == (200, "closed")
    assert refusal(await bank.send("DELETE", path, holder.user_id)) == (409, "PAY_009")
    assert refusal(await bank.pay(other, holder, "1.00")) == (409, "PAY_009")
    assert refusal(await bank.staff("POST", f"{path}/freeze", REASON)) == (409, "PAY_009")


async def test_a_ceiling_limits_what_arrives(bank: Bank) -> None:
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
