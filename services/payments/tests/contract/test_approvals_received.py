"""Decisions that governance announces: recorded once if they are signed, and otherwise refused."""

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import pytest

from chassis.approvals.receiving import ApprovalUnknown, ReceiveDecision
from chassis.approvals.signing import LocalSigner
from chassis.persistence.delivery import AlreadyHandled, Delivery, current_delivery
from chassis.testing.stored import unchanged
from elcorp.governance.v1 import events_pb2
from kernel.approvals import ApprovalClosed, ApprovalDecision, DeciderVote, DecisionInvalid, Outcome
from kernel.ids import new_id
from services.payments.tests.contract.bank import Bank, Holder
from services.payments.tests.contract.deciding import approvals_of, decisions_on

REASON = {"reason": "asked for by the payer"}
GOVERNANCE = LocalSigner.of("governance", [b"g" * 32])


@pytest.fixture
async def waiting(bank: Bank, payer: Holder, payee: Holder) -> str:
    bank.approve_above("500")
    transfer_id: str = (await bank.made(payer, payee, "500.00"))["id"]
    return transfer_id


@dataclass(frozen=True)
class Announcing:
    """Announces decisions as governance will, and delivers them as the consumer does."""

    bank: Bank

    async def decision(self, transfer_id: str) -> ApprovalDecision:
        [approval] = await approvals_of(self.bank.database, transfer_id)
        now = self.bank.clock.now()
        return ApprovalDecision(
            approval_id=approval.id,
            digest=bytes(approval.digest),
            outcome=Outcome.APPROVED,
            decider="governance",
            votes=tuple(DeciderVote(by=new_id(), outcome=Outcome.APPROVED, at=now) for _ in range(2)),
            decided_at=now,
            valid_until=approval.expires_at,
        )

    def event(self, of: ApprovalDecision, signer: LocalSigner = GOVERNANCE, **changes: Any) -> events_pb2.ApprovalDecided:
        signed = signer.sign(of)
        fields: dict[str, Any] = {
            "approval_id": str(of.approval_id),
            "producer": "payments",
            "decision": events_pb2.SignedDecision(statement=of.statement, key_id=signed.key_id, signature=signed.signature),
        }
        return events_pb2.ApprovalDecided(**fields | changes)

    async def deliver(self, event: events_pb2.ApprovalDecided, message_id: UUID | None = None) -> None:
        given = self.bank.dependencies
        receive = ReceiveDecision(uow=given.uow, keys=GOVERNANCE.keys, service="payments", clock=given.clock)
        delivery = Delivery(
            message_id=message_id or new_id(),
            type="governance.approval.decided",
            producer="governance",
            occurred_at=given.clock.now(),
            message=event,
        )
        token = current_delivery.set(delivery)
        try:
            await receive(delivery)
        finally:
            current_delivery.reset(token)


@pytest.fixture
def announcing(bank: Bank) -> Announcing:
    return Announcing(bank)


async def test_a_decision_is_recorded_once_however_often_it_arrives(bank: Bank, waiting: str, announcing: Announcing) -> None:
    event, message_id = announcing.event(await announcing.decision(waiting)), new_id()
    await announcing.deliver(event, message_id)
    with pytest.raises(AlreadyHandled):
        await announcing.deliver(event, message_id)
    await announcing.deliver(event)
    [approval] = await approvals_of(bank.database, waiting)
    [decision] = await decisions_on(bank.database, approval.id)
    assert (approval.state, approval.decisions, bytes(decision.public_key)) == ("decided", 1, GOVERNANCE.key.public_bytes)


@pytest.mark.parametrize("how", ["other key", "other decider", "other approval", "no decision", "another thing"])
async def test_a_decision_that_is_not_governances_on_this_thing_is_refused(
    bank: Bank, waiting: str, announcing: Announcing, how: str
) -> None:
    decision = await announcing.decision(waiting)
    event = {
        "other key": announcing.event(decision, LocalSigner.of("governance", [b"x" * 32])),
        "other decider": announcing.event(replace(decision, decider="payments")),
        "other approval": announcing.event(decision, approval_id=str(new_id())),
        "no decision": announcing.event(decision, decision=events_pb2.SignedDecision()),
        "another thing": announcing.event(replace(decision, digest=bytes(32))),
    }[how]
    async with unchanged(bank.database):
        with pytest.raises(DecisionInvalid):
            await announcing.deliver(event)


async def test_a_decision_on_an_unknown_approval_is_tried_again(bank: Bank, waiting: str, announcing: Announcing) -> None:
    unknown = replace(await announcing.decision(waiting), approval_id=new_id())
    async with unchanged(bank.database):
        with pytest.raises(ApprovalUnknown):
            await announcing.deliver(announcing.event(unknown))


async def test_a_decision_for_another_service_is_not_this_ones(bank: Bank, waiting: str, announcing: Announcing) -> None:
    async with unchanged(bank.database):
        await announcing.deliver(announcing.event(await announcing.decision(waiting), producer="identity"))


async def test_a_decision_after_a_withdrawal_has_no_effect(
    bank: Bank, payer: Holder, waiting: str, announcing: Announcing
) -> None:
    event = announcing.event(await announcing.decision(waiting))
    assert (await bank.post(f"/transfers/{waiting}/void", payer.user_id, REASON)).status_code == 200
    async with unchanged(bank.database, but={"inbox"}):
        await announcing.deliver(event)


async def test_a_second_decision_is_refused(bank: Bank, waiting: str, announcing: Announcing) -> None:
    decision = await announcing.decision(waiting)
    await announcing.deliver(announcing.event(decision))
    async with unchanged(bank.database):
        with pytest.raises(ApprovalClosed):
            await announcing.deliver(announcing.event(replace(decision, outcome=Outcome.REJECTED)))


@pytest.mark.parametrize("outcome", [Outcome.EXPIRED, Outcome.WITHDRAWN])
async def test_an_approval_that_ended_without_a_decision_is_closed(
    bank: Bank, waiting: str, announcing: Announcing, outcome: Outcome
) -> None:
    await announcing.deliver(announcing.event(replace(await announcing.decision(waiting), outcome=outcome)))
    [approval] = await approvals_of(bank.database, waiting)
    assert (approval.state, await decisions_on(bank.database, approval.id)) == (outcome.value, [])
