"""Wallet addresses."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field

from chassis.rest import AS_SENT, ONE_LINE, RequestModel, ResponseModel
from identity.application.wallet_addresses.look_up_address import Payee
from identity.application.wallet_addresses.views import WalletAddressView
from identity.domain.wallet_address import FIRST_CURRENCY, WalletAddress
from kernel.wallet_addresses import address_text

Label = Annotated[str, Field(min_length=1, max_length=64, examples=["Rent"]), ONE_LINE]


class IssueWalletAddressRequest(RequestModel):
    currency: Annotated[str, Field(min_length=3, max_length=3, examples=["NAD"]), AS_SENT] = FIRST_CURRENCY
    label: Label | None = None


class LabelWalletAddressRequest(RequestModel):
    label: Label | None = Field(description="null removes the label")


class IssuedWalletAddressResponse(ResponseModel):
    """The response is stored for repeats of the request, so it has no label: labels are personal data."""

    address: UUID
    text: str = Field(description="With a checksum, for display", examples=["elc1qxv2ruqurea588gv8u4978m6zq0ex2yj"])
    currency: str = Field(examples=["NAD"])
    issued_at: datetime

    @classmethod
    def of(cls, address: WalletAddress) -> Self:
        return cls(
            address=address.address,
            text=address_text(address.address),
            currency=address.currency,
            issued_at=address.issued_at,
        )


class WalletAddressResponse(ResponseModel):
    address: UUID
    text: str = Field(description="With a checksum, for display", examples=["elc1qxv2ruqurea588gv8u4978m6zq0ex2yj"])
    currency: str = Field(examples=["NAD"])
    label: str | None
    issued_at: datetime
    retired_at: datetime | None

    @classmethod
    def of(cls, view: WalletAddressView) -> Self:
        return cls(
            address=view.address,
            text=address_text(view.address),
            currency=view.currency,
            label=view.label,
            issued_at=view.issued_at,
            retired_at=view.retired_at,
        )


class PayeeResponse(ResponseModel):
    address: UUID
    text: str
    masked_name: str = Field(description="The payee's name, masked; enough to notice a wrong address", examples=["N••• S•••"])

    @classmethod
    def of(cls, payee: Payee) -> Self:
        return cls(address=payee.address, text=address_text(payee.address), masked_name=payee.masked_name)
