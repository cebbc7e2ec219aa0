"""Limits of tiers, tiers of owners, and what callers may still spend."""

from datetime import datetime
from decimal import Decimal
from typing import Self
from uuid import UUID

from pydantic import Field

from chassis.rest import AmountText, RequestModel, ResponseModel
from kernel.money import amount_text
from payments.application.limits.list_my_limits import MyLimits
from payments.application.ports.limits import AssignedTier
from payments.application.versions import VersionRecord
from payments.domain.limits import Allowance, Limit
from payments.domain.validity import Validity
from payments.interfaces.rest.schemas.versions import (
    CurrencyText,
    From,
    HistoryResponse,
    Reason,
    Until,
    VersionResponse,
    decimal_text,
    recorded_fields,
    version_fields,
)

TIER_PATTERN = r"^[a-z][a-z0-9-]{0,30}$"


class LimitRequest(RequestModel):
    """The limits of a tier in a currency. An omitted limit does not apply."""

    tier: str = Field(pattern=TIER_PATTERN, examples=["standard"])
    currency: CurrencyText
    single_max: AmountText | None = Field(default=None, examples=["20000.00"])
    day_max: AmountText | None = Field(default=None, examples=["50000.00"])
    month_max: AmountText | None = Field(default=None, examples=["250000.00"])
    valid_from: From = None
    valid_until: Until = None
    reason: Reason

    def draft(self, limit_id: UUID, validity: Validity) -> Limit:
        return Limit(
            id=limit_id,
            tier=self.tier,
            currency=self.currency,
            version=1,
            validity=validity,
            single_max=_decimal(self.single_max),
            day_max=_decimal(self.day_max),
            month_max=_decimal(self.month_max),
        )


class AssignTierRequest(RequestModel):
    tier: str = Field(pattern=TIER_PATTERN, examples=["business"])
    reason: Reason


class LimitResponse(VersionResponse):
    tier: str
    currency: str
    single_max: str | None
    day_max: str | None
    month_max: str | None

    @classmethod
    def of(cls, limit: Limit) -> Self:
        return cls(
            **version_fields(limit),
            tier=limit.tier,
            currency=limit.currency,
            single_max=decimal_text(limit.single_max),
            day_max=decimal_text(limit.day_max),
            month_max=decimal_text(limit.month_max),
        )


class LimitHistoryResponse(LimitResponse, HistoryResponse):
    @classmethod
    def of_recorded(cls, recorded: VersionRecord[Limit]) -> Self:
        return cls(**LimitResponse.of(recorded.item).model_dump(), **recorded_fields(recorded))


class TierResponse(ResponseModel):
    """`version` is the ETag for If-Match; it is 0 for an owner who was never assigned a tier."""

    owner_id: UUID
    tier: str
    version: int

    @classmethod
    def of(cls, tier: AssignedTier) -> Self:
        return cls(owner_id=tier.owner_id, tier=tier.tier, version=tier.version)


class MyLimitResponse(ResponseModel):
    """The caller's spending in a currency and the limit in force, whose fields are null if there is none.

    Days and months are in Namibian time (UTC+2).
    """

    id: UUID | None
    version: int | None
    valid_from: datetime | None
    valid_until: datetime | None
    tier: str
    currency: str
    left: str | None = Field(description="The highest amount of the next transfer, without fees", examples=["1250.00"])
    single_max: str | None
    day_max: str | None
    day_spent: str
    day_left: str | None
    day_renews_at: datetime
    month_max: str | None
    month_spent: str
    month_left: str | None
    month_renews_at: datetime

    @classmethod
    def of(cls, tier: str, allowance: Allowance) -> Self:
        spending, limit = allowance.spending, allowance.limit

        def text(amount: Decimal | None) -> str | None:
            return None if amount is None else amount_text(amount, spending.currency)

        return cls(
            id=limit.id if limit else None,
            version=limit.version if limit else None,
            valid_from=limit.validity.since if limit else None,
            valid_until=limit.validity.until if limit else None,
            tier=tier,
            currency=spending.currency,
            left=text(allowance.left),
            single_max=text(limit.single_max) if limit else None,
            day_max=text(limit.day_max) if limit else None,
            day_spent=amount_text(spending.day_total, spending.currency),
            day_left=text(allowance.day_left),
            day_renews_at=allowance.day_renews_at,
            month_max=text(limit.month_max) if limit else None,
            month_spent=amount_text(spending.month_total, spending.currency),
            month_left=text(allowance.month_left),
            month_renews_at=allowance.month_renews_at,
        )


class MyLimitsResponse(ResponseModel):
    tier: str
    items: list[MyLimitResponse]

    @classmethod
    def of(cls, mine: MyLimits) -> Self:
        return cls(tier=mine.tier, items=[MyLimitResponse.of(mine.tier, allowance) for allowance in mine.allowances])


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
