"""A transfer that waits is asked for, decided on and carried out once, whatever is killed in between."""

import asyncio
import hashlib
import json
from datetime import datetime

import pytest

from chassis.crypto import verify_signature
from chassis.testing.stored import unchanged
from kernel.approvals import Outcome
from payments.domain.errors import NoLongerPermitted
from payments.domain.standing import Standing
from services.payments.tests.contract.bank import Bank, Holder, refusal
from services.payments.tests.contract.deciding import Deciding, FakeDeciders, approvals_of, decisions_on
from services.payments.tests.contract.outbox import Record

REASON = {"reason": "asked for by the payer"}


@pytest.fixture
async def waiting(bank: Bank, payer: Holder, payee: Holder) -> str:
    """A transfer that waits for an approval."""
    bank.approve_above("500")
    transfer_id: str = (await bank.made(payer, payee, "500.00"))["id"]
    return transfer_id


@pytest.fixture
def deciding(bank: Bank) -> Deciding:
    return Deciding(bank, FakeDeciders())


async def status(bank: Bank, transfer_id: str, of: Holder) -> str:
    found: str = (await bank.get(f"/transfers/{transfer_id}", of.user_id)).json()["data"]["status"]
    return found


async def test_a_transfer_is_asked_for_decided_on_and_carried_out_once(bank: Bank, payer: Holder, waiting: str) -> None:
    [asked] = await approvals_of(bank.database, waiting)
    assert (asked.state, asked.kind, asked.asked_by) == ("pending", "payments.transfer", f"user:{payer.user_id}")
    assert (asked.amount, asked.currency, asked.on_behalf_of) == (500, "NAD", payer.user_id)
    assert (await bank.staff("POST", f"/transfers/{waiting}/approve")).status_code == 200
    [approval] = await approvals_of(bank.database, waiting)
    assert (approval.state, approval.closed_at, approval.decisions) == ("executed", bank.clock.now(), 1)
    [decision] = await decisions_on(bank.database, approval.id)
    text = json.loads(bytes(decision.statement))
    assert (text["approval_id"], text["digest"], text["outcome"]) == (str(approval.id), approval.digest.hex(), "approved")
    assert [vote["by"] for vote in text["votes"]] == [str(bank.staff_id)]
    signed = b"elcorp-approval-decision-v1\n" + bytes(decision.statement)
    assert verify_signature(bytes(decision.public_key), bytes(decision.signature), signed)
    assert decision.key_id == hashlib.sha256(decision.public_key).hexdigest()[:32]


async def test_a_transfer_that_needs_no_approval_asks_for_none(bank: Bank, payer: Holder, payee: Holder) -> None:
    bank.approve_above("500")
    made = await bank.made(payer, payee, "499.99")
    assert await approvals_of(bank.database, made["id"]) == []


async def test_a_decision_that_was_interrupted_is_carried_out_by_the_job_once(
    bank: Bank, payer: Holder, waiting: str, deciding: Deciding
) -> None:
    await deciding.decide(waiting)
    assert await status(bank, waiting, payer) == "pending_approval"
    again = await bank.staff("POST", f"/transfers/{waiting}/approve")
    assert (refusal(again), again.json()["details"]["status"]) == ((409, "PAY_012"), "decided")
    assert [await deciding.run_job(), await deciding.run_job()] == [1, 0]
    data = (await bank.get(f"/transfers/{waiting}", payer.user_id)).json()["data"]
    assert (data["status"], data["decided_by"]) == ("completed", str(bank.staff_id))
    assert await bank.wallet(payer) == ("500.00", "0.00", "500.00")


async def test_the_audit_log_names_who_decided_and_when_also_if_the_deed_comes_later(
    bank: Bank, payer: Holder, waiting: str, deciding: Deciding, record: Record
) -> None:
    await record.skip()
    decided_at = bank.clock.now()
    await deciding.decide(waiting)
    assert await record.news() == ([], [])
    [approval], [fact] = await approvals_of(bank.database, waiting), record.decisions
    [decision] = await decisions_on(bank.database, approval.id)
    assert (fact.by, fact.resource, fact.reason) == (("user", str(bank.staff_id)), ("approval", str(approval.id)), "seen")
    assert fact.related == [waiting, str(payer.user_id), str(bank.staff_id)]
    assert fact.after is not None
    assert (fact.after["outcome"], fact.after["signature"]) == ("approved", bytes(decision.signature).hex())

    await deciding.run_job()
    data = (await bank.get(f"/transfers/{waiting}", payer.user_id)).json()["data"]
    assert datetime.fromisoformat(data["decided_at"]) == decided_at < datetime.fromisoformat(data["settled_at"])
    assert len(record.decisions) == 1


async def test_the_request_and_the_job_at_once_carry_it_out_once(
    bank: Bank, payer: Holder, waiting: str, deciding: Deciding
) -> None:
    await deciding.decide(waiting)
    assert sum(await asyncio.gather(deciding.run_job(), deciding.run_job(), deciding.run_job())) >= 1
    assert await bank.wallet(payer) == ("500.00", "0.00", "500.00")
    [approval] = await approvals_of(bank.database, waiting)
    assert approval.state == "executed"


async def test_who_may_no_longer_decide_does_not_count(bank: Bank, payer: Holder, waiting: str, deciding: Deciding) -> None:
    await deciding.decide(waiting)
    deciding.deciders.refusal = NoLongerPermitted(permission="payment:approve")
    assert (await deciding.run_job(), deciding.deciders.asked) == (0, [bank.staff_id])
    [approval] = await approvals_of(bank.database, waiting)
    assert (approval.state, approval.failure) == ("execution_failed", NoLongerPermitted.code)
    assert await status(bank, waiting, payer) == "pending_approval"
    # Another decision follows.
    assert (await bank.staff("POST", f"/transfers/{waiting}/approve")).status_code == 200
    [approval] = await approvals_of(bank.database, waiting)
    assert (approval.state, approval.decisions, len(await decisions_on(bank.database, approval.id))) == ("executed", 2, 2)


async def test_while_identity_is_away_a_decision_waits_for_its_deed(
    bank: Bank, payer: Holder, waiting: str, deciding: Deciding
) -> None:
    await deciding.decide(waiting)
    bank.authority.away = True
    with pytest.raises(Exception, match="unavailable"):
        await deciding.run_job()
    [approval] = await approvals_of(bank.database, waiting)
    assert approval.state == "decided"
    bank.authority.away = False
    assert (await deciding.run_job(), await status(bank, waiting, payer)) == (1, "completed")


async def test_a_party_who_may_not_act_when_the_job_runs_is_found(
    bank: Bank, payer: Holder, payee: Holder, waiting: str, deciding: Deciding
) -> None:
    await deciding.decide(waiting)
    bank.authority.standing[payee.user_id] = Standing.SUSPENDED
    assert await deciding.run_job() == 0
    [approval] = await approvals_of(bank.database, waiting)
    assert (approval.state, approval.failure) == ("execution_failed", "PAY_052")
    assert (await bank.staff("POST", f"/transfers/{waiting}/reject", REASON)).status_code == 200
    assert await bank.wallet(payer) == ("1000.00", "0.00", "1000.00")


@pytest.mark.parametrize("how", ["void", "expire"])
async def test_a_decision_has_no_effect_after_the_transfer_ended(
    bank: Bank, payer: Holder, waiting: str, deciding: Deciding, how: str
) -> None:
    await deciding.decide(waiting)
    if how == "void":
        assert (await bank.post(f"/transfers/{waiting}/void", payer.user_id, REASON)).status_code == 200
    else:
        bank.wait(seconds=72 * 3600)
        assert await bank.expire() == 1
    async with unchanged(bank.database):
        assert await deciding.run_job() == 0
    [approval] = await approvals_of(bank.database, waiting)
    assert approval.state == {"void": "withdrawn", "expire": "expired"}[how]
    assert await bank.wallet(payer) == ("1000.00", "0.00", "1000.00")


async def test_a_rejection_is_signed_and_carried_out_too(bank: Bank, waiting: str, deciding: Deciding, payer: Holder) -> None:
    await deciding.decide(waiting, Outcome.REJECTED)
    assert (await deciding.run_job(), await status(bank, waiting, payer)) == (1, "failed")
    [approval] = await approvals_of(bank.database, waiting)
    [decision] = await decisions_on(bank.database, approval.id)
    assert (approval.state, decision.outcome) == ("executed", "rejected")
