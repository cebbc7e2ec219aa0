"""Wallets of organizations: who opens, sees and pays from them, and what is planned for an organization whose member has left."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from chassis.persistence.database import Database
from chassis.testing.stored import unchanged
from elcorp.payments.v1 import payments_pb2
from payments.application.ports.payer_rights import Payer
from services.payments.tests.approvals import approval_from
from services.payments.tests.contract.bank import Bank, Holder, refusal
from services.payments.tests.contract.companies import Company, founded
from services.payments.tests.contract.peers import Stub
from services.payments.tests.contract.peers import order as order_of
from services.payments.tests.contract.ways import WAYS, leg

NOT_THE_OWNER = (403, "ACC_001")
NOT_FOUND = (404, "RES_001")
TRANSFER_FOR_ANOTHER = """
    INSERT INTO transfers
        (id, kind, initiator_id, idempotency_key, source_id, target_id, amount, currency, settled_at, organization_id)
    SELECT gen_random_uuid(), kind, initiator_id, 'k', source_id, target_id, amount, currency, settled_at, gen_random_uuid()
    FROM transfers WHERE source_id = :theirs
"""


@pytest.fixture
async def company(bank: Bank) -> Company:
    return await founded(bank, "1000.00")


def ids(answer: httpx.Response) -> list[str]:
    return [item["id"] for item in answer.json()["data"]["items"]]


async def test_a_wallet_belongs_to_the_organization_for_which_it_was_opened(bank: Bank, company: Company, payer: Holder) -> None:
    path, wallet = f"/wallets/{company.wallet_id}", str(company.wallet_id)
    other = await founded(bank)
    for member in (company.clerk, company.partner):
        assert ids(await company.send("GET", "/wallets", by=member)) == [wallet]
        assert (await company.send("GET", path, by=member)).status_code == 200

    # The same person alone, or for another organization, has no part in it; nor has the organization in the person's.
    assert ids(await bank.get("/wallets", company.clerk)) == []
    assert refusal(await bank.get(path, company.clerk)) == NOT_FOUND
    assert refusal(await other.send("GET", path, by=company.clerk)) == NOT_FOUND
    assert refusal(await company.send("GET", f"/wallets/{payer.wallet_id}", by=payer.user_id)) == NOT_FOUND
    async with unchanged(bank.database):
        assert refusal(await bank.send("PATCH", path, company.clerk, {"name": "Mine"})) == NOT_FOUND
        assert refusal(await bank.send("DELETE", path, company.clerk)) == NOT_FOUND


@pytest.mark.parametrize("way", WAYS)
async def test_only_a_session_that_acts_for_it_pays_from_its_wallets(
    bank: Bank, company: Company, payer: Holder, payee: Holder, way: str
) -> None:
    body_of, accepted = WAYS[way]
    if way == "/payments":
        await bank.sells(payee)
    body, others = body_of(company.as_holder, payee, "10.00"), body_of(payer, payee, "10.00")
    other = await founded(bank)
    async with unchanged(bank.database):
        for answer in (
            await bank.post(way, company.clerk, body),
            await other.send("POST", way, body, by=company.clerk),
            await company.send("POST", way, others, by=payer.user_id),
        ):
            assert refusal(answer) == NOT_THE_OWNER, answer.text
    key = str(uuid4())
    assert (await company.send("POST", way, body, key=key)).status_code == accepted
    # For the person alone it is another request.
    assert refusal(await bank.post(way, company.clerk, body, key=key)) == (422, "VAL_002")


async def test_what_is_paid_is_the_organizations_to_see(bank: Bank, company: Company, payee: Holder) -> None:
    made = (await company.send("POST", "/transfers", leg(company.as_holder, payee, "10.00"))).json()["data"]
    path = f"/transfers/{made['id']}"
    for member in (company.clerk, company.partner):
        assert (await company.send("GET", path, by=member)).status_code == 200
        assert made["id"] in ids(await company.send("GET", "/transfers", by=member))
    assert refusal(await bank.get(path, company.clerk)) == NOT_FOUND
    assert ids(await bank.get("/transfers", company.clerk)) == []
    assert (await bank.get(path, payee.user_id)).status_code == 200
    assert (await company.balance(), (await bank.wallet(payee))[0]) == ("990.00", "10.00")


async def test_members_capture_and_refund_what_the_organization_receives(bank: Bank, company: Company, payer: Holder) -> None:
    made = (await bank.pay(payer, company.as_holder, "10.00", capture="later")).json()["data"]
    for verb, body in (("capture", {}), ("refund", {"reason": "returned"})):
        path = f"/transfers/{made['id']}/{verb}"
        async with unchanged(bank.database):
            assert refusal(await bank.post(path, company.clerk, body)) == NOT_FOUND
        assert (await company.send("POST", path, body, by=company.partner)).status_code in {200, 201}
    assert (await company.balance(), (await bank.wallet(payer))[0]) == ("1000.00", "1000.00")


async def test_limits_count_the_organization_and_not_its_members(bank: Bank, company: Company, payee: Holder) -> None:
    for member, amount in ((company.clerk, "10.00"), (company.partner, "5.00")):
        await company.send("POST", "/transfers", leg(company.as_holder, payee, amount), by=member)
    async with bank.database.read() as connection:
        spent = await connection.execute(text("SELECT owner_id, day_total FROM spending WHERE day_total > 0"))
        assert [tuple(row) for row in spent] == [(company.id, Decimal(15))]


async def test_members_do_not_split_a_payment_under_a_rule(bank: Bank, company: Company, payee: Holder) -> None:
    bank.prices.rules = approval_from("15.00", window=timedelta(days=1))
    answers = [
        await company.send("POST", "/transfers", leg(company.as_holder, payee, "10.00"), by=member)
        for member in (company.clerk, company.partner)
    ]
    assert [answer.json()["data"]["status"] for answer in answers] == ["completed", "pending_approval"]


async def test_files_and_schedules_are_the_organizations(bank: Bank, company: Company, payee: Holder) -> None:
    why = {"reason": "wrong month"}
    for way in ("/transfers/bulk", "/transfers/schedules"):
        made = (await company.send("POST", way, WAYS[way][0](company.as_holder, payee, "10.00"))).json()["data"]
        path = f"{way}/{made['id']}"
        assert ids(await company.send("GET", way, by=company.partner)) == [made["id"]]
        assert ids(await bank.get(way, company.clerk)) == []
        async with unchanged(bank.database):
            assert refusal(await bank.get(path, company.clerk)) == NOT_FOUND
            assert refusal(await bank.post(f"{path}/cancel", company.clerk, why)) == NOT_FOUND
        cancelled = await company.send("POST", f"{path}/cancel", why, by=company.partner)
        assert cancelled.status_code == 200, cancelled.text


@pytest.mark.parametrize("is_member", [True, False], ids=["member", "left"])
async def test_a_schedule_pays_only_while_its_planner_is_a_member(
    bank: Bank, company: Company, payee: Holder, *, is_member: bool
) -> None:
    way = "/transfers/schedules"
    made = (await company.send("POST", way, WAYS[way][0](company.as_holder, payee, "10.00"))).json()["data"]
    if not is_member:
        bank.authority.left.add(Payer(company.clerk, company.id))
    bank.wait(days=1)
    assert await bank.run_schedules() == 1
    runs = (await company.send("GET", f"{way}/{made['id']}/runs", by=company.partner)).json()["data"]["items"]
    assert [run["code"] for run in runs] == [None if is_member else "ACC_004"]
    assert await company.balance() == ("990.00" if is_member else "1000.00")


@pytest.mark.parametrize("is_member", [True, False], ids=["member", "left"])
async def test_a_file_runs_only_while_its_submitter_is_a_member(
    bank: Bank, company: Company, payee: Holder, *, is_member: bool
) -> None:
    way = "/transfers/bulk"
    made = (await company.send("POST", way, WAYS[way][0](company.as_holder, payee, "10.00"))).json()["data"]
    if not is_member:
        bank.authority.left.add(Payer(company.clerk, company.id))
    await bank.run_bulk(made["id"])
    ended = (await company.send("GET", f"{way}/{made['id']}", by=company.partner)).json()["data"]
    assert (ended["status"], ended["settled"]) == (("completed", 2) if is_member else ("failed", 0))
    assert await company.balance() == ("990.00" if is_member else "1000.00")


async def test_a_payment_of_a_former_member_is_not_approved(bank: Bank, company: Company, payee: Holder) -> None:
    bank.approve_above("5.00")
    made = (await company.send("POST", "/transfers", leg(company.as_holder, payee, "10.00"))).json()["data"]
    bank.authority.left.add(Payer(company.clerk, company.id))
    assert refusal(await bank.staff("POST", f"/transfers/{made['id']}/approve")) == (403, "ACC_004")
    assert await company.balance() == "1000.00"

    bank.authority.left.clear()
    assert (await bank.staff("POST", f"/transfers/{made['id']}/approve")).status_code == 200
    assert await company.balance() == "990.00"


async def test_staff_do_not_decide_on_their_own_money_from_a_session_of_an_organization(
    bank: Bank, company: Company, payer: Holder
) -> None:
    settled = await bank.made(payer, company.as_holder, "10.00")
    held = await bank.made(payer, company.as_holder, "10.00", capture="later")
    other = await founded(bank)
    reason = {"reason": "by mistake"}
    async with unchanged(bank.database):
        for answer in (
            await other.send("POST", f"/transfers/{settled['id']}/reverse", reason, by=payer.user_id, roles=("staff",)),
            await other.send("POST", f"/transfers/{held['id']}/void", reason, by=payer.user_id, roles=("staff",)),
            await company.send("PUT", f"/wallets/{company.wallet_id}/usage", {"usage": "merchant", **reason}, roles=("staff",)),
        ):
            assert answer.status_code == 403, answer.text


async def test_a_peer_orders_for_the_organization_of_the_payers_token(
    bank: Bank, company: Company, payee: Holder, stub: Stub
) -> None:
    token = bank.token(company.clerk, claims={"org": str(company.id)})
    settled = await stub.Transfer(
        payments_pb2.TransferRequest(order=order_of(bank, company.as_holder, payee, "10.00", token=token))
    )
    assert settled.settled.status == "completed"
    assert await company.balance() == "990.00"


async def test_the_database_holds_whose_wallets_an_organization_uses(bank: Bank, company: Company, payer: Holder) -> None:
    await bank.made(payer, company.as_holder, "1.00")
    for statement in (
        "UPDATE accounts SET organization_id = gen_random_uuid() WHERE id = :theirs",
        "UPDATE accounts SET organization_id = gen_random_uuid() WHERE code = 'treasury'",
        TRANSFER_FOR_ANOTHER,
    ):
        with pytest.raises(IntegrityError):
            await run(bank.database, statement, theirs=payer.wallet_id)


async def run(database: Database, statement: str, **parameters: object) -> None:
    async with database.engine.begin() as connection:
        await connection.execute(text(statement), parameters)
