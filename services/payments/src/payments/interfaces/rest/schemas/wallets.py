"""Wallets and their past balances."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from chassis.rest import ONE_LINE, AmountText, RequestModel
from kernel.money import amount_text
from payments.application.wallets.views import WalletView
from payments.domain.account import WalletUsage
from payments.interfaces.rest.schemas.fields import CurrencyCode, Reason

WalletName = Annotated[str, Field(max_length=60, examples=["savings"]), ONE_LINE]


class OpenWalletRequest(RequestModel):
    currency: CurrencyCode
    name: WalletName = ""

    model_config = ConfigDict(json_schema_extra={"examples": [{"currency": "USD", "name": "travel"}]})


class RenameWalletRequest(RequestModel):
    name: WalletName


class FreezeWalletRequest(RequestModel):
    reason: Reason


class WalletCeilingRequest(RequestModel):
    """Without an amount, the wallet gets the general ceiling."""

    amount: AmountText | None
    reason: Reason


class WalletUsageRequest(RequestModel):
    """Money to a `merchant` wallet is a payment; to a `personal` one, a transfer."""

    usage: WalletUsage
    reason: Reason

    model_config = ConfigDict(json_schema_extra={"examples": [{"usage": "merchant", "reason": "trading licence checked"}]})


class WalletResponse(BaseModel):
    """`available` is the balance less the money on hold. `organization_id` is the owner, unless a person owns the wallet."""

    id: UUID
    organization_id: UUID | None
    currency: str
    balance: str
    held: str
    available: str
    status: str
    usage: WalletUsage
    name: str
    ceiling: str | None
    version: int
    opened_at: datetime

    @classmethod
    def of(cls, view: WalletView) -> Self:
        return cls(
            id=view.id,
            organization_id=view.organization_id,
            currency=view.currency,
            balance=amount_text(view.balance, view.currency),
            held=amount_text(view.held, view.currency),
            available=amount_text(view.available, view.currency),
            status=view.status,
            usage=WalletUsage(view.usage),
            name=view.name,
            ceiling=amount_text(view.ceiling, view.currency) if view.ceiling is not None else None,
            version=view.version,
            opened_at=view.opened_at,
        )


class BalanceResponse(BaseModel):
    wallet_id: UUID
    as_of: datetime
    balance: str
    currency: str
