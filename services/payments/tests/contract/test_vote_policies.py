"""Policies about the amount of what waits deny votes, and nothing is written."""

from decimal import Decimal
from typing import Final
from uuid import UUID

import httpx
import pytest

from chassis.policies import LimitedRole
from chassis.testing.policies import limited
from chassis.testing.stored import unchanged
from kernel.ids import new_id
from payments.domain.standing import Standing
from payments.infrastructure.payer_rights import PeersDeciders
from payments.infrastructure.payment_permissions import BundledPermissions
from services.payments.tests.approvals import approval_from
from services.payments.tests.contract.bank import Bank, Holder, refusal
from services.payments.tests.contract.companies import founded
from services.payments.tests.contract.deciding import Deciding, FakeDeciders, approvals_of
from services.payments.tests.contract.published_policies import APPROVE, above, forbid, limit, publish
from services.payments.tests.contract.waiting_files import file
from services.payments.tests.contract.ways import leg

DENIED: Final = (403, "ACC_001")
REASON: Final = {"reason": "asked for by the payer"}
acts = pytest.mark.parametrize("act", ["approve", "reject"])
things = pytest.mark.parametrize("thing", ["/transfers", "/transfers/bulk"])


async def waiting(bank: Bank, thing: str, payer: Holder, payee: Holder, amount: str) -> str:
    """Order something that waits for an approval: a transfer, or a file of two lines."""
    bank.prices.rules = approval_from("10")
    lines = (payee, f"{Decimal(amount) - 1}"), (payee, "1.00")
    body = leg(payer, payee, amount) if thing == "/transfers" else file(payer, *lines)
    made = await bank.post(thing, payer.user_id, body)
    assert made.json()["data"]["status"] == "pending_approval", made.text
    waits: str = made.json()["data"]["id"]
    return waits


async def vote(bank: Bank, thing: str, waits: str, act: str, *, by: UUID | None = None, role: str = "staff") -> httpx.Response:
    body = REASON if act == "reject" else None
    return await bank.post(f"{thing}/{waits}/{act}", by or bank.staff_id, body, roles=(role,))


@acts
@things
async def test_a_vote_on_more_than_the_limit_is_denied(bank: Bank, payer: Holder, payee: Holder, thing: str, act: str) -> None:
    """Of a file, the total counts, and not its lines."""
    large, small = [await waiting(bank, thing, payer, payee, amount) for amount in ("100.01", "100.00")]
    publish(bank, limit("100.00", permission=APPROVE))
    before = await bank.wallet(payer)
    async with unchanged(bank.database):
        assert refusal(await vote(bank, thing, large, act)) == DENIED
    [asked] = await approvals_of(bank.database, large)
    assert (asked.state, await bank.wallet(payer)) == ("pending", before)
    assert (await vote(bank, thing, small, act)).status_code == 200


@things
async def test_the_question_about_a_vote_names_what_waits(bank: Bank, payer: Holder, payee: Holder, thing: str) -> None:
    waits = await waiting(bank, thing, payer, payee, "100.01")
    publish(bank, limit("100.00", permission=APPROVE))
    bank.decisions.clear()
    await vote(bank, thing, waits, "approve")
    [denied] = bank.decisions
    assert (denied.permission, denied.resource_type, denied.resource_id) == (APPROVE, "transfer", waits)
    assert denied.inputs.facts == {"amount": {"__extn": {"fn": "decimal", "arg": "100.0100"}}, "currency": "NAD"}
    assert (denied.policies, denied.inputs.attributes) == (("policy:limit",), {})


@things
async def test_another_role_may_decide_on_more(bank: Bank, payer: Holder, payee: Holder, thing: str) -> None:
    waits = await waiting(bank, thing, payer, payee, "100.01")
    publish(bank, limit("100.00", permission=APPROVE, role="staff"))
    async with unchanged(bank.database):
        assert refusal(await vote(bank, thing, waits, "approve")) == DENIED
    assert (await vote(bank, thing, waits, "approve", by=new_id(), role="admin")).status_code == 200


@things
async def test_the_limit_of_one_organization_concerns_what_it_pays(bank: Bank, payer: Holder, payee: Holder, thing: str) -> None:
    company, approver = await founded(bank, "1000.00"), new_id()
    theirs = f'resource has organization && resource.organization == "{company.id}"'
    limited(bank.policies, approver, LimitedRole("staff", str(company.id)))
    bank.prices.rules = approval_from("10")
    waits = []
    for amount in ("100.01", "100.00"):
        body = leg(company.as_holder, payee, amount) if thing == "/transfers" else file(company.as_holder, (payee, amount))
        waits.append((await company.send("POST", thing, body)).json()["data"]["id"])
    other = await waiting(bank, thing, payer, payee, "100.01")
    publish(bank, forbid("limit", f"{theirs} && {above('100.00')}", permission=APPROVE))
    found = [await vote(bank, thing, each, "approve", by=approver, role="guest") for each in (*waits, other)]
    assert [each.status_code for each in found] == [403, 200, 404]
    assert (await vote(bank, thing, other, "approve")).status_code == 200


@things
async def test_a_vote_may_require_a_fresh_sign_in_by_its_amount(bank: Bank, payer: Holder, payee: Holder, thing: str) -> None:
    waits = [await waiting(bank, thing, payer, payee, amount) for amount in ("100.01", "100.00")]
    fresh = "context.two_factors && context.minutes_since_sign_in < 1"
    publish(
        bank,
        forbid("mfa", f"context.interactive && {above('100.00')} && !({fresh})", permission=APPROVE, step_up_seconds=60),
    )
    signed_in = int(bank.clock.now().timestamp()) - 60
    token = bank.token(bank.staff_id, roles=("staff",), claims={"auth_time": signed_in})
    found = []
    for each in waits:
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": str(new_id())}
        found.append((await bank.client.post(f"/api/v1{thing}/{each}/approve", headers=headers)).status_code)
    assert found == [401, 200]
    assert (await vote(bank, thing, waits[0], "approve")).status_code == 200


@things
async def test_a_shadow_policy_refuses_no_vote(bank: Bank, payer: Holder, payee: Holder, thing: str) -> None:
    waits = await waiting(bank, thing, payer, payee, "100.01")
    publish(bank, shadow=[limit("100.00", permission=APPROVE)])
    bank.decisions.clear()
    assert (await vote(bank, thing, waits, "approve")).status_code == 200
    assert [(each.allowed, each.shadow) for each in bank.decisions] == [(True, ("policy:limit",))]


@things
async def test_a_policy_about_votes_shows_nobody_what_waits(bank: Bank, payer: Holder, payee: Holder, thing: str) -> None:
    waits = await waiting(bank, thing, payer, payee, "100.01")
    publish(bank, limit("100.00", permission=APPROVE))
    async with unchanged(bank.database):
        assert refusal(await vote(bank, thing, str(new_id()), "approve")) == (404, "RES_001")
        assert refusal(await vote(bank, thing, waits, "approve", by=new_id(), role="user")) == DENIED


@pytest.fixture
def job(bank: Bank) -> PeersDeciders:
    """The check of deciders before an interrupted decision is carried out."""
    bank.authority.may_pay |= {"staff", "admin"}
    bank.authority.roles[bank.staff_id] = frozenset({"staff"})
    return PeersDeciders(bank.authority, BundledPermissions(bank.policies))


@pytest.mark.parametrize(("role", "amount", "executed"), [("staff", "100.01", 0), ("staff", "100.00", 1), ("admin", "100.01", 1)])
async def test_a_decision_is_carried_out_if_its_deciders_may_still_decide_on_the_amount(
    bank: Bank, payer: Holder, payee: Holder, job: PeersDeciders, role: str, amount: str, executed: int
) -> None:
    waits, deciding = await waiting(bank, "/transfers", payer, payee, amount), Deciding(bank, FakeDeciders())
    await deciding.decide(waits)
    publish(bank, limit("100.00", permission=APPROVE, role="staff"))
    bank.authority.roles[bank.staff_id] = frozenset({role})
    assert await deciding.run_job(job) == executed
    [approval] = await approvals_of(bank.database, waits)
    expected = ("executed", None) if executed else ("execution_failed", "ACC_001")
    assert (approval.state, approval.failure) == expected
    left = f"{1000 - Decimal(amount)}"
    assert await bank.wallet(payer) == ((left, "0.00", left) if executed else ("1000.00", amount, left))


async def test_other_refusals_of_deciders_remain(bank: Bank, payer: Holder, payee: Holder, job: PeersDeciders) -> None:
    waits, deciding = await waiting(bank, "/transfers", payer, payee, "100.00"), Deciding(bank, FakeDeciders())
    await deciding.decide(waits)
    publish(bank, limit("100.00", permission=APPROVE))
    bank.authority.standing[bank.staff_id] = Standing.SUSPENDED
    assert await deciding.run_job(job) == 0
    [approval] = await approvals_of(bank.database, waits)
    assert (approval.state, approval.failure) == ("execution_failed", "PAY_050")
