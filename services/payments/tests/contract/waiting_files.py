"""Bulk transfers that await a decision, and their later state."""

from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import text

from elcorp.payments.v1 import events_pb2
from payments.application.bulk_transfers.expire_bulks import ExpireBulks
from payments.application.bulk_transfers.resume_bulks import ResumeBulks
from services.payments.tests.contract.bank import Bank, Holder

REASON = {"reason": "not agreed"}
modes = pytest.mark.parametrize("mode", ["best_effort", "all_or_nothing"])
Data = dict[str, Any]


def file(source: Holder, *to: tuple[Holder, str], mode: str = "best_effort") -> Data:
    lines = [{"target_wallet_id": str(target.wallet_id), "amount": amount} for target, amount in to]
    return {"source_wallet_id": str(source.wallet_id), "currency": "NAD", "mode": mode, "lines": lines}


async def waiting(bank: Bank, payer: Holder, payee: Holder, *, mode: str = "best_effort") -> str:
    """Submit two lines of 60.00, which together require an approval."""
    answer = await bank.post("/transfers/bulk", payer.user_id, file(payer, (payee, "60.00"), (payee, "60.00"), mode=mode))
    assert (answer.status_code, answer.json()["data"]["status"]) == (202, "pending_approval")
    bulk_id: str = answer.json()["data"]["id"]
    return bulk_id


async def standing(bank: Bank, bulk_id: str) -> Data:
    data: Data = (await bank.staff("GET", f"/transfers/bulk/{bulk_id}")).json()["data"]
    return data


async def lines(bank: Bank, bulk_id: str, query: str = "") -> list[tuple[str, str | None]]:
    items = (await bank.staff("GET", f"/transfers/bulk/{bulk_id}/lines{query}")).json()["data"]["items"]
    return [(item["status"], item["transfer_id"]) for item in items]


async def queued(bank: Bank) -> list[str]:
    """Return the files for which a worker was started."""
    async with bank.database.read() as connection:
        query = text("SELECT args ->> 'bulk_id' FROM procrastinate_jobs WHERE task_name = 'payments:run_bulk'")
        return list(await connection.scalars(query))


async def expire(bank: Bank) -> int:
    """Run the job that expires waiting files."""
    return await ExpireBulks(bank.dependencies.uow, bank.clock)()


async def resume(bank: Bank) -> int:
    """Run the job that resumes bulk transfers."""
    return await ResumeBulks(bank.dependencies.uow, bank.clock)()


def changed(bulk_id: str, payer: Holder, status: str) -> events_pb2.BulkChanged:
    return events_pb2.BulkChanged(bulk_id=bulk_id, initiator_id=str(payer.user_id), status=status)


def counts(status: str, **of: int) -> Mapping[str, object]:
    return {"status": status, "settled": 0, "awaiting_approval": 0, "refused": 0, "not_run": 0, **of}
