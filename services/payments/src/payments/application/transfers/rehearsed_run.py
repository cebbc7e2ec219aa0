"""The result of a dry run of many requests of one payer, one after another: the lines of a file."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from kernel.actor import Actor
from kernel.audit import AuditFact
from kernel.errors import DomainError
from kernel.events import Event
from kernel.money import Money
from payments.application.transfers.batch import Batch, Outcome
from payments.application.transfers.prepared_request import PreparedRequest
from payments.domain.limits import Allowance


@dataclass(frozen=True, slots=True)
class RehearsedRun:
    """An outcome for each request. `fees` are those of every order that has a price, also of refused ones.

    `limits` is what the payer could still move afterwards.
    """

    outcomes: Sequence[Outcome]
    fees: Money | None
    limits: Sequence[Allowance]
    screening: Literal["clear", "refused"] | None


class _Nowhere:
    """Discards the facts and events of a dry run."""

    def record(self, fact: AuditFact, *, actor: Actor | None = None) -> None:
        pass

    def announce(self, event: Event, *, actor: Actor | None = None) -> None:
        pass


def run_on(locked: Batch, prepared: Sequence[PreparedRequest]) -> RehearsedRun:
    """Settle requests on the data that a batch has read, by the same steps, and write nothing."""
    batch = replace(locked, records=_Nowhere())
    fees = _fees(batch, prepared)
    outcomes = [batch.settle(one) for one in prepared]
    refused = any(one.screening == "refused" for one in prepared)
    return RehearsedRun(outcomes, fees, batch.left(prepared[0]), "refused" if refused else prepared[0].screening)


def _fees(batch: Batch, prepared: Sequence[PreparedRequest]) -> Money | None:
    total: Money | None = None
    for one in prepared:
        for priced in one.orders:
            try:
                _, quote = priced.to(batch.locked.accounts.get(priced.order.target_id))
            except DomainError:
                continue
            total = total + quote.fee_total if total else quote.fee_total
    return total
