"""What happens is announced and put on record: every message and every audit fact, compared whole."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from sqlalchemy import text

from elcorp.common.v1 import money_pb2
from elcorp.payments.v1 import events_pb2
from kernel.actor import Actor
from kernel.ids import new_id
from payments.application.bulk_transfers.resume_bulks import ResumeBulks
from payments.application.erasures.acknowledge_erasure import LEDGER, AcknowledgeErasure
from payments.application.ledger.check_ledger import CheckLedger
from payments.application.ledger.views import Checked, CurrencySum
from payments.application.ports.ledger import Break
from payments.domain.account import SystemCode, system_account_id, treasury_id
from payments.infrastructure.ledger_metrics import LedgerMetrics
from payments.infrastructure.sql.wallets import SqlWalletViews
from services.payments.tests.approvals import approval_from
from services.payments.tests.contract.bank import Bank, Holder, refusal
from services.payments.tests.contract.outbox import Fact, Record

REASON = {"reason": "asked for by the payer"}
WHY = REASON["reason"]
SERVICE = ("service", "payments")
Named = Mapping[str, object]


@pytest.fixture
def record(bank: Bank, payer: Holder, payee: Holder) -> Record:
    """Reads what comes after the parties' wallets were opened, and the payer's filled."""
    return Record(bank.database, bank.clock)


def nad(amount: str) -> money_pb2.Money:
    return money_pb2.Money(amount=amount, currency="NAD")


def moment(at: datetime) -> Timestamp:
    timestamp = Timestamp()
    timestamp.FromDatetime(at)
    return timestamp


def user(holder: Holder) -> tuple[str, str]:
    return "user", str(holder.user_id)


def staff(bank: Bank) -> tuple[str, str]:
    return "user", str(bank.staff_id)


def of_both(payer: Holder, payee: Holder, *more: str) -> list[str]:
    """Who is concerned by a transfer: its wallets, and whose they are."""
    return [str(id_) for id_ in (payer.wallet_id, payee.wallet_id, payer.user_id, payee.user_id)] + list(more)


def balances(source: str, target: str) -> dict[str, str]:
    return {"source_balance": source, "target_balance": target}


def settled(transfer: Mapping[str, Any], payer: Holder, payee: Holder, amount: str, **more: Any) -> events_pb2.TransferSettled:
    """The message of a transfer that the payer asked for."""
    told = {"initiator_id": str(payer.user_id), "kind": "transfer", **more}
    return events_pb2.TransferSettled(
        transfer_id=transfer["id"],
        source_id=str(payer.wallet_id),
        target_id=str(payee.wallet_id),
        amount=nad(amount),
        **told,
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
                related=of_both(payer, payee),
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
                related=of_both(payer, payee),
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
                related=of_both(payer, dollars),
            )
        ],
    )


async def test_a_hold_its_capture_in_part_and_one_that_is_voided(
    bank: Bank, payer: Holder, payee: Holder, record: Record
) -> None:
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
        related=of_both(payer, payee),
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


async def test_what_waits_for_a_decision_and_what_is_decided(bank: Bank, payer: Holder, payee: Holder, record: Record) -> None:
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
        related=of_both(payer, payee),
    )
    assert await record.news() == (
        [
            events_pb2.TransferAwaitingApproval(transfer_id=one["id"], expires_at=decided_by, **message)
            for one in (now, later, refused, late)
        ],
        [replace(submitted, resource=("transfer", one["id"])) for one in (now, later, refused, late)],
    )

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


async def test_what_is_given_back(bank: Bank, payer: Holder, payee: Holder, record: Record) -> None:
    first, second = [await bank.made(payer, payee, "10.00", path="/payments", reference=f"INV-{n}") for n in range(2)]
    await record.skip()
    bank.wait(seconds=60)
    path = f"/transfers/{first['id']}/refund"
    refunds = [(await bank.post(path, payee.user_id, {"amount": part, **REASON})).json()["data"] for part in ("3.00", "4.00")]
    told, facts = await record.news()
    expected: list[Message] = []
    of_parts = [("3.00", "3.00", "17.00", "983.00"), ("4.00", "7.00", "13.00", "987.00")]
    for back, (part, sum_, *_left) in zip(refunds, of_parts, strict=True):
        expected += [
            events_pb2.TransferRefunded(transfer_id=first["id"], refund_id=back["id"], amount=nad(part), refunded=nad(sum_)),
            settled(back, payee, payer, part, kind="refund", reference="INV-0", parent_id=first["id"]),
        ]
    assert told == expected
    original = Fact(
        action="payments.transfer.refund",
        resource=("transfer", first["id"]),
        by=user(payee),
        before={**balances("980.00", "20.00"), "status": "completed"},
        after={**balances("983.00", "17.00"), "status": "completed", "refunded": "3.00"},
        related=of_both(payer, payee),
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
        related=of_both(payee, payer, first["id"]),
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
                related=of_both(payee, payer, second["id"]),
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


async def test_what_becomes_of_a_wallet(bank: Bank, payer: Holder, payee: Holder, record: Record) -> None:
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
    """A check that finds one account of which the ledger says something else."""

    found: Break

    async def derive(self, *, accounts_max: int, at: datetime) -> Checked:
        return Checked(1, [self.found])

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


async def test_prices_that_are_set_replaced_and_ended(bank: Bank) -> None:
    record, day = Record(bank.database, bank.clock), timedelta(days=1)
    admin: dict[str, Any] = {"user_id": bank.staff_id, "roles": ("admin",)}
    now = bank.clock.now()
    fee = {"code": "service", "kind": "transfer", "currency": "NAD", "tiers": [{"flat": "1.15"}], "vat_percent": "15"}
    rate = {"base": "NAD", "quote": "USD", "mid": "0.0549", "spread_percent": "1", "valid_until": (now + day).isoformat()}
    limit = {"tier": "standard", "currency": "NAD", "day_max": "5000"}
    of_fee = {
        "kind": "transfer",
        "currency": "NAD",
        "tiers": [{"from": "0.00", "flat": "1.15", "percent": "0"}],
        "marginal": False,
        "least": None,
        "most": None,
        "waived_roles": [],
        "vat_percent": "15",
        "rounding": "down",
        "refundable": False,
    }
    of_rate = {"mid": "0.0549", "spread_percent": "1", "rounding": "down"}
    of_limit = {"single_max": None, "day_max": "5000.00", "month_max": None}
    for path, noun, series, body, state, until in (
        ("/fees", "fee_rule", "service", fee, of_fee, None),
        ("/rates", "fx_rate", "NAD/USD", rate, of_rate, rate["valid_until"]),
        ("/limits", "limit", "standard/NAD", limit, of_limit, None),
    ):
        message = events_pb2.PricingChanged(noun=noun, series=series)
        first = (await bank.post(path, body={**body, "reason": "first"}, **admin)).json()["data"]
        dated = {"series": series, "version": 1, "valid_from": now.isoformat(), "valid_until": until}
        fact = Fact(
            action=f"payments.{noun}.set",
            resource=(noun, first["id"]),
            by=staff(bank),
            after={**dated, **state},
            reason="first",
            related=[f"{noun}:{series}"],
        )
        assert await record.news() == ([message], [fact]), path

        begins = (now + day / 2).isoformat()
        second = (await bank.post(path, body={**body, "valid_from": begins, "reason": "second"}, **admin)).json()["data"]
        replaced = {**dated, "valid_until": begins, **state}
        planned = {**dated, "version": 2, "valid_from": begins, **state}
        fact = replace(fact, resource=(noun, second["id"]), before=replaced, after=planned, reason="second")
        assert await record.news() == ([message], [fact]), path

        await bank.post(f"{path}/{second['id']}/end", body={"reason": "not after all"}, **admin)
        ended = {**planned, "valid_until": begins}
        fact = replace(fact, action=f"payments.{noun}.end", before=planned, after=ended, reason="not after all")
        assert await record.news() == ([message], [fact]), path


async def test_a_tier_that_is_assigned(bank: Bank, payer: Holder, record: Record) -> None:
    limit = {"tier": "business", "currency": "NAD", "day_max": "5000", "reason": "resolution 12"}
    await bank.post("/limits", bank.staff_id, limit, roles=("admin",))
    await record.skip()
    path, owner = f"/limits/tiers/{payer.user_id}", str(payer.user_id)
    for tier, before, version in (("business", "standard", 1), ("standard", "business", 2)):
        await bank.send("PUT", path, bank.staff_id, {"tier": tier, "reason": "registered"}, roles=("admin",))
        assert await record.news() == (
            [events_pb2.TierAssigned(owner_id=owner, tier=tier)],
            [
                Fact(
                    action="payments.tier.assign",
                    resource=("customer_tier", owner),
                    by=staff(bank),
                    before={"tier": before},
                    after={"tier": tier, "version": version},
                    reason="registered",
                    related=[owner],
                )
            ],
        )


def counted(status: str, *, settled: int = 0, awaiting: int = 0, refused: int = 0, not_run: int = 0) -> dict[str, object]:
    return {"status": status, "settled": settled, "awaiting_approval": awaiting, "refused": refused, "not_run": not_run}


def file(payer: Holder, payee: Holder, *amounts: str) -> dict[str, Any]:
    lines = [{"target_wallet_id": str(payee.wallet_id), "amount": amount} for amount in amounts]
    return {"source_wallet_id": str(payer.wallet_id), "currency": "NAD", "mode": "best_effort", "lines": lines}


async def test_a_bulk_from_its_file_to_its_end(bank: Bank, payer: Holder, payee: Holder, record: Record) -> None:
    await record.skip()
    amounts = ("10.00", "20.00", "30.00", "999.00")
    bulk_id = (await bank.post("/transfers/bulk", payer.user_id, file(payer, payee, *amounts))).json()["data"]["id"]
    changed = events_pb2.BulkChanged(bulk_id=bulk_id, initiator_id=str(payer.user_id), status="accepted")
    fact = Fact(
        action="payments.bulk.accept",
        resource=("bulk", bulk_id),
        by=user(payer),
        after={
            "mode": "best_effort",
            "format": "application/json",
            "lines": 4,
            "amount_total": "1059.00",
            "currency": "NAD",
            **counted("accepted"),
        },
        related=[str(payer.wallet_id), str(payer.user_id)],
    )
    assert await record.news() == ([changed], [fact])

    bank.wait(seconds=1)
    await bank.run_bulk(bulk_id)
    lines = (await bank.get(f"/transfers/bulk/{bulk_id}/lines", payer.user_id)).json()["data"]["items"]
    ids = [line["transfer_id"] for line in lines]
    together = [
        settled({"id": transfer_id}, payer, payee, amount) for transfer_id, amount in zip(ids[:3], amounts[:3], strict=True)
    ]
    told, facts = await record.news()
    assert told == [
        events_pb2.BulkChanged(bulk_id=bulk_id, initiator_id=str(payer.user_id), status="running"),
        events_pb2.TransfersSettled(bulk_id=bulk_id, transfers=together),
        events_pb2.BulkCompleted(
            bulk_id=bulk_id,
            initiator_id=str(payer.user_id),
            status="partly_completed",
            lines=4,
            settled=3,
            awaiting_approval=0,
            refused=1,
            not_run=0,
        ),
    ]
    started, *of_lines, progressed = facts
    assert (started, progressed) == (
        replace(fact, action="payments.bulk.start", by=SERVICE, before=counted("accepted"), after=counted("running")),
        replace(
            fact,
            action="payments.bulk.progress",
            by=SERVICE,
            before=counted("running"),
            after=counted("partly_completed", settled=3, refused=1),
        ),
    )
    assert [(one.action, one.resource[1], one.by) for one in of_lines] == [
        *(("payments.transfer.settle", transfer_id, user(payer)) for transfer_id in ids[:3]),
    ]


async def test_bulks_that_are_cancelled_or_given_up(bank: Bank, payer: Holder, payee: Holder, record: Record) -> None:
    initiator = str(payer.user_id)
    cancelled, given_up = [
        (await bank.post("/transfers/bulk", payer.user_id, file(payer, payee, "1.00", "2.00"))).json()["data"]["id"]
        for _ in range(2)
    ]
    await record.skip()
    bank.wait(seconds=60)
    await bank.post(f"/transfers/bulk/{cancelled}/cancel", payer.user_id, REASON)
    completed = events_pb2.BulkCompleted(bulk_id=cancelled, initiator_id=initiator, status="cancelled", lines=2, not_run=2)
    fact = Fact(
        action="payments.bulk.cancel",
        resource=("bulk", cancelled),
        by=user(payer),
        before=counted("accepted"),
        after=counted("cancelled", not_run=2),
        reason=WHY,
        related=[str(payer.wallet_id), initiator],
    )
    assert await record.news() == ([completed], [fact])

    bank.wait(days=1)
    await ResumeBulks(bank.dependencies.uow, bank.clock)()
    completed.bulk_id = given_up
    assert await record.news() == (
        [completed],
        [
            replace(
                fact,
                action="payments.bulk.give_up",
                resource=("bulk", given_up),
                by=SERVICE,
                reason="could not be run for a day",
            )
        ],
    )


async def test_a_schedule_from_its_plan_to_its_end(bank: Bank, payer: Holder, payee: Holder, record: Record) -> None:
    await record.skip()
    starts = bank.clock.now() + timedelta(hours=1)
    body = {
        "source_wallet_id": str(payer.wallet_id),
        "target_wallet_id": str(payee.wallet_id),
        "amount": "600.00",
        "currency": "NAD",
        "frequency": "daily",
        "starts_at": starts.isoformat(),
        "occurrences_max": 4,
        "ends_on": "2026-04-30",
    }
    plan = (await bank.post("/transfers/schedules", payer.user_id, body)).json()["data"]["id"]
    path, initiator = f"/transfers/schedules/{plan}", str(payer.user_id)

    def changed(status: str, next_at: datetime | None) -> events_pb2.ScheduleChanged:
        due = moment(next_at) if next_at else None
        return events_pb2.ScheduleChanged(schedule_id=plan, initiator_id=initiator, status=status, next_at=due)

    def standing(status: str, succeeded: int, failed: int, number: int, **more: str) -> dict[str, object]:
        return {"status": status, "succeeded": succeeded, "failed": failed, "next_number": number, **more}

    fact = Fact(
        action="payments.schedule.plan",
        resource=("schedule", plan),
        by=user(payer),
        after={
            "amount": "600.00",
            "currency": "NAD",
            "frequency": "daily",
            "starts_at": starts.isoformat(),
            "ends_on": "2026-04-30",
            "occurrences_max": 4,
            **standing("active", 0, 0, 0),
        },
        related=[str(payer.wallet_id), str(payee.wallet_id), initiator],
    )
    assert await record.news() == ([changed("active", starts)], [fact])

    bank.wait(seconds=3600)
    assert await bank.run_schedules() == 1
    runs = (await bank.get(f"{path}/runs", payer.user_id)).json()["data"]["items"]
    told, [made, run] = await record.news()
    assert told == [settled({"id": runs[0]["transfer_id"]}, payer, payee, "600.00")]
    assert (made.action, made.resource[1], made.by) == ("payments.transfer.settle", runs[0]["transfer_id"], user(payer))
    ran = replace(
        fact,
        action="payments.schedule.run",
        by=SERVICE,
        before=standing("active", 0, 0, 0),
        after=standing("active", 1, 0, 1),
    )
    assert run == ran

    bank.wait(days=1)
    assert await bank.run_schedules() == 1
    failed = events_pb2.OccurrenceFailed(
        schedule_id=plan, initiator_id=initiator, number=1, due_at=moment(starts + timedelta(days=1)), code="PAY_001"
    )
    after = standing("active", 1, 1, 2, last_code="PAY_001")
    assert await record.news() == ([failed], [replace(ran, before=standing("active", 1, 0, 1), after=after)])

    for act, body_of, status, reason in (
        ("pause", None, "paused", None),
        ("resume", None, "active", None),
        ("cancel", REASON, "cancelled", WHY),
    ):
        before, after = after, {**after, "status": status}
        await bank.post(f"{path}/{act}", payer.user_id, body_of)
        due = None if status == "cancelled" else starts + timedelta(days=2)
        changed_by = replace(fact, action=f"payments.schedule.{act}", before=before, after=after, reason=reason)
        assert await record.news() == ([changed(status, due)], [changed_by]), act


async def test_the_last_occurrence_ends_its_schedule(bank: Bank, payer: Holder, payee: Holder, record: Record) -> None:
    body = {
        "source_wallet_id": str(payer.wallet_id),
        "target_wallet_id": str(payee.wallet_id),
        "amount": "1.00",
        "currency": "NAD",
        "starts_at": (bank.clock.now() + timedelta(hours=1)).isoformat(),
    }
    plan = (await bank.post("/transfers/schedules", payer.user_id, body)).json()["data"]["id"]
    await record.skip()
    bank.wait(seconds=3600)
    await bank.run_schedules()
    (_, told), (_, fact) = await record.news()
    assert told == events_pb2.ScheduleChanged(schedule_id=plan, initiator_id=str(payer.user_id), status="ended")
    assert fact.after == {"status": "ended", "succeeded": 1, "failed": 0, "next_number": 1}


async def test_an_erasure_takes_names_and_plans_and_says_what_stays(
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
    await acknowledge(actor=Actor.service("payments"), erasure_id=UUID(erasure), user_id=payer.user_id)
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
