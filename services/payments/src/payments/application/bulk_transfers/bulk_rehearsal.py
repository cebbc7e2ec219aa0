"""What a file would come to if it were handed in, and run, now."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from kernel.errors import DomainError
from kernel.money import Money
from payments.domain.bulk import Bulk, LineOutcome
from payments.domain.bulk_file import BulkFile
from payments.domain.limits import Allowance
from payments.domain.payer_rules import NOTHING, Needs


@dataclass(frozen=True, slots=True)
class RunRehearsal:
    """`bulk` is how the file would end; `fees` are those of every line that has a price, whatever becomes of it.

    `limits` is what the payer may still move afterwards.
    """

    bulk: Bulk
    outcomes: Sequence[LineOutcome]
    fees: Money | None
    limits: Sequence[Allowance]
    screening: Literal["clear", "refused"] | None


@dataclass(frozen=True, slots=True)
class BulkRehearsal:
    """`bulk` is the file as it would be accepted or, `replayed`, as it was; None where `refusal` is the answer."""

    file: BulkFile
    total: Money
    bulk: Bulk | None = None
    replayed: bool = False
    needs: Needs = NOTHING
    refusal: DomainError | None = None
    run: RunRehearsal | None = None

    @property
    def refusals(self) -> Sequence[DomainError]:
        """Everything that stands in the way, first what the request itself would be answered with."""
        return [one for one in (self.needs.step_up, self.needs.signature, self.refusal) if one]
