"""Request and response bodies for approval rules."""

from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from chassis.rest import AS_SENT, REASON, SEVERAL_LINES, AmountText, RequestModel, ResponseModel
from governance.application.approval_rules.views import ApprovalRuleView
from governance.domain.approval_rule import DESCRIPTION_LENGTH_MAX, KINDS_MAX
from governance.domain.window import TEXT_PATTERN, Window
from governance.interfaces.rest.dependencies import REASON_LENGTH_MAX, ROLE_PATTERN
from kernel.money import Money

_WINDOW = (
    "Compare the threshold with the sum that the payer sent within this time (to the counterparty, if one is given). "
    "Whole hours, 1h to 744h. Without a window, each request is compared by itself"
)
_COUNTERPARTY = "0195b0a0-7c1e-7b43-9d0c-3f2a5f1f7a10"
Kind = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]{0,30}$")]


class ApprovalRuleRequest(RequestModel):
    """All terms of a rule. An omitted term restricts nothing."""

    currency: Annotated[str, Field(min_length=3, max_length=3, examples=["NAD"]), AS_SENT]
    threshold: AmountText = Field(description="Match this amount or more; at most four decimals")
    kinds: list[Kind] = Field(default=[], max_length=KINDS_MAX, examples=[["transfer", "payment"]])
    role: str | None = Field(
        default=None, pattern=ROLE_PATTERN, description="Match only payers with this role", examples=["user"]
    )
    counterparty: UUID | None = Field(
        default=None, description="Match only transfers to this wallet, or to this owner's wallets", examples=[_COUNTERPARTY]
    )
    window: str | None = Field(default=None, pattern=f"^{TEXT_PATTERN}$", description=_WINDOW, examples=["24h"])
    description: Annotated[str, Field(max_length=DESCRIPTION_LENGTH_MAX, examples=["Large payments need two"]), SEVERAL_LINES] = (
        ""
    )
    reason: Annotated[
        str, Field(min_length=3, max_length=REASON_LENGTH_MAX, examples=["resolution 12/2026 of the risk committee"]), REASON
    ]

    @property
    def decimal_threshold(self) -> Decimal:
        return Money.of(self.threshold, self.currency, field="threshold").amount

    @property
    def parsed_window(self) -> Window | None:
        return Window.parse(self.window) if self.window is not None else None


class ApprovalRuleResponse(ResponseModel):
    name: str = Field(examples=["large-payments"])
    currency: str = Field(examples=["NAD"])
    threshold: str = Field(examples=["50000.00"])
    kinds: list[str] = Field(examples=[["transfer", "payment"]])
    role: str | None = Field(examples=["user"])
    counterparty: UUID | None = Field(examples=[_COUNTERPARTY])
    window: str | None = Field(description=_WINDOW, examples=["24h"])
    description: str = Field(examples=["Large payments need two"])
    version: int = Field(description="The version of the rule, and its ETag for If-Match", examples=[1])
    is_withdrawn: bool = Field(examples=[False])

    @classmethod
    def of(cls, rule: ApprovalRuleView) -> "ApprovalRuleResponse":
        return cls(
            name=rule.name,
            currency=rule.currency,
            threshold=Money.of(rule.threshold, rule.currency).text,
            kinds=list(rule.kinds),
            role=rule.role,
            counterparty=rule.counterparty,
            window=rule.window.text if rule.window else None,
            description=rule.description,
            version=rule.version,
            is_withdrawn=rule.is_withdrawn,
        )
