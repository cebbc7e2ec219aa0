"""Wallet addresses."""

from datetime import datetime
from typing import Self
from uuid import UUID

from chassis.rest import ResponseModel
from identity.application.addresses.queries import WalletAddressView


class WalletAddressResponse(ResponseModel):
    address: UUID
    issued_at: datetime
    retired_at: datetime | None

    @classmethod
    def of(cls, view: WalletAddressView) -> Self:
        return cls.model_validate(view)
