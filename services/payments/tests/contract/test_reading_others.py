"""Reads of others' data require the permission, whatever the role's name, and always leave an audit fact."""

from datetime import timedelta
from typing import Final

import pytest

from chassis.persistence import outbox
from chassis.testing.policies import bundle_of
from kernel.errors import Unavailable
from kernel.ids import new_id
from services.payments.tests.contract.bank import Bank, Holder, refusal
from services.payments.tests.contract.outbox import Fact, Record

WALLET, TRANSFER, RECONCILE = "wallet:read_any", "transfer:read_any", "payment:reconcile"
EVERY: Final = (WALLET, TRANSFER, "payment:create", "payment:approve", RECONCILE, "treasury:issue", "policy:manage")
PERIOD: Final = "since=2026-01-01T00:00:00Z&until=2026-12-31T00:00:00Z"
WHY: Final = "reason=complaint+4711"
# Path, permission, recorded action, and the resource that was read.
READS: Final = [
    ("/wallets/{wallet}", WALLET, "payments.wallet.read", "wallet"),
    ("/wallets/{wallet}/balance?as_of={now}", WALLET, "payments.wallet.read_balance", "wallet"),
    ("/wallets/{wallet}/postings", WALLET, "payments.wallet.read_postings", "wallet"),
    (f"/wallets/{{wallet}}/statement?{WHY}&{PERIOD}", WALLET, "payments.wallet.read_statement", "wallet"),
    ("/transfers/{transfer}", TRANSFER, "payments.transfer.read", "transfer"),
    ("/transfers/{transfer}/receipt", TRANSFER, "payments.transfer.read_receipt", "transfer"),
    ("/transfers/schedules/{schedule}", TRANSFER, "payments.schedule.read", "schedule"),
    ("/transfers/schedules/{schedule}/runs", TRANSFER, "payments.schedule.read_runs", "schedule"),
    ("/transfers/schedules/{schedule}/upcoming", TRANSFER, "payments.schedule.read_upcoming_runs", "schedule"),
    ("/transfers/bulk/{bulk}", TRANSFER, "payments.bulk.read", "bulk"),
    ("/transfers/bulk/{bulk}/file", TRANSFER, "payments.bulk.read_file", "bulk"),
    ("/transfers/bulk/{bulk}/lines", TRANSFER, "payments.bulk.read_lines", "bulk"),
    ("/transfers/bulk/{bulk}/events", TRANSFER, "payments.bulk.follow", "bulk"),
]


async def things(bank: Bank, payer: Holder, payee: Holder) -> dict[str, str]:
    """Create one of each for the payer, and return their ids."""
    line = {"target_wallet_id": str(payee.wallet_id), "amount": "1.00"}
    file = {"source_wallet_id": str(payer.wallet_id), "currency": "NAD", "mode": "best_effort", "lines": [line]}
    bulk = (await bank.post("/transfers/bulk", payer.user_id, file)).json()["data"]["id"]
    # Read its stream to the end at once.
    await bank.post(f"/transfers/bulk/{bulk}/cancel", payer.user_id, {"reason": "enough"})
    plan = {
        "source_wallet_id": str(payer.wallet_id),
        **line,
        "currency": "NAD",
        "frequency": "daily",
        "starts_at": (bank.clock.now() + timedelta(hours=1)).isoformat(),
    }
    return {
        "wallet": str(payer.wallet_id),
        "transfer": (await bank.made(payer, payee, "5.00"))["id"],
        "schedule": (await bank.post("/transfers/schedules", payer.user_id, plan)).json()["data"]["id"],
        "bulk": bulk,
        "now": bank.clock.now().isoformat().replace("+00:00", "Z"),
    }


@pytest.fixture
async def record(bank: Bank) -> Record:
    return Record(bank.database, bank.clock)


@pytest.mark.parametrize("role", ["staff", "auditor"])
async def test_reading_others_data_requires_the_permission_and_leaves_one_fact(
    bank: Bank, record: Record, payer: Holder, payee: Holder, role: str
) -> None:
    made, reader = await things(bank, payer, payee), new_id()
    await record.skip()
    for path, permission, action, thing in READS:
        bank.policies.load(bundle_of({role: [each for each in EVERY if each != permission], "user": []}))
        at = path.format(**made)
        assert refusal(await bank.get(at, reader, roles=(role,))) == (404, "RES_001"), path
        assert await record.news() == ([], []), path
        bank.policies.load(bundle_of({role: [permission], "user": []}))
        answer = await bank.get(at, reader, roles=(role,))
        assert answer.status_code == 200, answer.text
        owners = [str(payer.user_id)] + ([str(payer.user_id), str(payee.user_id)] if thing == "transfer" else [])
        reason = "complaint 4711" if WHY in path else None
        _, [fact] = await record.news()
        assert sorted(fact.related) == sorted({made[thing], *owners}), path
        expected = (action, ("read", f"read/{made[thing]}"), ("user", str(reader)), reason)
        assert (fact.action, fact.resource, fact.by, fact.reason) == expected


async def test_reading_your_own_data_leaves_no_fact(bank: Bank, record: Record, payer: Holder, payee: Holder) -> None:
    made = await things(bank, payer, payee)
    await record.skip()
    for path, *_ in READS:
        own = path.format(**made).replace(f"{WHY}&", "")
        assert (await bank.get(own, payer.user_id, roles=("user", "staff"))).status_code == 200, path
    # Receivers read what they received without a fact.
    assert (await bank.get(f"/transfers/{made['transfer']}", payee.user_id, roles=("staff",))).status_code == 200
    assert await record.news() == ([], [])


async def test_a_read_that_cannot_be_recorded_is_not_answered(
    bank: Bank, payer: Holder, payee: Holder, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await things(bank, payer, payee)

    def unwritable(_messages: object) -> object:
        raise Unavailable(dependency="outbox")

    monkeypatch.setattr(outbox, "insert", unwritable)
    for path, *_ in READS:
        assert refusal(await bank.staff("GET", path.format(**made))) == (503, "SRV_002"), path
        own = path.format(**made).replace(f"{WHY}&", "")
        assert (await bank.get(own, payer.user_id)).status_code == 200, path


async def test_anothers_statement_and_accounts_require_a_reason(bank: Bank, record: Record, payer: Holder) -> None:
    await record.skip()
    lists = [f"/accounts?{query}" for query in ("kind=wallet", "currency=NAD", "status=open&per_page=100", "per_page=100")]
    for path in (f"/wallets/{payer.wallet_id}/statement?{PERIOD}", f"/accounts?owner_id={payer.user_id}", *lists):
        for short in ("", "&reason=", "&reason=ab"):
            refused = await bank.staff("GET", path + short)
            assert (refusal(refused), refused.json()["errors"][0]["field"]) == ((422, "VAL_001"), "reason")
        assert await record.news() == ([], [])
        assert (await bank.staff("GET", f"{path}&{WHY}")).status_code == 200
        _, [fact] = await record.news()
        assert (fact.reason, str(payer.user_id) in fact.related) == ("complaint 4711", True)


async def test_reads_of_peoples_accounts_are_recorded_and_those_of_system_accounts_are_not(
    bank: Bank, record: Record, payer: Holder, payee: Holder
) -> None:
    [system] = (await bank.staff("GET", "/accounts?kind=system&per_page=1")).json()["data"]["items"]
    unused = (await bank.staff("GET", "/accounts?kind=system&currency=USD")).json()["data"]["items"][0]
    await record.skip()
    own = f"/accounts?owner_id={bank.staff_id}"
    for path in ("/accounts?kind=system", f"/accounts/{system['id']}", f"/accounts/{unused['id']}/postings", own):
        assert (await bank.staff("GET", path)).status_code == 200
    assert await record.news() == ([], [])
    for verb, path in (("read", ""), ("read_postings", "/postings")):
        assert (await bank.staff("GET", f"/accounts/{payer.wallet_id}{path}")).status_code == 200
        _, [fact] = await record.news()
        assert (fact.action, fact.related) == (f"payments.account.{verb}", [str(payer.wallet_id), str(payer.user_id)])
    assert (await bank.staff("GET", f"/accounts?kind=wallet&currency=NAD&{WHY}")).status_code == 200
    _, [fact] = await record.news()
    assert fact.reason == "complaint 4711"
    assert fact.after == {"filters": {"kind": "wallet", "currency": "NAD"}, "shown": 2}
    assert set(fact.related) == {str(payer.user_id), str(payee.user_id)}


async def test_lists_of_what_awaits_a_decision_leave_one_fact_a_page(
    bank: Bank, record: Record, payer: Holder, payee: Holder
) -> None:
    bank.approve_above("1.00")
    for _ in range(3):
        await bank.made(payer, payee, "5.00")
    await record.skip()
    assert len((await bank.staff("GET", "/transfers/awaiting-approval?limit=2")).json()["data"]["items"]) == 2
    assert await record.news() == (
        [],
        [
            Fact(
                action="payments.transfer.list_awaiting_approval",
                resource=("read", "read"),
                by=("user", str(bank.staff_id)),
                after={"shown": 2},
                related=[str(payer.user_id), str(payee.user_id)],
            )
        ],
    )
    assert (await bank.staff("GET", "/transfers/bulk/awaiting-approval")).json()["data"]["items"] == []
    assert await record.news() == ([], [])
