"""Handlers of other services' events."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from chassis.messaging.contracts import AnySubscription, Subscription
from chassis.messaging.erasures import answers_erasures
from chassis.persistence.delivery import Delivery
from elcorp.governance.v1 import events_pb2 as governance_events_pb2
from elcorp.identity.v1 import events_pb2
from kernel.actor import Actor
from payments.application.erasures.acknowledge_erasure import AcknowledgeErasure
from payments.application.payers.stop_payer import StopPayer
from payments.application.wallets.open_issued_wallet import OpenIssuedWallet

# A user starts with one wallet, in the national currency.
FIRST_CURRENCY = "NAD"
# Statuses in UserStatusChanged.
ACTIVE = "active"


def subscriptions(
    open_issued_wallet: OpenIssuedWallet,
    acknowledge_erasure: AcknowledgeErasure,
    stop_payer: StopPayer,
    copy_standing: Callable[[Delivery[events_pb2.UserStatusChanged]], Awaitable[None]],
    copy_grants: Callable[[Delivery[governance_events_pb2.SubjectRolesChanged]], Awaitable[None]],
) -> list[AnySubscription]:
    async def on_user_registered(delivery: Delivery[events_pb2.UserRegistered]) -> None:
        await open_issued_wallet(
            actor=Actor.service("payments"),
            wallet_id=UUID(delivery.message.wallet_address),
            owner_id=UUID(delivery.message.user_id),
            currency=FIRST_CURRENCY,
        )

    async def on_wallet_address_issued(delivery: Delivery[events_pb2.WalletAddressIssued]) -> None:
        await open_issued_wallet(
            actor=Actor.service("payments"),
            wallet_id=UUID(delivery.message.address),
            owner_id=UUID(delivery.message.user_id),
            currency=delivery.message.currency,
        )

    async def on_user_status_changed(delivery: Delivery[events_pb2.UserStatusChanged]) -> None:
        message = delivery.message
        # First, so that the copy changes even if identity cannot be asked.
        await copy_standing(delivery)
        # A user who is active again resumes the schedules they still want.
        if message.status != ACTIVE:
            await stop_payer(actor=Actor.service("payments"), user_id=UUID(message.user_id))

    return [
        Subscription(events_pb2.UserRegistered, on_user_registered),
        Subscription(events_pb2.WalletAddressIssued, on_wallet_address_issued),
        answers_erasures("payments", acknowledge_erasure),
        Subscription(events_pb2.UserStatusChanged, on_user_status_changed),
        Subscription(governance_events_pb2.SubjectRolesChanged, copy_grants),
    ]
