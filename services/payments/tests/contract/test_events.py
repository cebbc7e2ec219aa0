"""What payments publishes, against the protos."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import text

from chassis.testing.clocks import ControlledClock
from elcorp.compliance.v1 import events_pb2 as compliance
from elcorp.payments.v1 import events_pb2
from kernel.events import Event
from kernel.ids import new_id
from payments.domain import events
from payments.domain.approval import ApprovalRules
from payments.interfaces.publications import PUBLICATIONS
from services.payments.tests.contract.bank import Bank, Holder
from services.payments.tests.contract.outbox import published

REASON = {"reason": "asked for by the payer"}


@pytest.fixture
async def parties(bank: Bank) -> tuple[Holder, Holder]:
    return await bank.holder("1000.00"), await bank.holder()


async def test_every_event_of_the_domain_has_its_message() -> None:
    declared = {kind for kind in vars(events).values() if isinstance(kind, type) and issubclass(kind, Event)} - {Event}
    encodable = set(PUBLICATIONS._encoders)
    assert declared - encodable == set()


async def test_a_hold_and_its_capture_are_published(bank: Bank, parties: tuple[Holder, Holder]) -> None:
    payer, payee = parties
    bank.price(fee="3.00")
    held = await bank.made(payer, payee, "300.00", capture="later")
    [told] = await published(bank.database, events_pb2.TransferHeld)
    assert (told.transfer_id, told.source_id, told.target_id) == (held["id"], str(payer.wallet_id), str(payee.wallet_id))
    assert (told.amount.amount, told.amount.currency, told.initiator_id) == ("300.00", "NAD", str(payer.user_id))
    assert told.expires_at.ToDatetime(tzinfo=bank.clock.now().tzinfo) == bank.clock.now() + timedelta(days=7)
    await bank.post(f"/transfers/{held['id']}/capture", payee.user_id, {"amount": "100.00"})
    settled = (await published(bank.database, events_pb2.TransferSettled))[-1]
    assert (settled.transfer_id, settled.amount.amount, settled.fee_total.amount) == (held["id"], "100.00", "1.00")
    assert (settled.kind, settled.parent_id) == ("transfer", "")


async def test_what_was_let_go_is_published_with_its_reason(bank: Bank, parties: tuple[Holder, Holder]) -> None:
    payer, payee = parties
    voided = await bank.made(payer, payee, "1.00", capture="later")
    await bank.post(f"/transfers/{voided['id']}/void", payee.user_id, REASON)
    expired = await bank.made(payer, payee, "2.00", capture="later")
    bank.wait(days=7)
    await bank.expire()
    told = [(one.transfer_id, one.reason) for one in await published(bank.database, events_pb2.TransferCancelled)]
    assert told == [(voided["id"], REASON["reason"]), (expired["id"], "expired")]


async def test_approvals_are_published_from_asking_to_decision(bank: Bank, parties: tuple[Holder, Holder]) -> None:
    payer, payee = parties
    bank.prices.rules = ApprovalRules(floors={"NAD": Decimal(100)}, judge=lambda _question: True)
    approved, rejected = [await bank.made(payer, payee, "100.00") for _ in range(2)]
    waiting = await published(bank.database, events_pb2.TransferAwaitingApproval)
    assert [one.transfer_id for one in waiting] == [approved["id"], rejected["id"]]
    assert waiting[0].expires_at.ToDatetime(tzinfo=bank.clock.now().tzinfo) == bank.clock.now() + timedelta(hours=72)
    await bank.staff("POST", f"/transfers/{approved['id']}/approve")
    await bank.staff("POST", f"/transfers/{rejected['id']}/reject", REASON)
    assert (await published(bank.database, events_pb2.TransferSettled))[-1].transfer_id == approved["id"]
    [failed] = await published(bank.database, events_pb2.TransferFailed)
    assert (failed.transfer_id, failed.reason) == (rejected["id"], REASON["reason"])


async def test_an_approved_hold_is_published_as_held_from_then_on(bank: Bank, parties: tuple[Holder, Holder]) -> None:
    payer, payee = parties
    bank.prices.rules = ApprovalRules(floors={"NAD": Decimal(100)}, judge=lambda _question: True)
    waiting = await bank.made(payer, payee, "100.00", capture="later")
    assert await published(bank.database, events_pb2.TransferHeld) == []
    await bank.staff("POST", f"/transfers/{waiting['id']}/approve")
    [held] = await published(bank.database, events_pb2.TransferHeld)
    assert (held.transfer_id, held.amount.amount) == (waiting["id"], "100.00")
    assert held.expires_at.ToDatetime(tzinfo=bank.clock.now().tzinfo) == bank.clock.now() + timedelta(days=7)


async def test_refunds_and_reversals_are_published_with_their_original(bank: Bank, parties: tuple[Holder, Holder]) -> None:
    payer, payee = parties
    first, second = [await bank.made(payer, payee, "10.00", path="/payments", reference=f"INV-{n}") for n in range(2)]
    backs = [
        (await bank.post(f"/transfers/{first['id']}/refund", payee.user_id, {"amount": amount, **REASON})).json()["data"]
        for amount in ("3.00", "4.00")
    ]
    told = await published(bank.database, events_pb2.TransferRefunded)
    assert [(one.transfer_id, one.refund_id) for one in told] == [(first["id"], back["id"]) for back in backs]
    assert [(one.amount.amount, one.refunded.amount) for one in told] == [("3.00", "3.00"), ("4.00", "7.00")]
    undone = (await bank.staff("POST", f"/transfers/{second['id']}/reverse", REASON)).json()["data"]
    [reversed_] = await published(bank.database, events_pb2.TransferReversed)
    assert (reversed_.transfer_id, reversed_.reversal_id, reversed_.reason) == (second["id"], undone["id"], REASON["reason"])
    settled = (await published(bank.database, events_pb2.TransferSettled))[-1]
    assert (settled.transfer_id, settled.kind, settled.parent_id) == (undone["id"], "reversal", second["id"])
    assert settled.reference == "INV-1"


async def test_what_becomes_of_a_wallet_is_published(bank: Bank, parties: tuple[Holder, Holder]) -> None:
    _, holder = parties
    path = f"/wallets/{holder.wallet_id}"
    await bank.staff("POST", f"{path}/freeze", {"reason": "suspicion"})
    await bank.staff("POST", f"{path}/unfreeze", {"reason": "cleared"})
    await bank.staff("PUT", f"{path}/ceiling", {"amount": "10.00", "reason": "small shop"})
    await bank.staff("PUT", f"{path}/ceiling", {"amount": None, "reason": "no longer"})
    await bank.send("PATCH", path, holder.user_id, {"name": "savings"})
    await bank.send("DELETE", path, holder.user_id)
    [frozen], [unfrozen], [closed] = [
        await published(bank.database, kind)
        for kind in (events_pb2.WalletFrozen, events_pb2.WalletUnfrozen, events_pb2.WalletClosed)
    ]
    assert {frozen.wallet_id, unfrozen.wallet_id, closed.wallet_id} == {str(holder.wallet_id)}
    assert (frozen.reason, unfrozen.reason) == ("suspicion", "cleared")
    bounded, unbounded = await published(bank.database, events_pb2.WalletBounded)
    assert (bounded.ceiling.amount, bounded.ceiling.currency, unbounded.HasField("ceiling")) == ("10.00", "NAD", False)
    [renamed] = await published(bank.database, events_pb2.WalletRenamed)
    assert "savings" not in str(renamed)


async def test_a_break_is_published_with_what_was_expected(clock: ControlledClock) -> None:
    account_id = new_id()
    broke = events.LedgerBroke(
        occurred_at=clock.now(),
        account_id=account_id,
        currency="NAD",
        what="balance",
        expected=Decimal("-1.5"),
        found=Decimal(2),
    )
    message = events_pb2.LedgerBroken.FromString(PUBLICATIONS.encode(broke).payload)
    assert (message.account_id, message.what) == (str(account_id), "balance")
    assert (message.expected.amount, message.found.amount, message.found.currency) == ("-1.50", "2.00", "NAD")


async def test_every_change_is_put_on_record_with_before_and_after(bank: Bank, parties: tuple[Holder, Holder]) -> None:
    payer, payee = parties
    held = await bank.made(payer, payee, "300.00", capture="later")
    await bank.post(f"/transfers/{held['id']}/capture", payee.user_id, {"amount": "180.00"})
    await bank.post(f"/transfers/{held['id']}/refund", payee.user_id, {"amount": "80.00", **REASON})
    messages = await published_facts(bank)
    facts = {fact.action: fact for message in messages for fact in message.facts if fact.resource_id == held["id"]}
    assert list(facts) == ["payments.transfer.hold", "payments.transfer.capture", "payments.transfer.refund"]
    capture = facts["payments.transfer.capture"]
    assert capture.actor.subject_id == str(payee.user_id)
    before, after = json.loads(capture.before), json.loads(capture.after)
    assert (before["status"], before["held"], before["source_balance"]) == ("pending", "300.00", "1000.00")
    assert (after["status"], after["captured"], after["source_balance"]) == ("completed", "180.00", "820.00")
    assert "held" not in after
    assert str(payer.wallet_id) in capture.related_ids


async def published_facts(bank: Bank) -> list[compliance.AuditFactsRecorded]:
    async with bank.database.read() as connection:
        rows = await connection.execute(text("SELECT payload FROM outbox WHERE type = 'audit.facts.recorded' ORDER BY position"))
        return [compliance.AuditFactsRecorded.FromString(bytes(row.payload)) for row in rows]
