"""Every event of payments and each field of its message. Tests of the record cover when events are published."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from elcorp.common.v1 import money_pb2
from elcorp.payments.v1 import events_pb2
from kernel.erasures import ErasureAcknowledged
from kernel.events import Event
from kernel.money import Money
from kernel.notices import NoticeRequested
from payments.domain import events
from payments.interfaces.publications import PUBLICATIONS


def nad(amount: str) -> money_pb2.Money:
    return money_pb2.Money(amount=amount, currency="NAD")


def test_every_event_of_the_domain_has_its_message() -> None:
    declared = {kind for kind in vars(events).values() if isinstance(kind, type) and issubclass(kind, Event)} - {Event}
    declared |= {ErasureAcknowledged}
    # Its message is the platform's (libs/chassis/tests/messaging/test_notices.py).
    assert set(PUBLICATIONS._encoders) - {NoticeRequested} == declared == {type(event) for event, _ in EXAMPLES}


AT, LATER = datetime(2026, 3, 21, 8, 0, tzinfo=UTC), datetime(2026, 3, 28, 9, 30, tzinfo=UTC)
THEN = Timestamp(seconds=int(LATER.timestamp()))
TRANSFER, WALLET, OTHER, USER, MORE = (UUID(int=n) for n in range(1, 6))
MOVED: dict[str, Any] = {"transfer_id": TRANSFER, "source_id": WALLET, "target_id": OTHER, "initiator_id": USER}
MOVED_TOLD: dict[str, Any] = {name: str(id_) for name, id_ in MOVED.items()}
SETTLED = events.TransferSettled(
    occurred_at=AT,
    **MOVED,
    amount=Money.of("5", "NAD"),
    kind="refund",
    reference="INV-17",
    fee_total=Money.of("1.5", "NAD"),
    parent_id=MORE,
)
SETTLED_TOLD = events_pb2.TransferSettled(
    **MOVED_TOLD, amount=nad("5.00"), kind="refund", reference="INV-17", fee_total=nad("1.50"), parent_id=str(MORE)
)
EXAMPLES: list[tuple[Event, Message]] = [
    (SETTLED, SETTLED_TOLD),
    (
        events.TransfersSettled(occurred_at=AT, bulk_id=MORE, settled=(SETTLED, SETTLED)),
        events_pb2.TransfersSettled(bulk_id=str(MORE), transfers=[SETTLED_TOLD, SETTLED_TOLD]),
    ),
    *(
        (
            event(occurred_at=AT, **MOVED, amount=Money.of("5", "NAD"), expires_at=LATER),
            message(**MOVED_TOLD, amount=nad("5.00"), expires_at=THEN),
        )
        for event, message in (
            (events.TransferHeld, events_pb2.TransferHeld),
            (events.TransferAwaitingApproval, events_pb2.TransferAwaitingApproval),
        )
    ),
    *(
        (event(occurred_at=AT, transfer_id=TRANSFER, reason="why"), message(transfer_id=str(TRANSFER), reason="why"))
        for event, message in (
            (events.TransferCancelled, events_pb2.TransferCancelled),
            (events.TransferFailed, events_pb2.TransferFailed),
        )
    ),
    (
        events.WalletUsageChanged(occurred_at=AT, wallet_id=WALLET, usage="merchant", reason="why"),
        events_pb2.WalletUsageChanged(wallet_id=str(WALLET), usage="merchant", reason="why"),
    ),
    (
        events.TransferReversed(occurred_at=AT, transfer_id=TRANSFER, reversal_id=MORE, reason="why"),
        events_pb2.TransferReversed(transfer_id=str(TRANSFER), reversal_id=str(MORE), reason="why"),
    ),
    (
        events.TransferRefunded(
            occurred_at=AT,
            transfer_id=TRANSFER,
            refund_id=MORE,
            amount=Money.of("1", "NAD"),
            refunded=Money.of("3", "NAD"),
        ),
        events_pb2.TransferRefunded(transfer_id=str(TRANSFER), refund_id=str(MORE), amount=nad("1.00"), refunded=nad("3.00")),
    ),
    (
        events.WalletOpened(occurred_at=AT, wallet_id=WALLET, owner_id=USER, currency="NAD"),
        events_pb2.WalletOpened(wallet_id=str(WALLET), owner_id=str(USER), currency="NAD"),
    ),
    *(
        (event(occurred_at=AT, wallet_id=WALLET, reason="why"), message(wallet_id=str(WALLET), reason="why"))
        for event, message in (
            (events.WalletFrozen, events_pb2.WalletFrozen),
            (events.WalletUnfrozen, events_pb2.WalletUnfrozen),
        )
    ),
    *(
        (event(occurred_at=AT, wallet_id=WALLET), message(wallet_id=str(WALLET)))
        for event, message in (
            (events.WalletClosed, events_pb2.WalletClosed),
            (events.WalletRenamed, events_pb2.WalletRenamed),
        )
    ),
    (
        events.WalletBounded(occurred_at=AT, wallet_id=WALLET, ceiling=Decimal("10.5"), currency="NAD"),
        events_pb2.WalletBounded(wallet_id=str(WALLET), ceiling=nad("10.50")),
    ),
    (
        events.TierAssigned(occurred_at=AT, owner_id=USER, tier="business"),
        events_pb2.TierAssigned(owner_id=str(USER), tier="business"),
    ),
    (
        events.PricingChanged(occurred_at=AT, noun="limit", series="standard/NAD"),
        events_pb2.PricingChanged(noun="limit", series="standard/NAD"),
    ),
    (
        events.LedgerBroke(
            occurred_at=AT, account_id=WALLET, currency="NAD", what="balance", expected=Decimal("-1.5"), found=Decimal(2)
        ),
        events_pb2.LedgerBroken(account_id=str(WALLET), what="balance", expected=nad("-1.50"), found=nad("2.00")),
    ),
    (
        events.BulkChanged(occurred_at=AT, bulk_id=MORE, initiator_id=USER, status="running"),
        events_pb2.BulkChanged(bulk_id=str(MORE), initiator_id=str(USER), status="running"),
    ),
    (
        events.BulkCompleted(
            occurred_at=AT,
            bulk_id=MORE,
            initiator_id=USER,
            status="partly_completed",
            lines=10,
            settled=1,
            awaiting=2,
            refused=3,
            not_run=4,
        ),
        events_pb2.BulkCompleted(
            bulk_id=str(MORE),
            initiator_id=str(USER),
            status="partly_completed",
            lines=10,
            settled=1,
            awaiting_approval=2,
            refused=3,
            not_run=4,
        ),
    ),
    (
        events.ScheduleChanged(occurred_at=AT, schedule_id=MORE, initiator_id=USER, status="active", next_at=LATER),
        events_pb2.ScheduleChanged(schedule_id=str(MORE), initiator_id=str(USER), status="active", next_at=THEN),
    ),
    (
        events.OccurrenceFailed(occurred_at=AT, schedule_id=MORE, initiator_id=USER, number=3, due_at=LATER, code="PAY_001"),
        events_pb2.OccurrenceFailed(schedule_id=str(MORE), initiator_id=str(USER), number=3, due_at=THEN, code="PAY_001"),
    ),
    (
        ErasureAcknowledged(occurred_at=AT, erasure_id=MORE, user_id=USER, kept=("ledger", "wallets")),
        events_pb2.ErasureAcknowledged(erasure_id=str(MORE), user_id=str(USER), kept=["ledger", "wallets"]),
    ),
]
# Compliance decides how long the law requires a person to be identifiable.
NOT_OURS = {"retain_until"}


@pytest.mark.parametrize(("event", "message"), EXAMPLES, ids=lambda each: type(each).__name__)
def test_a_message_contains_all_of_its_event(event: Event, message: Message) -> None:
    sent = {field.name for field, _ in message.ListFields()}
    assert sent == {field.name for field in message.DESCRIPTOR.fields} - NOT_OURS
    assert type(message).FromString(PUBLICATIONS.encode(event).payload) == message
