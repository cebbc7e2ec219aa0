"""Translate the events of payments into their messages."""

from datetime import datetime

from google.protobuf.timestamp_pb2 import Timestamp

from chassis.messaging.contracts import Publications
from chassis.messaging.erasures import acknowledged_by
from chassis.messaging.notices import notice_requested
from elcorp.common.v1 import money_pb2
from elcorp.payments.v1 import events_pb2
from kernel.erasures import ErasureAcknowledged
from kernel.money import Money, amount_text
from kernel.notices import NoticeRequested
from payments.domain import events


def wallet_opened(event: events.WalletOpened) -> events_pb2.WalletOpened:
    return events_pb2.WalletOpened(wallet_id=str(event.wallet_id), owner_id=str(event.owner_id), currency=event.currency)


def wallet_frozen(event: events.WalletFrozen) -> events_pb2.WalletFrozen:
    return events_pb2.WalletFrozen(wallet_id=str(event.wallet_id), reason=event.reason)


def wallet_unfrozen(event: events.WalletUnfrozen) -> events_pb2.WalletUnfrozen:
    return events_pb2.WalletUnfrozen(wallet_id=str(event.wallet_id), reason=event.reason)


def wallet_closed(event: events.WalletClosed) -> events_pb2.WalletClosed:
    return events_pb2.WalletClosed(wallet_id=str(event.wallet_id))


def wallet_bounded(event: events.WalletBounded) -> events_pb2.WalletBounded:
    if event.ceiling is None:
        return events_pb2.WalletBounded(wallet_id=str(event.wallet_id))
    ceiling = money_pb2.Money(amount=amount_text(event.ceiling, event.currency), currency=event.currency)
    return events_pb2.WalletBounded(wallet_id=str(event.wallet_id), ceiling=ceiling)


def wallet_renamed(event: events.WalletRenamed) -> events_pb2.WalletRenamed:
    return events_pb2.WalletRenamed(wallet_id=str(event.wallet_id))


def wallet_usage_changed(event: events.WalletUsageChanged) -> events_pb2.WalletUsageChanged:
    return events_pb2.WalletUsageChanged(wallet_id=str(event.wallet_id), usage=event.usage, reason=event.reason)


def tier_assigned(event: events.TierAssigned) -> events_pb2.TierAssigned:
    return events_pb2.TierAssigned(owner_id=str(event.owner_id), tier=event.tier)


def transfer_settled(event: events.TransferSettled) -> events_pb2.TransferSettled:
    return events_pb2.TransferSettled(
        transfer_id=str(event.transfer_id),
        source_id=str(event.source_id),
        target_id=str(event.target_id),
        amount=_money(event.amount),
        initiator_id=str(event.initiator_id),
        kind=event.kind,
        reference=event.reference,
        fee_total=_money(event.fee_total) if event.fee_total.amount else None,
        parent_id=str(event.parent_id) if event.parent_id else "",
    )


def transfers_settled(event: events.TransfersSettled) -> events_pb2.TransfersSettled:
    return events_pb2.TransfersSettled(bulk_id=str(event.bulk_id), transfers=[transfer_settled(one) for one in event.settled])


def bulk_changed(event: events.BulkChanged) -> events_pb2.BulkChanged:
    return events_pb2.BulkChanged(bulk_id=str(event.bulk_id), initiator_id=str(event.initiator_id), status=event.status)


def bulk_completed(event: events.BulkCompleted) -> events_pb2.BulkCompleted:
    return events_pb2.BulkCompleted(
        bulk_id=str(event.bulk_id),
        initiator_id=str(event.initiator_id),
        status=event.status,
        lines=event.lines,
        settled=event.settled,
        awaiting_approval=event.awaiting,
        refused=event.refused,
        not_run=event.not_run,
    )


def schedule_changed(event: events.ScheduleChanged) -> events_pb2.ScheduleChanged:
    return events_pb2.ScheduleChanged(
        schedule_id=str(event.schedule_id),
        initiator_id=str(event.initiator_id),
        status=event.status,
        next_at=_timestamp(event.next_at) if event.next_at else None,
    )


def occurrence_failed(event: events.OccurrenceFailed) -> events_pb2.OccurrenceFailed:
    return events_pb2.OccurrenceFailed(
        schedule_id=str(event.schedule_id),
        initiator_id=str(event.initiator_id),
        number=event.number,
        due_at=_timestamp(event.due_at),
        code=event.code,
    )


def transfer_held(event: events.TransferHeld) -> events_pb2.TransferHeld:
    return events_pb2.TransferHeld(
        transfer_id=str(event.transfer_id),
        source_id=str(event.source_id),
        target_id=str(event.target_id),
        amount=_money(event.amount),
        initiator_id=str(event.initiator_id),
        expires_at=_timestamp(event.expires_at),
    )


def transfer_awaiting_approval(event: events.TransferAwaitingApproval) -> events_pb2.TransferAwaitingApproval:
    return events_pb2.TransferAwaitingApproval(
        transfer_id=str(event.transfer_id),
        source_id=str(event.source_id),
        target_id=str(event.target_id),
        amount=_money(event.amount),
        initiator_id=str(event.initiator_id),
        expires_at=_timestamp(event.expires_at),
    )


def transfer_cancelled(event: events.TransferCancelled) -> events_pb2.TransferCancelled:
    return events_pb2.TransferCancelled(transfer_id=str(event.transfer_id), reason=event.reason)


def transfer_failed(event: events.TransferFailed) -> events_pb2.TransferFailed:
    return events_pb2.TransferFailed(transfer_id=str(event.transfer_id), reason=event.reason)


def transfer_reversed(event: events.TransferReversed) -> events_pb2.TransferReversed:
    return events_pb2.TransferReversed(
        transfer_id=str(event.transfer_id), reversal_id=str(event.reversal_id), reason=event.reason
    )


def transfer_refunded(event: events.TransferRefunded) -> events_pb2.TransferRefunded:
    return events_pb2.TransferRefunded(
        transfer_id=str(event.transfer_id),
        refund_id=str(event.refund_id),
        amount=_money(event.amount),
        refunded=_money(event.refunded),
    )


def ledger_broken(event: events.LedgerBroke) -> events_pb2.LedgerBroken:
    return events_pb2.LedgerBroken(
        account_id=str(event.account_id),
        what=event.what,
        expected=money_pb2.Money(amount=amount_text(event.expected, event.currency), currency=event.currency),
        found=money_pb2.Money(amount=amount_text(event.found, event.currency), currency=event.currency),
    )


def pricing_changed(event: events.PricingChanged) -> events_pb2.PricingChanged:
    return events_pb2.PricingChanged(noun=event.noun, series=event.series)


def _money(amount: Money) -> money_pb2.Money:
    return money_pb2.Money(amount=amount.text, currency=amount.currency.code)


def _timestamp(moment: datetime) -> Timestamp:
    timestamp = Timestamp()
    timestamp.FromDatetime(moment)
    return timestamp


PUBLICATIONS = Publications(
    "payments",
    {
        events.WalletOpened: wallet_opened,
        events.WalletFrozen: wallet_frozen,
        events.WalletUnfrozen: wallet_unfrozen,
        events.WalletClosed: wallet_closed,
        events.WalletBounded: wallet_bounded,
        events.WalletRenamed: wallet_renamed,
        events.WalletUsageChanged: wallet_usage_changed,
        events.TierAssigned: tier_assigned,
        events.TransferSettled: transfer_settled,
        events.TransfersSettled: transfers_settled,
        events.BulkChanged: bulk_changed,
        events.BulkCompleted: bulk_completed,
        events.ScheduleChanged: schedule_changed,
        events.OccurrenceFailed: occurrence_failed,
        events.TransferHeld: transfer_held,
        events.TransferAwaitingApproval: transfer_awaiting_approval,
        NoticeRequested: notice_requested,
        events.TransferCancelled: transfer_cancelled,
        events.TransferFailed: transfer_failed,
        events.TransferReversed: transfer_reversed,
        events.TransferRefunded: transfer_refunded,
        events.LedgerBroke: ledger_broken,
        events.PricingChanged: pricing_changed,
        ErasureAcknowledged: acknowledged_by(events_pb2.ErasureAcknowledged),
    },
)
