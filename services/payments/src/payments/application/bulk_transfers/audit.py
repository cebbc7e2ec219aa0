"""The audit facts of bulk transfers."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from kernel.audit import Audited, AuditFact, State
from kernel.money import amount_text
from kernel.objects import StoredFile
from kernel.reads import ReadOfOthers
from payments.application.bulk_transfers.views import BulkView
from payments.domain.bulk import Bulk


def state(bulk: Bulk) -> State:
    return {
        "status": bulk.status.value,
        "settled": bulk.settled,
        "awaiting_approval": bulk.awaiting,
        "refused": bulk.refused,
        "not_run": bulk.not_run,
    }


BULK = Audited(
    action="payments.bulk",
    resource_type="bulk",
    id_of=lambda bulk: bulk.id,
    state=state,
    related=lambda bulk: (str(bulk.source_id), str(bulk.initiator_id)),
)


def _accepted_state(bulk: Bulk) -> State:
    asked: dict[str, object] = {
        "mode": bulk.mode.value,
        "format": bulk.format,
        "lines": bulk.lines_total,
        "amount_total": amount_text(bulk.amount_total, bulk.currency),
        "currency": bulk.currency,
    }
    if bulk.file_digest:
        asked["file_sha256"] = bulk.file_digest
    if bulk.approval_rules:
        asked["approval_rules"] = list(bulk.approval_rules)
    return {**asked, **state(bulk)}


# A new bulk transfer: its content as well as its changing fields.
ACCEPTED_BULK = replace(BULK, state=_accepted_state)


def held_back(bulk: Bulk, *, before: State, at: datetime) -> AuditFact:
    after = {"approval_rules": list(bulk.approval_rules), **state(bulk)}
    return BULK.fact(bulk, "hold_back", at=at, before=before, after=after, reason=bulk.reason)


def infected(file: StoredFile, malware: str, *, at: datetime) -> AuditFact:
    found = {"malware": malware[:100], "size": file.size, "format": file.media_type}
    return AuditFact(
        action="payments.bulk.refuse_malware", resource_type="file", resource_id=file.digest, occurred_at=at, after=found
    )


def read(bulk: BulkView, verb: str) -> ReadOfOthers:
    return ReadOfOthers(action=f"payments.bulk.{verb}", resource_id=str(bulk.id), owners=(bulk.initiator_id,))


def waiting_listed(initiators: Sequence[UUID]) -> ReadOfOthers:
    return ReadOfOthers(action="payments.bulk.list_awaiting_approval", owners=initiators, shown=len(initiators))
