"""Parts of messages and audit facts, for tests that compare the whole record."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from elcorp.common.v1 import money_pb2
from elcorp.payments.v1 import events_pb2
from services.payments.tests.contract.bank import Bank, Holder

REASON = {"reason": "asked for by the payer"}
WHY = REASON["reason"]
SERVICE = ("service", "payments")
Named = Mapping[str, object]


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


def both_parties(payer: Holder, payee: Holder, *more: str) -> list[str]:
    """Return whom a transfer concerns: both wallets and their owners."""
    return [str(id_) for id_ in (payer.wallet_id, payee.wallet_id, payer.user_id, payee.user_id)] + list(more)


def balances(source: str, target: str) -> dict[str, str]:
    return {"source_balance": source, "target_balance": target}


def settled(transfer: Mapping[str, Any], payer: Holder, payee: Holder, amount: str, **more: Any) -> events_pb2.TransferSettled:
    """Return the message of a transfer that the payer requested."""
    fields = {"initiator_id": str(payer.user_id), "kind": "transfer", **more}
    return events_pb2.TransferSettled(
        transfer_id=transfer["id"],
        source_id=str(payer.wallet_id),
        target_id=str(payee.wallet_id),
        amount=nad(amount),
        **fields,
    )
