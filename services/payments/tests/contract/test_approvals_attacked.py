"""Decisions that are forged, replayed or changed in the database, as the runtime role, are refused or have no effect."""

from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from chassis.approvals.signing import LocalSigner
from chassis.approvals.table import SqlApprovals
from chassis.testing.stored import unchanged
from kernel.approvals import ApprovalDecision, SignedDecision
from services.payments.tests.contract.bank import Bank, Holder, refusal
from services.payments.tests.contract.deciding import Deciding, FakeDeciders, approvals_of, decisions_on

REASON = {"reason": "asked for by the payer"}
HELD = ("1000.00", "500.00", "500.00")


@pytest.fixture
async def waiting(bank: Bank, payer: Holder, payee: Holder) -> str:
    bank.approve_above("500")
    transfer_id: str = (await bank.made(payer, payee, "500.00"))["id"]
    return transfer_id


@pytest.fixture
def deciding(bank: Bank) -> Deciding:
    return Deciding(bank, FakeDeciders())


async def run(bank: Bank, statement: str, /, **parameters: Any) -> None:
    async with bank.database.engine.begin() as connection:
        await connection.execute(text(statement), parameters)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE approvals SET content = '{}' WHERE id = :id",
        "UPDATE approvals SET digest = sha256('x') WHERE id = :id",
        "UPDATE approvals SET expires_at = expires_at + interval '1 year' WHERE id = :id",
        "UPDATE approvals SET state = 'executed', closed_at = now() WHERE id = :id",
        "UPDATE approvals SET state = 'decided', decisions = 1 WHERE id = :id",
        "UPDATE approvals SET decisions = 7 WHERE id = :id",
        "DELETE FROM approvals WHERE id = :id",
        "TRUNCATE approvals CASCADE",
        """INSERT INTO approvals
        (id, kind, resource_id, digest, content, asked_by, reason, facts, asked_at, expires_at, state, closed_at)
        SELECT gen_random_uuid(), kind, gen_random_uuid(), digest, content, asked_by, reason, facts, asked_at, expires_at,
               'executed', now()
        FROM approvals WHERE id = :id""",
        """INSERT INTO approval_decisions (approval_id, number, outcome, statement, key_id, public_key, signature)
        VALUES (:id, 2, 'approved', '', '', sha256(''), sha256('') || sha256(''))""",
    ],
)
async def test_what_was_asked_is_not_changed_in_the_database(bank: Bank, waiting: str, statement: str) -> None:
    [approval] = await approvals_of(bank.database, waiting)
    async with unchanged(bank.database):
        with pytest.raises(DBAPIError, match=r"permission denied|refused|does not|is not decided|begins|counted|takes no"):
            await run(bank, statement, id=approval.id)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE approval_decisions SET outcome = 'rejected' WHERE approval_id = :id",
        "UPDATE approval_decisions SET statement = '{}' WHERE approval_id = :id",
        "DELETE FROM approval_decisions WHERE approval_id = :id",
        "UPDATE approvals SET state = 'pending', closed_at = NULL WHERE id = :id",
        "UPDATE approvals SET state = 'decided', closed_at = NULL WHERE id = :id",
        "UPDATE approvals SET closed_at = now() + interval '1 day' WHERE id = :id",
        """INSERT INTO approval_decisions (approval_id, number, outcome, statement, key_id, public_key, signature)
        SELECT approval_id, 2, 'rejected', statement, key_id, public_key, signature
        FROM approval_decisions WHERE approval_id = :id""",
    ],
)
async def test_a_decision_is_not_changed_after_its_deed(bank: Bank, waiting: str, statement: str) -> None:
    assert (await bank.staff("POST", f"/transfers/{waiting}/approve")).status_code == 200
    [approval] = await approvals_of(bank.database, waiting)
    async with unchanged(bank.database):
        with pytest.raises(DBAPIError, match=r"permission denied|refused|does not|takes no"):
            await run(bank, statement, id=approval.id)


async def test_a_transfer_that_was_changed_after_it_was_asked_for_is_not_settled(
    bank: Bank, payer: Holder, waiting: str, deciding: Deciding, monkeypatch: pytest.MonkeyPatch
) -> None:
    await deciding.decide(waiting)
    monkeypatch.setattr("payments.application.transfers.approval.content_of", lambda _: {"amount": "5.00"})
    assert await deciding.run_job() == 0
    [approval] = await approvals_of(bank.database, waiting)
    assert (approval.state, await bank.wallet(payer)) == ("superseded", HELD)
    monkeypatch.undo()
    # The thing of the first approval is not asked for again: its digest stands for one approval.
    assert refusal(await bank.staff("POST", f"/transfers/{waiting}/approve")) == (409, "APR_001")
    assert (await bank.post(f"/transfers/{waiting}/void", payer.user_id, REASON)).status_code == 200


async def stored(bank: Bank, transfer_id: str, signed: SignedDecision) -> None:
    """Write a decision as an attacker with the runtime role can: the rights allow a first one."""
    [approval] = await approvals_of(bank.database, transfer_id)
    row = {
        "id": approval.id,
        "statement": signed.decision.statement,
        "key_id": signed.key_id,
        "public_key": bytes(32),
        "signature": signed.signature,
    }
    await run(
        bank,
        "INSERT INTO approval_decisions (approval_id, number, outcome, statement, key_id, public_key, signature)"
        " VALUES (:id, 1, 'approved', :statement, :key_id, :public_key, :signature)",
        **row,
    )
    await run(
        bank,
        "UPDATE approvals SET state = 'decided', decisions = 1, decided_at = :at WHERE id = :id",
        id=approval.id,
        at=bank.clock.now(),
    )


async def decided_elsewhere(bank: Bank, payer: Holder, payee: Holder) -> SignedDecision:
    """A valid decision on another transfer, equal but for its id."""
    other = await bank.made(payer, payee, "500.00")
    assert (await bank.staff("POST", f"/transfers/{other['id']}/approve")).status_code == 200
    [approval] = await approvals_of(bank.database, other["id"])
    [row] = await decisions_on(bank.database, approval.id)
    return SignedDecision(decision=ApprovalDecision.read(bytes(row.statement)), key_id=row.key_id, signature=bytes(row.signature))


async def of_the_waiting(bank: Bank, transfer_id: str, like: SignedDecision) -> ApprovalDecision:
    [approval] = await approvals_of(bank.database, transfer_id)
    return replace(like.decision, approval_id=approval.id, digest=bytes(approval.digest))


@pytest.mark.parametrize("how", ["replayed", "unsigned", "other key", "other decider"])
async def test_a_forged_decision_moves_no_money(bank: Bank, payer: Holder, payee: Holder, deciding: Deciding, how: str) -> None:
    rich = await bank.holder("3000.00")
    bank.approve_above("500")
    valid = await decided_elsewhere(bank, rich, payee)
    waiting = (await bank.made(payer, payee, "500.00"))["id"]
    fitting = await of_the_waiting(bank, waiting, valid)
    attacker = LocalSigner.of("payments", [b"a" * 32])
    forged = {
        "replayed": valid,
        "unsigned": SignedDecision(decision=fitting, key_id=valid.key_id, signature=valid.signature),
        "other key": attacker.sign(fitting),
        "other decider": LocalSigner.of("governance", [b"a" * 32]).sign(replace(fitting, decider="governance")),
    }[how]
    await stored(bank, waiting, forged)
    assert await deciding.run_job() == 0
    [approval] = await approvals_of(bank.database, waiting)
    assert (approval.state, approval.failure, await bank.wallet(payer)) == ("execution_failed", "APR_002", HELD)
    # A person decides again.
    assert (await bank.staff("POST", f"/transfers/{waiting}/reject", REASON)).status_code == 200


async def test_a_transfer_that_the_previous_release_made_wait_is_asked_for_when_it_is_decided(
    bank: Bank, payer: Holder, payee: Holder, monkeypatch: pytest.MonkeyPatch
) -> None:
    bank.approve_above("500")
    with monkeypatch.context() as earlier:
        earlier.setattr(SqlApprovals, "ask", lambda *_: None)
        waiting = (await bank.made(payer, payee, "500.00"))["id"]
    assert await approvals_of(bank.database, waiting) == []
    assert (await bank.staff("POST", f"/transfers/{waiting}/approve")).status_code == 200
    [approval] = await approvals_of(bank.database, waiting)
    assert (approval.state, approval.asked_by) == ("executed", "service:payments")


async def test_a_killed_request_continues_when_it_is_repeated(
    bank: Bank, payer: Holder, waiting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bank.client.event_hooks = {}
    key = str(uuid4())

    async def approve() -> Any:
        return await bank.send("POST", f"/transfers/{waiting}/approve", bank.staff_id, key=key, roles=("staff",))

    async def killed(*_: object, **__: object) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as dying:
        dying.setattr("payments.application.transfers.approval.ApprovableTransfer.execute", killed)
        assert (await approve()).status_code == 500
    [approval] = await approvals_of(bank.database, waiting)
    assert (approval.state, await bank.wallet(payer)) == ("decided", HELD)
    done = await approve()
    assert (done.status_code, done.json()["data"]["status"]) == (200, "completed")
    again = await approve()
    assert (again.content, again.headers["idempotency-replayed"]) == (done.content, "true")
    [approval] = await approvals_of(bank.database, waiting)
    assert (approval.state, approval.decisions, await bank.wallet(payer)) == ("executed", 1, ("500.00", "0.00", "500.00"))


async def test_a_killed_request_whose_decision_the_job_carried_out_gets_its_answer(
    bank: Bank, payer: Holder, waiting: str, deciding: Deciding, monkeypatch: pytest.MonkeyPatch
) -> None:
    bank.client.event_hooks = {}
    key = str(uuid4())

    async def killed(*_: object, **__: object) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as dying:
        dying.setattr("payments.application.transfers.approval.ApprovableTransfer.execute", killed)
        path = f"/transfers/{waiting}/approve"
        assert (await bank.send("POST", path, bank.staff_id, key=key, roles=("staff",))).status_code == 500
    assert await deciding.run_job() == 1
    done = await bank.send("POST", path, bank.staff_id, key=key, roles=("staff",))
    assert (done.status_code, done.json()["data"]["status"]) == (200, "completed")
    assert await bank.wallet(payer) == ("500.00", "0.00", "500.00")
    assert UUID(waiting) == UUID(done.json()["data"]["id"])
