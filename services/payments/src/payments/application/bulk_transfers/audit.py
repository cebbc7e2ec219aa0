"""The audit facts of bulks."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from kernel.audit import AuditFact, State
from kernel.money import amount_text
from kernel.reads import ReadOfOthers
from payments.application.bulk_transfers.views import BulkView
from payments.domain.bulk import Bulk


def accepted(bulk: Bulk) -> AuditFact:
    asked: dict[str, object] = {
        "mode": bulk.mode.value,
        "format": bulk.format,
        "lines": bulk.lines_total,
        "amount_total": amount_text(bulk.amount_total, bulk.currency),
        "currency": bulk.currency,
    }
    if bulk.approval_rules:
        asked["approval_rules"] = list(bulk.approval_rules)
    return _fact(bulk, "accept", after={**asked, **state(bulk)}, at=bulk.created_at)


def changed(bulk: Bulk, verb: str, *, before: State, at: datetime) -> AuditFact:
    return _fact(bulk, verb, before=before, after=state(bulk), at=at)


def held_back(bulk: Bulk, *, before: State, at: datetime) -> AuditFact:
    after = {"approval_rules": list(bulk.approval_rules), **state(bulk)}
    return _fact(bulk, "hold_back", before=before, after=after, at=at)


def state(bulk: Bulk) -> State:
    return {
        "status": bulk.status.value,
        "settled": bulk.settled,
        "awaiting_approval": bulk.awaiting,
        "refused": bulk.refused,
        "not_run": bulk.not_run,
    }


def _fact(bulk: Bulk, verb: str, *, after: State, at: datetime, before: State | None = None) -> AuditFact:
    return AuditFact(
        action=f"payments.bulk.{verb}",
        resource_type="bulk",
        resource_id=str(bulk.id),
        occurred_at=at,
        before=before,
        after=after,
        reason=bulk.reason,
        related_ids=(str(bulk.source_id), str(bulk.initiator_id)),
    )


def read(bulk: BulkView, verb: str) -> ReadOfOthers:
    return ReadOfOthers(action=f"payments.bulk.{verb}", resource_id=str(bulk.id), owners=(bulk.initiator_id,))


def waiting_listed(initiators: Sequence[UUID]) -> ReadOfOthers:
    return ReadOfOthers(action="payments.bulk.list_awaiting_approval", owners=initiators, shown=len(initiators))
