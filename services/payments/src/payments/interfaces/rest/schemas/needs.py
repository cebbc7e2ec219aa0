"""The requirements that a request must still meet before it can be settled."""

from typing import Self

from pydantic import Field

from chassis.rest import ResponseModel
from payments.domain.approval import APPROVED_BY
from payments.domain.payer_rules import Needs


class OrderNeedsResponse(ResponseModel):
    """`approval_rules` are the approval rules that match. A user with the permission `approval_by` decides."""

    approval_rules: list[str] = Field(examples=[["large-payments"]])
    approval_by: str | None = Field(examples=[APPROVED_BY])
    signature: bool = Field(description="Whether a signature by one of the payer's device keys is required (PAY_016)")
    step_up: bool = Field(description="Whether two factors within the last five minutes are required (AUTH_005)")

    @classmethod
    def of(cls, needs: Needs) -> Self:
        return cls(
            approval_rules=list(needs.approval),
            approval_by=APPROVED_BY if needs.approval else None,
            signature=needs.signature is not None,
            step_up=needs.step_up is not None,
        )
