"""The result of a dry run of a file: its submission and run at this moment."""

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
    """`bulk` is the final state of the file. `fees` are those of every line that has a price, also of refused lines.

    `limits` is what the payer could still move afterwards.
    """

    bulk: Bulk
    outcomes: Sequence[LineOutcome]
    fees: Money | None
    limits: Sequence[Allowance]
    screening: Literal["clear", "refused"] | None


@dataclass(frozen=True, slots=True)
class BulkRehearsal:
    """`bulk` is the file as it would be accepted or, if `replayed`, as it was. It is None if the file would be refused."""

    file: BulkFile
    total: Money
    bulk: Bulk | None = None
    replayed: bool = False
    needs: Needs = NOTHING
    refusal: DomainError | None = None
    run: RunRehearsal | None = None

    @property
    def refusals(self) -> Sequence[DomainError]:
        """Every refusal. The first is the error that the request itself would return."""
        needs = self.needs
        return [one for one in (needs.denied, needs.step_up, needs.signature, self.refusal) if one]
