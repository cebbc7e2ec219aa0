"""The gRPC service for other services: make and read transfers, read, freeze and unfreeze wallets."""

import asyncio
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp

from chassis.auth import AccessControl, MissingToken
from chassis.auth.access_control import Scope
from chassis.rpc import RpcService, caller
from chassis.telemetry import request_id
from chassis.telemetry.context import bind
from elcorp.common.v1 import money_pb2
from elcorp.payments.v1 import payments_pb2, payments_pb2_grpc
from kernel.actor import Actor
from kernel.errors import AccessDenied, DomainError, InvalidValue
from kernel.money import Money, amount_text
from kernel.texts import read_line
from payments.application import Payments
from payments.application.ports.transfers import Settled
from payments.domain.transfer_order import TransferKind, TransferOrder, require_callers_key

# ruff: noqa: N802, ARG002  # gRPC gives the names of the methods and their context argument


class LedgerServicer(payments_pb2_grpc.LedgerServiceServicer):
    def __init__(self, payments: Payments, access_control: AccessControl) -> None:
        self._payments = payments
        self._access_control = access_control

    async def Transfer(self, request: payments_pb2.TransferRequest, context: Any) -> payments_pb2.TransferResponse:
        return payments_pb2.TransferResponse(settled=await self._settle(request.order))

    async def PostTransfers(self, request: payments_pb2.PostTransfersRequest, context: Any) -> payments_pb2.PostTransfersResponse:
        # Orders that arrive together are settled in one commit; each has its own outcome.
        outcomes = await asyncio.gather(*(self._outcome(order) for order in request.orders))
        return payments_pb2.PostTransfersResponse(outcomes=outcomes)

    async def GetTransfer(self, request: payments_pb2.GetTransferRequest, context: Any) -> payments_pb2.GetTransferResponse:
        transfer = await self._payments.transfers.find_transfer(transfer_id=UUID(request.transfer_id))
        order = transfer.order
        return payments_pb2.GetTransferResponse(
            transfer_id=str(transfer.id),
            kind=order.kind,
            status=transfer.status,
            source_id=str(order.source_id),
            target_id=str(order.target_id),
            amount=_money(order.amount.amount, order.amount.currency.code),
            reference=order.reference,
            initiator_id=str(order.initiator_id),
            created_at=_timestamp(transfer.created_at),
            settled_at=_timestamp(transfer.settled_at) if transfer.settled_at else None,
        )

    async def GetWallet(self, request: payments_pb2.GetWalletRequest, context: Any) -> payments_pb2.GetWalletResponse:
        view = await self._payments.wallets.get_wallet_for_peer(wallet_id=UUID(request.wallet_id))
        return payments_pb2.GetWalletResponse(
            wallet_id=str(view.id),
            owner_id=str(view.owner_id),
            balance=_money(view.balance, view.currency),
            held=_money(view.held, view.currency),
            available=_money(view.available, view.currency),
            status=view.status,
        )

    async def FreezeWallet(self, request: payments_pb2.FreezeWalletRequest, context: Any) -> payments_pb2.FreezeWalletResponse:
        freeze_wallet = self._payments.wallets.freeze_wallet
        await freeze_wallet(actor=caller(), wallet_id=UUID(request.wallet_id), reason=request.reason)
        return payments_pb2.FreezeWalletResponse()

    async def UnfreezeWallet(
        self, request: payments_pb2.UnfreezeWalletRequest, context: Any
    ) -> payments_pb2.UnfreezeWalletResponse:
        unfreeze_wallet = self._payments.wallets.unfreeze_wallet
        await unfreeze_wallet(actor=caller(), wallet_id=UUID(request.wallet_id), reason=request.reason)
        return payments_pb2.UnfreezeWalletResponse()

    async def _outcome(self, order: payments_pb2.Order) -> payments_pb2.Outcome:
        try:
            return payments_pb2.Outcome(settled=await self._settle(order))
        except DomainError as refusal:
            return payments_pb2.Outcome(refusal=payments_pb2.Refusal(code=refusal.code, message=refusal.message))

    async def _settle(self, order: payments_pb2.Order) -> payments_pb2.Settled:
        payer = await self._payer(order)
        # Later calls to peers on the payer's behalf, and later log lines, carry this actor.
        bind(actor=payer.subject_id)
        return _settled(await self._payments.transfers.transfer_tokens(actor=payer, order=_order(order, payer)))

    async def _payer(self, order: payments_pb2.Order) -> Actor:
        """Authorise the payer as for a REST request with the same token. The calling peer is recorded as the user agent."""
        if not order.access_token:
            raise MissingToken
        payer = await self._access_control.authenticate(
            order.access_token, user_agent=f"elcorp/{caller().subject_id}", request_id=request_id(), strictly=True
        )
        if payer.user_id != UUID(order.initiator_id):
            raise AccessDenied(field="initiator_id", initiator_id=order.initiator_id)
        try:
            self._access_control.authorize(payer, "payment:create", within=Scope.ORGANIZATION)
        except DomainError as refusal:
            # The use case raises it, unless the same order was settled before.
            return replace(payer, refusal=refusal)
        return payer


def _order(order: payments_pb2.Order, payer: Actor) -> TransferOrder:
    return TransferOrder(
        kind=TransferKind.TRANSFER,
        key=require_callers_key(order.key),
        initiator_id=payer.user_id,
        organization_id=payer.organization_id,
        source_id=UUID(order.source_id),
        target_id=UUID(order.target_id),
        amount=Money.of(order.amount.amount, order.amount.currency),
        description=_line("description", order.description),
        reference=_line("reference", order.reference),
    )


def _line(field: str, text: str) -> str:
    """Normalise a text as the REST interface does. Raise InvalidValue."""
    try:
        return read_line(text)
    except ValueError as wrong:
        raise InvalidValue(field=field, expected="one line of readable text", reason=str(wrong)) from None


def _settled(settled: Settled) -> payments_pb2.Settled:
    transfer = settled.transfer
    return payments_pb2.Settled(transfer_id=str(transfer.id), status=transfer.status, replayed=settled.replayed)


def _money(amount: Decimal, currency: str) -> money_pb2.Money:
    return money_pb2.Money(amount=amount_text(amount, currency), currency=currency)


def _timestamp(at: datetime) -> Timestamp:
    timestamp = Timestamp()
    timestamp.FromDatetime(at)
    return timestamp


def rpc_services(payments: Payments, access_control: AccessControl) -> list[RpcService]:
    return [
        RpcService(
            payments_pb2_grpc.add_LedgerServiceServicer_to_server,
            LedgerServicer(payments, access_control),
            "elcorp.payments.v1.LedgerService",
        )
    ]
