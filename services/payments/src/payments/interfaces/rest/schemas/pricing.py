"""What the REST API says of fees, rates, limits and tiers. Amounts and percentages are text."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, StringConstraints

from chassis.rest import REASON, AmountText, Moment, RequestModel, ResponseModel
from kernel.money import Money, amount_text
from payments.application.pricing.list_my_limits import MyLimits
from payments.application.pricing.queries import Recorded, TierView
from payments.application.pricing.quote_order import Quoted
from payments.domain.fee_rule import TIERS_MAX, FeeRule, Tier
from payments.domain.fx_rate import FxRate
from payments.domain.limits import Allowance, Limit
from payments.domain.rounding import Rounding
from payments.domain.transfer_order import TransferKind
from payments.domain.validity import Validity
from payments.interfaces.rest.schemas.needs import NeedsResponse
from payments.interfaces.rest.schemas.refusals import LeftResponse, WouldBeRefused

CURRENCY_PATTERN = r"^[A-Z]{3}$"
KIND_PATTERN = r"^[a-z]{1,20}$"
CODE_PATTERN = r"^[a-z][a-z0-9-]{0,62}$"
TIER_PATTERN = r"^[a-z][a-z0-9-]{0,30}$"
_ID = "01980a52-7c00-7000-8000-000000000001"

CurrencyText = Annotated[str, Field(pattern=CURRENCY_PATTERN, examples=["NAD"])]
PercentText = Annotated[str, Field(pattern=r"^[0-9]{1,3}(\.[0-9]{1,4})?$", examples=["1.5"])]
RateText = Annotated[str, Field(pattern=r"^[0-9]{1,10}(\.[0-9]{1,10})?$", examples=["0.0549"])]
RoleText = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]
Reason = Annotated[str, Field(min_length=3, max_length=500, examples=["board resolution 12/2026"]), REASON]
From = Annotated[Moment | None, Field(description="Now when left out; never in the past", examples=["2026-12-01T00:00:00Z"])]
Until = Annotated[Moment | None, Field(description="Without an end when left out", examples=["2027-12-01T00:00:00Z"])]


class TierTerms(RequestModel):
    from_amount: AmountText = Field(default="0", examples=["0"])
    flat: AmountText = Field(default="0", examples=["1.00"])
    percent: PercentText = Field(default="0", examples=["0.5"])


class FeeRuleRequest(RequestModel):
    """The next version of the rule of this code, or its first."""

    code: str = Field(pattern=CODE_PATTERN, examples=["transfer-service"])
    kind: str = Field(pattern=KIND_PATTERN, description="transfer, payment or conversion", examples=["transfer"])
    currency: CurrencyText
    tiers: list[TierTerms] = Field(min_length=1, max_length=TIERS_MAX)
    marginal: bool = Field(default=False, description="Each tier prices its own part of the amount, and not all of it")
    least: AmountText | None = None
    most: AmountText | None = None
    waived_roles: list[RoleText] = Field(default=[], max_length=20, examples=[["staff"]])
    vat_percent: PercentText = Field(default="0", description="Within the fee", examples=["15"])
    rounding: Rounding = Rounding.DOWN
    refundable: bool = Field(default=False, description="Given back pro rata with a refund")
    valid_from: From = None
    valid_until: Until = None
    reason: Reason

    def draft(self, rule_id: UUID, validity: Validity) -> FeeRule:
        return FeeRule(
            id=rule_id,
            code=self.code,
            version=1,
            kind=self.kind,
            currency=self.currency,
            tiers=tuple(
                Tier(
                    _amount(tier.from_amount, self.currency, f"tiers.{number}.from_amount"),
                    _amount(tier.flat, self.currency, f"tiers.{number}.flat"),
                    Decimal(tier.percent),
                )
                for number, tier in enumerate(self.tiers)
            ),
            validity=validity,
            marginal=self.marginal,
            least=_optional(self.least, self.currency, "least"),
            most=_optional(self.most, self.currency, "most"),
            waived_roles=frozenset(self.waived_roles),
            vat_percent=Decimal(self.vat_percent),
            rounding=self.rounding,
            refundable=self.refundable,
        )


class RateRequest(RequestModel):
    """So many units of `quote` for one of `base`; it must end, within seven days."""

    base: CurrencyText
    quote: CurrencyText = Field(examples=["USD"])
    mid: RateText
    spread_percent: PercentText = Field(default="0", examples=["1"])
    rounding: Rounding = Rounding.DOWN
    valid_from: From = None
    valid_until: Moment = Field(examples=["2026-12-01T16:00:00Z"])
    reason: Reason

    def draft(self, rate_id: UUID, validity: Validity) -> FxRate:
        return FxRate(
            id=rate_id,
            base=self.base,
            quote=self.quote,
            version=1,
            mid=Decimal(self.mid),
            spread_percent=Decimal(self.spread_percent),
            validity=validity,
            rounding=self.rounding,
        )


class LimitRequest(RequestModel):
    """What a tier may move in a currency; what is left out is unlimited."""

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


class EndRequest(RequestModel):
    valid_until: From = None
    reason: Reason


class TierRequest(RequestModel):
    tier: str = Field(pattern=TIER_PATTERN, examples=["business"])
    reason: Reason


class QuoteRequest(RequestModel):
    kind: str = Field(
        default="transfer", pattern=KIND_PATTERN, description="transfer, payment or conversion", examples=["transfer"]
    )
    amount: AmountText
    currency: CurrencyText
    target_currency: CurrencyText | None = Field(default=None, examples=["USD"])
    target_wallet_id: UUID | None = Field(default=None, examples=[_ID])
    source_wallet_id: UUID | None = Field(default=None, description="The caller's, to look at its funds", examples=[_ID])


class VersionResponse(ResponseModel):
    """What every version tells. Who recorded it and why is the staff's to know."""

    id: UUID
    version: int
    valid_from: datetime
    valid_until: datetime | None


class TierBody(ResponseModel):
    from_amount: str
    flat: str
    percent: str


class FeeRuleResponse(VersionResponse):
    code: str
    kind: str
    currency: str
    tiers: list[TierBody]
    marginal: bool
    least: str | None
    most: str | None
    waived_roles: list[str]
    vat_percent: str
    rounding: Rounding
    refundable: bool

    @classmethod
    def of(cls, rule: FeeRule) -> Self:
        return cls(
            **_version(rule),
            code=rule.code,
            kind=rule.kind,
            currency=rule.currency,
            tiers=[
                TierBody(from_amount=_text(tier.from_amount) or "", flat=_text(tier.flat) or "", percent=_plain(tier.percent))
                for tier in rule.tiers
            ],
            marginal=rule.marginal,
            least=_text(rule.least),
            most=_text(rule.most),
            waived_roles=sorted(rule.waived_roles),
            vat_percent=_plain(rule.vat_percent),
            rounding=rule.rounding,
            refundable=rule.refundable,
        )


class RateResponse(VersionResponse):
    """`rate` is what a customer gets: `mid` less the spread."""

    base: str
    quote: str
    mid: str
    spread_percent: str
    rate: str
    rounding: Rounding

    @classmethod
    def of(cls, rate: FxRate) -> Self:
        return cls(
            **_version(rate),
            base=rate.base,
            quote=rate.quote,
            mid=_plain(rate.mid),
            spread_percent=_plain(rate.spread_percent),
            rate=_plain(rate.customer_rate),
            rounding=rate.rounding,
        )


class LimitResponse(VersionResponse):
    tier: str
    currency: str
    single_max: str | None
    day_max: str | None
    month_max: str | None

    @classmethod
    def of(cls, limit: Limit) -> Self:
        return cls(
            **_version(limit),
            tier=limit.tier,
            currency=limit.currency,
            single_max=_text(limit.single_max),
            day_max=_text(limit.day_max),
            month_max=_text(limit.month_max),
        )


class HistoryResponse(ResponseModel):
    recorded_by: str
    recorded_at: datetime
    reason: str


class FeeRuleHistory(FeeRuleResponse, HistoryResponse):
    @classmethod
    def of_recorded(cls, recorded: Recorded[FeeRule]) -> Self:
        return cls(**FeeRuleResponse.of(recorded.item).model_dump(), **_recorded(recorded))


class RateHistory(RateResponse, HistoryResponse):
    @classmethod
    def of_recorded(cls, recorded: Recorded[FxRate]) -> Self:
        return cls(**RateResponse.of(recorded.item).model_dump(), **_recorded(recorded))


class LimitHistory(LimitResponse, HistoryResponse):
    @classmethod
    def of_recorded(cls, recorded: Recorded[Limit]) -> Self:
        return cls(**LimitResponse.of(recorded.item).model_dump(), **_recorded(recorded))


class TierResponse(ResponseModel):
    """`version` is 0 for an owner that was never assigned a tier, and the ETag, for If-Match."""

    owner_id: UUID
    tier: str
    version: int

    @classmethod
    def of(cls, tier: TierView) -> Self:
        return cls(owner_id=tier.owner_id, tier=tier.tier, version=tier.version)


class QuotedFeeResponse(ResponseModel):
    rule_id: UUID
    account: str = Field(description="fees, or vat", examples=["fees"])
    amount: str


class ConversionResponse(ResponseModel):
    rate_id: UUID
    rate: str
    source_amount: str
    target_amount: str
    target_currency: str


class QuoteResponse(ResponseModel):
    """As of now, and no promise: what is charged is what holds when the order is settled.

    `limits_left` is what the caller may still move now in the currency, `screening` compliance's verdict where the payee was
    named (null where there is none), `refusal` what limits, compliance or the funds of a named wallet would refuse.
    """

    amount: str
    currency: str
    fees: list[QuotedFeeResponse]
    fee_total: str
    total: str = Field(description="What the payer's wallet is debited", examples=["101.00"])
    conversion: ConversionResponse | None
    kind: TransferKind = Field(description="It follows from the payee's wallet, where one was named")
    needs_approval: bool
    needs: NeedsResponse
    limits_left: list[LeftResponse]
    screening: Literal["clear", "refused"] | None
    refusal: WouldBeRefused | None
    quoted_at: datetime

    @classmethod
    def of(cls, quoted: Quoted) -> Self:
        quote, conversion = quoted.quote, quoted.quote.conversion
        return cls(
            amount=quote.amount.text,
            currency=quote.amount.currency.code,
            fees=[
                QuotedFeeResponse(rule_id=line.rule_id, account=line.account_code, amount=line.amount.text) for line in quote.fees
            ],
            fee_total=quote.fee_total.text,
            total=quote.total.text,
            conversion=ConversionResponse(
                rate_id=conversion.rate_id,
                rate=_plain(conversion.rate),
                source_amount=conversion.source.text,
                target_amount=conversion.target.text,
                target_currency=conversion.target.currency.code,
            )
            if conversion
            else None,
            kind=quoted.kind,
            needs_approval=bool(quoted.needs.approval),
            needs=NeedsResponse.of(quoted.needs),
            limits_left=[LeftResponse.of(left) for left in quoted.limits],
            screening=quoted.screening,
            refusal=WouldBeRefused.of(quoted.refusal) if quoted.refusal else None,
            quoted_at=quoted.at,
        )


class MyLimitResponse(ResponseModel):
    """The caller's spending in a currency, and the limit in force: its fields are null where there is none.

    Days and months are those of Namibia (UTC+2).
    """

    id: UUID | None
    version: int | None
    valid_from: datetime | None
    valid_until: datetime | None
    tier: str
    currency: str
    left: str | None = Field(description="The most that the next transfer may be, fees apart", examples=["1250.00"])
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


def _version(item: FeeRule | FxRate | Limit) -> dict[str, object]:
    return {
        "id": item.id,
        "version": item.version,
        "valid_from": item.validity.since,
        "valid_until": item.validity.until,
    }


def _recorded(recorded: Recorded[FeeRule] | Recorded[FxRate] | Recorded[Limit]) -> dict[str, object]:
    return {"recorded_by": recorded.recorded_by, "recorded_at": recorded.recorded_at, "reason": recorded.reason}


def _amount(text: str, currency: str, field: str) -> Decimal:
    return Money.of(text, currency, field=field).amount


def _optional(text: str | None, currency: str, field: str) -> Decimal | None:
    return None if text is None else _amount(text, currency, field)


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount:f}"


def _plain(number: Decimal) -> str:
    """Write a number without the zeros that only its column has."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
