"""Each operation returns the data of the owners it declares; reads of another person's data leave a fact that names them."""

from typing import Any, Final

import httpx

from chassis.testing.declared_reads import DeclaredReads, Person
from payments.interfaces.publications import PUBLICATIONS
from payments.interfaces.rest import ROUTERS
from services.payments.tests.contract.bank import Bank, Holder
from services.payments.tests.contract.outbox import Record

PATHS: Final = {
    "list_wallets": "/wallets",
    "get_wallet": "/wallets/{wallet}",
    "get_balance": "/wallets/{wallet}/balance?as_of={now}",
    "list_postings": "/wallets/{wallet}/postings",
    "get_statement": "/wallets/{wallet}/statement?since=2026-01-01T00:00:00Z&until=2026-12-31T00:00:00Z",
    "list_transfers": "/transfers?wallet_id={wallet}",
    "export_transfers": "/transfers/export?wallet_id={wallet}",
    "list_payments": "/payments?wallet_id={wallet}",
    "list_awaiting_approval": "/transfers/awaiting-approval",
    "get_transfer": "/transfers/{transfer}",
    "get_receipt": "/transfers/{transfer}/receipt",
    "list_bulks": "/transfers/bulk",
    "list_bulks_awaiting_approval": "/transfers/bulk/awaiting-approval",
    "get_bulk": "/transfers/bulk/{bulk}",
    "get_bulk_file": "/transfers/bulk/{bulk}/file",
    "list_bulk_lines": "/transfers/bulk/{bulk}/lines",
    "follow_bulk": "/transfers/bulk/{bulk}/events",
    "list_schedules": "/transfers/schedules",
    "get_schedule": "/transfers/schedules/{schedule}",
    "list_schedule_runs": "/transfers/schedules/{schedule}/runs",
    "list_upcoming_runs": "/transfers/schedules/{schedule}/upcoming",
    "list_accounts": "/accounts?kind=wallet",
    "get_account": "/accounts/{wallet}",
    "list_account_postings": "/accounts/{treasury}/postings",
    "get_trial_balance": "/ledger/trial-balance",
    "list_ledger_verifications": "/ledger/verifications",
    "get_ledger_verification": "/ledger/verifications/{verification}",
    "follow_ledger_verification": "/ledger/verifications/{verification}/events",
    "list_fees": "/fees",
    "list_fee_history": "/fees/history",
    "list_rates": "/rates",
    "list_rate_history": "/rates/history",
    "list_limits": "/limits",
    "list_limit_history": "/limits/history",
    "list_my_limits": "/limits/mine",
    "get_tier": "/limits/tiers/{owner}",
}


async def data(bank: Bank, path: str, payer: Holder, body: dict[str, Any]) -> Any:
    answer = await bank.post(path, payer.user_id, body)
    assert answer.status_code in {200, 201, 202}, answer.text
    return answer.json()["data"]


async def treasury(bank: Bank) -> str:
    accounts = (await bank.staff("GET", "/accounts?kind=system&currency=NAD")).json()["data"]["items"]
    return str(next(account["id"] for account in accounts if account["code"] == "treasury"))


async def ended_verification(bank: Bank) -> str:
    """Make one whose stream ends at once."""
    verification = str((await bank.staff("POST", "/ledger/verifications")).json()["data"]["id"])
    await bank.staff("POST", f"/ledger/verifications/{verification}/cancel", {"reason": "enough"})
    return verification


async def things(bank: Bank, payer: Holder, payee: Holder) -> dict[str, str]:
    """Create one of each for the payer, with some that await a decision, and return their ids."""
    line = {"target_wallet_id": str(payee.wallet_id), "amount": "5.00"}
    order = {"source_wallet_id": str(payer.wallet_id), "currency": "NAD"}
    file = {**order, "mode": "best_effort", "lines": [line]}
    plan = {**order, **line, "frequency": "daily", "starts_at": "2026-12-01T08:00:00Z"}
    bulk = (await data(bank, "/transfers/bulk", payer, file))["id"]
    # Read its stream to the end at once.
    await data(bank, f"/transfers/bulk/{bulk}/cancel", payer, {"reason": "enough"})
    made = {
        "transfer": (await bank.made(payer, payee, "5.00"))["id"],
        "schedule": (await data(bank, "/transfers/schedules", payer, plan))["id"],
        "bulk": bulk,
    }
    bank.approve_above("1.00")
    return made | {
        "waiting": (await bank.made(payer, payee, "5.00"))["id"],
        "waiting_bulk": (await data(bank, "/transfers/bulk", payer, file))["id"],
    }


async def test_every_operation_returns_the_data_of_the_owners_it_declares(bank: Bank, payer: Holder, payee: Holder) -> None:
    made = await things(bank, payer, payee)
    at = {
        **made,
        "wallet": str(payer.wallet_id),
        "owner": str(payer.user_id),
        "treasury": await treasury(bank),
        "verification": await ended_verification(bank),
        "now": bank.clock.now().isoformat().replace("+00:00", "Z"),
    }

    async def ask(method: str, path: str) -> httpx.Response:
        return await bank.send(method, path, bank.staff_id, roles=("admin",))

    reads = DeclaredReads(ask, bank.database, PUBLICATIONS, {name: path.format(**at) for name, path in PATHS.items()})
    person = Person(str(payer.user_id), {str(payer.user_id), str(payer.wallet_id), *made.values()})
    assert await reads.misdeclared(ROUTERS, person) == []


async def test_postings_of_a_system_account_name_the_people_on_their_other_side(bank: Bank, payer: Holder, payee: Holder) -> None:
    record = Record(bank.database, bank.clock)
    account = await treasury(bank)
    issued = {"wallet_id": str(payee.wallet_id), "amount": "2.00", "currency": "NAD", "reason": "test funds"}
    assert (await bank.post("/issuances", bank.staff_id, issued, roles=("admin",))).status_code == 201
    await record.skip()
    assert len((await bank.staff("GET", f"/accounts/{account}/postings")).json()["data"]["items"]) == 2
    _, [fact] = await record.news()
    assert (fact.action, fact.related[0]) == ("payments.account.read_postings", account)
    assert set(fact.related[1:]) == {str(payer.user_id), str(payee.user_id)}


async def test_reading_a_tier_is_one_fact_even_in_an_assignment_that_changes_nothing(bank: Bank, payer: Holder) -> None:
    record = Record(bank.database, bank.clock)
    path = f"/limits/tiers/{payer.user_id}"
    back = {"tier": "standard", "reason": "back to the standard one"}
    assert (await bank.send("PUT", path, bank.staff_id, back, roles=("admin",))).status_code == 200
    await record.skip()
    for method, body in (("GET", None), ("PUT", back)):
        assert (await bank.send(method, path, bank.staff_id, body, roles=("admin",))).status_code == 200
        _, [fact] = await record.news()
        assert (fact.action, fact.resource) == ("payments.tier.read", ("read", f"read/{payer.user_id}"))
        assert (fact.by, fact.related) == (("user", str(bank.staff_id)), [str(payer.user_id)])


async def test_reading_your_own_tier_leaves_no_fact(bank: Bank) -> None:
    record = Record(bank.database, bank.clock)
    await record.skip()
    assert (await bank.send("GET", f"/limits/tiers/{bank.staff_id}", bank.staff_id, roles=("admin",))).status_code == 200
    assert await record.news() == ([], [])
