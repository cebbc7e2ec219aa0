"""Roles for one organization: they pay, approve and read what belongs to it, by every way, and nothing else."""

from typing import Any
from uuid import UUID

import pytest

from chassis.policies import LimitedRole
from chassis.testing.policies import limited
from chassis.testing.stored import unchanged
from kernel.ids import new_id
from services.payments.tests.approvals import approval_from
from services.payments.tests.contract.bank import Bank, Holder, refusal
from services.payments.tests.contract.companies import Company, founded
from services.payments.tests.contract.ways import WAYS, leg

DENIED = (403, "ACC_001")
NOT_FOUND = (404, "RES_001")
REASON = {"reason": "asked for by the payer"}


@pytest.fixture
async def company(bank: Bank) -> Company:
    return await founded(bank, "1000.00")


def give(bank: Bank, subject_id: UUID, role: str, company: Company) -> None:
    limited(bank.policies, subject_id, LimitedRole(role, str(company.id)))


async def waiting(bank: Bank, company: Company, payee: Holder, amount: str = "500.00") -> str:
    """Order a transfer of the company that awaits approval, and return its id."""
    bank.prices.rules = approval_from("500")
    made = await company.send("POST", "/transfers", leg(company.as_holder, payee, amount))
    assert made.json()["data"]["status"] == "pending_approval", made.text
    return str(made.json()["data"]["id"])


@pytest.mark.parametrize("way", WAYS)
async def test_a_member_with_a_role_for_the_organization_pays_for_it_and_for_nobody_else(
    bank: Bank, company: Company, payer: Holder, payee: Holder, way: str
) -> None:
    body_of, accepted = WAYS[way]
    if way == "/payments":
        await bank.sells(payee)
    other = await founded(bank, "100.00")
    guest: dict[str, Any] = {"roles": ("guest",), "by": company.clerk}
    body = body_of(company.as_holder, payee, "10.00")
    assert refusal(await company.send("POST", way, body, **guest)) == DENIED
    give(bank, company.clerk, "user", company)
    async with unchanged(bank.database):
        assert refusal(await bank.post(way, company.clerk, body, roles=("guest",))) == DENIED
        assert refusal(await other.send("POST", way, body_of(other.as_holder, payee, "10.00"), **guest)) == DENIED
        own = body_of(Holder(company.clerk, payer.wallet_id), payee, "10.00")
        assert refusal(await bank.post(way, company.clerk, own, roles=("guest",))) == DENIED
    paid = await company.send("POST", way, body, **guest)
    assert paid.status_code == accepted, paid.text


async def test_a_payment_with_a_copy_that_is_an_hour_old_is_refused_everywhere(
    bank: Bank, company: Company, payee: Holder
) -> None:
    """The broker and governance are away: reads of the organization's things go on, and nothing elsewhere opens."""
    give(bank, company.clerk, "user", company)
    auditor = new_id()
    give(bank, auditor, "staff", company)
    other = await founded(bank)
    bank.clock.advance(seconds=3599)
    async with unchanged(bank.database):
        for acting, as_holder in ((company, company.as_holder), (other, other.as_holder)):
            answer = await acting.send("POST", "/transfers", leg(as_holder, payee, "1.00"), by=company.clerk, roles=("guest",))
            assert refusal(answer) == (503, "SRV_002")
        assert refusal(await bank.get(f"/wallets/{other.wallet_id}", auditor, roles=("guest",))) == NOT_FOUND
    assert (await bank.get(f"/wallets/{company.wallet_id}", auditor, roles=("guest",))).status_code == 200


@pytest.mark.parametrize("act", ["approve", "reject"])
async def test_an_approver_of_an_organization_decides_on_what_it_pays_and_on_nothing_else(
    bank: Bank, company: Company, payee: Holder, act: str
) -> None:
    approver, other = new_id(), await founded(bank, "1000.00")
    ours, theirs = await waiting(bank, company, payee), await waiting(bank, other, payee)
    body = REASON if act == "reject" else None
    path = f"/transfers/{ours}/{act}"
    assert refusal(await bank.post(path, approver, body, roles=("guest",))) == DENIED
    give(bank, approver, "staff", company)
    async with unchanged(bank.database):
        for foreign in (theirs, new_id()):
            answer = await bank.post(f"/transfers/{foreign}/{act}", approver, body, roles=("guest",))
            assert refusal(answer) == NOT_FOUND
    decided = await bank.post(path, approver, body, roles=("guest",))
    assert decided.json()["data"]["decided_by"] == str(approver), decided.text


@pytest.mark.parametrize("act", ["approve", "reject"])
async def test_an_approver_of_an_organization_decides_on_its_files_and_on_no_others(
    bank: Bank, company: Company, payee: Holder, act: str
) -> None:
    bank.prices.rules = approval_from("500")
    approver, other = new_id(), await founded(bank, "1000.00")
    body_of, _ = WAYS["/transfers/bulk"]
    ours, theirs = [
        (await each.send("POST", "/transfers/bulk", body_of(each.as_holder, payee, "600.00"))).json()["data"]["id"]
        for each in (company, other)
    ]
    body = REASON if act == "reject" else None
    give(bank, approver, "staff", company)
    async with unchanged(bank.database):
        answer = await bank.post(f"/transfers/bulk/{theirs}/{act}", approver, body, roles=("guest",))
        assert refusal(answer) == NOT_FOUND
        assert refusal(await bank.get(f"/transfers/bulk/{theirs}", approver, roles=("guest",))) == NOT_FOUND
    decided = await bank.post(f"/transfers/bulk/{ours}/{act}", approver, body, roles=("guest",))
    assert decided.status_code == 200, decided.text


@pytest.mark.parametrize("path", ["/transfers/awaiting-approval", "/transfers/bulk/awaiting-approval"])
async def test_an_approver_of_an_organization_lists_what_waits_there(
    bank: Bank, company: Company, payee: Holder, path: str
) -> None:
    approver, other = new_id(), await founded(bank, "1000.00")
    bank.prices.rules = approval_from("500")
    body_of, _ = WAYS["/transfers/bulk"] if "bulk" in path else WAYS["/transfers"]
    way = "/transfers/bulk" if "bulk" in path else "/transfers"
    ours, theirs = [
        (await each.send("POST", way, body_of(each.as_holder, payee, "600.00"))).json()["data"]["id"] for each in (company, other)
    ]

    async def listed(organization_id: UUID | None, by: UUID, role: str) -> list[str] | tuple[int, str]:
        asked = f"{path}?organization_id={organization_id}" if organization_id else path
        answer = await bank.get(asked, by, roles=(role,))
        return [item["id"] for item in answer.json()["data"]["items"]] if answer.status_code == 200 else refusal(answer)

    give(bank, approver, "staff", company)
    assert await listed(company.id, approver, "guest") == [ours]
    assert await listed(other.id, approver, "guest") == DENIED
    assert await listed(None, approver, "guest") == DENIED
    assert await listed(None, bank.staff_id, "staff") == [theirs, ours]
    assert await listed(other.id, bank.staff_id, "staff") == [theirs]


async def test_a_reader_of_an_organization_reads_its_things_and_no_others(
    bank: Bank, company: Company, payer: Holder, payee: Holder
) -> None:
    auditor, other = new_id(), await founded(bank, "100.00")
    made = await company.send("POST", "/transfers", leg(company.as_holder, payee, "1.00"))
    theirs = await other.send("POST", "/transfers", leg(other.as_holder, payee, "1.00"))
    received = await bank.made(payer, company.as_holder, "2.00")
    give(bank, auditor, "staff", company)
    for path, status in (
        (f"/wallets/{company.wallet_id}", 200),
        (f"/wallets/{other.wallet_id}", 404),
        (f"/wallets/{payer.wallet_id}", 404),
        (f"/transfers/{made.json()['data']['id']}", 200),
        (f"/transfers/{received['id']}", 200),
        (f"/transfers/{theirs.json()['data']['id']}", 404),
    ):
        assert (await bank.get(path, auditor, roles=("guest",))).status_code == status, path
    # Operations of the platform stay closed.
    for path in ("/accounts?kind=system", "/ledger/trial-balance", "/limits"):
        assert refusal(await bank.get(path, auditor, roles=("guest",))) == DENIED, path
