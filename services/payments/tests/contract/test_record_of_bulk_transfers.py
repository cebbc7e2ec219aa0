"""Events and audit facts of bulk transfers, compared whole."""

import hashlib
from dataclasses import replace
from typing import Any

from elcorp.payments.v1 import events_pb2
from payments.application.bulk_transfers.resume_bulks import ResumeBulks
from services.payments.tests.contract.bank import Bank, Holder
from services.payments.tests.contract.outbox import Fact, Record
from services.payments.tests.contract.recorded import (
    REASON,
    SERVICE,
    WHY,
    settled,
    user,
)


def counted(status: str, *, settled: int = 0, awaiting: int = 0, refused: int = 0, not_run: int = 0) -> dict[str, object]:
    return {"status": status, "settled": settled, "awaiting_approval": awaiting, "refused": refused, "not_run": not_run}


def file(payer: Holder, payee: Holder, *amounts: str) -> dict[str, Any]:
    lines = [{"target_wallet_id": str(payee.wallet_id), "amount": amount} for amount in amounts]
    return {"source_wallet_id": str(payer.wallet_id), "currency": "NAD", "mode": "best_effort", "lines": lines}


async def test_a_bulk_transfer_from_its_file_to_its_end(bank: Bank, payer: Holder, payee: Holder, record: Record) -> None:
    await record.skip()
    amounts = ("10.00", "20.00", "30.00", "999.00")
    answer = await bank.post("/transfers/bulk", payer.user_id, file(payer, payee, *amounts))
    bulk_id = answer.json()["data"]["id"]
    changed = events_pb2.BulkChanged(bulk_id=bulk_id, initiator_id=str(payer.user_id), status="accepted")
    fact = Fact(
        action="payments.bulk.accept",
        resource=("bulk", bulk_id),
        by=user(payer),
        after={
            "mode": "best_effort",
            "format": "application/json",
            "lines": 4,
            "amount_total": "1059.00",
            "currency": "NAD",
            "file_sha256": hashlib.sha256(answer.request.content).hexdigest(),
            **counted("accepted"),
        },
        related=[str(payer.wallet_id), str(payer.user_id)],
    )
    assert await record.news() == ([changed], [fact])

    bank.wait(seconds=1)
    await bank.run_bulk(bulk_id)
    lines = (await bank.get(f"/transfers/bulk/{bulk_id}/lines", payer.user_id)).json()["data"]["items"]
    ids = [line["transfer_id"] for line in lines]
    together = [
        settled({"id": transfer_id}, payer, payee, amount) for transfer_id, amount in zip(ids[:3], amounts[:3], strict=True)
    ]
    events, facts = await record.news()
    assert events == [
        events_pb2.BulkChanged(bulk_id=bulk_id, initiator_id=str(payer.user_id), status="running"),
        events_pb2.TransfersSettled(bulk_id=bulk_id, transfers=together),
        events_pb2.BulkCompleted(
            bulk_id=bulk_id,
            initiator_id=str(payer.user_id),
            status="partly_completed",
            lines=4,
            settled=3,
            awaiting_approval=0,
            refused=1,
            not_run=0,
        ),
    ]
    started, *of_lines, progressed = facts
    assert (started, progressed) == (
        replace(fact, action="payments.bulk.start", by=SERVICE, before=counted("accepted"), after=counted("running")),
        replace(
            fact,
            action="payments.bulk.progress",
            by=SERVICE,
            before=counted("running"),
            after=counted("partly_completed", settled=3, refused=1),
        ),
    )
    assert [(one.action, one.resource[1], one.by) for one in of_lines] == [
        *(("payments.transfer.settle", transfer_id, user(payer)) for transfer_id in ids[:3]),
    ]


async def test_bulk_transfers_that_are_cancelled_or_time_out(bank: Bank, payer: Holder, payee: Holder, record: Record) -> None:
    initiator = str(payer.user_id)
    cancelled, given_up = [
        (await bank.post("/transfers/bulk", payer.user_id, file(payer, payee, "1.00", "2.00"))).json()["data"]["id"]
        for _ in range(2)
    ]
    await record.skip()
    bank.wait(seconds=60)
    await bank.post(f"/transfers/bulk/{cancelled}/cancel", payer.user_id, REASON)
    completed = events_pb2.BulkCompleted(bulk_id=cancelled, initiator_id=initiator, status="cancelled", lines=2, not_run=2)
    fact = Fact(
        action="payments.bulk.cancel",
        resource=("bulk", cancelled),
        by=user(payer),
        before=counted("accepted"),
        after=counted("cancelled", not_run=2),
        reason=WHY,
        related=[str(payer.wallet_id), initiator],
    )
    assert await record.news() == ([completed], [fact])

    bank.wait(days=1)
    await ResumeBulks(bank.dependencies.uow, bank.clock)()
    completed.bulk_id = given_up
    assert await record.news() == (
        [completed],
        [
            replace(
                fact,
                action="payments.bulk.give_up",
                resource=("bulk", given_up),
                by=SERVICE,
                reason="could not be run for a day",
            )
        ],
    )
