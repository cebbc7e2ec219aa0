"""The events that payments announces, and their messages."""

from chassis.messaging.contracts import Publications
from elcorp.common.v1 import money_pb2
from elcorp.payments.v1 import events_pb2
from payments.domain.events import PricingChanged, TransferSettled, WalletOpened


def wallet_opened(event: WalletOpened) -> events_pb2.WalletOpened:
    return events_pb2.WalletOpened(wallet_id=str(event.wallet_id), owner_id=str(event.owner_id), currency=event.currency)


def transfer_settled(event: TransferSettled) -> events_pb2.TransferSettled:
    return events_pb2.TransferSettled(
        transfer_id=str(event.transfer_id),
        source_id=str(event.source_id),
        target_id=str(event.target_id),
        amount=money_pb2.Money(amount=event.amount.text, currency=event.amount.currency.code),
        initiator_id=str(event.initiator_id),
    )


def pricing_changed(event: PricingChanged) -> events_pb2.PricingChanged:
    return events_pb2.PricingChanged(noun=event.noun, series=event.series)


PUBLICATIONS = Publications(
    "payments", {WalletOpened: wallet_opened, TransferSettled: transfer_settled, PricingChanged: pricing_changed}
)
