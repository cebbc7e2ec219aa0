"""The result of a dry run of a request."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from kernel.errors import DomainError
from payments.domain.errors import ApprovalNeeded
from payments.domain.limits import Allowance
from payments.domain.payer_rules import NOTHING, Needs
from payments.domain.transfer import Transfer


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """`transfers` are those that would be made once `needs` are met; empty if they cannot be made.

    If an earlier request has the key, they are those that it made (`replayed`). `refusal` is the error of the ledger,
    compliance or the price book. `limits` is what the payer may still move after `transfers`, by currency.
    """

    transfers: Sequence[Transfer] = ()
    replayed: bool = False
    needs: Needs = NOTHING
    refusal: DomainError | None = None
    limits: Sequence[Allowance] = ()
    screening: Literal["clear", "refused"] | None = None
    is_linked: bool = False

    @property
    def refusals(self) -> Sequence[DomainError]:
        """Every refusal. The first is the error that the request itself would return."""
        approval = ApprovalNeeded.of(self.needs.approval) if self.is_linked and self.needs.approval else None
        needs = self.needs
        return [one for one in (needs.denied, needs.step_up, needs.signature, approval, self.refusal) if one]
