"""Fee rules and quotes."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, StringConstraints

from chassis.rest import AmountText, RequestModel, ResponseModel
from kernel.money import Money
from payments.application.fees.quote_order import OrderQuote
from payments.application.versions import VersionRecord
from payments.domain.fee_rule import TIERS_MAX, FeeRule, Tier
from payments.domain.rounding import Rounding
from payments.domain.transfer_order import TransferKind
from payments.domain.validity import Validity
from payments.interfaces.rest.schemas.needs import OrderNeedsResponse
from payments.interfaces.rest.schemas.refusals import LimitLeftResponse, RehearsedRefusalResponse
from payments.interfaces.rest.schemas.versions import (
    CurrencyText,
    From,
    HistoryResponse,
    PercentText,
    Reason,
    Until,
    VersionResponse,
    decimal_text,
    number_text,
    recorded_fields,
    version_fields,
)

KIND_PATTERN = r"^[a-z]{1,20}$"
CODE_PATTERN = r"^[a-z][a-z0-9-]{0,62}$"
_EXAMPLE_ID = "01980a52-7c00-7000-8000-000000000001"
RoleText = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]


class FeeTierRequest(RequestModel):
    from_amount: AmountText = Field(default="0", examples=["0"])
    flat: AmountText = Field(default="0", examples=["1.00"])
    percent: PercentText = Field(default="0", examples=["0.5"])


class FeeRuleRequest(RequestModel):
    """The first or next version of the rule with this code."""

    code: str = Field(pattern=CODE_PATTERN, examples=["transfer-service"])
    kind: str = Field(pattern=KIND_PATTERN, description="transfer, payment or conversion", examples=["transfer"])
    currency: CurrencyText
    tiers: list[FeeTierRequest] = Field(min_length=1, max_length=TIERS_MAX)
    marginal: bool = Field(default=False, description="Each tier prices only its own part of the amount")
    least: AmountText | None = None
    most: AmountText | None = None
    waived_roles: list[RoleText] = Field(default=[], max_length=20, examples=[["staff"]])
    vat_percent: PercentText = Field(default="0", description="VAT, included in the fee", examples=["15"])
    rounding: Rounding = Rounding.DOWN
    refundable: bool = Field(default=False, description="A refund returns the fee pro rata")
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


class QuoteRequest(RequestModel):
    kind: str = Field(
        default="transfer", pattern=KIND_PATTERN, description="transfer, payment or conversion", examples=["transfer"]
    )
    amount: AmountText
    currency: CurrencyText
    target_currency: CurrencyText | None = Field(default=None, examples=["USD"])
    target_wallet_id: UUID | None = Field(default=None, examples=[_EXAMPLE_ID])
    source_wallet_id: UUID | None = Field(
        default=None, description="The caller's wallet, to check its funds", examples=[_EXAMPLE_ID]
    )


class FeeTierResponse(ResponseModel):
    from_amount: str
    flat: str
    percent: str


class FeeRuleResponse(VersionResponse):
    code: str
    kind: str
    currency: str
    tiers: list[FeeTierResponse]
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
            **version_fields(rule),
            code=rule.code,
            kind=rule.kind,
            currency=rule.currency,
            tiers=[
                FeeTierResponse(
                    from_amount=decimal_text(tier.from_amount) or "",
                    flat=decimal_text(tier.flat) or "",
                    percent=number_text(tier.percent),
                )
                for tier in rule.tiers
            ],
            marginal=rule.marginal,
            least=decimal_text(rule.least),
            most=decimal_text(rule.most),
            waived_roles=sorted(rule.waived_roles),
            vat_percent=number_text(rule.vat_percent),
            rounding=rule.rounding,
            refundable=rule.refundable,
        )


class FeeRuleHistoryResponse(FeeRuleResponse, HistoryResponse):
    @classmethod
    def of_recorded(cls, recorded: VersionRecord[FeeRule]) -> Self:
        return cls(**FeeRuleResponse.of(recorded.item).model_dump(), **recorded_fields(recorded))


class QuotedFeeResponse(ResponseModel):
    rule_id: UUID
    account: str = Field(description="fees or vat", examples=["fees"])
    amount: str


class ConversionResponse(ResponseModel):
    rate_id: UUID
    rate: str
    source_amount: str
    target_amount: str
    target_currency: str


class QuoteResponse(ResponseModel):
    """The price at this moment, not guaranteed: the order is charged at the prices in force when it is settled.

    `limits_left` is what the caller may still move in the currency. `screening` is compliance's verdict if the payee was named
    (else null). `refusal` is the error that limits, screening or the funds of a named wallet would cause.
    """

    amount: str
    currency: str
    fees: list[QuotedFeeResponse]
    fee_total: str
    total: str = Field(description="The debit of the payer's wallet", examples=["101.00"])
    conversion: ConversionResponse | None
    kind: TransferKind = Field(description="Derived from the payee's wallet, if named")
    needs_approval: bool
    needs: OrderNeedsResponse
    limits_left: list[LimitLeftResponse]
    screening: Literal["clear", "refused"] | None
    refusal: RehearsedRefusalResponse | None
    quoted_at: datetime

    @classmethod
    def of(cls, quoted: OrderQuote) -> Self:
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
                rate=number_text(conversion.rate),
                source_amount=conversion.source.text,
                target_amount=conversion.target.text,
                target_currency=conversion.target.currency.code,
            )
            if conversion
            else None,
            kind=quoted.kind,
            needs_approval=bool(quoted.needs.approval),
            needs=OrderNeedsResponse.of(quoted.needs),
            limits_left=[LimitLeftResponse.of(left) for left in quoted.limits],
            screening=quoted.screening,
            refusal=RehearsedRefusalResponse.of(quoted.refusal) if quoted.refusal else None,
            quoted_at=quoted.at,
        )


def _amount(text: str, currency: str, field: str) -> Decimal:
    return Money.of(text, currency, field=field).amount


def _optional(text: str | None, currency: str, field: str) -> Decimal | None:
    return None if text is None else _amount(text, currency, field)
