"""Lines of a file as requests to the ledger, and their outcomes, shared by a run and its dry run."""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from kernel.actor import Actor
from kernel.errors import DomainError, Kind
from payments.application.ports.transfers import Request
from payments.application.transfers.batch import Outcome
from payments.domain.bulk import Bulk, LineOutcome, LineStatus
from payments.domain.bulk_file import BulkLine
from payments.domain.transfer import Transfer, TransferStatus
from payments.domain.transfer_order import TransferKind

_PASSING: Final = frozenset({Kind.UNAVAILABLE, Kind.INTERNAL, Kind.EXHAUSTED})
_SETTLED: Final = frozenset({TransferStatus.COMPLETED, TransferStatus.REVERSED})


def requests_of(bulk: Bulk, lines: Sequence[BulkLine], actor: Actor, kinds: Mapping[UUID, TransferKind]) -> Sequence[Request]:
    """Make one request of all lines of an all-or-nothing file, otherwise one request per line.

    `kinds` are the kinds, by the payee's wallet, with which the rules judged the file; empty if none depends on them, as of an
    approved file.
    """
    orders = [bulk.order(line) for line in lines]
    together = [tuple(orders)] if bulk.is_whole else [(order,) for order in orders]
    return [Request(of, actor, bulk_id=bulk.id, is_judged=True, judged_as=kinds) for of in together]


def outcomes_of(bulk: Bulk, lines: Sequence[BulkLine], outcomes: Sequence[Outcome]) -> Sequence[LineOutcome]:
    """Return the outcome of each line. If a dependency is unavailable, raise its refusal: the lines are retried."""
    if bulk.is_whole:
        [whole] = outcomes
        return _of_whole(lines, whole)
    return [_of_line(line, outcome) for line, outcome in zip(lines, outcomes, strict=True)]


def outcome_found(line: BulkLine, transfer: Transfer | None) -> LineOutcome:
    if transfer is None:
        return LineOutcome(number=line.number, status=LineStatus.NOT_RUN)
    status = LineStatus.SETTLED if transfer.status in _SETTLED else LineStatus.AWAITING_APPROVAL
    return LineOutcome(number=line.number, status=status, transfer_id=transfer.id)


def outcome_refused(line: BulkLine, refusal: DomainError) -> LineOutcome:
    return LineOutcome(number=line.number, status=LineStatus.REFUSED, code=refusal.code, message=refusal.message)


def _of_line(line: BulkLine, outcome: Outcome) -> LineOutcome:
    if isinstance(outcome, DomainError):
        return _final(line, outcome)
    [settled] = outcome
    return outcome_found(line, settled.transfer)


def _of_whole(lines: Sequence[BulkLine], outcome: Outcome) -> Sequence[LineOutcome]:
    """Report the line that prevented the others, if there is one."""
    if not isinstance(outcome, DomainError):
        return [outcome_found(line, settled.transfer) for line, settled in zip(lines, outcome, strict=True)]
    culprit = outcome.facts.get("leg")
    if culprit is None:
        return [_final(line, outcome) for line in lines]
    return [
        _final(line, outcome) if index == culprit else LineOutcome(number=line.number, status=LineStatus.NOT_RUN)
        for index, line in enumerate(lines)
    ]


def _final(line: BulkLine, refusal: DomainError) -> LineOutcome:
    if refusal.kind in _PASSING:
        # A dependency is unavailable, which is not the line's fault: the whole chunk is retried.
        raise refusal
    return outcome_refused(line, refusal)
