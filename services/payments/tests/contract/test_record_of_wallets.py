"""Events and audit facts of wallets, accounts and erasures, compared whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy import text

from elcorp.payments.v1 import events_pb2
from kernel.actor import Actor
from kernel.erasures import ErasureRequest
from kernel.ids import new_id
from payments.application.erasures.acknowledge_erasure import LEDGER, AcknowledgeErasure
from payments.application.ledger.check_ledger import CheckLedger
from payments.application.ledger.views import CheckRound, CurrencySum
from payments.application.ports.ledger import Break
from payments.domain.account import SystemCode, system_account_id, treasury_id
from payments.infrastructure.ledger_metrics import LedgerMetrics
from payments.infrastructure.sql.wallets import SqlWalletViews
from services.payments.tests.contract.bank import Bank, Holder
from services.payments.tests.contract.outbox import Fact, Record
from services.payments.tests.contract.recorded import (
    SERVICE,
    Named,
    balances,
    nad,
    staff,
    user,
)


async def test_an_opened_wallet_and_issued_money(bank: Bank) -> None:
    record, holder = Record(bank.database, bank.clock), await bank.holder()
    wallet, owner = str(holder.wallet_id), str(holder.user_id)
    assert await record.news() == (
        [events_pb2.WalletOpened(wallet_id=wallet, owner_id=owner, currency="NAD")],
        [
            Fact(
                action="payments.wallet.open",
                resource=("wallet", wallet),
                by=("service", "test"),
                after={"currency": "NAD", "owner_id": owner, "balance": "0.00"},
                related=[owner],
            )
        ],
    )
    issue = {"wallet_id": wallet, "amount": "5.00", "currency": "NAD", "reason": "resolution 12"}
    issued = (await bank.post("/issuances", bank.staff_id, issue, roles=("admin",))).json()["data"]
    treasury = str(treasury_id("NAD"))
    assert await record.news() == (
        [
            events_pb2.TransferSettled(
                transfer_id=issued["id"],
                source_id=treasury,
                target_id=wallet,
                amount=nad("5.00"),
                initiator_id=str(bank.staff_id),
                kind="issuance",
            )
        ],
        [
            Fact(
                action="payments.issuance.settle",
                resource=("transfer", issued["id"]),
                by=staff(bank),
                before=balances("0.00", "0.00"),
                after={**balances("-5.00", "5.00"), "amount": "5.00", "currency": "NAD", "status": "completed"},
                reason="resolution 12",
                related=[treasury, wallet, owner],
            )
        ],
    )


async def test_changes_of_a_wallet(bank: Bank, payer: Holder, payee: Holder, record: Record) -> None:
    wallet, path = str(payee.wallet_id), f"/wallets/{payee.wallet_id}"
    await record.skip()
    usual: Named = {"status": "open", "ceiling": None, "named": False, "usage": "personal"}
    frozen: Named = {**usual, "status": "frozen"}
    bounded: Named = {**usual, "ceiling": "10.00"}
    named: Named = {**usual, "named": True}
    sold: Named = {**usual, "usage": "merchant"}
    by_staff, by_owner = staff(bank), user(payee)
    for method, body, part, message, verb, by, before, after in (
        (
            "POST",
            {"reason": "suspicion"},
            "/freeze",
            events_pb2.WalletFrozen(reason="suspicion"),
            "freeze",
            by_staff,
            usual,
            frozen,
        ),
        (
            "POST",
            {"reason": "certainty"},
            "/freeze",
            events_pb2.WalletFrozen(reason="certainty"),
            "freeze",
            by_staff,
            frozen,
            frozen,
        ),
        (
            "POST",
            {"reason": "cleared"},
            "/unfreeze",
            events_pb2.WalletUnfrozen(reason="cleared"),
            "unfreeze",
            by_staff,
            frozen,
            usual,
        ),
        (
            "PUT",
            {"amount": "10.00", "reason": "small shop"},
            "/ceiling",
            events_pb2.WalletBounded(ceiling=nad("10.00")),
            "bound",
            by_staff,
            usual,
            bounded,
        ),
        (
            "PUT",
            {"amount": None, "reason": "no longer"},
            "/ceiling",
            events_pb2.WalletBounded(),
            "bound",
            by_staff,
            bounded,
            usual,
        ),
        (
            "PUT",
            {"usage": "merchant", "reason": "licence checked"},
            "/usage",
            events_pb2.WalletUsageChanged(usage="merchant", reason="licence checked"),
            "set_usage",
            by_staff,
            usual,
            sold,
        ),
        (
            "PUT",
            {"usage": "personal", "reason": "shop closed"},
            "/usage",
            events_pb2.WalletUsageChanged(usage="personal", reason="shop closed"),
            "set_usage",
            by_staff,
            sold,
            usual,
        ),
        ("PATCH", {"name": "savings"}, "", events_pb2.WalletRenamed(), "rename", by_owner, usual, named),
        ("DELETE", None, "", events_pb2.WalletClosed(), "close", by_owner, named, {**named, "status": "closed"}),
    ):
        who, roles = (bank.staff_id, ("staff",)) if by == by_staff else (payee.user_id, ("user",))
        assert (await bank.send(method, path + part, who, body, roles=roles)).status_code == 200
        message.wallet_id = wallet
        fact = Fact(
            action=f"payments.wallet.{verb}",
            resource=("wallet", wallet),
            by=by,
            before=before,
            after=after,
            reason=(body or {}).get("reason"),
            related=[str(payee.user_id)],
        )
        assert await record.news() == ([message], [fact]), part


async def test_a_system_account_that_is_unfrozen(bank: Bank) -> None:
    fees = system_account_id(SystemCode.FEES, "NAD")
    async with bank.database.engine.begin() as connection:
        await connection.execute(text("UPDATE accounts SET status = 'frozen' WHERE id = :id"), {"id": fees})
    record = Record(bank.database, bank.clock)
    await bank.staff("POST", f"/accounts/{fees}/unfreeze", {"reason": "explained"})
    assert await record.news() == (
        [events_pb2.WalletUnfrozen(wallet_id=str(fees), reason="explained")],
        [
            Fact(
                action="payments.account.unfreeze",
                resource=("account", str(fees)),
                by=staff(bank),
                before={"status": "frozen"},
                after={"status": "open"},
                reason="explained",
            )
        ],
    )


@dataclass
class OneBreak:
    """A check that finds one account whose postings do not add up."""

    found: Break

    async def derive(self, *, accounts_max: int, at: datetime) -> CheckRound:
        return CheckRound(1, [self.found])

    async def sums(self) -> Sequence[CurrencySum]:
        return []


async def test_an_account_that_does_not_add_up(bank: Bank, payer: Holder, record: Record) -> None:
    await record.skip()
    wallet = str(payer.wallet_id)
    found = Break(account_id=payer.wallet_id, currency="NAD", what="held", expected=Decimal("-1.5"), found=Decimal(2))
    assert await CheckLedger(bank.dependencies.uow, OneBreak(found), LedgerMetrics(), bank.clock)() == 1
    assert await record.news() == (
        [
            events_pb2.LedgerBroken(account_id=wallet, what="held", expected=nad("-1.50"), found=nad("2.00")),
            events_pb2.WalletFrozen(wallet_id=wallet, reason="the ledger does not add up: held"),
        ],
        [
            Fact(
                action="payments.ledger.break",
                resource=("account", wallet),
                by=SERVICE,
                before={"status": "open"},
                after={"status": "frozen", "what": "held", "expected": "-1.50", "found": "2.00"},
            )
        ],
    )


async def test_an_erasure_removes_names_and_plans_and_reports_what_remains(
    bank: Bank, payer: Holder, payee: Holder, record: Record
) -> None:
    body = {
        "source_wallet_id": str(payer.wallet_id),
        "target_wallet_id": str(payee.wallet_id),
        "amount": "1.00",
        "currency": "NAD",
        "frequency": "daily",
        "starts_at": (bank.clock.now() + timedelta(hours=1)).isoformat(),
    }
    plan = (await bank.post("/transfers/schedules", payer.user_id, body)).json()["data"]["id"]
    await bank.send("PATCH", f"/wallets/{payer.wallet_id}", payer.user_id, {"name": "Maria's school"})
    await record.skip()
    bank.wait(seconds=60)
    erasure, owner, wallet = str(new_id()), str(payer.user_id), str(payer.wallet_id)
    acknowledge = AcknowledgeErasure(bank.dependencies.uow, SqlWalletViews(bank.database), bank.clock)
    request = ErasureRequest(erasure_id=UUID(erasure), user_id=payer.user_id, requested_at=bank.clock.now())
    await acknowledge(actor=Actor.service("payments"), request=request)
    kept = [LEDGER, "wallets: money of NAD that was not taken out"]
    usual = {"status": "open", "ceiling": None, "usage": "personal"}
    planned = {"succeeded": 0, "failed": 0, "next_number": 0}
    assert await record.news() == (
        [
            events_pb2.WalletRenamed(wallet_id=wallet),
            events_pb2.ScheduleChanged(schedule_id=plan, initiator_id=owner, status="cancelled"),
            events_pb2.ErasureAcknowledged(erasure_id=erasure, user_id=owner, kept=kept),
        ],
        [
            Fact(
                action="payments.wallet.rename",
                resource=("wallet", wallet),
                by=SERVICE,
                before={**usual, "named": True},
                after={**usual, "named": False},
                reason="erased",
                related=[owner],
            ),
            Fact(
                action="payments.schedule.cancel",
                resource=("schedule", plan),
                by=SERVICE,
                before={"status": "active", **planned},
                after={"status": "cancelled", **planned},
                reason="erased",
                related=[wallet, str(payee.wallet_id), owner],
            ),
            Fact(
                action="payments.erasure.acknowledge",
                resource=("erasure", erasure),
                by=SERVICE,
                after={"kept": kept},
                related=[owner],
            ),
        ],
    )
