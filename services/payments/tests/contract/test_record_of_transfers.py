"""Events and audit facts of transfers, compared whole."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from google.protobuf.message import Message

from elcorp.payments.v1 import events_pb2
from services.payments.tests.approvals import approval_from
from services.payments.tests.contract.bank import Bank, Holder, refusal
from services.payments.tests.contract.outbox import Fact, Record
from services.payments.tests.contract.recorded import (
    REASON,
    SERVICE,
    WHY,
    balances,
    both_parties,
    moment,
    nad,
    settled,
    staff,
    user,
)


async def test_a_transfer_and_a_payment_with_their_fees(bank: Bank, payer: Holder, payee: Holder, record: Record) -> None:
    await record.skip()
    bank.price(fee="3.00")
    sent = await bank.made(payer, payee, "100.00", description="rent")
    assert await record.news() == (
        [settled(sent, payer, payee, "100.00", fee_total=nad("3.00"))],
        [
            Fact(
                action="payments.transfer.settle",
                resource=("transfer", sent["id"]),
                by=user(payer),
                before=balances("1000.00", "0.00"),
                after={
                    **balances("897.00", "100.00"),
                    "amount": "100.00",
                    "currency": "NAD",
                    "status": "completed",
                    "fee_total": "3.00",
                },
                reason="rent",
                related=both_parties(payer, payee),
            )
        ],
    )
    await bank.sells(payee)
    await record.skip()
    paid = await bank.made(payer, payee, "97.00", path="/payments", reference="INV-17")
    assert await record.news() == (
        [settled(paid, payer, payee, "97.00", kind="payment", reference="INV-17")],
        [
            Fact(
                action="payments.payment.settle",
                resource=("transfer", paid["id"]),
                by=user(payer),
                before=balances("897.00", "100.00"),
                after={
                    **balances("800.00", "197.00"),
                    "amount": "97.00",
                    "currency": "NAD",
                    "reference": "INV-17",
                    "status": "completed",
                },
                related=both_parties(payer, payee),
            )
        ],
    )


async def test_a_conversion(bank: Bank, payer: Holder, record: Record) -> None:
    dollars = await bank.holder(currency="USD")
    await record.skip()
    bank.exchange("0.05", "2")
    sent = await bank.made(payer, dollars, "100.00", target_currency="USD")
    assert await record.news() == (
        [settled(sent, payer, dollars, "100.00", kind="conversion")],
        [
            Fact(
                action="payments.conversion.settle",
                resource=("transfer", sent["id"]),
                by=user(payer),
                before=balances("1000.00", "0.00"),
                after={**balances("900.00", "4.90"), "amount": "100.00", "currency": "NAD", "status": "completed"},
                related=both_parties(payer, dollars),
            )
        ],
    )


async def test_a_hold_captured_in_part_and_one_that_is_voided(bank: Bank, payer: Holder, payee: Holder, record: Record) -> None:
    await record.skip()
    bank.price(fee="3.00")
    held = await bank.made(payer, payee, "300.00", capture="later")
    message = {"source_id": str(payer.wallet_id), "target_id": str(payee.wallet_id), "initiator_id": str(payer.user_id)}
    week = moment(bank.clock.now() + timedelta(days=7))
    waiting = {"status": "pending", "fee_total": "3.00", "held": "303.00"}
    fact = Fact(
        action="payments.transfer.hold",
        resource=("transfer", held["id"]),
        by=user(payer),
        before=balances("1000.00", "0.00"),
        after={**balances("1000.00", "0.00"), "amount": "300.00", "currency": "NAD", **waiting},
        related=both_parties(payer, payee),
    )
    assert await record.news() == (
        [events_pb2.TransferHeld(transfer_id=held["id"], amount=nad("300.00"), expires_at=week, **message)],
        [fact],
    )
    bank.wait(seconds=60)
    await bank.post(f"/transfers/{held['id']}/capture", payee.user_id, {"amount": "100.00"})
    assert await record.news() == (
        [settled(held, payer, payee, "100.00", fee_total=nad("1.00"))],
        [
            replace(
                fact,
                action="payments.transfer.capture",
                by=user(payee),
                before={**balances("1000.00", "0.00"), **waiting},
                after={**balances("899.00", "100.00"), "status": "completed", "fee_total": "1.00", "captured": "100.00"},
            )
        ],
    )
    bank.price()
    other = await bank.made(payer, payee, "50.00", capture="later")
    await record.skip()
    bank.wait(seconds=60)
    await bank.post(f"/transfers/{other['id']}/void", payee.user_id, REASON)
    assert await record.news() == (
        [events_pb2.TransferCancelled(transfer_id=other["id"], reason=WHY)],
        [
            replace(
                fact,
                action="payments.transfer.void",
                resource=("transfer", other["id"]),
                by=user(payee),
                before={**balances("899.00", "100.00"), "status": "pending", "held": "50.00"},
                after={**balances("899.00", "100.00"), "status": "cancelled"},
                reason=WHY,
            )
        ],
    )


async def test_what_awaits_a_decision_and_what_is_decided(bank: Bank, payer: Holder, payee: Holder, record: Record) -> None:
    bank.prices.rules = approval_from("100")
    await record.skip()
    now, later, refused, late = [
        await bank.made(payer, payee, "100.00", capture=capture) for capture in ("now", "later", "now", "now")
    ]
    message: dict[str, Any] = {
        "source_id": str(payer.wallet_id),
        "target_id": str(payee.wallet_id),
        "amount": nad("100.00"),
        "initiator_id": str(payer.user_id),
    }
    decided_by = moment(bank.clock.now() + timedelta(hours=72))
    waiting = {"status": "pending_approval", "held": "100.00"}
    submitted = Fact(
        action="payments.transfer.submit",
        resource=("transfer", ""),
        by=user(payer),
        before=balances("1000.00", "0.00"),
        after={**balances("1000.00", "0.00"), "amount": "100.00", "currency": "NAD", **waiting},
        related=both_parties(payer, payee),
    )
    assert await record.news() == (
        [
            events_pb2.TransferAwaitingApproval(transfer_id=one["id"], expires_at=decided_by, **message)
            for one in (now, later, refused, late)
        ],
        [replace(submitted, resource=("transfer", one["id"])) for one in (now, later, refused, late)],
    )
    expires_at = f"{(bank.clock.now() + timedelta(hours=74)):%Y-%m-%d %H:%M}"
    assert [(each.template, each.permission, each.key, dict(each.facts)) for each in record.notices] == [
        (
            "payments.approval_needed",
            "payment:approve",
            f"approval:{one['id']}",
            {"amount": "100.00 NAD", "expires_at": expires_at, "transfer_id": one["id"]},
        )
        for one in (now, later, refused, late)
    ]

    bank.wait(seconds=60)
    await bank.staff("POST", f"/transfers/{now['id']}/approve")
    approved = replace(
        submitted,
        action="payments.transfer.approve",
        resource=("transfer", now["id"]),
        by=staff(bank),
        before={**balances("1000.00", "0.00"), **waiting},
        after={**balances("900.00", "100.00"), "status": "completed"},
    )
    assert await record.news() == ([settled(now, payer, payee, "100.00")], [approved])

    await bank.staff("POST", f"/transfers/{later['id']}/approve")
    week = moment(bank.clock.now() + timedelta(days=7))
    assert await record.news() == (
        [events_pb2.TransferHeld(transfer_id=later["id"], expires_at=week, **message)],
        [
            replace(
                approved,
                resource=("transfer", later["id"]),
                before={**balances("900.00", "100.00"), **waiting},
                after={**balances("900.00", "100.00"), "status": "pending", "held": "100.00"},
            )
        ],
    )

    await bank.staff("POST", f"/transfers/{refused['id']}/reject", {"reason": "unusual payee"})
    failed = replace(
        approved,
        action="payments.transfer.reject",
        resource=("transfer", refused["id"]),
        before={**balances("900.00", "100.00"), **waiting},
        after={**balances("900.00", "100.00"), "status": "failed"},
        reason="unusual payee",
    )
    assert await record.news() == (
        [events_pb2.TransferFailed(transfer_id=refused["id"], reason="unusual payee")],
        [failed],
    )

    bank.wait(seconds=72 * 3600)
    await bank.expire()
    expired = replace(failed, action="payments.transfer.expire", resource=("transfer", late["id"]), by=SERVICE, reason="expired")
    assert await record.news() == ([events_pb2.TransferFailed(transfer_id=late["id"], reason="expired")], [expired])
    bank.wait(days=7)
    await bank.expire()
    assert await record.news() == (
        [events_pb2.TransferCancelled(transfer_id=later["id"], reason="expired")],
        [
            replace(
                expired,
                resource=("transfer", later["id"]),
                before={**balances("900.00", "100.00"), "status": "pending", "held": "100.00"},
                after={**balances("900.00", "100.00"), "status": "cancelled"},
            )
        ],
    )


async def test_refunds_and_reversals(bank: Bank, payer: Holder, payee: Holder, record: Record) -> None:
    first, second = [await bank.made(payer, payee, "10.00", path="/payments", reference=f"INV-{n}") for n in range(2)]
    await record.skip()
    bank.wait(seconds=60)
    path = f"/transfers/{first['id']}/refund"
    refunds = [(await bank.post(path, payee.user_id, {"amount": part, **REASON})).json()["data"] for part in ("3.00", "4.00")]
    events, facts = await record.news()
    expected: list[Message] = []
    of_parts = [("3.00", "3.00", "17.00", "983.00"), ("4.00", "7.00", "13.00", "987.00")]
    for back, (part, sum_, *_left) in zip(refunds, of_parts, strict=True):
        expected += [
            events_pb2.TransferRefunded(transfer_id=first["id"], refund_id=back["id"], amount=nad(part), refunded=nad(sum_)),
            settled(back, payee, payer, part, kind="refund", reference="INV-0", parent_id=first["id"]),
        ]
    assert events == expected
    original = Fact(
        action="payments.transfer.refund",
        resource=("transfer", first["id"]),
        by=user(payee),
        before={**balances("980.00", "20.00"), "status": "completed"},
        after={**balances("983.00", "17.00"), "status": "completed", "refunded": "3.00"},
        related=both_parties(payer, payee),
    )
    made = Fact(
        action="payments.refund.settle",
        resource=("transfer", refunds[0]["id"]),
        by=user(payee),
        before=balances("20.00", "980.00"),
        after={
            **balances("17.00", "983.00"),
            "amount": "3.00",
            "currency": "NAD",
            "reference": "INV-0",
            "parent_id": first["id"],
            "status": "completed",
        },
        reason=WHY,
        related=both_parties(payee, payer, first["id"]),
    )
    assert facts[:2] == [original, made]
    assert [(fact.action, fact.resource[1]) for fact in facts[2:]] == [
        (original.action, first["id"]),
        (made.action, refunds[1]["id"]),
    ]

    undone = (await bank.staff("POST", f"/transfers/{second['id']}/reverse", REASON)).json()["data"]
    assert await record.news() == (
        [
            events_pb2.TransferReversed(transfer_id=second["id"], reversal_id=undone["id"], reason=WHY),
            settled(
                undone,
                payee,
                payer,
                "10.00",
                initiator_id=str(bank.staff_id),
                kind="reversal",
                reference="INV-1",
                parent_id=second["id"],
            ),
        ],
        [
            replace(
                original,
                action="payments.transfer.reversal",
                resource=("transfer", second["id"]),
                by=staff(bank),
                before={**balances("987.00", "13.00"), "status": "completed"},
                after={**balances("997.00", "3.00"), "status": "reversed"},
                reason=WHY,
            ),
            replace(
                made,
                action="payments.reversal.settle",
                resource=("transfer", undone["id"]),
                by=staff(bank),
                before=balances("13.00", "987.00"),
                after={
                    **balances("3.00", "997.00"),
                    "amount": "10.00",
                    "currency": "NAD",
                    "reference": "INV-1",
                    "parent_id": second["id"],
                    "status": "completed",
                },
                related=both_parties(payee, payer, second["id"]),
            ),
        ],
    )


async def test_what_compliance_refuses(bank: Bank, payer: Holder, payee: Holder, record: Record) -> None:
    await record.skip()
    bank.screening.blocked.add(payee.wallet_id)
    assert refusal(await bank.pay(payer, payee, "1.00", path="/payments", reference="INV-17")) == (409, "PAY_007")
    assert await record.news() == (
        [],
        [
            Fact(
                action="payments.transfer.refuse",
                resource=("wallet", str(payer.wallet_id)),
                by=user(payer),
                after={"amount": "1.00", "currency": "NAD", "reference": "INV-17"},
                reason="on the list",
                related=[str(payee.wallet_id)],
            )
        ],
    )
