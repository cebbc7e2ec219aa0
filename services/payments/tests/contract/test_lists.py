"""Every list of payments keeps what all lists promise."""

from datetime import timedelta
from typing import Any, Final

import httpx

from chassis.testing.list_promises import ListPromises
from payments.interfaces.rest import ROUTERS
from services.payments.tests.contract.bank import Bank, Holder
from services.payments.tests.contract.pricing_bank import FEE, LIMIT

PATHS: Final = {
    "list_wallets": "/wallets",
    "list_postings": "/wallets/{wallet}/postings",
    "list_transfers": "/transfers?wallet_id={wallet}&currency=NAD",
    "list_payments": "/payments?wallet_id={wallet}&status=completed",
    "list_awaiting_approval": "/transfers/awaiting-approval",
    "list_bulks": "/transfers/bulk",
    "list_bulks_awaiting_approval": "/transfers/bulk/awaiting-approval",
    "list_bulk_lines": "/transfers/bulk/{bulk}/lines?status=waiting&status=refused",
    "list_schedules": "/transfers/schedules",
    "list_schedule_runs": "/transfers/schedules/{schedule}/runs",
    "list_upcoming_runs": "/transfers/schedules/{schedule}/upcoming",
    "list_accounts": "/accounts?kind=wallet&currency=NAD&reason=audit",
    "list_account_postings": "/accounts/{wallet}/postings",
    "list_fees": "/fees?kind=transfer&currency=NAD",
    "list_fee_history": "/fees/history?code=transfer-service",
    "list_rates": "/rates?base=NAD",
    "list_rate_history": "/rates/history?base=NAD",
    "list_limits": "/limits?tier=standard",
    "list_limit_history": "/limits/history?currency=NAD",
    "list_ledger_verifications": "/ledger/verifications",
}
RATE: Final = {"base": "NAD", "quote": "USD", "mid": "0.05", "spread_percent": "1", "reason": "resolution 12"}


async def made(bank: Bank, path: str, holder: Holder, body: dict[str, Any]) -> str:
    answer = await bank.post(path, holder.user_id, body, roles=("admin", "user"))
    assert answer.is_success, answer.text
    return str(answer.json()["data"]["id"])


async def things(bank: Bank, payer: Holder, payee: Holder) -> dict[str, str]:
    """Create two of each for the payer; return the wallet, and a file and a schedule with several parts."""
    line = {"target_wallet_id": str(payee.wallet_id), "amount": "1.00"}
    order = {"source_wallet_id": str(payer.wallet_id), "currency": "NAD"}
    plan = {**order, **line, "frequency": "daily", "occurrences_max": 6, "starts_at": bank.clock.now().isoformat()}
    schedules = [await made(bank, "/transfers/schedules", payer, plan) for _ in range(2)]
    rate = {**RATE, "valid_until": (bank.clock.now() + timedelta(days=7)).isoformat()}
    for path, body in (("/fees", FEE), ("/limits", LIMIT), ("/rates", rate)):
        await made(bank, path, payer, body)
    for _ in range(2):
        await bank.made(payer, payee, "1.00")
        await bank.run_schedules()
        bank.wait(days=1)
    await bank.sells(payee)
    for _ in range(2):
        await bank.made(payer, payee, "1.00")
    bank.approve_above("0.50")
    for _ in range(2):
        await bank.made(payer, payee, "1.00")
    file = {**order, "mode": "best_effort", "lines": [line, line, line]}
    bulks = [await made(bank, "/transfers/bulk", payer, file) for _ in range(2)]
    return {"wallet": str(payer.wallet_id), "bulk": bulks[0], "schedule": schedules[0]}


async def test_every_list_keeps_its_promises(bank: Bank) -> None:
    payer, payee = await bank.holder("100.00"), await bank.holder()
    at = await things(bank, payer, payee)
    for _ in range(2):
        verification = (await bank.staff("POST", "/ledger/verifications")).json()["data"]["id"]
        await bank.staff("POST", f"/ledger/verifications/{verification}/cancel", {"reason": "another one"})

    async def ask(path: str) -> httpx.Response:
        return await bank.get(path, payer.user_id, roles=("admin", "user"))

    paths = {name: path.format(**at) for name, path in PATHS.items()}
    assert await ListPromises(ask, paths).broken(ROUTERS) == []
